"""What a session and the check of an export say of an op that TensorFlow cannot run."""

from __future__ import annotations

from pathlib import Path

import pytest

import hubexplore as hub
from hubexplore.explorer.subject import Subject
from hubexplore.hub.running.run_error_classes import NoKernelError
from hubexplore.notebook.panel.explorer import Explorer
from hubexplore.notebook.panel.tabs.try_tab import FIRST_THAT_RUNS
from hubexplore.session.export.verification import compare_with_export
from hubexplore.session.session import NotebookSession
from tests.hub.test_no_kernel import buckets


def test_a_call_and_the_check_of_an_export(tmp_path: Path) -> None:
    with NotebookSession() as session:
        module = session.load(hub.create_module_spec(buckets))
        path = str(tmp_path / "export")
        with module.graph.as_default():
            module.export(path, session.session)
        compared = {each.signature: each for each in compare_with_export(module, session.session, path)}
        assert compared["default"].skipped == (
            "the op 'BoostedTreesBucketize' cannot run: today's TensorFlow defines it, but has no kernel "
            "for it on a CPU or GPU"
        )
        assert compared["twice"].largest_difference == 0
        for _ in range(2):
            with pytest.raises(NoKernelError, match="needed by signature 'default'"):
                session.call(module, [0.5])
            # It is not in the graph, where it would keep all else from running.
            assert session.call(module, [0.5], "twice").tolist() == [1.0]


def test_values_without_a_session() -> None:
    with hub.eval_function_for_module(hub.create_module_spec(buckets)) as f:
        with pytest.raises(NoKernelError, match="'BoostedTreesBucketize' cannot run"):
            f([0.5])
        assert f([0.5], signature="twice").tolist() == [1.0]


def test_no_example_is_looked_for() -> None:
    explorer = Explorer(Subject(hub.create_module_spec(buckets)))
    tab = explorer._try
    tab._fill.value = FIRST_THAT_RUNS
    tab.fill()
    tab.worker.wait()
    assert tab.status.error_text.startswith("The op 'BoostedTreesBucketize' cannot run: today's TensorFlow")
    assert "tried" not in tab.status.error_text
    tab._selector.put((), "twice")
    tab._fill.value = FIRST_THAT_RUNS
    tab.fill()
    tab.worker.wait()
    tab.start()
    tab.worker.wait()
    assert tab.last is not None
    assert tab.last.outputs is not None
    assert tab.last.outputs["default"].shape == (2,)
