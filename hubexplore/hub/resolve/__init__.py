"""From a handle to a directory on a file system.

| handle | what becomes of it |
| --- | --- |
| a path, or any `tf.io.gfile` address such as `gs://...` | itself |
| path of a `.tar.gz` or `.tgz` | extracted into the cache |
| `http(s)://...`, the page of a module or an archive | downloaded into the cache |
| `NAME:...` | whatever the plug-in NAME makes of it |

A plug-in is an entry point of the group `hubexplore.handles`: its name is the scheme, its value a
function from the rest of the handle to the path of a directory.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hubexplore import errors
from hubexplore.hub.resolve import archive, cache
from hubexplore.hub.resolve.filesystem import GfileFilesystem, filesystem_of
from hubexplore.summary import diagnosis

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["filesystem_of", "resolve"]

ENTRY_POINTS: Final = "hubexplore.handles"

# A single letter is a drive of Windows.
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+):(.*)", re.DOTALL)

MSG_TYPE: Final = (
    "A module's handle is a str or an os.PathLike, not {found}: write, for example, "
    "hub.Module('path/to/module')."
)
MSG_EMPTY: Final = (
    "A module's handle is empty. Write the path of a module's directory, '.' for the current one."
)
MSG_SCHEME: Final = (
    "Nothing here understands the handle {handle!r}: the scheme {scheme!r} is unknown.{closest} What works: "
    "the path of a directory, of a .tar.gz or .tgz file, and the schemes {known}. Others come with plug-ins "
    "(entry points of the group {group!r}) or TensorFlow file systems (for example `import tensorflow_io`)."
)


def resolve(handle: str | os.PathLike[str]) -> str:
    """Returns the path of the directory that `handle` stands for.

    Args:
      handle: A path, archive, address or `SCHEME:...`, see above. `~` stands for the home directory.

    Returns:
      A path that `filesystem_of` reads. Whether a module is there is for the caller to see: a path
      comes back as it was given, even if nothing is there. See `diagnosis.explain`.

    Raises:
      HandleError: `handle` is of no form known.
      MissingModuleError: There is no such archive.
      ArchiveError: The archive is damaged, or would write outside of its directory.
      DownloadError: The download failed. Nothing of it stays in the cache.
      NotAModuleError: What was in the archive is not a module.
    """
    text = _text(handle)
    match = _SCHEME.fullmatch(text)
    if match:
        scheme, rest = match[1].lower(), match[2]
        if scheme in ("http", "https"):
            return _downloaded(text)
        plugins = _plugins()
        if scheme in plugins:
            return str(plugins[scheme].load()(rest))
        if scheme == "file" and rest.startswith("//"):
            return _local(_path_of_file_url(rest))
        if not os.path.exists(text):  # noqa: PTH110  # Path would not keep the text as it is.
            _require_filesystem(text, scheme, plugins)
    return _local(text)


def _text(handle: object) -> str:
    if not isinstance(handle, (str, os.PathLike)):
        raise errors.HandleError(MSG_TYPE.format(found=type(handle).__name__))
    text = os.fspath(handle)
    if not isinstance(text, str):
        raise errors.HandleError(MSG_TYPE.format(found=f"one of {type(text).__name__}"))
    if not text.strip():
        raise errors.HandleError(MSG_EMPTY)
    if "\0" in text:
        raise errors.HandleError(f"A module's handle holds a zero byte: {text!r}.")
    return text


def _plugins() -> dict[str, EntryPoint]:
    # Imported only here, as is all that paths do without: it takes longer than to read a module.
    import importlib.metadata

    return {point.name: point for point in importlib.metadata.entry_points(group=ENTRY_POINTS)}


def _path_of_file_url(rest: str) -> str:
    """Returns the path in what follows `file:`. TensorFlow takes it literally, web browsers write %20."""
    from urllib.request import url2pathname

    path = rest[2:].removeprefix("localhost")
    return path if os.path.exists(path) else url2pathname(path)  # noqa: PTH110


def _require_filesystem(handle: str, scheme: str, plugins: dict[str, EntryPoint]) -> None:
    """Raises HandleError unless TensorFlow has a file system for this scheme."""
    schemes = {"http", "https", "file", *plugins}
    if handle.startswith("://", len(scheme)):
        import tensorflow as tf

        registered = {name.lower() for name in tf.io.gfile.get_registered_schemes() if name}
        if scheme in registered:
            return
        schemes |= registered
    known = ", ".join(sorted(f"{name}:" for name in schemes))
    raise errors.HandleError(
        MSG_SCHEME.format(
            handle=handle,
            scheme=scheme,
            closest=errors.closest(scheme, schemes),
            known=known,
            group=ENTRY_POINTS,
        )
    )


def _local(text: str) -> str:
    path = os.path.expanduser(text)  # noqa: PTH111  # Path would take the two slashes of gs:// for one.
    if not path.lower().endswith(archive.SUFFIXES):
        return path
    filesystem = filesystem_of(path)
    try:
        if filesystem.isdir(path):
            return path
        if isinstance(filesystem, GfileFilesystem):
            size, modified = filesystem.size(path), filesystem.modified(path)
        else:
            # Not resolve(): a link may be moved to a new archive.
            path = str(Path(path).absolute())
            status = Path(path).stat()
            size, modified = status.st_size, status.st_mtime_ns
        # A rewritten archive is another entry.
        key = cache.key_of(f"{path}\n{size}\n{modified}")
        return cache.entry(key, path, lambda target: _extract_file(path, target))
    except errors.HubError:
        raise
    except OSError as error:
        raise diagnosis.explain(path, filesystem) or error from error


def _extract_file(path: str, target: str) -> str:
    filesystem = filesystem_of(path)
    gfile = filesystem.open(path) if isinstance(filesystem, GfileFilesystem) else None
    with gfile or Path(path).open("rb") as file:
        return _module_in(archive.extract(file, target, path), path)


def _downloaded(handle: str) -> str:
    from hubexplore.hub.resolve import download

    def build(target: str) -> str:
        with download.open_url(handle) as body:
            return _module_in(archive.extract(body, target, handle), handle)

    return cache.entry(cache.key_of(handle), handle, build)


def _module_in(directory: str, handle: str) -> str:
    """Returns `directory`, provided a saved model is in it: a module or something like it."""
    found = diagnosis.diagnose(directory, filesystem_of(directory))
    if not found.holds_saved_model:
        raise found.error(f"The archive {handle!r} is not that of a whole module: it {found.what()}.")
    return directory
