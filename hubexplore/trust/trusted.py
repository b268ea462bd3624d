"""The user's file of trusted modules: `hubexplore/trusted.json` in the folder for settings.

It holds digests of contents, see `content.py`, and for the user's eyes what each was called, when it was
trusted, and what was found in it. Only hubexplore writes it: whole or not at all, with a lock, readable for
the user alone.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from hubexplore.errors import NoSuchModuleError, SettingsFileError
from hubexplore.summary.files.atomic_write import part_name

_FILE: Final = "trusted.json"
_FORMAT: Final = 1
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_LARGEST: Final = 1 << 26  # bytes
_MAX_TITLE: Final = 1000
_MAX_FINDINGS: Final = 20
_LOCK_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.05
LEAST_DIGITS: Final = 6
"""Minimum number of hex digits that name a digest."""

MSG_DAMAGED: Final = (
    "The list of trusted modules {path!r} is damaged: {reason}. Correct it, or delete it to trust nothing."
)
MSG_NOT_READ: Final = "The list of trusted modules {path!r} cannot be read: {reason}."
MSG_NOT_WRITTEN: Final = "The list of trusted modules {path!r} cannot be written: {reason}."
MSG_NO_HOME: Final = (
    "There is no folder for settings: this user has no home directory. Set the environment variable "
    "XDG_CONFIG_HOME to a folder."
)


@dataclass(frozen=True)
class TrustedModule:
    """A content that the user trusts.

    Attributes:
      digest: of the content, 64 hex digits.
      title: path or handle of the module when it was trusted.
      date: when, as in "2026-11-29".
      findings: the dangers that were found in it then, as sentences.
    """

    digest: str
    title: str
    date: str
    findings: tuple[str, ...] = ()


def path() -> Path:
    """Returns the path of the file, which need not exist.

    Raises:
      SettingsFileError: this user has no folder for settings.
    """
    try:
        return _settings_folder() / "hubexplore" / _FILE
    except RuntimeError as error:  # a container whose user has neither HOME nor a name
        raise SettingsFileError(MSG_NO_HOME) from error


def _settings_folder() -> Path:
    """Returns the folder for settings of this operating system."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    chosen = os.environ.get("XDG_CONFIG_HOME", "")
    # The XDG base directory specification says to ignore relative paths.
    if chosen.startswith("/"):
        return Path(chosen)
    return Path.home() / ("Library/Application Support" if sys.platform == "darwin" else ".config")


def modules() -> tuple[TrustedModule, ...]:
    """Returns all trusted modules, in the order in which they were trusted.

    Raises:
      SettingsFileError: the file is damaged, or cannot be read.
    """
    return _read(path())


def is_trusted(digest: str) -> bool:
    """Whether a content is in the user's file.

    Raises:
      SettingsFileError: the file is damaged, or cannot be read.
    """
    return any(module.digest == digest for module in modules())


def add(digest: str, title: str, findings: tuple[str, ...] = ()) -> TrustedModule:
    """Adds a content, or replaces what was recorded of it.

    Raises:
      SettingsFileError: the file is damaged, or cannot be written; it is as before.
    """
    date = datetime.datetime.now().astimezone().date().isoformat()
    entry = TrustedModule(digest, title[:_MAX_TITLE], date, tuple(findings[:_MAX_FINDINGS]))
    file = path()
    with _locked(file):
        others = [module for module in _read(file) if module.digest != digest]
        _write(file, (*others, entry))
    return entry


def forget(words: list[str]) -> tuple[TrustedModule, ...]:
    """Removes the contents that the words name: the first digits of a digest, or a title.

    Returns:
      What was removed.

    Raises:
      NoSuchModuleError: (a KeyError) a word names no trusted module; nothing is removed.
      SettingsFileError: the file is damaged, or cannot be written; it is as before.
    """
    file = path()
    with _locked(file):
        existing = _read(file)
        removed: list[TrustedModule] = []
        for word in words:
            named = [module for module in existing if _is_named(module, word)]
            if not named:
                raise NoSuchModuleError(
                    f"No trusted module is called {word!r}. `hubexplore trust list` shows their digests and "
                    f"titles; {LEAST_DIGITS} digits of a digest are enough."
                )
            removed.extend(named)
        _write(file, tuple(module for module in existing if module not in removed))
    return tuple(dict.fromkeys(removed))


def _is_named(module: TrustedModule, word: str) -> bool:
    return module.title == word or (len(word) >= LEAST_DIGITS and module.digest.startswith(word.lower()))


def _read(file: Path) -> tuple[TrustedModule, ...]:
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except FileNotFoundError:
        return ()
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsFileError(MSG_NOT_READ.format(path=str(file), reason=reason)) from error
    try:
        return _parsed(content)
    except (ValueError, RecursionError) as error:
        raise SettingsFileError(MSG_DAMAGED.format(path=str(file), reason=error)) from error


def _parsed(content: bytes) -> tuple[TrustedModule, ...]:
    """Returns the modules in the content of a file; ValueError says what is wrong with it."""
    if len(content) > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST:,} bytes")
    data = json.loads(content.decode("utf-8"))
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise ValueError(f'it is not of the form {{"format": {_FORMAT}, "modules": [...]}}')
    entries = data.get("modules")
    if not isinstance(entries, list):
        raise ValueError('its "modules" are not a list')
    return tuple(_entry(entry) for entry in entries)


def _entry(entry: Any) -> TrustedModule:
    findings = entry.get("findings", []) if isinstance(entry, dict) else None
    if not isinstance(findings, list) or not all(isinstance(text, str) for text in findings):
        raise ValueError("an entry is not a module with findings")
    fields = [entry.get(name) for name in ("digest", "title", "date")]
    if not all(isinstance(field, str) for field in fields) or not _DIGEST.fullmatch(fields[0]):
        raise ValueError("an entry lacks its digest of 64 hex digits, its title or its date")
    return TrustedModule(fields[0], fields[1], fields[2], tuple(findings))


def _write(file: Path, entries: tuple[TrustedModule, ...]) -> None:
    text = json.dumps({"format": _FORMAT, "modules": [asdict(entry) for entry in entries]}, indent=1)
    temporary = file.with_name(part_name(file.name))
    try:
        # For this user alone from its first moment on: titles are paths of theirs.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "wb") as opened:
                opened.write(f"{text}\n".encode("ascii"))
            temporary.replace(file)
        # BaseException, since an interrupt from the keyboard must not leave the temporary file behind either.
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise _not_written(file, error) from error


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Lets one process at a time change the file, in a folder that is made if need be."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A file of its own, since the list itself is replaced.
        descriptor = os.open(file.with_name(f".{_FILE}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _not_written(file, error) from error
    try:
        _lock(descriptor, file)
        yield
    finally:
        os.close(descriptor)  # which ends the lock


def _lock(descriptor: int, file: Path) -> None:
    """Waits for the lock; on a system or file system without locks, nobody waits."""
    try:
        import fcntl
    except ImportError:
        return
    end = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise _not_written(file, OSError("another process is writing it")) from error
            time.sleep(_PAUSE_SECONDS)
        except OSError:
            return
        else:
            return


def _not_written(file: Path, error: OSError) -> SettingsFileError:
    return SettingsFileError(MSG_NOT_WRITTEN.format(path=str(file), reason=error.strerror or error))
