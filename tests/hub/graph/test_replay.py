"""A call that is built op by op is, to the last attribute, what the importer builds."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.hub.graph import apply
from hubexplore.hub.graph.replay import Replay
from tests.hub import modules

v1 = tf.compat.v1
IMPORTED = 10**9
REPLAYED = 0


def lists() -> None:
    """Ops with lists of inputs, defaults, control inputs, unused outputs and integer constants."""
    values = v1.placeholder(tf.float32, [None, 4], name="values")
    with tf.control_dependencies([tf.negative(values, name="first")]):
        left, _, right = tf.split(values, [1, 1, 2], axis=1, name="parts")
    stacked = tf.stack([left, left, tf.ones_like(left)], name="stacked")
    with tf.device("/cpu:0"), v1.colocate_with(left.op):
        joined = tf.concat([tf.reshape(stacked, [-1, 3]), tf.tile(right, [1, 2])[:, :3]], 0, name="joined")
    largest, places = tf.math.top_k(joined, 2)
    hub.add_signature(inputs=values, outputs={"joined": joined, "found": largest, "places": places})


MODULES: dict[str, Callable[[], None]] = {
    "affine": modules.affine,
    "lists": lists,
    "normalized": functools.partial(modules.normalized, training=True),
    "regularized": modules.regularized,
}
AROUND: dict[str, Callable[[tf.Graph], AbstractContextManager[Any]]] = {
    "nothing": lambda graph: contextlib.nullcontext(),
    "a device": lambda graph: tf.device("/cpu:1"),
    "control dependencies": lambda graph: tf.control_dependencies([tf.no_op("before")]),
    "a colocation": lambda graph: v1.colocate_with(tf.constant(1.0, name="companion").op),
    "a container": lambda graph: graph.container("crate"),
    "another gradient": lambda graph: graph.gradient_override_map({"MatMul": "Mine"}),
    "an attribute": lambda graph: graph._attr_scope({"_mine": v1.AttrValue(i=7)}),
}


def _calls(module_fn: Callable[[], None], way: int, around: str, monkeypatch: Any) -> list[list[Any]]:
    """What three calls of a module add to a graph: names, ops, inputs, attributes, devices, shapes."""
    monkeypatch.setattr(apply, "_REPLAY_RATIO", way)
    with tf.Graph().as_default() as graph:
        module = hub.Module(hub.create_module_spec(module_fn), trainable=True)
        infos = module.get_input_info_dict()
        feeds = {name: v1.placeholder(info.dtype, info.get_shape()) for name, info in infos.items()}
        before = len(graph.get_operations())
        for _ in range(3):
            with AROUND[around](graph):
                module(feeds, as_dict=True)
        return [
            [
                op.name,
                op.type,
                dict(op.node_def.attr),
                [tensor.name for tensor in op.inputs],
                op.device,
                op.colocation_groups(),
                sorted(other.name for other in op.control_inputs),
                [(tensor.name, tensor.dtype, tensor.shape) for tensor in op.outputs],
                (op._gradient_function, op._control_flow_context, op._original_op),
                op._colocation_code_locations.keys(),
                graph.unique_name(op.name, mark_as_used=False),
            ]
            for op in sorted(graph.get_operations()[before:], key=lambda op: str(op.name))
        ]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", MODULES)
def test_both_ways_build_the_same(name: str, around: str, monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[str] = []
    run = Replay.run

    def counted(*arguments: Any) -> Any:
        times.append(name)
        return run(*arguments)

    monkeypatch.setattr(Replay, "run", counted)
    imported = _calls(MODULES[name], IMPORTED, around, monkeypatch)
    # In a device scope the importer does more than is worth it.
    assert len(times) == (2 if around == "a device" else 0)
    times.clear()
    replayed = _calls(MODULES[name], REPLAYED, around, monkeypatch)
    assert len(times) == 2
    for one, other in zip(imported, replayed, strict=True):
        assert one == other
