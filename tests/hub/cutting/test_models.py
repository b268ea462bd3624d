"""Models of every format, cut at several places: each cut computes what the model computes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hubexplore as hub
from tests.hub import called_functions, graph_models, tf2_models
from tests.hub.cutting import cut_models, sweep

SAMPLES = ("digits", "half-plus-two", "text-embedding")
REAL = (
    "half_plus_two_v1.tar.gz",
    "vae3dshapes",
    "dm21",
    "taxi-estimator-savedmodel",
    "half-plus-two-savedmodel",
    "penguin-tf2-savedmodel",
    "deep-image-savedmodel",
)
MODULES: tuple[Callable[[], None], ...] = (
    called_functions.layers,
    called_functions.loop,
    cut_models.tower,
    cut_models.splits,
    cut_models.partitioned,
    cut_models.composites,
    cut_models.constant,
)
TF2 = (
    tf2_models.layers, tf2_models.sharing, tf2_models.lookups, tf2_models.ragged, tf2_models.branches,
    tf2_models.generator, tf2_models.hostile_names, tf2_models.calls_in_bodies,
)  # fmt: skip
FROZEN = (
    graph_models.mlp, graph_models.two_outputs, graph_models.condition, graph_models.loop, graph_models.words,
    graph_models.recurrent, graph_models.trained_again,
)  # fmt: skip
CHECKPOINTS = (
    graph_models.classifier, graph_models.batch_norm, graph_models.partitioned, graph_models.trained_loop,
    graph_models.vocabulary, graph_models.metrics,
)  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_samples(name: str, tmp_path: Path) -> None:
    assert sweep.check(hub.load_module_spec(f"sample:{name}"), tmp_path, count=2)


@pytest.mark.parametrize("name", REAL)
def test_published_modules(real_modules: Path, name: str, tmp_path: Path) -> None:
    # Half of the last one is a loop, in which nothing can be cut.
    count = 3 if name == REAL[-1] else 1
    assert sweep.check(hub.load_module_spec(real_modules / name), tmp_path, count)


@pytest.mark.parametrize("module_fn", MODULES)
def test_modules(module_fn: Callable[[], None], tmp_path: Path) -> None:
    assert sweep.check(hub.create_module_spec(module_fn), tmp_path)


@pytest.mark.parametrize("build", TF2)
@pytest.mark.usefixtures("needs_eager")
def test_saved_models_of_tf2(build: Callable[[Path], Any], tmp_path: Path) -> None:
    build(tmp_path / "model")
    assert sweep.check(hub.load_module_spec(tmp_path / "model"), tmp_path, count=2)


@pytest.mark.parametrize("build", FROZEN)
def test_frozen_graphs(build: Callable[[], Any], tmp_path: Path) -> None:
    model = graph_models.frozen(tmp_path, build)
    assert sweep.check(hub.load_module_spec(model.path), tmp_path, count=2)


@pytest.mark.parametrize("build", CHECKPOINTS)
def test_checkpoints(build: Callable[[], Any], tmp_path: Path) -> None:
    model = graph_models.checkpoint(tmp_path, build)
    assert sweep.check(hub.load_module_spec(model.path), tmp_path, count=2)
