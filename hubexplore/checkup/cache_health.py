"""Checks of the cache: damaged entries, locks, leftovers, rights, space."""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hubexplore.checkup.findings import OK, PROBLEM, WARNING, Finding, State, of_error
from hubexplore.display.wording import counted, omission, size_text
from hubexplore.errors import HandleError, HubError
from hubexplore.hub.resolve import cache, entry_lock, manifest
from hubexplore.summary.diagnosis.handle_hints import web_page_hint
from hubexplore.summary.files.paths import is_url
from hubexplore.summary.files.redaction import redacted

_SUBJECT: Final = "cache"
MOST_FILES: Final = 20_000
"""Maximum number of files that are looked at, so that a large cache takes a fraction of a second."""
MOST_LISTED: Final = 10
"""Maximum number of damaged entries, and of files of an entry, that are named."""
LEAST_SPACE: Final = 1 << 30
_LONG_WAIT: Final = 600
# tensorflow_hub writes the number of its process into KEY.lock, and waits as long as the file exists.
_OTHER_LOCK: Final = re.compile(r"[0-9a-f]{40}\.lock")


def findings() -> Iterator[Finding]:
    """Checks the folder of the cache and what is in it."""
    try:
        folder = cache.directory()
    except HandleError as error:
        yield of_error(_SUBJECT, error, os.environ.get(cache.VARIABLE, ""))
        return
    if is_url(folder):
        yield _remote(folder)
        return
    path = Path(folder)
    if not path.is_dir():
        yield from _absent(path)
        return
    yield from _rights(path)
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names only, and fast
    except OSError as error:
        reason = error.strerror or str(error)
        message = cache.MSG_UNREADABLE.format(folder=folder, reason=reason)
        sentence, _, remedy = message.partition(". ")
        yield Finding(_SUBJECT, PROBLEM, f"{sentence}.", remedy)
        return
    yield from _entries(path, names)
    yield from _locks(path, names)
    yield _space(path)


def _remote(folder: str) -> Finding:
    """Says whether TensorFlow has the file system; asking the storage itself may take minutes offline."""
    from hubexplore.hub.resolve import remote_cache

    try:
        remote_cache.require_filesystem(folder)
    except HandleError as error:
        return of_error(_SUBJECT, error, redacted(folder))
    sentence = f"The cache {redacted(folder)!r} is on a remote file system, which was not contacted."
    return Finding(_SUBJECT, OK, f"{sentence} `hubexplore cache verify` checks its entries.")


def of_entry(copy: str, handle: str) -> Finding:
    """Checks the copy of one handle.

    Raises:
      HubError: it is in a remote cache, which cannot be read.
    """
    if not is_stored(copy):
        sentence = (
            "It is not in the cache yet; the first use downloads it. Nothing was fetched for this report."
        )
        remedy = web_page_hint(handle) or f"hubexplore show {shlex.quote(handle)}"
        return Finding(handle, WARNING, sentence, remedy)
    try:
        damage = _damage(copy)
    except HubError:
        raise
    except OSError as error:
        return Finding(handle, PROBLEM, f"Its copy {copy!r} cannot be read: {error.strerror or error}.")
    if damage:
        return _damaged(copy, handle, damage)
    return Finding(handle, OK, f"Its copy in the cache is complete: {copy!r}.")


def is_stored(copy: str) -> bool:
    """Says whether there is a copy at this place. Errors are those of `of_entry`."""
    if not is_url(copy):
        return Path(copy).is_dir()
    from hubexplore.hub.resolve.remote_cache import RemoteEntry

    return RemoteEntry(copy).problem() != ""


def _damage(copy: str) -> tuple[str, ...]:
    if not is_url(copy):
        return manifest.inspect(Path(copy), MOST_FILES).damage
    from hubexplore.hub.resolve.remote_cache import RemoteEntry

    problem = RemoteEntry(copy).problem()
    return (problem,) if problem else ()


def _damaged(copy: str, handle: str, damage: tuple[str, ...]) -> Finding:
    more = omission(len(damage) - MOST_LISTED, "file")
    listed = "; ".join([*damage[:MOST_LISTED], *([more] if more else [])])
    sentence = f"The copy {copy!r} is damaged: {listed}."
    remedy = (
        "The next use of its handle downloads or unpacks it again. If its address no longer exists, copy the "
        "folder from another machine."
    )
    return Finding(handle, PROBLEM, sentence, remedy)


