"""Looking at a hostile model touches nothing: no file, no address."""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore import cli
from hubexplore.errors import HubError, HubSecurityWarning
from hubexplore.summary.capabilities.model import When
from hubexplore.trust import gate
from tests.strangers.conftest import Trap

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line in a process of its own."""
    program = [sys.executable, "-m", "hubexplore", *arguments]
    return subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)


def folder_of(traps: dict[str, Trap]) -> Path:
    """The folder with all models."""
    return traps["main_op"].path.parent


@pytest.mark.usefixtures("untouched")
def test_by_cards_and_tables(traps: dict[str, Trap]) -> None:
    for trap in traps.values():
        summary = hub.summarize(trap.path)
        assert str(summary)
        assert summary.to_json()
        assert summary.to_html()


@pytest.mark.usefixtures("untouched")
def test_by_comparing(traps: dict[str, Trap]) -> None:
    other = hub.summarize("sample:half-plus-two")
    for trap in traps.values():
        summary = hub.summarize(trap.path)
        assert summary.compare(other).gained == ()
        gained = other.compare(hub.summarize(trap.path))
        assert {one.sentence for one in gained.gained} <= {
            one.sentence for one in summary.capabilities.findings
        }
        dangers = summary.capabilities.dangers
        assert not dangers or all(word in str(gained) for word in ("can touch what", "DANGER"))


@pytest.mark.usefixtures("untouched")
def test_by_statistics_of_weights(traps: dict[str, Trap]) -> None:
    for trap in traps.values():
        summary = hub.summarize(trap.path)
        if summary.variables:
            assert summary.variables.stats()


@pytest.mark.usefixtures("untouched")
def test_by_drawing(traps: dict[str, Trap]) -> None:
    for trap in traps.values():
        summary = hub.summarize(trap.path)
        for variant in summary.variants:
            for signature in variant.signatures:
                drawn = summary.graph(signature.name, variant.tags)
                assert drawn.dot
                assert str(drawn)


@pytest.mark.usefixtures("untouched")
def test_by_exploring(traps: dict[str, Trap]) -> None:
    early = [trap for trap in traps.values() if When.LOADED in trap.case.when]
    assert len(early) >= 20
    for trap in early:
        hub.explore(str(trap.path)).close()


@pytest.mark.usefixtures("untouched")
def test_by_scanning(traps: dict[str, Trap]) -> None:
    done = command("scan", str(folder_of(traps)), "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    quiet = {Path(one["path"]).name for one in found["models"] if one["verdict"] != "danger"}
    assert quiet <= {name for name, trap in traps.items() if When.ASKED in trap.case.when}


@pytest.mark.usefixtures("untouched")
def test_by_showing(traps: dict[str, Trap]) -> None:
    done = command("show", str(traps["main_op"].path))
    assert "DANGER" in done.stdout


def _entries(folder: Path) -> dict[str, Callable[[str], object]]:
    """What takes the handle of a module, and would run it; `folder` is for what is written."""
    numbers = itertools.count()

    def new() -> Path:
        return folder / str(next(numbers))

    def in_graph(path: str) -> None:
        with tf.Graph().as_default():
            hub.Module(path)

    def loaded(path: str) -> None:
        with hub.NotebookSession() as session:
            session.load(path)

    return {
        "Module": in_graph,
        "load": hub.load,
        "KerasLayer": hub.KerasLayer,
        "evaluate": lambda path: hub.eval_function_for_module(path).__enter__(),
        "column": lambda path: hub.text_embedding_column("k", path),
        "column of TF2": lambda path: hub.text_embedding_column_v2("k", path),
        "session": loaded,
        "save": lambda path: hub.save(path, new()),
        "save unverified": lambda path: hub.save(path, new(), verify=False),
        "export": lambda path: hub.load_module_spec(path).export(str(new())),
        "doctor": hub.doctor,
        "convert": lambda path: cli.main(["convert", path, str(new()), "--to", "saved-model"]),
        "convert to hub": lambda path: cli.main(["convert", path, str(new()), "--to", "hub", "--no-verify"]),
        "compare": lambda path: cli.main(["show", "sample:half-plus-two", "--compare", path]),
    }


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("entry", _entries(Path()))
def test_by_every_way_in(entry: str, traps: dict[str, Trap], tmp_path: Path) -> None:
    run = _entries(tmp_path)[entry]
    for name in ("main_op", "summary_writer_of_initializer", "debug_file_of_initializer", "merge_deletes"):
        gate.forget_process()
        # A program would go on after the warning; what matters is that the warning comes first.
        with warnings.catch_warnings(), contextlib.suppress(HubError, HubSecurityWarning, SystemExit):
            warnings.simplefilter("error", HubSecurityWarning)
            run(str(traps[name].path))


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_by_files_of_keras(ending: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"

    def write(x: Any, path: str = str(canary)) -> Any:
        Path(path).write_text("boo")
        return x

    layers = [keras.Input((2,)), keras.layers.Lambda(write, output_shape=(2,))]
    model = tmp_path / f"model{ending}"
    evil = keras.Sequential(layers)
    evil.save(model)
    evil(tf.zeros([1, 2]))
    canary.unlink()
    for run in _entries(tmp_path / "out").values():
        with contextlib.suppress(HubError, SystemExit):
            run(str(model))
    assert cli.main(["scan", str(tmp_path)]) == 1
    assert not canary.exists()


@pytest.mark.usefixtures("untouched")
def test_by_refused_loading(traps: dict[str, Trap]) -> None:
    for trap in traps.values():
        if trap.case.when == (When.LOADED,):
            with hub.NotebookSession() as session, pytest.raises(HubError):
                session.load(str(trap.path), trap.case.name)
