"""From a handle to a directory on a file system.

A handle is located here (`resolve`, `read`). What has to be fetched goes through `download` (with `retries`)
and `archive`, which reads a stream through `decompression` and writes tar or `zip_archive` members into an
`extraction_target`, within `size_limits`. `cache` keeps the result, on a remote file system through
`remote_cache`: `manifest` records what an entry holds, `entry_lock` decides which process builds it,
`archive_entries` which entry a local archive has. `services` knows the handles of Kaggle, Hugging Face and
tfhub.dev, and the caches of other programs.

| handle | result |
| --- | --- |
| a path, or any `tf.io.gfile` address such as `gs://...` | itself |
| path of a `.tar.gz`, `.tar`, `.tar.bz2`, `.tar.xz`, `.zip` | extracted into the cache |
| `http(s)://...`, the page of a module or an archive | downloaded into the cache |
| `https://tfhub.dev/...`, in any spelling | the same; Kaggle is asked where tfhub.dev redirects to its page |
| `kaggle:OWNER/MODEL/FRAMEWORK/VARIATION[/VERSION]`, or its page | fetched by kagglehub, in its cache |
| `hf:OWNER/NAME[@REVISION]`, or its page | fetched by huggingface_hub, in its cache |
| `NAME:...` | whatever the plug-in NAME makes of it |

A plug-in is an entry point of the group `hubexplore.handles`: its name is the scheme, its value a
function from the rest of the handle to the path of a directory.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from hubexplore import errors
from hubexplore.hub.resolve.tf_filesystem import GfileFilesystem, filesystem_of
from hubexplore.summary.files import paths
from hubexplore.summary.files.archive_names import ARCHIVE_SUFFIXES
from hubexplore.summary.files.filesystem import open_regular
from hubexplore.summary.files.redaction import redacted, without_access

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from hubexplore.hub.resolve import archive_entries
    from hubexplore.hub.resolve.services import HostedModel
    from hubexplore.hub.resolve.services.tfhub_addresses import TfhubModule
    from hubexplore.summary.files.filesystem import Filesystem

__all__ = ["cached_copy", "fetch", "filesystem_of", "pinned", "read", "resolve", "version_note"]

T = TypeVar("T")

ENTRY_POINTS: Final = "hubexplore.handles"

# A single letter is a drive of Windows.
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+):(.*)", re.DOTALL)

# What `services` may know; it is imported for these only.
_HOSTED: Final = re.compile(
    r"(?:kaggle|hf):.*|(?:https?:/*)?(?:www\.)?"
    r"(?:kaggle\.com|huggingface\.co|hf\.co|tfhub\.dev|storage\.googleapis\.com/+tfhub-modules)[:/].+",
    re.IGNORECASE | re.DOTALL,
)

_WHAT: Final = "A module's handle"
MSG_SCHEME: Final = (
    "The handle {handle!r} has an unknown scheme, {scheme!r}.{closest} A handle is the path of a directory, "
    "the path of a .tar.gz, .tar, .tar.bz2, .tar.xz or .zip file, or has one of the schemes {known}. "
    "Others come with plug-ins (entry points of the group {group!r}) or TensorFlow file systems (for example "
    "`import tensorflow_io`)."
)
MSG_INNER: Final = (
    "The archive {handle!r} holds no module but another archive, {inner!r}. Extract the outer archive, and "
    "give the path of the inner one."
)


def resolve(handle: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> str:
    """Returns the path of the directory that `handle` stands for.

    Args:
      handle: A path, archive, address or `SCHEME:...`, see above and `summary.paths`.

    Returns:
      A path that `filesystem_of` reads, absolute if it is a local one. Whether a module is there is for the
      caller to check; `path_diagnosis.explain` says what is there instead.

    Raises:
      HandleError: `handle` has no known form; a PathError if it cannot be a path at all.
      MissingModuleError: There is no such archive.
      ArchiveError: The archive is damaged, would write outside of its directory, or passes a limit.
      DownloadError: The download failed. Nothing of it stays in the cache.
      NotAModuleError: What was in the archive is not a module.
    """
    location = _locate(handle)
    return location if isinstance(location, str) else location.directory()


def read(handle: str | bytes | os.PathLike[str] | os.PathLike[bytes], reader: Callable[[str], T]) -> T:
    """Returns what `reader` returns for the directory that `handle` stands for.

    If the reader finds nothing, a module that an interrupted export had moved away is brought back. If it
    finds damage in a directory of the cache, and the content is not what was downloaded or extracted, the
    download or extraction is repeated.

    Raises:
      HubError: That of `resolve` or of the reader.
    """
    location = _locate(handle)
    if isinstance(location, str):
        try:
            return reader(location)
        except errors.MissingModuleError:
            from hubexplore.hub.placement import recover

            if not recover(location):
                raise
        return reader(location)
    directory = location.directory()
    try:
        return reader(directory)
    except errors.DamagedModuleError:
        location.renew()
    return reader(location.directory())


def fetch(handle: str | bytes | os.PathLike[str], again: bool = False) -> str:
    """Returns the directory of a model, in the cache of hubexplore unless the handle is a local path.

    Args:
      handle: See `resolve`.
      again: Whether to download it even if it is there.

    Raises:
      HubError: That of `resolve`.
    """
    location = _locate(handle)
    if isinstance(location, str):
        return location
    return location.store(again) if isinstance(location, _Hosted | _Cached) else location.directory()


def version_note(handle: str | bytes | os.PathLike[str]) -> str:
    """Returns a sentence that says which version was chosen for a handle of a service without one, or ""."""
    if not _HOSTED.fullmatch(paths.text_of(handle, _WHAT)):
        return ""
    location = _locate(handle)
    return location.note() if isinstance(location, _Hosted) else ""


@dataclass(frozen=True)
class _Cached:
    """An entry of the cache; the arguments of `cache.entry`."""

    key: str
    handle: str
    build: Callable[[str], str]

    def directory(self) -> str:
        """Returns its directory."""
        # Imported here, as is everything that a plain path does not need.
        from hubexplore.hub.resolve import cache

        return cache.entry(self.key, self.handle, self.build)

    def renew(self) -> None:
        """See `cache.renew`."""
        from hubexplore.hub.resolve import cache

        cache.renew(self.key, self.handle, self.build)

    def copy(self) -> str:
        """Returns its directory, which need not exist."""
        from hubexplore.hub.resolve import cache

        return cache.path_of(self.key)

    def store(self, again: bool) -> str:
        """Returns its directory, which is made again if need be."""
        from hubexplore.hub.resolve import cache

        if again:
            cache.drop(self.key)
        return self.directory()


@dataclass(frozen=True)
class _Hosted:
    """A model on a service: an entry of the cache if it was stored there, else where its package keeps it."""

    model: HostedModel

    def directory(self) -> str:
        """Returns its directory."""
        return self._entry() or self.model.find() or self._downloaded(again=False)

    def renew(self) -> None:
        """Fetches it again, if the content differs from what was stored."""
        from hubexplore.hub.resolve import cache

        if self._entry():
            cache.renew(cache.key_of(self.model.handle), self.model.handle, self._build)
        else:
            self._downloaded(again=True)

    def copy(self) -> str:
        """Returns the directory of a copy, or of its entry in the cache, which need not exist."""
        from hubexplore.hub.resolve import cache

        return self._entry() or self.model.find() or cache.path_of(cache.key_of(self.model.handle))

    def store(self, again: bool) -> str:
        """Returns the directory of its entry in the cache, a copy of what the service's package keeps."""
        from hubexplore.hub.resolve import cache

        key = cache.key_of(self.model.handle)
        if again:
            self._downloaded(again=True)
            cache.drop(key)
        return cache.entry(key, self.model.handle, self._build)

    def note(self) -> str:
        """Returns which version was chosen, or ""."""
        found = None if self._entry() else self.model.find()
        return self.model.note(found) if found else ""

    def _entry(self) -> str | None:
        from hubexplore.hub.resolve import cache

        return cache.existing(cache.key_of(self.model.handle))

    def _build(self, target: str) -> str:
        from hubexplore.hub.resolve.services import complete_models

        return complete_models.copy_model(self.model.find() or self._downloaded(again=False), target)

    def _downloaded(self, again: bool) -> str:
        return self.model.download(again)


