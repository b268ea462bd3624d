"""A process that puts directories in their place and is stopped at every line of doing so, one by one.

Arguments: scenario, action, an empty folder. Prints one JSON list: what was found after each stop.

The scenarios are functions of this file; `killed` ends a child process with SIGKILL before its n-th line,
`interrupted` raises KeyboardInterrupt there, for n = 1, 2, ... until one is done before that.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from hubexplore.hub.placement import place, recover, rename
from tests.folders import names

LAST = "tfhub_module.pb"
FILES = {str(file) for file in Path(rename.__file__).parent.glob("*.py")}
"""Whose lines count."""


def write(word: str) -> Callable[[str], None]:
    """Returns what writes a directory whose files all hold `word`."""

    def write_there(folder: str) -> None:
        for name in ("variables/values", "saved_model.pb", LAST):
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(word)

    return write_there


def seen(folder: Path) -> str:
    """What is at a target: "", the word in all of its files, or a list of them."""
    files = sorted(file for file in folder.glob("[!.]*/**/*") if file.is_file())
    files += sorted(file for file in folder.glob("*") if file.is_file())
    words = {file.read_text() for file in files if file.name != "README"}
    whole = [file.name for file in files if file.name != "README"] == ["values", "saved_model.pb", LAST]
    if len(words) == 1 and whole:
        return words.pop()
    return "" if not words else f"{[str(file.relative_to(folder)) for file in files]} {words}"


def new(target: Path) -> bool:
    """Nothing is there."""
    return False


def empty(target: Path) -> bool:
    """An empty directory is there."""
    target.mkdir()
    return False


def filled(target: Path) -> bool:
    """A directory with another file is there, which stays."""
    target.mkdir()
    (target / "README").write_text("mine")
    return False


def overwritten(target: Path) -> bool:
    """A directory is replaced."""
    write("old")(str(target))
    (target / "variables").chmod(0o555)
    return True


def overwritten_in_two_steps(target: Path) -> bool:
    """The same where the system cannot exchange directories."""
    rename.exchange = lambda *_: False
    return overwritten(target)


class StopAt:
    """Calls `stop` before the n-th line of the files in `FILES`."""

    def __init__(self, number: int, stop: Callable[[], None]) -> None:
        self._left, self._stop = number, stop

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in FILES:
            return None
        if event == "line":
            self._left -= 1
            if not self._left:
                sys.settrace(None)
                self._stop()
        return self


def interrupt() -> None:
    raise KeyboardInterrupt


def killed(number: int, work: Callable[[], None]) -> bool:
    child = os.fork()
    if not child:
        sys.settrace(StopAt(number, lambda: os.kill(os.getpid(), signal.SIGKILL)))
        work()
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0


def interrupted(number: int, work: Callable[[], None]) -> bool:
    sys.settrace(StopAt(number, interrupt))
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False


def stopped_at(number: int, scenario: str, action: str, parent: Path) -> dict[str, Any]:
    """Stops one at a line, loads what is there, puts another one there; returns what it found after each."""
    target = parent / "target"
    replaces = globals()[scenario](target)

    def put(word: str) -> None:
        place(str(target), write(word), lambda: replaces, LAST)

    outcome: dict[str, Any] = {"line": number, "before": seen(target)}
    outcome["stopped"] = globals()[action](number, lambda: put("new"))
    outcome |= {"then": seen(target), "left": names(parent)}
    recover(str(target))
    outcome["loaded"] = seen(target)
    if not replaces and outcome["loaded"] == "new":
        shutil.rmtree(target)
    put("next")
    return outcome | {"next": seen(target), "end": names(parent), "inside": names(target)}


def results(scenario: str, action: str, folder: Path) -> Iterator[dict[str, Any]]:
    for number in itertools.count(1):
        parent = folder / str(number)
        parent.mkdir()
        outcome = stopped_at(number, scenario, action, parent)
        yield outcome
        if not outcome["stopped"]:
            return


if __name__ == "__main__":
    print(json.dumps(list(results(sys.argv[1], sys.argv[2], Path(sys.argv[3])))))
