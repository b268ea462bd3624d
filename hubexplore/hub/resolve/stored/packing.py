"""Entries of the cache as one file, for machines without a network.

The file is a tar archive: a folder KEY and its record KEY.json for each entry, in the order of the keys. The
same entries give the same bytes: times, owners and modes are fixed.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from hubexplore import errors
from hubexplore.hub.resolve import archive, cache, manifest, os_errors
from hubexplore.hub.resolve.stored import inventory
from hubexplore.summary.files.filesystem import open_regular

_SAMPLE: Final = re.compile(r"sample-[a-z0-9_]+-[0-9a-f]{16}")

MSG_DAMAGED: Final = (
    "The entry {handle!r} of the cache is damaged: {problem}. Run `hubexplore fetch {handle}` first, or pack "
    "other entries."
)
MSG_NOT_PACKED: Final = (
    "{path!r} was not made by `hubexplore cache pack`: {problem}. The archive of a single model is "
    "opened by its path."
)


def pack(target: str, entries: Sequence[inventory.Entry]) -> None:
    """Writes entries of the cache to the tar archive `target`, which appears whole or not at all.

    Raises:
      DamagedModuleError: an entry is not what was recorded.
      OSError: the archive cannot be written.
    """
    for entry in entries:
        problem = inventory.damage(entry)
        if problem is not None:
            raise errors.DamagedModuleError(
                MSG_DAMAGED.format(handle=entry.handle or entry.key, problem=problem)
            )
    folder = Path(target).parent
    descriptor, scratch = tempfile.mkstemp(prefix=f".{Path(target).name}.", dir=folder)
    try:
        with (
            os.fdopen(descriptor, "wb") as file,
            tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for entry in sorted(entries, key=lambda entry: entry.key):
                _add(tar, entry)
        Path(scratch).chmod(0o644)
        Path(scratch).replace(target)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def unpack(path: str) -> list[tuple[str, bool]]:
    """Adds the entries of a packed file to the cache; those that are there and whole stay as they are.

    Returns:
      The handle of each entry, and whether it was added.

    Raises:
      ArchiveError: the file is damaged, holds something else, or passes a limit. Then nothing was added.
      DownloadError: the cache cannot be written.
    """
    with _extracted(path) as folder:
        keys = sorted(child.name for child in folder.iterdir() if child.is_dir())
        records = {key: _checked(path, folder, key) for key in keys}
        if not keys:
            raise errors.ArchiveError(MSG_NOT_PACKED.format(path=path, problem="it holds no entry"))
        done = []
        for key in keys:
            is_new = cache.existing(key) is None

            def build(target: str, key: str = key) -> str:
                made = Path(target, "entry")
                (folder / key).rename(made)
                return str(made)

            cache.entry(key, records[key], build)
            done.append((records[key] or key, is_new))
        return done


@contextlib.contextmanager
def _extracted(path: str) -> Iterator[Path]:
    """Extracts the file within the limits for archives, into a folder that is removed afterwards."""
    place = Path(cache.directory())
    cannot_write = os_errors.translated(
        lambda reason: errors.DownloadError(cache.MSG_CANNOT_WRITE.format(folder=str(place), reason=reason))
    )
    with contextlib.ExitStack() as stack:
        with cannot_write:
            cache.make_folder(place)
            # In the cache, so that an entry can be renamed; swept like any other staging folder.
            scratch = stack.enter_context(
                tempfile.TemporaryDirectory(prefix=".unpack.", suffix=".hubexplore-tmp", dir=place)
            )
        target = Path(scratch, "all")
        target.mkdir()
        file = stack.enter_context(open_regular(path))
        archive.extract_all(file, str(target), path, os.fstat(file.fileno()).st_size)
        yield target


def _checked(path: str, folder: Path, key: str) -> str:
    """Returns the handle of an extracted entry.

    Raises:
      ArchiveError: it is not an entry, or not what its record says.
    """
    entry = folder / key
    # The cache may be any folder: an entry of another name could take the place of something of the user's.
    if not cache.is_key(key) and not _SAMPLE.fullmatch(key):
        raise errors.ArchiveError(
            MSG_NOT_PACKED.format(path=path, problem=f"{key!r} is not the name of an entry")
        )
    if not manifest.is_complete(entry):
        raise errors.ArchiveError(MSG_NOT_PACKED.format(path=path, problem=f"{key!r} has no record"))
    problem = manifest.find_damage(entry, thorough=True, update=False)
    if problem is not None:
        raise errors.ArchiveError(f"Cannot unpack {path!r}: in the entry {key!r}, {problem}. Pack it again.")
    return manifest.handle_of(entry)


def _add(tar: tarfile.TarFile, entry: inventory.Entry) -> None:
    folder = Path(entry.folder)
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    names = [file.relative_to(folder).as_posix() for file in files]
    # Without date and times, which differ from machine to machine; the times are recorded again on arrival.
    record = {
        "handle": entry.handle,
        "files": {name: manifest.packed_state(file) for name, file in zip(names, files, strict=True)},
    }
    content = (json.dumps(record, indent=1, sort_keys=True) + "\n").encode()
    _add_file(tar, f"{entry.key}.json", io.BytesIO(content), len(content))
    for name, file in zip(names, files, strict=True):
        with file.open("rb") as opened:
            _add_file(tar, f"{entry.key}/{name}", opened, os.fstat(opened.fileno()).st_size)


def _add_file(tar: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o644, 0
    tar.addfile(member, content)
