"""Modules with functions: names that clash, functions in functions, gradients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
SpecOf = Callable[..., hub.ModuleSpec]
SCALAR = [tf.TensorSpec([], tf.float32)]


def _with_function(factor: float, nested: bool = False) -> None:
    """x -> x * factor, by a function, or by a function that a function calls."""
    inner = tf.function(lambda x: x * factor, input_signature=SCALAR, autograph=False)
    outer = tf.function(lambda x: inner(x) + inner(x), input_signature=SCALAR, autograph=False)
    x = tf1.placeholder(tf.float32, [], name="x")
    hub.add_signature(inputs=x, outputs=tf.identity(outer(x) / 2.0 if nested else inner(x)))


def _rename_functions(path: str, new: str) -> None:
    """Gives the functions of a module the names another process might have given to other functions."""
    with modules.edited(path) as saved_model:
        graph = saved_model.meta_graphs[0].graph_def
        names = {f.signature.name: f"{new}_{i}" for i, f in enumerate(graph.library.function)}
        for function in graph.library.function:
            function.signature.name = names[function.signature.name]
        for nodes in (graph.node, *(function.node_def for function in graph.library.function)):
            for node in nodes:
                if "f" in node.attr:
                    node.attr["f"].func.name = names[node.attr["f"].func.name]


def _clashing(tmp_path: Path, *factors: float, nested: bool = False) -> list[str]:
    paths = []
    for factor in factors:
        spec = hub.create_module_spec(_with_function, [((), {"factor": factor, "nested": nested})])
        paths.append(modules.export(spec, tmp_path / f"by_{factor}"))
        _rename_functions(paths[-1], "shared")
    return paths


@pytest.mark.parametrize("nested", [False, True])
def test_functions_of_one_name_in_two_modules(tmp_path: Path, graph: tf.Graph, nested: bool) -> None:
    modules_ = [hub.Module(path) for path in _clashing(tmp_path, 2.0, 3.0, 5.0, nested=nested)]
    results = [module(1.0) for _ in range(2) for module in modules_]
    assert modules.run(results) == [2.0, 3.0, 5.0] * 2


def test_in_two_graphs(tmp_path: Path) -> None:
    first, second = _clashing(tmp_path, 2.0, 3.0)
    for path, expected in ((first, 2.0), (second, 3.0), (first, 2.0)):
        assert modules.evaluate(path, 1.0)["default"] == expected


def test_a_module_that_joins_two_with_functions_of_one_name(tmp_path: Path, graph: tf.Graph) -> None:
    first, second = _clashing(tmp_path, 2.0, 3.0)

    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        hub.add_signature(inputs=x, outputs=hub.Module(first)(x) + hub.Module(second)(x) * 10.0)

    path = modules.export(hub.create_module_spec(module_fn), tmp_path / "joined")
    assert modules.evaluate(path, 1.0)["default"] == 32.0


@pytest.mark.parametrize("nested", [False, True])
def test_gradients_through_functions(spec_of: SpecOf, graph: tf.Graph, nested: bool) -> None:
    module = hub.Module(spec_of(_with_function, [((), {"factor": 4.0, "nested": nested})]))
    x = tf.constant(3.0)
    for _ in range(2):
        y = module(x)
        assert modules.run([y, *tf1.gradients(y, x)]) == [12.0, 4.0]


def test_a_function_that_uses_a_variable(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        v = tf1.get_variable("v", initializer=5.0)
        x = tf1.placeholder(tf.float32, [], name="x")
        function = tf.function(lambda a: a * v, input_signature=SCALAR, autograph=False)
        hub.add_signature(inputs=x, outputs=tf.identity(function(x)))

    module = hub.Module(spec_of(module_fn), trainable=True)
    x = tf.constant(3.0)
    y = module(x)
    assert modules.run([y, *tf1.gradients(y, [x, module.variables[0]])]) == [15.0, 5.0, 3.0]


def test_the_function_comes_along_with_a_dataset(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [None], name="x")
        mapped = tf.map_fn(lambda value: value + 1.0, x)
        hub.add_signature(inputs=x, outputs=mapped)

    module = hub.Module(spec_of(module_fn))
    assert modules.run(module([1.0, 2.0])).tolist() == [2.0, 3.0]


def test_only_the_functions_that_are_called_come_along(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        _with_function(2.0)
        other = tf.function(lambda x: x * 100.0, input_signature=SCALAR, autograph=False)
        x = tf1.placeholder(tf.float32, [], name="z")
        hub.add_signature("other", inputs=x, outputs=tf.identity(other(x)))

    hub.Module(spec_of(module_fn))(1.0)
    assert len(graph.as_graph_def().library.function) == 1


def test_a_gradient_of_ones_own(spec_of: SpecOf, graph: tf.Graph) -> None:
    """A gradient that Python code registers is found wherever that code has run."""

    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        with tf1.get_default_graph().gradient_override_map({"Identity": "HubexploreTestTimesSeven"}):
            y = tf.identity(x, name="y")
        hub.add_signature(inputs=x, outputs=y)

    module = hub.Module(spec_of(module_fn))
    x = tf.constant(1.0)
    for _ in range(2):
        assert modules.run(tf1.gradients(module(x), x)) == [7.0]


def _times_seven(op: Any, gradient: Any) -> Any:
    return gradient * 7.0


tf.RegisterGradient("HubexploreTestTimesSeven")(_times_seven)
