"""One set of variables for all graph variants: what that makes possible, and where it cannot be."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import CheckpointMismatchError
from tests.hub import modules

tf1 = tf.compat.v1

pytestmark = pytest.mark.usefixtures("needs_eager")

VARIANTS = [(set(), {"training": False}), ({"train"}, {"training": True})]


def scaled(training: bool, shape: tuple[int, ...] = ()) -> None:
    x = tf1.placeholder(tf.float32, [None, 2], name="x")
    w = tf1.get_variable("w", shape if training else (), initializer=tf1.ones_initializer())
    y = x * w
    if training and not shape:
        y += tf1.get_variable("bias", [2], initializer=tf1.ones_initializer())
    hub.add_signature(inputs=x, outputs=y)


def test_state_of_other_dtypes_is_updated(tmp_path: Path) -> None:
    def counting(training: bool) -> None:
        x = tf1.placeholder(tf.float32, [None], name="x")
        steps = tf1.get_variable("steps", initializer=np.int64(3), trainable=False)
        name = tf1.get_variable("name", initializer="before", trainable=False)
        if training:
            for update in (tf1.assign_add(steps, 1), tf1.assign(name, "after")):
                tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, update.op)
        hub.add_signature(
            inputs=x, outputs={"default": x, "steps": steps.read_value(), "name": name.read_value()}
        )

    path = modules.export(hub.create_module_spec(counting, VARIANTS), tmp_path / "module")
    loaded = hub.load(path)
    for _ in range(2):
        loaded([1.0], training=True)
    outputs = loaded([1.0], as_dict=True)
    assert int(outputs["steps"]) == 5
    assert outputs["name"].numpy() == b"after"
    assert loaded.trainable_variables == ()


def test_a_variant_without_its_values_is_refused_when_it_is_used(tmp_path: Path) -> None:
    path = modules.export(hub.create_module_spec(scaled, VARIANTS), tmp_path / "module", tags={"train"})
    # The values of a module that was exported from the variant without tags.
    plain = hub.create_module_spec(scaled, VARIANTS[:1])
    other = modules.export(plain, tmp_path / "plain")
    shutil.rmtree(Path(path, "variables"))
    shutil.copytree(Path(other, "variables"), Path(path, "variables"))
    loaded = hub.load(path)
    np.testing.assert_allclose(loaded([[2.0, 3.0]]), [[2.0, 3.0]])
    with pytest.raises(CheckpointMismatchError, match=r"'train'.*'bias'"):
        loaded([[2.0, 3.0]], training=True)
    np.testing.assert_allclose(loaded([[2.0, 3.0]]), [[2.0, 3.0]])
    with pytest.raises(CheckpointMismatchError, match="bias"):
        hub.load(path, tags={"train"})


def test_a_variant_with_another_shape_is_refused_when_it_is_used() -> None:
    variants: Any = [(set(), {"training": False}), ({"train"}, {"training": True, "shape": (2,)})]
    spec = hub.create_module_spec(scaled, variants)
    loaded = hub.load(spec)
    np.testing.assert_allclose(loaded([[2.0, 3.0]]), [[2.0, 3.0]])
    with pytest.raises(
        CheckpointMismatchError, match=r"'w' is float32 \(2,\).*hub.load\(path, tags=\['train'\]\)"
    ):
        loaded([[2.0, 3.0]], training=True)
    np.testing.assert_allclose(hub.load(spec, tags=["train"])([[2.0, 3.0]]), [[2.0, 3.0]])
