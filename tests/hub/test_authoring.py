"""`create_module_spec` and `add_signature`: what an author writes, and what is refused."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import wrappers_pb2

import hubexplore as hub
from hubexplore.hub import authoring
from tests.hub import modules

tf1 = tf.compat.v1


def test_module_fn_is_called_once_per_variant_each_time_in_a_fresh_graph() -> None:
    calls = []

    def module_fn(size: int) -> None:
        calls.append((size, tf1.get_default_graph(), len(tf1.get_default_graph().get_operations())))
        hub.add_signature(outputs=tf.zeros([size]))

    spec = hub.create_module_spec(module_fn, [(set(), {"size": 1}), ({"big", "slow"}, {"size": 9})])
    assert [(size, ops) for size, _, ops in calls] == [(1, 0), (9, 0)]
    assert calls[0][1] is not calls[1][1]
    assert spec.get_tags() == [frozenset(), frozenset({"big", "slow"})]
    assert spec.get_output_info_dict(tags=["slow", "big"])["default"].get_shape() == [9]
    assert isinstance(spec, hub.ModuleSpec)


def test_the_callers_graph_is_not_touched(graph: tf.Graph) -> None:
    hub.create_module_spec(modules.affine)
    assert graph.get_operations() == []
    assert graph.collections == []


@pytest.mark.parametrize(("use_resource", "op_type"), [(None, "VarHandleOp"), (False, "VariableV2")])
def test_variables_are_resources_unless_module_fn_says_otherwise(use_resource: Any, op_type: str) -> None:
    seen: list[str] = []

    def module_fn() -> None:
        with tf1.variable_scope("", use_resource=use_resource):
            v = tf1.get_variable("v", initializer=1.0)
        seen.extend(op.type for op in tf1.get_default_graph().get_operations() if op.name == "v")
        hub.add_signature(outputs=tf.identity(v))

    hub.create_module_spec(module_fn)
    assert seen == [op_type]


def test_without_a_signature() -> None:
    with pytest.raises(ValueError, match="add_signature"):
        hub.create_module_spec(lambda: None)


def test_two_variants_of_the_same_tags() -> None:
    with pytest.raises(ValueError, match=r"\['a', 'b'\] occurs twice"):
        hub.create_module_spec(modules.double, [({"a", "b"}, {}), (["b", "a"], {})])


@pytest.mark.parametrize("tags_and_args", [None, [], (), [(None, {})], [("", {})], [((), {})]])
def test_one_variant_without_tags(tags_and_args: Any) -> None:
    spec = hub.create_module_spec(modules.double, tags_and_args)
    assert spec.get_tags() == [frozenset()]
    assert modules.evaluate(spec, [1.0])["default"].tolist() == [2.0]


def test_tags_are_sorted_by_their_number_and_else_as_authored() -> None:
    tag_sets = [["b"], ["a", "b"], [], ["a"]]
    spec = hub.create_module_spec(modules.double, [(tags, {}) for tags in tag_sets])
    assert spec.get_tags() == [frozenset(tags) for tags in ([], ["b"], ["a"], ["a", "b"])]


@pytest.mark.parametrize("tags", [[["train"]], 5, [1], [None]])
def test_tags_that_are_not_text(tags: Any, graph: tf.Graph) -> None:
    spec = hub.create_module_spec(modules.double)
    for call in (
        lambda: hub.create_module_spec(modules.double, [(tags, {})]),
        lambda: hub.Module(spec, tags=tags),
        lambda: spec.get_signature_names(tags),
    ):
        with pytest.raises(TypeError, match=r"tags=\['train'\]; got tags=") as caught:
            call()
        assert isinstance(caught.value, (hub.HubError, ValueError))


def test_state_colocated_with_an_op_that_is_not_state() -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="somewhere")
        with tf1.colocate_with(x):
            v = tf1.get_variable("v", initializer=1.0)
        hub.add_signature(inputs=x, outputs=x + v)

    with pytest.raises(ValueError, match=r"'v' holds state.*'somewhere'"):
        hub.create_module_spec(module_fn)


def test_state_colocated_with_state_is_fine(spec_of: Callable[..., hub.ModuleSpec]) -> None:
    def module_fn() -> None:
        with tf1.variable_scope("", use_resource=False):
            v = tf1.get_variable("v", initializer=1.0)
            with tf1.colocate_with(v.op):
                w = tf1.get_variable("w", initializer=2.0)
        hub.add_signature(outputs=v + w)

    assert modules.evaluate(spec_of(module_fn))["default"] == 3.0


def doubled() -> tuple[Any, Any]:
    """Builds a graph and says what can be called: for use in a module_fn and outside of it."""
    x = tf1.placeholder(tf.float32, [None], name="x")
    y = x * 2.0
    hub.add_signature(inputs={"x": x}, outputs={"y": y})
    hub.attach_message("note", wrappers_pb2.StringValue(value="doubled"))
    return x, y


def test_outside_of_a_module_fn_a_signature_is_only_checked(graph: tf.Graph) -> None:
    x, y = doubled()
    with tf1.Session() as session:
        assert session.run(y, {x: [1.0]}).tolist() == [2.0]
    assert graph.collections == []
    spec = hub.create_module_spec(doubled)
    assert spec.get_signature_names() == ["default"]
    assert modules.evaluate(spec, {"x": [3.0]})["y"].tolist() == [6.0]
    with pytest.raises(ValueError, match="must be Tensor"):
        hub.add_signature(outputs=3.0)
    with tf1.colocate_with(x.op), pytest.raises(ValueError, match="colocation"):
        hub.add_signature(inputs=tf.identity(x), outputs=x)


def test_a_graph_made_outside_does_not_leak_into_a_module(graph: tf.Graph) -> None:
    doubled()

    def module_fn() -> None:
        with graph.as_default():
            hub.add_signature("outside", outputs=tf.constant(1))
            hub.attach_message("outside", wrappers_pb2.StringValue())
        hub.add_signature("inside", outputs=tf.constant(2))

    spec = hub.create_module_spec(module_fn)
    assert spec.get_signature_names() == ["inside"]
    assert spec.get_attached_message("outside", wrappers_pb2.StringValue) is None


def test_in_a_function_outside_of_a_module_fn(graph: tf.Graph) -> None:
    def function(x: Any) -> Any:
        hub.add_signature(inputs=x, outputs=x + 1.0)
        return x + 1.0

    result = tf1.wrap_function(function, [tf.TensorSpec([], tf.float32)])(1.0)
    with tf1.Session() as session:
        assert session.run(result) == 2.0


def test_in_a_function_inside_of_a_module_fn() -> None:
    def module_fn() -> None:
        tf1.wrap_function(lambda x: hub.add_signature(inputs=x, outputs=x), [tf.TensorSpec([], tf.float32)])

    with pytest.raises(ValueError, match=r"'default' is a tensor of the function"):
        hub.create_module_spec(module_fn)


def test_in_a_thread_of_a_module_fn() -> None:
    def module_fn() -> None:
        home = tf1.get_default_graph()

        def build() -> None:
            with home.as_default():
                doubled()

        thread = threading.Thread(target=build)
        thread.start()
        thread.join()

    spec = hub.create_module_spec(module_fn)
    assert spec.get_signature_names() == ["default"]
    note = spec.get_attached_message("note", wrappers_pb2.StringValue, required=True)
    assert note.value == "doubled"


def test_a_thread_outside_does_not_add_to_a_module_that_is_being_made() -> None:
    def module_fn() -> None:
        def build() -> None:
            with tf.Graph().as_default():
                hub.add_signature("elsewhere", outputs=tf.constant(1))

        thread = threading.Thread(target=build)
        thread.start()
        thread.join()
        hub.add_signature("here", outputs=tf.constant(1))

    assert hub.create_module_spec(module_fn).get_signature_names() == ["here"]


def test_an_eager_tensor_is_not_part_of_a_graph(needs_eager: None) -> None:
    value = tf.constant(1.0)
    for call in (
        lambda: hub.add_signature(outputs=value),
        lambda: hub.create_module_spec(lambda: hub.add_signature(inputs=value, outputs=tf.constant(1.0))),
    ):
        with pytest.raises(hub.HubError, match=r"'default' is an eager tensor.*tf\.Graph\(\)\.as_default"):
            call()


def test_a_tensor_of_another_graph(graph: tf.Graph) -> None:
    foreign = tf.constant(1.0, name="same")

    def module_fn() -> None:
        tf.constant(2.0, name="same")
        hub.add_signature(outputs=foreign)

    with pytest.raises(ValueError, match="'default' is a tensor of another graph"):
        hub.create_module_spec(module_fn)


def test_add_signature_under_another_graph_in_a_module_fn() -> None:
    def module_fn() -> None:
        with tf.Graph().as_default():
            hub.add_signature(outputs=tf.constant(1))

    with pytest.raises(ValueError, match="module_fn added no signature"):
        hub.create_module_spec(module_fn)


def test_after_a_failing_module_fn_nothing_is_left_behind(graph: tf.Graph) -> None:
    seen = []

    def module_fn() -> None:
        seen.append(tf1.get_default_graph())
        hub.add_signature(outputs=tf.constant(1))
        raise KeyError("its own error")

    with pytest.raises(KeyError, match="its own error"):
        hub.create_module_spec(module_fn)
    assert authoring._DRAFTS == {}
    with seen[0].as_default():
        hub.add_signature(outputs=tf.constant(1))


def test_a_module_fn_may_make_another_spec() -> None:
    def module_fn() -> None:
        inner = hub.create_module_spec(modules.double)
        x = tf1.placeholder(tf.float32, [None], name="x")
        hub.add_signature(inputs=x, outputs=hub.Module(inner)(x) + 1.0)

    assert modules.evaluate(hub.create_module_spec(module_fn), [1.0])["default"].tolist() == [3.0]


def test_names_default_to_default() -> None:
    spec = hub.create_module_spec(modules.double)
    assert spec.get_signature_names() == ["default"]
    assert list(spec.get_input_info_dict()) == ["default"]
    assert list(spec.get_output_info_dict()) == ["default"]


def test_several_signatures_none_called_default() -> None:
    spec = hub.create_module_spec(modules.two_signatures)
    assert sorted(spec.get_signature_names()) == ["constant", "sum"]
    assert sorted(spec.get_input_info_dict("sum")) == ["a", "b"]
    assert sorted(spec.get_output_info_dict("sum")) == ["difference", "sum"]
    assert spec.get_input_info_dict("constant") == {}
    with pytest.raises(KeyError, match="no signature 'default'"):
        spec.get_input_info_dict()
    with pytest.raises(ValueError, match="no signature 'default'"):
        spec.get_output_info_dict()


@pytest.mark.parametrize(("first", "second"), [(None, None), ("", "default"), ("a", "a")])
def test_two_signatures_of_one_name(first: Any, second: Any) -> None:
    def module_fn() -> None:
        hub.add_signature(first, outputs=tf.constant(1))
        hub.add_signature(second, outputs=tf.constant(2))

    name = first or "default"
    with pytest.raises(ValueError, match=rf"already has a signature '{name}'.*add_signature\('{name}_2'"):
        hub.create_module_spec(module_fn)


def test_a_name_that_is_not_text() -> None:
    with pytest.raises(ValueError, match="name of a signature must be a str; got 3"):
        hub.create_module_spec(lambda: hub.add_signature(3, outputs=tf.constant(1)))  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ValueError, match="Outputs of a signature must have str names; got 3"):
        hub.create_module_spec(lambda: hub.add_signature(outputs={3: tf.constant(1)}))


def test_an_output_that_needs_a_placeholder_which_is_not_an_input() -> None:
    def module_fn() -> None:
        x, scale = (tf1.placeholder(tf.float32, [], name=name) for name in ("x", "scale"))
        hub.add_signature("scaled", inputs={"x": x}, outputs={"plain": x + 1.0, "scaled": (x + 1.0) * scale})

    message = r"Output 'scaled' of signature 'scaled' needs the placeholder 'scale'.*placeholder_with_default"
    with pytest.raises(ValueError, match=message):
        hub.create_module_spec(module_fn)
    with pytest.raises(ValueError, match="Output 'default' of signature 'default' needs the placeholder"):
        hub.create_module_spec(lambda: hub.add_signature(outputs=tf1.placeholder(tf.float32, [])))


def test_placeholders_that_no_output_needs(control_flow: str) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        middle = tf.identity(x, name="middle")
        flag = tf1.placeholder_with_default(False, [], name="flag")
        start = tf1.placeholder(tf.float32, [], name="start")
        v = tf1.get_variable("v", initializer=start, use_resource=True)
        unused = tf1.placeholder(tf.float32, [], name="unused") + 1.0
        tf.identity(unused, name="loss")
        y = tf1.cond(flag, lambda: middle + tf1.placeholder_with_default(1.0, []), lambda: middle * v)
        hub.add_signature(inputs=x, outputs=y)
        hub.add_signature("from_the_middle", inputs=middle, outputs=y)

    assert sorted(hub.create_module_spec(module_fn).get_signature_names()) == ["default", "from_the_middle"]


def test_a_placeholder_in_a_branch_that_may_not_be_taken(v1_control_flow: None) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [])
        y = tf1.cond(x > 100.0, lambda: tf1.placeholder(tf.float32, []), lambda: x + 1.0)
        hub.add_signature(inputs=x, outputs=y)

    assert modules.evaluate(hub.create_module_spec(module_fn), 1.0)["default"] == 2.0


@pytest.mark.parametrize("outputs", [None, {}])
def test_a_signature_may_have_no_outputs(outputs: Any) -> None:
    def module_fn() -> None:
        hub.add_signature(inputs=tf1.placeholder(tf.float32, []), outputs=outputs)

    assert modules.evaluate(hub.create_module_spec(module_fn), 1.0) == {}


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: tf1.get_variable("v", initializer=1.0), "ResourceVariable"),
        (lambda: 3.0, "float"),
        (lambda: np.zeros(2), "ndarray"),
        (lambda: tf.IndexedSlices(tf.zeros([1, 2]), tf.zeros([1], tf.int32)), "IndexedSlices"),
        (lambda: [tf.constant(1.0)], "list"),
        (tf.no_op, "Operation"),
    ],
)
@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_only_tensors_sparse_tensors_and_ragged_tensors(
    make: Callable[[], Any], kind: str, side: str
) -> None:
    def module_fn() -> None:
        sides: dict[str, Any] = {"inputs": {}, "outputs": {}, side: {"fine": tf.constant(1), "wrong": make()}}
        hub.add_signature(**sides)

    with pytest.raises(ValueError, match=f"'wrong' is a {kind}"):
        hub.create_module_spec(module_fn)


def test_an_input_with_a_colocation_constraint() -> None:
    def module_fn() -> None:
        with tf1.colocate_with(tf.constant(0.0, name="anchor")):
            x = tf1.placeholder(tf.float32, [], name="x")
        hub.add_signature(inputs={"image": x}, outputs=x + 1.0)

    with pytest.raises(ValueError, match=r"'image'.*'x:0'.*colocation"):
        hub.create_module_spec(module_fn)


def test_an_input_from_an_op_with_several_outputs_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    def module_fn() -> None:
        first, second = tf.split(tf.constant([1.0, 2.0]), 2)
        hub.add_signature(inputs={"first": first}, outputs=first + second)

    with caplog.at_level(logging.WARNING, logger="hubexplore"):
        hub.create_module_spec(module_fn)
    assert "'first'" in caplog.text
    assert "outputs of 'split'" in caplog.text


@pytest.mark.parametrize("name", ["a:b", "with space", "$", "sl/ash", "ütf"])
def test_any_text_can_name_a_signature(
    name: str, spec_of: Callable[..., hub.ModuleSpec], graph: tf.Graph
) -> None:
    spec = spec_of(lambda: hub.add_signature(name, outputs=tf.constant(4.0)))
    assert spec.get_signature_names() == [name]
    assert modules.run(hub.Module(spec)(signature=name)) == 4.0


COLLECTIONS = ["my_collection", tf1.GraphKeys.LOCAL_VARIABLES, tf1.GraphKeys.SAVERS]


def _with_collections() -> None:
    modules.affine()
    for key in COLLECTIONS[:2]:
        tf1.add_to_collection(key, tf1.global_variables()[0])


def test_an_unsupported_collection_is_named_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"drop_collections=\['local_variables', 'my_collection'\]"):
        hub.create_module_spec(_with_collections)


def test_dropped_collections(spec_of: Callable[..., hub.ModuleSpec], graph: tf.Graph) -> None:
    hub.Module(spec_of(_with_collections, drop_collections=["my_collection", "local_variables"]))
    assert not graph.get_collection("my_collection")
    assert not graph.get_collection("local_variables")


def test_an_empty_collection_matters_to_nobody() -> None:
    def module_fn() -> None:
        tf1.get_default_graph().get_collection_ref("peeked_at")
        modules.double()

    assert hub.create_module_spec(module_fn).get_tags() == [frozenset()]


def test_arguments_reach_module_fn_and_tags_may_be_any_iterable() -> None:
    spec = hub.create_module_spec(modules.scaled, [(("train",), {"use_resource": False}), ([], {})])
    assert set(spec.get_tags()) == {frozenset({"train"}), frozenset()}
    with pytest.raises(TypeError, match="unknown"):
        hub.create_module_spec(modules.scaled, [((), {"unknown": 1})])


def test_info_objects(spec_of: Callable[..., hub.ModuleSpec]) -> None:
    info = spec_of(modules.affine).get_input_info_dict()["default"]
    assert info.dtype == tf.float32
    assert info.get_shape().as_list() == [None, 2]
    assert not info.is_sparse
    assert not info.is_composite
    assert info.type_spec == tf.TensorSpec([None, 2], tf.float32)
    assert "float32" in repr(info)
    assert str(info.get_shape()) in repr(info)


def test_info_dicts_are_dicts_and_render_as_tables() -> None:
    infos = hub.create_module_spec(modules.two_signatures).get_input_info_dict("sum")
    assert isinstance(infos, dict)
    assert "<table" in str(infos._repr_html_())
    assert "float32" in str(infos._repr_html_())
