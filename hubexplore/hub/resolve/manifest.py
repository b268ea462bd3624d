"""The record beside an entry of the cache: its handle, and the state of its files when it was made.

`KEY.json` holds `handle`, `date` and `files`: name -> [bytes, time of the last change in nanoseconds since
1970, CRC-32]. Version 0.1.0 wrote the names alone, and other programs write no record at all.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hubexplore.hub.resolve import entry_lock
from hubexplore.summary.module_format import GRAPH_FILE

PROOF: Final = GRAPH_FILE
KEY: Final = re.compile(r"[0-9a-f]{40}")
"""Names of entries, except for those of samples; see `cache.key_of`."""
_CHUNK: Final = 1 << 20

_Files = dict[str, Any]


def path_of(entry: Path) -> Path:
    """Returns the path of the record of an entry."""
    return entry.with_name(f"{entry.name}.json")


def make_readable(made: Path) -> None:
    """Gives a tree the modes of a shared cache, whatever the umask: 0755 for folders, 0644 for files."""
    for folder, _, names in os.walk(made):
        Path(folder).chmod(0o755)
        for name in names:
            file = Path(folder, name)
            # chmod follows links, and the file that a link leads to gets its own turn.
            if not file.is_symlink():
                file.chmod(0o644)


def write(made: Path, target: Path, handle: str) -> None:
    """Writes the record of the tree `made` to the file `target`."""
    import datetime

    files = {
        file.relative_to(made).as_posix(): _state(file)
        for folder, _, names in os.walk(made)
        for file in (Path(folder, name) for name in sorted(names))
        if file.is_file()
    }
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    target.write_text(_text({"handle": handle, "date": now, "files": dict(sorted(files.items()))}), "utf-8")
    target.chmod(0o644)


def handle_of(entry: Path) -> str:
    """Returns the handle in the record of an entry; "" without one."""
    handle = _read(entry).get("handle")
    return handle if isinstance(handle, str) else ""


def packed_state(file: Path) -> list[int]:
    """Returns the state of a file, with 0 as the time of its last change."""
    size, _, checksum = _state(file)
    return [size, 0, checksum]


def find_damage(entry: Path, thorough: bool = False, update: bool = True) -> str | None:
    """Finds a file of an entry that is missing or has changed.

    Sizes and times of change are compared, which takes microseconds a file; content only of files whose time
    differs, or of all files.

    Args:
      entry: Path of the entry.
      thorough: Whether to read all files.
      update: Whether to record the new times of files that were copied, if the entry is this user's own.

    Returns:
      A finding such as "'assets/words.txt' is missing"; None for an entry that has not changed.

    Raises:
      PermissionError: It may not be read.
    """
    record = _read(entry)
    files = record.get("files")
    # A frozen graph or a checkpoint has files of other names, all of which its record has.
    is_other = isinstance(files, dict) and files and PROOF not in files
    if not is_other and not _is_file(f"{entry}/{PROOF}"):
        return f"{PROOF!r} is missing"
    if isinstance(files, list):
        # Version 0.1.0 recorded names only, so a change of content cannot be noticed.
        lost = [name for name in files if not _is_file(f"{entry}/{name}")]
        return f"{lost[0]!r} is missing" if lost else None
    if not isinstance(files, dict):
        return None  # an entry of another program: its main file must do
    moved = False
    for name, recorded in files.items():
        problem, is_moved = _compare(f"{entry}/{name}", recorded, thorough)
        if problem:
            return f"{name!r} {problem}"
        moved |= is_moved
    # The entry of another user of a shared cache is read, and never written.
    if moved and update and is_own(entry):
        _update_times(entry, record)
    return None


def is_own(entry: Path) -> bool:
    """Says whether an entry belongs to this user, or does not exist; systems without owners have only one."""
    try:
        return not hasattr(os, "geteuid") or entry.lstat().st_uid == os.geteuid()
    except OSError:
        return True


@dataclass(frozen=True)
class EntryState:
    """What a look at the files of an entry gave.

    Attributes:
      damage: findings such as "'assets/words.txt' is missing".
      files: number of files that were looked at.
      size: their bytes.
    """

    damage: tuple[str, ...]
    files: int
    size: int


def inspect(entry: Path, most: int) -> EntryState:
    """Finds all files of an entry that are missing or have another size; content is not read.

    Unlike `find_damage` it changes nothing.

    Args:
      entry: Path of the entry.
      most: Maximum number of files that are looked at.

    Raises:
      PermissionError: It may not be read.
    """
    files = _read(entry).get("files")
    if isinstance(files, dict):
        names = dict(files)
    else:
        # Version 0.1.0 recorded names only, and other programs nothing: there the files that exist count.
        names = dict.fromkeys((PROOF, *(_strings(files) or itertools.islice(_names_in(entry), most))))
    looked_at = list(names.items())[:most]
    findings, total = [], 0
    for name, recorded in looked_at:
        path = f"{entry}/{name}"
        if not _is_file(path):
            findings.append(f"{name!r} is missing")
            continue
        size = os.stat(path).st_size  # noqa: PTH116 - as _is_file
        total += size
        expected = recorded[0] if isinstance(recorded, list) and recorded else None
        if isinstance(expected, int) and expected != size:
            findings.append(f"{name!r} has {size:,} bytes instead of {expected:,}")
    return EntryState(tuple(findings), len(looked_at), total)


def _names_in(entry: Path) -> Iterator[str]:
    for folder, _, names in os.walk(entry):
        yield from (Path(folder, name).relative_to(entry).as_posix() for name in sorted(names))


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def is_complete(entry: Path) -> bool:
    """Says whether there is a record by which any damage would be found."""
    return isinstance(_read(entry).get("files"), dict)


def _compare(path: str, recorded: Any, thorough: bool) -> tuple[str, bool]:
    """Returns what is wrong with a file, and whether only its time of change differs."""
    try:
        size, modified, checksum = recorded
        status = os.stat(path)  # noqa: PTH116 - through a Path it takes three times as long
    except (FileNotFoundError, NotADirectoryError):
        return "is missing", False
    except (TypeError, ValueError):
        return "", False
    if not stat.S_ISREG(status.st_mode):
        return "is not a file", False
    if status.st_size != size:
        return f"has {status.st_size:,} bytes instead of {size:,}", False
    is_moved = status.st_mtime_ns != modified
    # A copied cache has other times, so the content decides, and the new times are recorded. Where they
    # cannot be recorded, content is not compared: every use would read all files.
    if (thorough or (is_moved and os.access(os.path.dirname(path), os.W_OK))) and _checksum(path) != checksum:
        return "was altered", False
    return "", is_moved


def _update_times(entry: Path, record: dict[str, Any]) -> None:
    files: _Files = record["files"]
    for name, (size, _, checksum) in files.items():
        files[name] = [size, (entry / name).stat().st_mtime_ns, checksum]
    entry_lock.write(entry, path_of(entry), _text(record))


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 - through a Path it takes three times as long
    except PermissionError:
        # A file that may not be read is not missing, and must not be fetched again.
        raise
    except (OSError, ValueError):
        return False


def parsed(content: bytes) -> dict[str, Any]:
    """Returns the content of a record; {} if it makes no sense."""
    try:
        record = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def files_of(content: bytes) -> dict[str, Any]:
    """Returns the files in the content of a record: name -> [bytes, time, CRC-32]."""
    files = parsed(content).get("files")
    return files if isinstance(files, dict) else {}


def _read(entry: Path) -> dict[str, Any]:
    try:
        with open(f"{entry}.json", "rb") as file:
            return parsed(file.read())
    except OSError:
        return {}


def _text(record: dict[str, Any]) -> str:
    return json.dumps(record, indent=1) + "\n"


def _state(file: Path) -> list[int]:
    status = file.stat()
    return [status.st_size, status.st_mtime_ns, _checksum(str(file))]


def _checksum(path: str) -> int:
    # CRC-32 is enough against accidents. Whoever alters a file on purpose can alter the record as well.
    checksum = 0
    with open(path, "rb") as file:
        while data := file.read(_CHUNK):
            checksum = zlib.crc32(data, checksum)
    return checksum