def _locate(
    handle: str | bytes | os.PathLike[str] | os.PathLike[bytes],
) -> str | _Cached | _Hosted | archive_entries.Archived:
    """Returns the directory that a handle stands for, or the entry of the cache that will hold it."""
    text = paths.text_of(handle, _WHAT)
    if _HOSTED.fullmatch(text) and not os.path.lexists(text):
        location = _locate_hosted(text)
        if location is not None:
            return location
    match = _SCHEME.fullmatch(text)
    if match:
        scheme, rest = match[1].lower(), match[2]
        # Before the plug-ins are looked up: none of them can take over the addresses of the web.
        if scheme in ("http", "https"):
            return _download(text)
        plugins = _plugins()
        if scheme in plugins:
            return str(plugins[scheme].load()(rest))
        # A file name may contain a colon, so an existing file wins over an unknown scheme.
        if scheme != "file" and not os.path.lexists(text):
            _require_filesystem(text, scheme, plugins)
    return _local(paths.absolute(text, _WHAT), text)


def cached_copy(handle: str | bytes | os.PathLike[str]) -> str | None:
    """Returns where the download of a handle is, or would be, in a cache; None for handles without download.

    Nothing is fetched.

    Raises:
      HandleError: it cannot be a handle, or there is no place for the cache.
    """
    text = paths.text_of(handle, _WHAT)
    match = _SCHEME.fullmatch(text)
    is_address = match is not None and match[1].lower() in ("http", "https")
    is_hosted = _HOSTED.fullmatch(text) is not None and not os.path.lexists(text)
    if not is_address and not is_hosted:
        return None
    location = _locate(text)
    if isinstance(location, str):
        return location
    return location.copy() if isinstance(location, _Cached | _Hosted) else None


