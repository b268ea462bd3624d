"""A program that is killed before each of its file operations in the cache, one after the other.

`python killing.py HANDLE` uses the cache that TFHUB_CACHE_DIR names. For n = 1, 2, ... a process resolves
the handle in an empty cache and is killed (SIGKILL) before its n-th operation there; then another process
uses the cache. It prints as JSON each state of the cache after that, once, and how many were killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from hubexplore.hub.resolve import resolve

CACHE = os.environ["TFHUB_CACHE_DIR"]


def kill_before(number: int) -> None:
    count = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if not (event == "open" or event.startswith(("os.", "fcntl."))):
            return
        if event.startswith("fcntl.") or any(
            isinstance(argument, (str, os.PathLike)) and str(argument).startswith(CACHE)
            for argument in arguments
        ):
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def in_child(function: Callable[[], None]) -> int:
    """Runs a function in a process of its own; returns 0, or the signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            function()
        except BaseException:  # noqa: BLE001 - this copy of the program ends here, whatever happened
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def state() -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return sorted(file.relative_to(CACHE).as_posix() for file in Path(CACHE).rglob("*"))
    return []


def main(handle: str, prepare: str) -> None:
    states = []
    number = 0
    while True:
        number += 1
        shutil.rmtree(CACHE, ignore_errors=True)
        if prepare:  # A damaged entry is there already.
            assert in_child(lambda: print(resolve(handle), file=sys.stderr)) == 0
            for file in Path(CACHE).glob(f"*/{prepare}"):
                os.truncate(file, 1)

        def resolve_and_die(number: int = number) -> None:
            kill_before(number)
            resolve(handle)

        ended = in_child(resolve_and_die)
        assert in_child(lambda: print(resolve(handle), file=sys.stderr)) == 0
        current_state = state()
        if current_state not in states:
            states.append(current_state)
        if ended == 0:
            break
        assert ended == signal.SIGKILL, ended
    print(json.dumps({"states": states, "killed": number - 1}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
