"""A map that is killed before each of its operations on the folder of the result, one after the other.

`python killing.py MODULE DATA FOLDER STEP` maps DATA into FOLDER/whole. Then, for n = 1, 1 + STEP, ..., a
process maps it into FOLDER/n and is killed (SIGKILL) before its n-th operation there, and another process
maps it again. Prints as JSON how many were killed, and each difference between the two folders.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import hubexplore as hub

# Imported once, and run in the children only: TensorFlow does not survive a fork once it has run.
importlib.import_module("hubexplore.mapping.api")
importlib.import_module("hubexplore.mapping.parts.to_files")
importlib.import_module("hubexplore.mapping.sources.table_files")
importlib.import_module("pandas")


def kill_before(number: int, folder: str) -> None:
    count = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if not (event == "open" or event.startswith(("os.", "fcntl."))):
            return
        is_there = [isinstance(one, (str, os.PathLike)) and str(one).startswith(folder) for one in arguments]
        if event.startswith("fcntl.") or any(is_there):
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def in_child(work: Callable[[], object]) -> int:
    """Runs some work in a process of its own; returns 0, or the signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - this copy of the program ends here, whatever happened
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def main(module: str, data: str, parent: str, step: int) -> None:
    def run(folder: Path) -> None:
        hub.map(module, data, to=folder, inputs="id", batch_size=1, errors="collect", progress=False)

    whole = Path(parent, "whole")
    assert in_child(lambda: run(whole)) == 0
    expected = content(whole)
    differing, number = [], 1
    while True:
        folder = Path(parent, str(number))

        def run_and_die(number: int = number, folder: Path = folder) -> None:
            kill_before(number, str(folder))
            run(folder)

        ended = in_child(run_and_die)
        if ended == 0:
            break
        assert ended == signal.SIGKILL, ended
        with contextlib.suppress(FileNotFoundError):
            left = sorted(content(folder))
        assert in_child(functools.partial(run, folder)) == 0
        found = content(folder)
        if found != expected:
            differing.append([number, left, sorted(found)])
        shutil.rmtree(folder)
        number += step
    print(json.dumps({"killed": (number - 1) // step, "files": sorted(expected), "differing": differing}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
