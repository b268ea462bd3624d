"""Modules inside of function graphs: wrap_function, tf.function, Dataset.map."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
SpecOf = Callable[..., hub.ModuleSpec]
SCALARS = [tf.TensorSpec([None], tf.float32)]


def building(spec: hub.ModuleSpec, *, trainable: bool = False) -> Callable[[Any], Any]:
    """A function that makes a Module each time and applies it."""

    def apply(x: Any) -> Any:
        return hub.Module(spec, trainable=trainable)(x)

    return apply


@pytest.fixture(params=["eager", "graph"])
def value_of(request: pytest.FixtureRequest) -> Any:
    """Evaluates a nullary function, eagerly or in a graph; both worlds have both where they can."""
    if request.param == "eager":
        if not tf.executing_eagerly():
            pytest.skip("nothing executes eagerly here")
        yield lambda build: tf.nest.map_structure(lambda t: t.numpy(), build())
    else:
        with tf.Graph().as_default():
            yield lambda build: modules.run(build())


# wrap_function.


def test_a_stateless_module(spec_of: SpecOf, value_of: Any) -> None:
    spec = spec_of(modules.double)

    def build() -> Any:
        wrapped = tf1.wrap_function(building(spec), SCALARS)
        return wrapped(tf.constant([1.0, 2.0]))

    assert value_of(build).tolist() == [2.0, 4.0]


def test_variables_initialised_through_prune(needs_eager: None, spec_of: SpecOf) -> None:
    spec = spec_of(modules.affine)
    made: list[Any] = []

    def apply(x: Any) -> Any:
        made.append(hub.Module(spec, trainable=True))
        return made[-1](x)

    wrapped = tf1.wrap_function(apply, [tf.TensorSpec([None, 2], tf.float32)])
    assert len(wrapped.variables) == 2
    assert len(made[0].variables) == 2
    assert len(wrapped.graph.get_collection("trainable_variables")) == 2
    wrapped.prune([], [variable.initializer for variable in made[0].variables])()
    np.testing.assert_allclose(wrapped(tf.constant([[1.0, 1.0]])), [[15.0, 17.0, 19.0]])


def test_one_variable_is_initialised_by_name(needs_eager: None, spec_of: SpecOf) -> None:
    spec = spec_of(modules.scaled)
    wrapped = tf1.wrap_function(building(spec), SCALARS)
    wrapped.prune([], [wrapped.graph.get_operation_by_name("module/w/Assign")])()
    assert wrapped(tf.constant([2.0])).numpy().tolist() == [6.0]


def test_gradients_through_wrap_function(needs_eager: None, spec_of: SpecOf) -> None:
    spec = spec_of(modules.scaled)
    wrapped = tf1.wrap_function(building(spec, trainable=True), SCALARS)
    wrapped.prune([], [wrapped.graph.get_operation_by_name("module/w/Assign")])()
    x = tf.constant([2.0, 5.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = wrapped(x)
    to_x, to_w = tape.gradient(y, [x, wrapped.variables[0]])
    assert to_x.numpy().tolist() == [3.0, 3.0]
    assert float(to_w) == 7.0


def test_tables_initialised_through_prune(needs_eager: None, spec_of: SpecOf, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("a\nb\n")
    spec = spec_of(modules.lookup, [((), {"vocabulary": str(words)})])
    wrapped = tf1.wrap_function(building(spec), [tf.TensorSpec([None], tf.string)])
    wrapped.prune([], wrapped.graph.get_collection("table_initializer"))()
    assert wrapped(tf.constant(["b", "?"])).numpy().tolist() == [1, -1]


def test_several_calls_and_signatures(spec_of: SpecOf, value_of: Any) -> None:
    spec = spec_of(modules.two_signatures)

    def apply(x: Any) -> Any:
        module = hub.Module(spec)
        first = module({"a": x, "b": x}, signature="sum", as_dict=True)["sum"]
        second = module({"a": first, "b": x}, signature="sum", as_dict=True)["sum"]
        return second + module(signature="constant")

    wrapped: Any = None

    def build() -> Any:
        nonlocal wrapped
        wrapped = tf1.wrap_function(apply, SCALARS)
        return wrapped(tf.constant([1.0, 1.0]))

    assert value_of(build).tolist() == [4.0, 5.0]


def test_a_module_of_the_graph_called_inside_of_a_function(
    spec_of: SpecOf, graph: tf.Graph, use_resource: bool
) -> None:
    module = hub.Module(spec_of(modules.scaled, [((), {"use_resource": use_resource})]))
    wrapped = tf.function(lambda x: module(x) + module(x), input_signature=SCALARS, autograph=False)
    assert modules.run(wrapped(tf.constant([1.0]))) == [6.0]


def test_a_function_of_another_graph(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(modules.double))
    with tf.Graph().as_default(), pytest.raises(RuntimeError, match="graph"):
        tf.function(module.__call__, input_signature=SCALARS, autograph=False)(tf.constant([1.0]))


# tf.function.


def test_a_stateless_module_in_a_tf_function_again_and_again(needs_eager: None, spec_of: SpecOf) -> None:
    """TensorFlow counts variable scopes in eager mode for the whole process; names must not clash."""
    spec = spec_of(modules.double)
    for _ in range(3):
        function = tf.function(building(spec), input_signature=SCALARS, autograph=False)
        assert function(tf.constant([1.0])).numpy().tolist() == [2.0]


def test_wrap_function_again_and_again(needs_eager: None, spec_of: SpecOf) -> None:
    spec = spec_of(modules.scaled)
    for _ in range(3):
        wrapped = tf1.wrap_function(building(spec), SCALARS)
        assert wrapped.graph.get_operation_by_name("module/w")


def test_two_modules_in_one_function(needs_eager: None, spec_of: SpecOf) -> None:
    spec = spec_of(modules.scaled)
    names: list[str] = []

    def apply(x: Any) -> Any:
        one, other = hub.Module(spec), hub.Module(spec)
        names.extend(v.op.name for module in (one, other) for v in module.variables)
        return one(x) + other(x)

    tf1.wrap_function(apply, SCALARS)
    assert names == ["module/w", "module_1/w"]


# Dataset.map.


def _elements(dataset: Any) -> list[Any]:
    if tf.executing_eagerly():
        return [element.tolist() for element in dataset.as_numpy_iterator()]
    iterator = tf1.data.make_initializable_iterator(dataset)
    following = iterator.get_next()
    found = []
    with modules.initialized_session() as session:
        session.run(iterator.initializer)
        try:
            while True:
                found.append(session.run(following).tolist())
        except tf.errors.OutOfRangeError:
            return found


def test_a_module_built_in_a_map_in_a_graph(spec_of: SpecOf, graph: tf.Graph) -> None:
    spec = spec_of(modules.double)
    dataset = tf1.data.Dataset.from_tensor_slices([[1.0], [2.0]]).map(building(spec))
    assert _elements(dataset) == [[2.0], [4.0]]


def test_a_module_built_in_a_map_in_eager_mode(needs_eager: None, spec_of: SpecOf) -> None:
    spec = spec_of(modules.double)
    dataset = tf.data.Dataset.from_tensor_slices([[1.0], [2.0]]).map(building(spec))
    assert _elements(dataset) == [[2.0], [4.0]]


def test_only_what_is_needed_is_in_the_map(spec_of: SpecOf, graph: tf.Graph) -> None:
    """A placeholder of another signature, left in the function, would make it fail."""

    def module_fn() -> None:
        modules.double()
        other = tf1.placeholder(tf.float32, [], name="other")
        hub.add_signature("other", inputs=other, outputs=other + 1.0)

    spec = spec_of(module_fn)
    dataset = tf1.data.Dataset.from_tensor_slices([[1.0]]).map(building(spec))
    iterator = tf1.data.make_one_shot_iterator(dataset)
    with tf1.Session() as session:
        assert session.run(iterator.get_next()) == [2.0]


def test_a_module_of_the_graph_called_in_a_map(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(modules.scaled))
    dataset = tf1.data.Dataset.from_tensor_slices([[1.0], [2.0]]).map(module)
    assert _elements(dataset) == [[3.0], [6.0]]


def test_a_table_of_the_graph_used_in_a_map(spec_of: SpecOf, tmp_path: Path, graph: tf.Graph) -> None:
    words = tmp_path / "words.txt"
    words.write_text("a\nb\n")
    module = hub.Module(spec_of(modules.lookup, [((), {"vocabulary": str(words)})]))
    dataset = tf1.data.Dataset.from_tensor_slices([["b"], ["a"]]).map(module)
    assert _elements(dataset) == [[1], [0]]


def test_autograph_stays_out(needs_eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would rewrite all that a call runs through, and warn about code that is not the user's."""
    spec = hub.create_module_spec(modules.double)
    statuses = []
    original = type(spec).get_output_info_dict

    def recording(self: Any, *args: Any) -> Any:
        statuses.append(tf.__internal__.autograph.control_status_ctx().status.name)
        return original(self, *args)

    monkeypatch.setattr(type(spec), "get_output_info_dict", recording)
    tf.data.Dataset.from_tensor_slices([[1.0]]).map(building(spec))
    assert statuses
    assert set(statuses) == {"DISABLED"}


