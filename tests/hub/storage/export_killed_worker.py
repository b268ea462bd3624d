"""A process that exports again and again, and is killed each time: at every so many lines of doing so.

Arguments: an empty folder, and how many lines to the next kill. Prints JSON: what was found after each.
A module is exported where nothing is and in place of an earlier one, by turns, by children of this process.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

import hubexplore as hub
from hubexplore.hub.storage import export as export_module
from hubexplore.hub.storage import export_target
from tests.folders import names
from tests.hub.storage import placement_worker
from tests.hub.storage.placement_worker import StopAt

tf1 = tf.compat.v1


def module_fn() -> None:
    hub.add_signature(outputs=tf1.get_variable("w", [1000], initializer=tf1.zeros_initializer()) + 0.0)


def in_a_child(work: Callable[[], None]) -> bool:
    """Whether a child process did the work to its end; only children run sessions, whose threads none has."""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a child must not go on with its parent's work
            traceback.print_exc()
        os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def exported(spec: Any, path: Path, value: float, overwrite: bool, lines: int = 0) -> None:
    with tf.Graph().as_default():
        module = hub.Module(spec)
        with tf1.Session() as session:
            session.run(module.variables[0].assign(tf.fill([1000], float(value))))
            if lines:
                sys.settrace(StopAt(lines, lambda: os.kill(os.getpid(), signal.SIGKILL)))
            module.export(path, session, overwrite=overwrite)


def seen(path: Path) -> Any:
    """The value of all elements, None if nothing is there; what is wrong with it if it is no whole module."""
    if not path.exists():
        return None
    try:
        summary = hub.summarize(path)
        (stats,) = summary.variables.stats()
    except hub.HubError as error:
        return str(error)
    whole = stats.minimum == stats.maximum and not summary.warnings
    return stats.minimum if whole else f"{stats} {summary.warnings}"


def killed_at(lines: int, spec: Any, target: Path, overwrite: bool) -> dict[str, Any]:
    """Kills one export; returns what was found then, and after an export to the same folder."""
    before = seen(target)
    done = in_a_child(lambda: exported(spec, target, lines, overwrite, lines))
    then = seen(target)
    assert in_a_child(lambda: exported(spec, target.with_name("next"), 1, True))
    return {
        "before": before, "new": lines, "then": then, "done": done,
        "names": names(target.parent), "loaded": seen(target),
    }  # fmt: skip


def results(folder: Path, step: int) -> Iterator[dict[str, Any]]:
    spec = hub.create_module_spec(module_fn)
    placement_worker.FILES |= {export_module.__file__, export_target.__file__}
    for overwrite in (False, True):
        target = folder / f"{overwrite}" / "module"
        if overwrite:
            assert in_a_child(functools.partial(exported, spec, target, 1, False))
        for lines in itertools.count(step, step):
            if not overwrite and target.exists():
                target.rename(folder / f"{lines}")
            outcome = killed_at(lines, spec, target, overwrite)
            yield outcome
            if outcome["done"]:
                break


if __name__ == "__main__":
    print(json.dumps(list(results(Path(sys.argv[1]), int(sys.argv[2])))))