def _absent(path: Path) -> Iterator[Finding]:
    if path.exists() or path.is_symlink():
        sentence = f"The cache {str(path)!r} is not a folder."
        remedy = "Remove the file, or set the environment variable TFHUB_CACHE_DIR to a folder."
        yield Finding(_SUBJECT, PROBLEM, sentence, remedy)
        return
    above = next((parent for parent in path.parents if parent.exists()), path)
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        yield _not_writable(path, f"{str(above)!r} does not allow it")
        return
    yield Finding(_SUBJECT, OK, f"The cache {str(path)!r} does not exist yet. The first download makes it.")
    yield _space(above)


def _rights(path: Path) -> Iterator[Finding]:
    if not os.access(path, os.W_OK | os.X_OK):
        yield _not_writable(path, "Permission denied")
    mode = path.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        sentence = f"All users may replace what is in the cache {str(path)!r}."
        yield Finding(_SUBJECT, WARNING, sentence, f"chmod +t {shlex.quote(str(path))}")


def _not_writable(path: Path, reason: str) -> Finding:
    message = cache.MSG_CANNOT_WRITE.format(folder=str(path), reason=reason)
    sentence, _, remedy = message.rpartition(". ")
    return Finding(_SUBJECT, WARNING, f"{sentence}. What is in it can be used.", remedy)


def _entries(path: Path, names: list[str]) -> Iterator[Finding]:
    keys = sorted(name for name in names if cache.is_key(name))
    left, total, damaged = MOST_FILES, 0, 0
    for key in keys:
        entry = path / key
        if left <= 0:
            break
        handle = redacted(manifest.handle_of(entry)) or key
        try:
            state = manifest.inspect(entry, left)
        except OSError as error:
            sentence = f"The copy {str(entry)!r} cannot be read: {error.strerror or error}."
            yield Finding(handle, PROBLEM, sentence, "Ask its owner for the right to read it.")
            continue
        left -= max(1, state.files)
        total += state.size
        if state.damage:
            damaged += 1
            if damaged <= MOST_LISTED:
                yield _damaged(str(entry), handle, state.damage)
    if damaged > MOST_LISTED:
        yield Finding(_SUBJECT, PROBLEM, f"{omission(damaged - MOST_LISTED, 'damaged entry')}.")
    sentence = f"The cache {str(path)!r} has {counted(len(keys), 'entry')}, {size_text(total)}."
    yield Finding(_SUBJECT, OK, sentence)
    lost = [name for name in names if name.endswith(".json") and cache.is_key(name[:-5])]
    lost = [name for name in lost if name[:-5] not in keys]
    if lost:
        sentence = f"{counted(len(lost), 'record')} in the cache without a module: {lost[0]!r}."
        yield Finding(_SUBJECT, WARNING, sentence, "The next use of the handle replaces it.")


def _locks(path: Path, names: list[str]) -> Iterator[Finding]:
    for item in entry_lock.remains(str(path))[: 2 * MOST_LISTED]:
        minutes = f"{item.age / 60:,.0f} minutes"
        if item.is_lock and item.holder:
            state: State = WARNING if item.age > _LONG_WAIT else OK
            sentence = f"{item.holder} holds the lock {item.name!r}; it builds an entry. Others wait for it."
            number = item.holder.rpartition(" ")[2]
            remedy = (
                f"It began {minutes} ago. If it hangs, end it (kill {number}): its lock ends with it."
                if state == WARNING and number.isdecimal()
                else ""
            )
            yield Finding("lock", state, f"{sentence[0].upper()}{sentence[1:]}", remedy)
        elif not item.holder:
            kind = "The lock" if item.is_lock else "The unfinished folder"
            sentence = f"{kind} {item.name!r} was left by a process that has ended. Nobody waits for it."
            yield Finding("lock", WARNING, sentence, "The next use of the cache removes it.")
    for name in [name for name in names if _OTHER_LOCK.fullmatch(name)][:MOST_LISTED]:
        sentence = (
            f"{name!r} is a lock of tensorflow_hub, which may wait for it for ever; hubexplore does not."
        )
        remedy = f"If no process uses it: rm {shlex.quote(str(path / name))}"
        yield Finding("lock", WARNING, sentence, remedy)


def _space(path: Path) -> Finding:
    import shutil

    try:
        free = shutil.disk_usage(path).free
    except OSError as error:
        return Finding("disk", WARNING, f"The free space of {str(path)!r} is not known: {error.strerror}.")
    sentence = f"{size_text(free)} are free on the disk of the cache."
    if free < LEAST_SPACE:
        remedy = "Make room there, or set TFHUB_CACHE_DIR to a folder on another disk."
        return Finding("disk", WARNING, sentence, remedy)
    return Finding("disk", OK, sentence)