# Where a module has variables or tables, and a function could not initialise them.


def _mapped(apply: Callable[[Any], Any]) -> Any:
    dataset = tf1.data.Dataset.from_tensor_slices([[1.0]]).map(apply)
    return tf1.data.make_initializable_iterator(dataset).get_next()


def _in_a_cond(apply: Callable[[Any], Any]) -> Any:
    flag = tf1.placeholder_with_default(True, [])
    return tf1.cond(flag, lambda: apply([1.0]), lambda: tf.constant([0.0]))


def _in_a_loop(apply: Callable[[Any], Any]) -> Any:
    return tf1.while_loop(lambda i, _: i < 1, lambda i, x: (i + 1, apply(x)), [0, tf.constant([1.0])])[1]


def _in_a_function(apply: Callable[[Any], Any]) -> Any:
    return tf.function(apply, input_signature=SCALARS)(tf.constant([1.0]))


FUNCTIONS = [_mapped, _in_a_cond, _in_a_loop, _in_a_function]


@pytest.mark.parametrize("place", FUNCTIONS)
def test_state_made_in_a_function(place: Any, spec_of: SpecOf, tmp_path: Path, graph: tf.Graph) -> None:
    was_v2 = tf1.control_flow_v2_enabled()
    tf1.enable_control_flow_v2()
    try:
        message = "made in the function '.*Make the module outside.*hub.load"
        with pytest.raises(RuntimeError, match=f"(?s){message}") as caught:
            place(building(spec_of(modules.scaled)))
        assert isinstance(caught.value, hub.HubError)
        assert tf1.global_variables() == []
        # The remedy.
        module = hub.Module(spec_of(modules.scaled))
        result = place(module)
        with modules.initialized_session() as session:
            if place is _mapped:
                session.run([op for op in graph.get_operations() if op.type == "MakeIterator"])
            assert session.run(result).tolist() == modules.run(module([1.0])).tolist()
    finally:
        if not was_v2:
            tf1.disable_control_flow_v2()


def test_state_made_in_a_map_in_eager_mode(needs_eager: None, spec_of: SpecOf) -> None:
    with pytest.raises(RuntimeError, match=r"made in the function '.*_map_"):
        tf.data.Dataset.from_tensor_slices([[1.0]]).map(building(spec_of(modules.scaled)))


def test_a_replica_of_several(graph: tf.Graph, monkeypatch: pytest.MonkeyPatch, spec_of: SpecOf) -> None:
    """A process has one device here, so the strategy says that it has two replicas."""
    strategy = tf1.distribute.OneDeviceStrategy("/cpu:0")
    spec = spec_of(modules.scaled)
    with strategy.scope():
        outside = hub.Module(spec)
        inside = strategy.run(lambda: hub.Module(spec)([1.0]))
        assert modules.run(inside).tolist() == modules.run(strategy.run(lambda: outside([1.0]))).tolist()
        monkeypatch.setattr(type(strategy), "num_replicas_in_sync", property(lambda self: 2))
        message = "(?s)OneDeviceStrategy runs once for each of 2 replicas.*outside of strategy.run"
        with pytest.raises(RuntimeError, match=message):
            strategy.run(lambda: hub.Module(spec)([1.0]))
        hub.Module(spec)
