"""Calling a module: inputs, results, names, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore import errors
from hubexplore.hub import authoring
from tests.hub import modules

tf1 = tf.compat.v1
SpecOf = Callable[..., hub.ModuleSpec]


@pytest.fixture
def double(graph: tf.Graph) -> Any:
    return hub.Module(hub.create_module_spec(modules.double))


@pytest.fixture
def two(graph: tf.Graph) -> Any:
    return hub.Module(hub.create_module_spec(modules.two_signatures))


# Where.


def test_in_another_graph(double: Any) -> None:
    with tf.Graph().as_default() as other, pytest.raises(RuntimeError, match="graph"):
        double([1.0])
    assert not other.get_operations()


def test_in_eager_mode(needs_eager: None) -> None:
    with tf.Graph().as_default():
        module = hub.Module(hub.create_module_spec(modules.double))
    with pytest.raises(RuntimeError, match="graph"):
        module([1.0])


# Signatures.


@pytest.mark.parametrize("error", [KeyError, ValueError])
def test_an_unknown_signature(two: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"'summ'.*\['constant', 'sum'\].*Did you mean 'sum'"):
        two({}, signature="summ")


def test_none_means_default(double: Any, two: Any) -> None:
    assert modules.run(double([1.0], signature=None)) == [2.0]
    with pytest.raises(ValueError, match="'default'"):
        two()


def test_positional_signature_is_refused(double: Any) -> None:
    with pytest.raises(TypeError, match="signature="):
        double([1.0], "default")


# Inputs.


@pytest.mark.parametrize(
    "value",
    [
        [1.0, 2.0],
        (1, 2),
        np.array([1.0, 2.0]),
        np.array([1, 2]),
        np.array([1, 2], np.float32),
        {"default": [1.0, 2.0]},
    ],
    ids=repr,
)
def test_values_convert_to_the_dtype_of_the_input(double: Any, value: Any) -> None:
    assert modules.run(double(value)).tolist() == [2.0, 4.0]


def test_tensors_and_variables_are_inputs(double: Any) -> None:
    variable = tf1.get_variable("v", initializer=[1.0, 2.0])
    with tf1.variable_scope("", use_resource=False):
        reference = tf1.get_variable("r", initializer=[1.0, 2.0])
    values = [tf.constant([1.0, 2.0]), variable, reference, [tf.constant(1.0), 2.0]]
    for result in modules.run([double(value) for value in values]):
        assert result.tolist() == [2.0, 4.0]


def test_tensor_of_unknown_shape_is_accepted_and_shapes_are_refined(affine: Any) -> None:
    unknown = tf1.placeholder(tf.float32, None)
    known = tf1.placeholder(tf.float32, [5, 2])
    assert affine(unknown).shape.as_list() == [None, 3]
    assert affine(known).shape.as_list() == [5, 3]
    assert affine(known).shape.as_list() == [5, 3]
    assert affine(tf1.placeholder(tf.float32, [6, None])).shape.as_list() == [6, 3]
    assert affine(unknown).shape.rank == 2


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (None, r"missing: \['a', 'b'\]"),
        ({}, r"missing: \['a', 'b'\]"),
        ({"a": [1.0]}, r"missing: \['b'\]"),
        ({"a": [1.0], "b": [1.0], "c": [1.0]}, r"unknown: \['c'\]"),
        ({"a": [1.0], "B": [1.0]}, r"missing: \['b'\], unknown: \['B'\]"),
        ({"a": [1.0], "b": [1.0], 3: [1.0]}, r"unknown: \[3\]"),
        ([1.0], r"2 inputs.*\['a', 'b'\]"),
    ],
)
def test_missing_and_unknown_inputs(two: Any, inputs: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        two(inputs, signature="sum", as_dict=True)


def test_a_signature_without_inputs(two: Any) -> None:
    nothing: list[Any] = [None, {}]
    for inputs in nothing:
        assert modules.run(two(inputs, signature="constant")).tolist() == [1.0, 2.0]
    with pytest.raises(TypeError, match="0 inputs"):
        two([1.0], signature="constant")
    with pytest.raises(TypeError, match="unknown"):
        two({"default": [1.0]}, signature="constant")


def test_nothing_for_one_input(double: Any) -> None:
    with pytest.raises(TypeError, match=r"missing: \['default'\]"):
        double()


@pytest.mark.parametrize(
    "make",
    [
        lambda: tf.constant([1, 2]),
        lambda: tf.constant([1.0], tf.float64),
        lambda: ["text"],
        lambda: tf.constant(1.0),
        lambda: [[1.0]],
        lambda: tf1.placeholder(tf.float32, [None, None]),
        lambda: tf.SparseTensor([[0]], [1.0], [1]),
        lambda: tf.ragged.constant([[1.0], []]),
        object,
        lambda: [1.0, None],
        lambda: {"default": tf.constant(True)},
    ],
)
def test_what_does_not_fit_is_named(double: Any, make: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=r"'default'.*float32"):
        double(make())


def test_the_error_says_what_was_got(double: Any) -> None:
    with pytest.raises(TypeError, match=r"expected shape \(.*,\) and dtype float32.*got shape \(2,\).*int64"):
        double(tf.constant([1, 2], tf.int64))


def test_a_dtype_error_is_also_a_value_error(double: Any) -> None:
    with pytest.raises(ValueError, match="int32"):
        double(tf.constant([1], tf.int32))


def test_a_refused_call_leaves_no_application(double: Any) -> None:
    with pytest.raises(TypeError):
        double(["text"])
    assert double.applications == ()
    double([1.0])
    assert [record.signature for record in double.applications] == ["default"]


# Results.


def test_as_dict(double: Any, two: Any) -> None:
    assert list(double([1.0], as_dict=True)) == ["default"]
    assert isinstance(double([1.0], as_dict=True), dict)
    assert isinstance(double([1.0], as_dict=False), tf.Tensor)
    inputs = {"a": [3.0], "b": [1.0]}
    outputs = modules.run(two(inputs, signature="sum", as_dict=True))
    assert outputs == {"sum": [4.0], "difference": [2.0]}


@pytest.mark.parametrize("as_dict", [None, False])
def test_without_a_default_output(two: Any, as_dict: bool | None) -> None:
    with pytest.raises(TypeError, match=r"\['difference', 'sum'\].*as_dict=True"):
        two({"a": [1.0], "b": [1.0]}, signature="sum", as_dict=as_dict)


def test_names_of_calls(two: Any, graph: tf.Graph) -> None:
    inputs = {"a": [1.0], "b": [1.0]}
    first = two(inputs, signature="sum", as_dict=True)["sum"]
    second = two(inputs, signature="sum", as_dict=True)["sum"]
    with tf1.name_scope("there"):
        third = two(inputs, signature="sum", as_dict=True)["sum"]
    scopes = [result.op.name.rpartition("/")[0] for result in (first, second, third)]
    assert scopes == [f"{two.name}_apply_sum", f"{two.name}_apply_sum_1", f"there/{two.name}_apply_sum"]


def test_colons_become_underscores(graph: tf.Graph) -> None:
    spec = hub.create_module_spec(lambda: hub.add_signature("a:b", outputs=tf.constant(1.0, name="y")))
    assert hub.Module(spec)(signature="a:b").op.name == "module_apply_a_b/y"


def test_converted_values_stay_out_of_the_modules_scope(double: Any, graph: tf.Graph) -> None:
    double([1.0])
    inside = [op.type for op in graph.get_operations() if op.name.startswith("module_apply_default/")]
    assert "Const" not in [kind for kind in inside if kind == "Placeholder"]
    assert "Placeholder" not in inside


# Wiring.


def _pass_through() -> None:
    x = tf1.placeholder(tf.float32, [None], name="x")
    hub.add_signature(inputs=x, outputs={"default": x, "double": x * 2.0})


def test_an_input_returned_as_an_output(spec_of: SpecOf, graph: tf.Graph) -> None:
    x = tf.constant([1.0])
    outputs = hub.Module(spec_of(_pass_through))(x, as_dict=True)
    assert outputs["default"] is x
    assert modules.run(outputs) == {"default": [1.0], "double": [2.0]}


def test_only_passing_through(graph: tf.Graph) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [None], name="x")
        hub.add_signature(inputs=x, outputs=x)

    x = tf.constant([1.0])
    assert hub.Module(hub.create_module_spec(module_fn))(x) is x


def _swap() -> None:
    a, b = (tf1.placeholder(tf.float32, [], name=name) for name in "ab")
    hub.add_signature(inputs={"a": a, "b": b}, outputs={"a": b, "b": a})


def test_inputs_returned_under_each_others_names(spec_of: SpecOf, graph: tf.Graph) -> None:
    outputs = hub.Module(spec_of(_swap))({"a": 1.0, "b": 2.0}, as_dict=True)
    assert modules.run(outputs) == {"a": 2.0, "b": 1.0}


def _middle() -> None:
    x = tf1.placeholder(tf.float32, [None], name="x")
    hidden = tf.multiply(x, 10.0, name="hidden")
    hub.add_signature(inputs=x, outputs=hidden + 1.0)
    hub.add_signature("tail", inputs=hidden, outputs={"default": hidden + 1.0, "hidden": hidden})
    hub.add_signature("both", inputs={"x": x, "hidden": hidden}, outputs=x + hidden)


def test_an_input_in_the_middle_of_the_graph(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(_middle))
    assert modules.run(module([1.0])) == [11.0]
    assert modules.run(module([1.0], signature="tail", as_dict=True)) == {"default": [2.0], "hidden": [1.0]}
    assert modules.run(module({"x": [1.0], "hidden": [7.0]}, signature="both")) == [8.0]


def test_what_an_input_replaces_is_not_added(graph: tf.Graph) -> None:
    module = hub.Module(hub.create_module_spec(_middle))
    x = tf.constant([1.0])
    added = modules.new_ops(graph, lambda: module(x, signature="tail"))
    assert sorted(op.type for op in added) == ["AddV2", "Const"]


def test_one_output_of_several_is_fed(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        first, second = tf.unstack(tf.constant([1.0, 2.0], name="pair"), name="unstack")
        hub.add_signature(inputs={"second": second}, outputs=first * 10.0 + second)

    module = hub.Module(spec_of(module_fn))
    assert modules.run([module({"second": 5.0}), module({"second": 6.0})]) == [15.0, 16.0]


def test_state_replaced_by_an_input(spec_of: SpecOf, graph: tf.Graph) -> None:
    """A constant, and the value of a variable, given by the caller."""

    def module_fn() -> None:
        v = tf1.get_variable("v", initializer=2.0)
        value = tf.identity(v, name="value")
        k = tf.constant(5.0, name="k")
        hub.add_signature(inputs={"value": value, "k": k}, outputs=value * k)
        hub.add_signature("own", outputs=value * k)

    module = hub.Module(spec_of(module_fn))
    assert modules.run([module({"value": 3.0, "k": 7.0}), module(signature="own")]) == [21.0, 10.0]


def test_the_handle_of_a_table_or_variable_given_by_the_caller(spec_of: SpecOf, graph: tf.Graph) -> None:
    """Also the tensor of a state op itself may be an input."""

    def module_fn() -> None:
        with tf1.variable_scope("", use_resource=False):
            v = tf1.get_variable("v", initializer=2.0)
        hub.add_signature(inputs={"v": tf.identity(v)}, outputs=v + 1.0)
        hub.add_signature("handle", outputs=tf.identity(v))

    module = hub.Module(spec_of(module_fn))
    assert modules.run(module({"v": 100.0})) == 3.0


def test_one_tensor_for_several_inputs(spec_of: SpecOf, graph: tf.Graph) -> None:
    x = tf.constant([2.0])
    outputs = hub.Module(spec_of(modules.two_signatures))({"a": x, "b": x}, signature="sum", as_dict=True)
    assert modules.run(outputs) == {"sum": [4.0], "difference": [0.0]}


def test_one_tensor_of_the_module_under_several_input_names(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        hub.add_signature(inputs={"a": x, "b": x}, outputs=x + 1.0)

    module = hub.Module(spec_of(module_fn))
    x = tf.constant(1.0)
    assert modules.run(module({"a": x, "b": x})) == 2.0
    assert modules.run(module({"a": 3.0, "b": np.float32(3.0)})) == 4.0
    for different in ({"a": x, "b": tf.constant(1.0)}, {"a": 1.0, "b": 2.0}, {"a": x, "b": 1.0}):
        with pytest.raises(TypeError, match=r"'a' and 'b' of signature 'default' are one tensor.*'x:0'"):
            module(different)
    with hub.eval_function_for_module(module.spec) as f:
        assert f({"a": 1.0, "b": 1}) == 2.0
        with pytest.raises(TypeError, match="are one tensor"):
            f({"a": 1.0, "b": 2.0})


def test_an_op_that_has_the_name_of_an_output(affine: Any, graph: tf.Graph) -> None:
    expected = affine([[1.0, 2.0]])
    tf.constant(9.0, name=expected.op.name.replace("apply_default", "apply_default_1"))
    with pytest.raises(ValueError, match=r"already.*'module_apply_default_1/.*tf\.name_scope"):
        affine([[1.0, 2.0]])
    with tf.name_scope("apply"):
        again = affine([[1.0, 2.0]])
    assert modules.run([again, expected])[0].tolist() == modules.run(expected).tolist()


def test_a_control_dependency_on_an_input(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        with tf.control_dependencies([x]):
            y = tf.constant(3.0)
        hub.add_signature(inputs=x, outputs=y)

    module = hub.Module(spec_of(module_fn))
    ran = tf1.get_variable("ran", initializer=0.0)
    x = tf1.assign_add(ran, 1.0)
    first, second = module(x), module(x)
    with modules.initialized_session() as session:
        assert session.run([first, second, ran.read_value()])[:2] == [3.0, 3.0]
        assert session.run(ran) == 1.0


def test_a_call_on_the_result_of_a_call(double: Any) -> None:
    assert modules.run(double(double(double([1.0])))) == [8.0]


def test_gradients_reach_inputs_and_variables(spec_of: SpecOf, graph: tf.Graph, use_resource: bool) -> None:
    spec = spec_of(modules.scaled, [((), {"use_resource": use_resource})])
    module = hub.Module(spec, trainable=True)
    x = tf.constant([2.0, 5.0])
    calls = [module(x), module(x)]
    assert len(tf1.trainable_variables()) == 1
    for result in calls:
        to_x, to_w = tf1.gradients(result, [x, tf1.trainable_variables()[0]])
        assert [value.tolist() for value in modules.run([to_x, to_w])] == [[3.0, 3.0], 7.0]


def test_training_changes_the_variables(spec_of: SpecOf, graph: tf.Graph, use_resource: bool) -> None:
    module = hub.Module(spec_of(modules.scaled, [((), {"use_resource": use_resource})]), trainable=True)
    loss = tf.reduce_sum(module([1.0]))
    step = tf1.train.GradientDescentOptimizer(0.5).minimize(loss)
    with modules.initialized_session() as session:
        session.run(step)
        assert session.run(module.variables) == [2.5]


def test_a_string_in_and_out(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        text = tf1.placeholder(tf.string, [None], name="text")
        hub.add_signature(
            inputs={"text": text}, outputs={"default": tf.strings.join([text, "!"]), "text": text}
        )

    module = hub.Module(spec_of(module_fn))
    assert modules.run(module(["a", "ü"])).tolist() == [b"a!", "ü!".encode()]
    with pytest.raises(TypeError, match="'text'"):
        module([1.0])


def test_an_input_that_nothing_uses(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        hub.add_signature(inputs={"x": x, "unused": tf1.placeholder(tf.int32, [], name="u")}, outputs=x + 1.0)

    assert modules.run(hub.Module(spec_of(module_fn))({"x": 1.0, "unused": 3})) == 2.0


def test_a_missing_placeholder_is_an_error_of_the_module(
    spec_of: SpecOf, graph: tf.Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module written elsewhere that forgot an input: found when it is run, with TensorFlow's own words."""
    monkeypatch.setattr(authoring, "_check_placeholders", lambda variant: None)

    def module_fn() -> None:
        forgotten = tf1.placeholder(tf.float32, [], name="forgotten")
        hub.add_signature(outputs=forgotten + 1.0)

    result = hub.Module(spec_of(module_fn))()
    with pytest.raises(tf.errors.InvalidArgumentError, match="forgotten"):
        modules.run(result)