def _locate_hosted(text: str) -> str | _Cached | _Hosted | None:
    """Returns where a model of a service is; None if the handle is not one of theirs."""
    from hubexplore.hub.resolve import services
    from hubexplore.hub.resolve.services import tfhub_addresses

    module = tfhub_addresses.parse(text)
    if module is not None:
        return _locate_tfhub(module)
    model = services.hosted_model(text)
    return None if model is None else _Hosted(model)


def _locate_tfhub(module: TfhubModule) -> str | _Cached:
    """Returns where a module of tfhub.dev is: in the cache by any spelling, or in that of tensorflow_hub."""
    from hubexplore.hub.resolve import cache

    keys = {spelling: cache.key_of(spelling) for spelling in module.spellings}
    stored = next((key for key in keys.values() if cache.existing(key)), None)
    if stored is None:
        found = module.find(keys)
        if found is not None:
            return found
    return _Cached(stored or keys[module.handle], module.handle, lambda target: _fetch(module.handle, target))


def pinned(handle: str | bytes | os.PathLike[str]) -> str:
    """Returns a handle that still stands for the same module after the current directory has changed.

    Raises:
      PathError: (a HandleError) it cannot be a path at all.
    """
    text = paths.text_of(handle, _WHAT)
    match = _SCHEME.fullmatch(text)
    if match and (match[1].lower() in ("http", "https") or match[1].lower() in _plugins()):
        return text
    if _HOSTED.fullmatch(text) and not os.path.lexists(text):
        return text
    return paths.absolute(text, _WHAT)


def _plugins() -> dict[str, EntryPoint]:
    # Imported here, as is everything that a plain path does not need: the import takes longer than reading a
    # module.
    import importlib.metadata

    return {point.name: point for point in importlib.metadata.entry_points(group=ENTRY_POINTS)}


def _require_filesystem(handle: str, scheme: str, plugins: dict[str, EntryPoint]) -> None:
    """Raises HandleError unless TensorFlow has a file system for this scheme."""
    schemes = {"http", "https", "file", "kaggle", "hf", *plugins}
    if handle.startswith("://", len(scheme)):
        import tensorflow as tf

        registered = {name.lower() for name in tf.io.gfile.get_registered_schemes() if name}
        if scheme in registered:
            return
        schemes |= registered
    from hubexplore.summary.diagnosis import handle_hints

    hint = handle_hints.missing_path_hint(handle)
    if hint:
        raise errors.HandleError(f"The handle {redacted(handle)!r} has an unknown scheme, {scheme!r}. {hint}")
    known = ", ".join(sorted(f"{name}:" for name in schemes))
    raise errors.HandleError(
        MSG_SCHEME.format(
            handle=redacted(handle),
            scheme=scheme,
            closest=errors.closest(scheme, schemes),
            known=known,
            group=ENTRY_POINTS,
        )
    )


def _local(path: str, handle: str) -> str | archive_entries.Archived:
    if not path.lower().endswith(ARCHIVE_SUFFIXES):
        return path
    from hubexplore.hub.resolve import archive_entries

    filesystem = filesystem_of(path)
    try:
        # A directory may have the suffix of an archive, too.
        if filesystem.isdir(path):
            return path
        size, modified = _status(path, filesystem)
        is_local = not isinstance(filesystem, GfileFilesystem)
        return archive_entries.Archived(
            path, size, modified, is_local, lambda target: _extract_file(path, target)
        )
    except errors.HubError:
        raise
    except OSError as error:
        from hubexplore.summary.diagnosis import path_diagnosis

        raise path_diagnosis.explain(path, filesystem, handle) or error from error


