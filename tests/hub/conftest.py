"""What all tests of the API share.

The suite runs in two worlds: with TF2 behaviour (the default in a notebook), and, where
HUBEXPLORE_TEST_TF1 is set, after `tf.compat.v1.disable_v2_behavior()`, which holds for a whole process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

import hubexplore as hub
from hubexplore.hub.graph import apply
from tests.hub import modules

TF1_WORLD = bool(os.environ.get("HUBEXPLORE_TEST_TF1"))
if TF1_WORLD:
    tf.compat.v1.disable_v2_behavior()


def pytest_report_header() -> str:
    """Which of the two worlds this run is in."""
    return f"TensorFlow {tf.__version__}, TF2 behaviour {'disabled' if TF1_WORLD else 'enabled'}"


@pytest.fixture
def needs_eager() -> None:
    """For tests of what happens, or works, in eager mode."""
    if TF1_WORLD:
        pytest.skip("nothing executes eagerly where TF2 behaviour is disabled")


@pytest.fixture(autouse=True)
def _second_calls_are_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a large graph; those of tests are small, and all calls would be built in one of the two ways."""
    monkeypatch.setattr(apply, "_REPLAY_RATIO", 0)


@pytest.fixture
def graph() -> Iterator[tf.Graph]:
    """A fresh default graph."""
    with tf.Graph().as_default() as fresh:
        yield fresh


@pytest.fixture(params=["v1", "v2"])
def control_flow(request: pytest.FixtureRequest) -> Iterator[str]:
    """Builds conds and loops as Switch/Merge/Enter/Exit nodes (v1) and as If/While nodes (v2)."""
    was_v2 = tf.compat.v1.control_flow_v2_enabled()
    _set_control_flow(v2=request.param == "v2")
    yield str(request.param)
    _set_control_flow(v2=was_v2)


@pytest.fixture
def v1_control_flow() -> Iterator[None]:
    """Builds conds and loops as Switch/Merge/Enter/Exit nodes."""
    was_v2 = tf.compat.v1.control_flow_v2_enabled()
    _set_control_flow(v2=False)
    yield
    _set_control_flow(v2=was_v2)


def _set_control_flow(*, v2: bool) -> None:
    if v2:
        tf.compat.v1.enable_control_flow_v2()
    else:
        tf.compat.v1.disable_control_flow_v2()


@pytest.fixture(params=["resource", "ref"])
def use_resource(request: pytest.FixtureRequest) -> bool:
    """Whether the module under test has resource variables or ref variables."""
    return bool(request.param == "resource")


@pytest.fixture(params=["made", "loaded"])
def spec_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., hub.ModuleSpec]:
    """Makes a spec as `create_module_spec` does; once used as made, once exported and loaded again."""

    def make(module_fn: Callable[..., Any], *args: Any, **kwargs: Any) -> hub.ModuleSpec:
        spec = hub.create_module_spec(module_fn, *args, **kwargs)
        if request.param == "made":
            return spec
        path = modules.export(spec, tmp_path / f"module_{len(list(tmp_path.iterdir()))}")
        return hub.load_module_spec(path)

    return make


@pytest.fixture
def vocabulary(tmp_path: Path) -> str:
    path = tmp_path / "words.txt"
    path.write_text("a\nb\n")
    return str(path)


@pytest.fixture
def affine(graph: tf.Graph) -> Any:
    """A `Module` of `modules.affine` in the default graph."""
    return hub.Module(hub.create_module_spec(modules.affine))


@pytest.fixture
def affine_path(tmp_path: Path) -> str:
    return modules.export(hub.create_module_spec(modules.affine), tmp_path / "affine")