def test_placeholder_with_default(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        rate = tf1.placeholder_with_default(0.5, [], name="rate")
        x = tf1.placeholder(tf.float32, [], name="x")
        hub.add_signature(inputs={"x": x, "rate": rate}, outputs=x * rate)
        hub.add_signature("usual", inputs={"x": x}, outputs=x * rate)

    module = hub.Module(spec_of(module_fn))
    assert modules.run([module({"x": 8.0, "rate": 2.0}), module(8.0, signature="usual")]) == [16.0, 4.0]


@pytest.mark.parametrize("resource", [False, True])
def test_sizes_that_do_not_suit_the_graph_are_those_of_the_inputs(
    spec_of: SpecOf, graph: tf.Graph, resource: bool
) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [None, None, 3], name="x")
        kernel = tf1.get_variable("kernel", [5, 3, 2], use_resource=resource)
        hub.add_signature(inputs=x, outputs=tf.nn.conv1d(x, kernel, 1, "VALID"))

    module = hub.Module(spec_of(module_fn))
    with pytest.raises(errors.SignatureError, match=r"these sizes: 'x' \(1, 4, 3\).* Negative dimension"):
        module(tf.zeros([1, 4, 3]))
    assert module(tf.zeros([1, 5, 3])).shape == [1, 1, 2]