def _status(path: str, filesystem: Filesystem) -> tuple[int, int]:
    """Returns size and time of change of a file, of the target if it is a link: that may change, too.

    Raises:
      OSError: it cannot be opened, or is a pipe or a device.
    """
    if isinstance(filesystem, GfileFilesystem):
        return filesystem.size(path), filesystem.modified(path)
    with open_regular(path) as file:
        status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


def _extract_file(path: str, target: str) -> str:
    from hubexplore.hub.resolve import archive

    filesystem = filesystem_of(path)
    before = _status(path, filesystem)
    gfile = filesystem.open(path) if isinstance(filesystem, GfileFilesystem) else None
    with gfile or open_regular(path) as file:
        directory = archive.extract(file, target, path, before[0], progress=True)
    # A file that was rewritten meanwhile may have given parts of two archives without an error.
    if _status(path, filesystem) != before:
        raise errors.ArchiveError(
            f"{path!r} changed while it was being extracted. Try again when it is complete."
        )
    return _module_in(directory, path)


def _download(handle: str) -> _Cached:
    from hubexplore.hub.resolve import cache

    # The key leaves out name and password, so other credentials, or none, find the same module.
    return _Cached(
        cache.key_of(without_access(handle)), redacted(handle), lambda target: _fetch(handle, target)
    )


def _fetch(handle: str, target: str) -> str:
    from hubexplore.hub.resolve import download

    try:
        return _fetch_once(handle, target)
    except download.ChangedError:
        # Once more, into an empty folder: what was received so far belongs to the earlier file.
        again = Path(target, "again")
        again.mkdir()
        return _fetch_once(handle, str(again))


def _fetch_once(handle: str, target: str) -> str:
    from hubexplore.hub.resolve import archive, download

    name = redacted(handle)
    with contextlib.closing(download.Body(name, download.address_of(handle))) as body, _hinting(handle):
        try:
            body.open()
            return _module_in(archive.extract(body, target, name, body.length), name)
        except (errors.DownloadError, archive.WebPageError):
            folder = _redirected(body.redirected_to)
            if folder is None:
                raise
    from hubexplore.hub.resolve.services import complete_models

    return complete_models.copy_model(folder, target)


def _redirected(address: str) -> str | None:
    """Returns the folder of the model on whose page a download ended, as those of tfhub.dev end on Kaggle."""
    from hubexplore.hub.resolve import services

    try:
        model = services.hosted_model(address) if address else None
    except errors.HandleError:
        return None
    return None if model is None else model.find() or model.download()


@contextlib.contextmanager
def _hinting(handle: str) -> Iterator[None]:
    """Adds the address of the file to the error that the server sent a web page."""
    from hubexplore.hub.resolve import archive

    try:
        yield
    except archive.WebPageError as error:
        from hubexplore.summary.diagnosis import handle_hints

        hint = handle_hints.web_page_hint(handle)
        raise archive.WebPageError(f"{error} {hint}" if hint else str(error)) from None


def _module_in(directory: str, handle: str) -> str:
    """Returns `directory`, provided a saved model is in it."""
    from hubexplore.summary.diagnosis import path_diagnosis
    from hubexplore.summary.formats.graph_files import model_files

    diagnosis = path_diagnosis.diagnose(directory, filesystem_of(directory))
    if diagnosis.holds_saved_model or model_files.find(directory, filesystem_of(directory)) is not None:
        return directory
    inner = _archive_in(Path(directory))
    if inner:
        raise errors.NotAModuleError(MSG_INNER.format(handle=handle, inner=inner))
    message = f"The archive {handle!r} does not hold a complete module: it {diagnosis.what()}."
    if diagnosis.error is errors.ModelsBelowError:
        # That class says which handles can be given instead; what is in an archive has none.
        raise errors.NotAModuleError(f"{message} Extract it and give the path of one of them.")
    raise diagnosis.error(message)


def _archive_in(directory: Path) -> str | None:
    """Returns the name of an archive among the extracted files."""
    for folder, _, names in os.walk(directory):
        for name in names:
            if name.lower().endswith(ARCHIVE_SUFFIXES):
                return Path(folder, name).relative_to(directory).as_posix()
    return None
