"""Looking at a module runs nothing of it, whatever its author put into the initialiser of a table."""

from __future__ import annotations

import functools
import gc
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
import tensorflow as tf
from anywidget._util import enable_custom_widget_manager_once
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import hubexplore as hub
from hubexplore.errors import GraphError, HubError
from hubexplore.notebook.panel.explorer import Explorer
from hubexplore.session.tf_session import ManagedSession
from tests.hub.modules import export
from tests.notebook.shells import Run
from tests.session.modules import writes_when_initialised


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """What the module writes when its table is initialised."""
    return tmp_path / "canary"


@pytest.fixture
def spec(canary: Path) -> hub.ModuleSpec:
    return hub.create_module_spec(functools.partial(writes_when_initialised, str(canary)))


@pytest.fixture
def path(spec: hub.ModuleSpec, canary: Path, tmp_path: Path) -> Path:
    """The module on disk; exporting it had to initialise it once."""
    found = Path(export(spec, tmp_path / "writes"))
    canary.unlink(missing_ok=True)
    return found


SOURCES = {
    "a path": lambda spec, path: path,
    "a spec": lambda spec, path: spec,
    "a spec that was read": lambda spec, path: hub.load_module_spec(path),
    "a summary": lambda spec, path: hub.summarize(path),
}


@pytest.fixture(params=SOURCES)
def explorer(request: pytest.FixtureRequest, spec: hub.ModuleSpec, path: Path) -> Iterator[Explorer]:
    opened = hub.explore(SOURCES[request.param](spec, path))
    yield opened
    opened.close()


def hear(part: Any, **message: Any) -> None:
    part._handle_custom_msg(message, [])


def preloaded() -> None:
    """Waits for what panels that came on screen do in the background."""
    for thread in threading.enumerate():
        if thread.name == "hubexplore-preload":
            thread.join()


def test_it_is_a_widget_that_others_contain() -> None:
    explorer = hub.explore("sample:half-plus-two")
    box = widgets.VBox([explorer])
    assert box.get_state(["children"])["children"] == [f"IPY_MODEL_{explorer.model_id}"]
    assert explorer.run([1.0, 2.0]).tolist() == [2.5, 3.0]
    explorer.close()
    box.close()


def test_colab_is_asked_for_its_widget_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    """By anywidget, once in a process."""
    enable_custom_widget_manager_once.cache_clear()
    asked: list[str] = []
    output = types.ModuleType("google.colab.output")
    vars(output)["enable_custom_widget_manager"] = lambda: asked.append("asked")
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    hub.explore("sample:half-plus-two").close()
    assert asked == ["asked"]


def test_one_that_could_not_be_made_has_nothing_to_close() -> None:
    with pytest.raises(HubError):
        hub.explore("sample:half-plus-two", "other")
    gc.collect()


@pytest.mark.usefixtures("dot")
def test_nothing_runs_before_the_user_says_so(explorer: Explorer, canary: Path) -> None:
    assert not explorer._try.has_outcome
    hear(explorer._monitor, kind="ready")
    assert explorer._try.children[-4:] == explorer._try._outcome.widgets
    preloaded()
    for number in range(len(explorer._tabs.children)):
        explorer._tabs.selected_index = number
        explorer._static_html()
    graph = explorer._tab_content("Graph")
    for number in range(len(graph.view.shown["boxes"])):
        hear(graph.view, kind="open", box=number)
    hear(graph.view, kind="search", text="a")
    hear(graph.view, kind="find", result=0)
    explorer._tabs.selected_index = 0
    tab = explorer._try
    tab.fill()
    hear(tab.results, kind="download", output=0, form="csv")
    repr(explorer)
    assert not canary.exists()
    assert explorer._subject._private_session is None
    tab.start()
    tab.worker.wait()
    assert tab.status.error_text == ""
    assert canary.exists()


def test_the_value_of_an_op_is_a_run(explorer: Explorer, canary: Path) -> None:
    explorer._try.fill()
    explorer._tabs.selected_index = 1
    explorer._probe("default", "x:0")
    explorer._try.worker.wait()
    assert canary.exists()


def test_what_was_closed_loads_nothing(
    explorer: Explorer, canary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed while the import of TensorFlow went on."""
    gate = threading.Event()
    monkeypatch.setattr("hubexplore.explorer.subject.import_tensorflow", gate.wait)
    explorer._try.fill()
    explorer._try.start()
    explorer.close()
    gate.set()
    explorer._try.worker.wait()
    assert not canary.exists()
    with pytest.raises(GraphError, match="was closed"):
        explorer._subject.where(())


def test_closing_stops_an_initialiser_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def module_fn() -> None:
        x = tf.compat.v1.placeholder(tf.float32, [None])
        key = tf.while_loop(lambda i: i >= 0, lambda i: [i * 1], [tf.constant(0)])[0]
        start = tf.lookup.KeyValueTensorInitializer(tf.reshape(key, [1]), tf.constant([1.0]))
        table = tf.lookup.StaticHashTable(start, 0.0)
        hub.add_signature(inputs=x, outputs=x * table.lookup(tf.constant(0)))

    begun = threading.Event()
    run_all = ManagedSession._run_all

    def begin(*arguments: Any) -> list[str]:
        begun.set()
        return run_all(*arguments)

    monkeypatch.setattr(ManagedSession, "_run_all", begin)
    explorer = hub.explore(hub.create_module_spec(module_fn))
    explorer._try.fill()
    explorer._try.start()
    assert "Loading the module" in explorer._try.status.value
    begun.wait()
    explorer.close()
    explorer._try.worker.wait()  # else it would wait for ever
    assert explorer._try.worker.left_behind == 0


LOOKS: dict[str, Callable[[str, Path], list[str]]] = {
    "%hub_show": lambda name, path: [f"%hub_show {name}", f"%hub_show {name} --graph", f"%hub_show '{path}'"],
    "%hub_try": lambda name, path: [f"%hub_try {name}", f"%hub_try '{path}'"],
    "%hub_compare": lambda name, path: [f"%hub_compare {name} '{path}'"],
    "inspection": lambda name, path: [f"{name}?", f"repr({name})", f"{name}._repr_html_()"],
    "statistics": lambda name, path: [f"hubexplore.summarize({name}).variables.stats()"],
}


@pytest.mark.parametrize("way", LOOKS)
def test_other_displays_run_nothing(way: str, run: Run, path: Path, canary: Path) -> None:
    run(f"import hubexplore\nwrites = hubexplore.load_module_spec({str(path)!r})")
    for cell in LOOKS[way]("writes", path):
        run(cell)
    assert not canary.exists()


def test_completion_runs_nothing(run: Run, shell: InteractiveShell, path: Path, canary: Path) -> None:
    run(f"import hubexplore\nwrites = hubexplore.load_module_spec({str(path)!r})")
    for line in (
        "writes.",
        "%hub_show writes --signature ",
        f"%hub_try {path}",
        f"%hub_compare writes {path}",
    ):
        with provisionalcompleter():
            list(shell.Completer.completions(line, len(line)))
    assert not canary.exists()


def test_a_typo_is_one_line_in_a_notebook(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("import hubexplore as hub")
    shell.run_cell("hub.explore('sample:digitz')")
    printed = capsys.readouterr().out.strip()
    assert printed.startswith("HandleError: There is no sample 'digitz'.")
    assert "\n" not in printed
    with pytest.raises(hub.errors.HandleError, match="digitz"):
        hub.explore("sample:digitz")
