"""`Module(...)`: what it adds to the graph, and under which names."""

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
KEYS = tf1.GraphKeys
SpecOf = Callable[..., hub.ModuleSpec]


@pytest.fixture
def affine() -> hub.ModuleSpec:
    return hub.create_module_spec(modules.affine)


def _names(variables: list[Any]) -> list[str]:
    return [variable.op.name for variable in variables]


# What it is made from.


def test_a_path_works_as_text_and_as_an_object(
    affine: hub.ModuleSpec, tmp_path: Path, graph: tf.Graph
) -> None:
    path = modules.export(affine, tmp_path / "affine")
    assert len(hub.Module(path).variables) == 2
    assert len(hub.Module(Path(path)).variables) == 2
    assert len(hub.Module(path.encode()).variables) == 2


@pytest.mark.parametrize("spec", [None, 3, ["path"], object()])
def test_other_things_are_refused(spec: Any, graph: tf.Graph) -> None:
    with pytest.raises(ValueError, match=f"got a {type(spec).__name__}"):
        hub.Module(spec)
    assert not graph.get_operations()


def test_eager_mode(needs_eager: None, affine: hub.ModuleSpec) -> None:
    with pytest.raises(RuntimeError, match=r"with tf\.Graph\(\)\.as_default\(\):"):
        hub.Module(affine)


def test_unknown_tags(graph: tf.Graph) -> None:
    spec = hub.create_module_spec(modules.double, [((), {}), ({"train"}, {}), ({"train", "gpu"}, {})])
    with pytest.raises(ValueError, match=r"\['gpu', 'train'\]") as caught:
        hub.Module(spec, tags={"trian"})
    assert "['trian']" in str(caught.value)
    assert "['train']" in str(caught.value)
    assert not graph.get_operations()


@pytest.mark.parametrize("tags", [{"tran"}, {"train", "gpus"}])
def test_the_closest_tags_are_named(graph: tf.Graph, tags: set[str]) -> None:
    spec = hub.create_module_spec(modules.double, [((), {}), ({"train"}, {}), ({"serve"}, {})])
    with pytest.raises(ValueError, match=r"(Nearest|Did you mean).*train"):
        hub.Module(spec, tags=tags)


@pytest.mark.parametrize("tags", [None, [], set(), ()])
def test_no_tags_in_every_form(affine: hub.ModuleSpec, graph: tf.Graph, tags: Any) -> None:
    assert hub.Module(affine, tags=tags).tags == frozenset()


def test_tags_may_be_one_string_or_any_iterable(graph: tf.Graph) -> None:
    spec = hub.create_module_spec(modules.double, [({"train"}, {})])
    for tags in ("train", ["train"], ("train",), {"train"}, iter(["train"])):
        assert hub.Module(spec, tags=tags).tags == {"train"}


# Ops.


def _replace_op(path: str, name: str, op: str) -> None:
    with modules.edited(path) as saved_model:
        for node in saved_model.meta_graphs[0].graph_def.node:
            if node.name == name:
                node.op = op


def test_unknown_ops_are_all_named(tmp_path: Path, graph: tf.Graph) -> None:
    path = modules.export(hub.create_module_spec(modules.affine), tmp_path / "affine")
    _replace_op(path, "y", "SentencepieceTokenizeOp")
    _replace_op(path, "add", "MyVeryOwnOp")
    with pytest.raises(tf.errors.NotFoundError, match="MyVeryOwnOp") as caught:
        hub.Module(path)
    assert "SentencepieceTokenizeOp" in str(caught.value)
    assert "tensorflow-text" in str(caught.value)
    assert not graph.get_operations()


def test_an_unknown_op_in_a_function(tmp_path: Path, graph: tf.Graph) -> None:
    def module_fn() -> None:
        function = tf.function(lambda x: x * 2.0, input_signature=[tf.TensorSpec([], tf.float32)])
        hub.add_signature(outputs=function(tf.constant(1.0)))

    path = modules.export(hub.create_module_spec(module_fn), tmp_path / "module")
    with modules.edited(path) as saved_model:
        (function,) = saved_model.meta_graphs[0].graph_def.library.function
        function.node_def[0].op = "MyVeryOwnOp"
    with pytest.raises(tf.errors.NotFoundError, match="MyVeryOwnOp"):
        hub.Module(path)


def test_an_op_that_only_the_runtime_knows_is_registered(graph: tf.Graph) -> None:
    """Ops get into Python's registry when their wrappers are imported; others are looked up."""
    from tensorflow.python.framework import op_def_registry

    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [None], name="x")
        hub.add_signature(inputs=x, outputs=tf.raw_ops.Softsign(features=x))

    spec = hub.create_module_spec(module_fn)
    op_def_registry._cache.pop("Softsign")
    np.testing.assert_allclose(modules.run(hub.Module(spec)([1.0])), [0.5])


# Names.


def test_names_of_state_and_calls(affine: hub.ModuleSpec, graph: tf.Graph) -> None:
    modules_ = [hub.Module(affine), hub.Module(affine), hub.Module(affine, name="mine")]
    assert [_names(module.variables) for module in modules_] == [
        ["module/b", "module/layer/w"],
        ["module_1/b", "module_1/layer/w"],
        ["mine/b", "mine/layer/w"],
    ]
    tops = {name for module in modules_ for name in (module([[1.0, 2.0]]).op.name,)}
    assert tops == {"module_apply_default/y", "module_1_apply_default/y", "mine_apply_default/y"}
    assert all(op.name.startswith(("module", "mine", "Const")) for op in graph.get_operations())


def test_inside_variable_scopes(affine: hub.ModuleSpec, graph: tf.Graph) -> None:
    with tf1.variable_scope("outer"):
        first = hub.Module(affine, name="mine")
        second = hub.Module(affine, name="mine")
        with tf1.variable_scope("inner"):
            third = hub.Module(affine, name="mine")
    assert [_names(module.variables)[0] for module in (first, second, third)] == [
        "outer/mine/b",
        "outer/mine_1/b",
        "outer/inner/mine/b",
    ]
    assert first([[1.0, 1.0]]).op.name == "mine_apply_default/y"


@pytest.mark.parametrize("reuse", [None, True, tf1.AUTO_REUSE])
def test_a_variable_scope_entered_again(affine: hub.ModuleSpec, graph: tf.Graph, reuse: Any) -> None:
    """TensorFlow then starts counting again, but the name scope is taken."""
    with tf1.variable_scope("outer"):
        hub.Module(affine)
    with tf1.variable_scope("outer", reuse=reuse):
        with pytest.raises(RuntimeError, match="'outer/module' is free, but the name scope"):
            hub.Module(affine)
        assert _names(hub.Module(affine, name="other").variables) == ["outer/other/b", "outer/other/layer/w"]


def test_name_scopes_do_not_matter_to_state_but_to_calls(affine: hub.ModuleSpec, graph: tf.Graph) -> None:
    with tf1.name_scope("made"):
        module = hub.Module(affine)
    with tf1.name_scope("called"):
        result = module([[1.0, 2.0]])
    assert _names(module.variables) == ["module/b", "module/layer/w"]
    assert result.op.name == "called/module_apply_default/y"


def test_a_taken_name_scope(affine: hub.ModuleSpec, graph: tf.Graph) -> None:
    with tf1.name_scope("module"):
        tf.constant(1)
    with pytest.raises(RuntimeError, match="'module' is free, but the name scope"):
        hub.Module(affine)
    assert _names(hub.Module(affine, name="other").variables) == ["other/b", "other/layer/w"]


def test_an_op_of_that_name(affine: hub.ModuleSpec, graph: tf.Graph) -> None:
    tf.constant(1, name="module")
    with pytest.raises(RuntimeError, match="name="):
        hub.Module(affine)


@pytest.mark.parametrize("name", ["module/b", "module/layer/w", "module/layer/w/Read/ReadVariableOp"])
def test_an_op_that_has_the_name_of_one_of_the_state(
    affine: hub.ModuleSpec, graph: tf.Graph, name: str
) -> None:
    """TensorFlow would rename the module's variable, and the other one would be taken for it."""
    mine = tf1.get_variable(name, initializer=5.0) if name.endswith("b") else tf.constant(5.0, name=name)
    with pytest.raises(ValueError, match=f"already.*'{name}[a-zA-Z_/]*'.*name="):
        hub.Module(affine)
    assert _names(hub.Module(affine, name="other").variables) == ["other/b", "other/layer/w"]
    assert modules.run(mine) == 5.0


def test_names_that_differ_in_case_do_not_clash(affine: hub.ModuleSpec, graph: tf.Graph) -> None:
    tf.constant(1, name="module/B")
    assert _names(hub.Module(affine).variables) == ["module/b", "module/layer/w"]


def test_a_variable_scope_of_that_name(affine: hub.ModuleSpec, graph: tf.Graph) -> None:
    with tf1.variable_scope("module"):
        tf1.get_variable("b", initializer=0.0)
    assert _names(hub.Module(affine).variables) == ["module_1/b", "module_1/layer/w"]


def test_a_name_with_slashes(affine: hub.ModuleSpec, graph: tf.Graph) -> None:
    assert _names(hub.Module(affine, name="a/b").variables) == ["a/b/b", "a/b/layer/w"]


@pytest.mark.parametrize("name", ["", "a b", "/a", "_a", "a/", "a//b", "a/_b", "$", None, 1])
def test_a_name_that_cannot_be_a_scope(affine: hub.ModuleSpec, graph: tf.Graph, name: Any) -> None:
    with pytest.raises(ValueError, match="name="):
        hub.Module(affine, name=name)
    assert not graph.get_operations()


def test_instances_of_several_graphs_do_not_know_each_other(affine: hub.ModuleSpec) -> None:
    for _ in range(2):
        with tf.Graph().as_default():
            assert _names(hub.Module(affine).variables) == ["module/b", "module/layer/w"]


# Collections.


@pytest.mark.parametrize("trainable", [False, True])
def test_variable_collections(spec_of: SpecOf, graph: tf.Graph, trainable: bool) -> None:
    module = hub.Module(spec_of(modules.normalized), trainable=trainable)
    by_name = {variable.op.name: variable for variable in module.variables}
    mean, gamma = by_name["module/moving_mean"], by_name["module/gamma"]
    assert set(map(id, graph.get_collection(KEYS.GLOBAL_VARIABLES))) == {id(mean), id(gamma)}
    assert [v is mean for v in graph.get_collection(KEYS.MODEL_VARIABLES)] == [True]
    assert [v is gamma for v in graph.get_collection(KEYS.TRAINABLE_VARIABLES)] == [True] * trainable


@pytest.mark.parametrize("trainable", [False, True])
def test_regularization_losses(spec_of: SpecOf, graph: tf.Graph, trainable: bool) -> None:
    module = hub.Module(spec_of(modules.regularized), trainable=trainable)
    module([[1.0, 1.0]])
    losses = tf1.losses.get_regularization_losses()
    assert len(losses) == int(trainable)
    if trainable:
        assert losses[0].op.name.startswith("module/")
        (gradient,) = tf1.gradients(losses[0], module.variables)
        assert modules.run(losses) == [5.0]
        np.testing.assert_allclose(modules.run(gradient), [2.0, 4.0])


def test_without_trainable_a_loss_adds_no_ops(graph: tf.Graph) -> None:
    hub.Module(hub.create_module_spec(modules.regularized))
    assert not [op.name for op in graph.get_operations() if "loss" in op.name]


def test_nothing_joins_other_collections(affine: hub.ModuleSpec, graph: tf.Graph) -> None:
    hub.Module(affine, trainable=True)([[1.0, 2.0]])
    named = {key for key in graph.collections if isinstance(key, str) and graph.get_collection(key)}
    assert named == {KEYS.GLOBAL_VARIABLES, KEYS.TRAINABLE_VARIABLES}


# Control dependencies.


def test_control_dependencies_attach_to_calls_but_not_to_state(
    spec_of: SpecOf, graph: tf.Graph, use_resource: bool
) -> None:
    spec = spec_of(modules.scaled, [((), {"use_resource": use_resource})])
    with tf.control_dependencies([tf.constant(1, name="before").op]):
        module = hub.Module(spec)
        results = [module([1.0]), module([2.0])]
    state = [op for op in graph.get_operations() if op.name.startswith("module/")]
    assert not [op.name for op in state if op.control_inputs]
    for result in results:
        assert _waits_for(result.op, "before")


def _waits_for(op: Any, name: str) -> bool:
    stack, seen = [op], set()
    while stack:
        current = stack.pop()
        if current.name == name:
            return True
        if current not in seen:
            seen.add(current)
            stack += [*current.control_inputs, *(tensor.op for tensor in current.inputs)]
    return False


# Values.


def test_initialisers_give_the_published_values(spec_of: SpecOf, graph: tf.Graph, use_resource: bool) -> None:
    module = hub.Module(spec_of(modules.scaled, [((), {"use_resource": use_resource})]))
    assert modules.run(module.variables) == [3.0]


def test_one_variable_alone_can_be_initialised(spec_of: SpecOf, graph: tf.Graph) -> None:
    b, w = hub.Module(spec_of(modules.affine)).variables
    with tf1.Session() as session:
        session.run(w.initializer)
        np.testing.assert_array_equal(session.run(w), modules.MATRIX)
        with pytest.raises(tf.errors.FailedPreconditionError):
            session.run(b)
        session.run(tf1.variables_initializer([b]))
        np.testing.assert_array_equal(session.run(b), [10.0] * 3)


def test_initial_values_can_be_read_without_a_variable(spec_of: SpecOf, graph: tf.Graph) -> None:
    _, w = hub.Module(spec_of(modules.affine)).variables
    with tf1.Session() as session:
        np.testing.assert_array_equal(session.run(w.initial_value), modules.MATRIX)


def test_is_variable_initialized(spec_of: SpecOf, graph: tf.Graph, use_resource: bool) -> None:
    module = hub.Module(spec_of(modules.scaled, [((), {"use_resource": use_resource})]))
    names = tf1.report_uninitialized_variables()
    with tf1.Session() as session:
        assert session.run(names).tolist() == [b"module/w"]
        session.run(module.variables[0].initializer)
        assert session.run(names).tolist() == []


def test_a_fresh_spec_runs_its_own_initialisers(graph: tf.Graph) -> None:
    def module_fn() -> None:
        a = tf1.get_variable("a", initializer=2.0)
        b = tf1.get_variable("b", initializer=lambda: tf.random.uniform([1000]))
        c = tf1.get_variable("c", initializer=a.initial_value * 3.0)
        hub.add_signature(outputs={"a": tf.identity(a), "b": tf.identity(b), "c": tf.identity(c)})

    module = hub.Module(hub.create_module_spec(module_fn))
    with modules.initialized_session() as session:
        a, first, c = session.run(module.variables)
        session.run(module.variable_map["b"].initializer)
        second = session.run(module.variable_map["b"])
    assert (a, c) == (2.0, 6.0)
    assert 0.4 < first.mean() < 0.6
    assert np.any(first != second)


def test_variables_can_be_assigned_loaded_and_saved(spec_of: SpecOf, tmp_path: Path, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(modules.affine))
    b = module.variable_map["b"]
    saver = tf1.train.Saver()
    with modules.initialized_session() as session:
        session.run(b.assign_add([1.0, 2.0, 3.0]))
        prefix = saver.save(session, str(tmp_path / "ck"))
        session.run(b.initializer)
        np.testing.assert_array_equal(session.run(b), [10.0] * 3)
        saver.restore(session, prefix)
        np.testing.assert_array_equal(session.run(b), [11.0, 12.0, 13.0])
    assert [name for name, _ in tf.train.list_variables(prefix)] == ["module/b", "module/layer/w"]


def test_every_dtype_of_variable(spec_of: SpecOf, graph: tf.Graph, use_resource: bool) -> None:
    values = {
        "bool": np.array([True, False]),
        "int64": np.array([1 << 40]),
        "uint8": np.array([255], np.uint8),
        "half": np.array([0.5], np.float16),
        "complex": np.array([1 + 2j], np.complex64),
        "string": np.array([b"a", b""], object),
        "empty": np.zeros([0, 3], np.float32),
        "scalar": np.array(7, np.int32),
    }

    def module_fn() -> None:
        with tf1.variable_scope("", use_resource=use_resource):
            made = {name: tf1.get_variable(name, initializer=value) for name, value in values.items()}
        hub.add_signature(outputs={name: tf.identity(variable) for name, variable in made.items()})

    outputs = modules.run(hub.Module(spec_of(module_fn))(as_dict=True))
    for name, value in values.items():
        np.testing.assert_array_equal(outputs[name], value)


def test_a_variable_in_several_scopes_of_one_name(spec_of: SpecOf, graph: tf.Graph) -> None:
    """Names that begin alike, or look like partitions, are not confused."""
    names = ["w", "w_1", "w/w", "part_0", "w/part_0/x", "W"]

    def module_fn() -> None:
        made = [tf1.get_variable(name, initializer=float(i)) for i, name in enumerate(names[:-1])]
        hub.add_signature(outputs=tf.stack(made))

    module = hub.Module(spec_of(module_fn))
    assert sorted(module.variable_map) == sorted(names[:-1])
    assert modules.run([module.variable_map[name] for name in names[:-1]]) == [0.0, 1.0, 2.0, 3.0, 4.0]


# variable_map.


def test_variable_map_does_not_depend_on_the_place(spec_of: SpecOf, graph: tf.Graph) -> None:
    with tf1.variable_scope("deep"), tf1.variable_scope("down"):
        module = hub.Module(spec_of(modules.affine), name="here")
    assert sorted(module.variable_map) == ["b", "layer/w"]
    assert module.variable_map["layer/w"].op.name == "deep/down/here/layer/w"
    assert [v is module.variable_map[k] for k, v in zip(["b", "layer/w"], module.variables, strict=True)] == [
        True,
        True,
    ]


def test_variable_map_serves_init_from_checkpoint(spec_of: SpecOf, tmp_path: Path, graph: tf.Graph) -> None:
    with tf.Graph().as_default():
        tf1.get_variable("theirs/b", initializer=[1.0, 2.0, 3.0])
        tf1.get_variable("theirs/layer/w", initializer=modules.MATRIX * 2)
        with modules.initialized_session() as session:
            prefix = tf1.train.Saver().save(session, str(tmp_path / "trained"))
    module = hub.Module(spec_of(modules.affine))
    tf1.train.init_from_checkpoint(prefix, {f"theirs/{key}": v for key, v in module.variable_map.items()})
    np.testing.assert_array_equal(modules.run(module([[1.0, 0.0]])), [[3.0, 6.0, 9.0]])


def test_the_checkpoint_of_a_module_serves_init_from_checkpoint(tmp_path: Path, graph: tf.Graph) -> None:
    path = modules.export(hub.create_module_spec(modules.partitioned), tmp_path / "module")
    module = hub.Module(path)
    tf1.train.init_from_checkpoint(f"{path}/variables/variables", module.variable_map)
    np.testing.assert_array_equal(modules.run(module(as_dict=True))["s"], np.full([4, 2], 7.0))


# Two instances.


def test_two_instances_share_nothing(spec_of: SpecOf, graph: tf.Graph, use_resource: bool) -> None:
    spec = spec_of(modules.scaled, [((), {"use_resource": use_resource})])
    one, other = hub.Module(spec), hub.Module(spec)
    with modules.initialized_session() as session:
        session.run(one.variables[0].assign(100.0))
        assert session.run([one([1.0]), other([1.0])]) == [[100.0], [3.0]]


def test_queues_of_two_instances_are_two(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        queue = tf.queue.FIFOQueue(10, [tf.float32], [[]], shared_name="one for all")
        x = tf1.placeholder(tf.float32, [], name="x")
        with tf.control_dependencies([queue.enqueue(x)]):
            hub.add_signature("put", inputs=x, outputs=tf.identity(queue.size()))

    spec = spec_of(module_fn)
    one, other = hub.Module(spec), hub.Module(spec)
    put_one, put_again, put_other = (module(1.0, signature="put") for module in (one, one, other))
    with modules.initialized_session() as session:
        assert [session.run(put) for put in (put_one, put_again, put_other)] == [1, 2, 1]


def test_calls_share_state(spec_of: SpecOf, graph: tf.Graph, use_resource: bool) -> None:
    module = hub.Module(spec_of(modules.scaled, [((), {"use_resource": use_resource})]))
    first, second = module([1.0]), module([1.0])
    with modules.initialized_session() as session:
        session.run(module.variables[0].assign(7.0))
        assert session.run([first, second]) == [[7.0], [7.0]]


def test_inside_of_a_device_scope_and_a_random_seed(spec_of: SpecOf, graph: tf.Graph) -> None:
    tf1.set_random_seed(7)
    with tf1.device(lambda op: "/cpu:0"):
        module = hub.Module(spec_of(modules.affine))
        np.testing.assert_allclose(modules.run(module([[1.0, 1.0]])), [[15.0, 17.0, 19.0]])


def test_the_clock_is_not_in_the_graph(affine: hub.ModuleSpec) -> None:
    """Two graphs made the same way are the same; nothing counts up across graphs."""
    made = []
    for _ in range(2):
        with tf.Graph().as_default() as graph:
            hub.Module(affine)([[1.0, 2.0]])
            made.append(graph.as_graph_def().SerializeToString(deterministic=True))
    assert made[0] == made[1]


def test_it_tells_about_itself(affine: hub.ModuleSpec, graph: tf.Graph) -> None:
    module = hub.Module(affine, name="mine", trainable=True)
    assert module.get_signature_names() == ["default"]
    assert module.get_input_info_dict()["default"].dtype == tf.float32
    assert module.get_output_info_dict("default")["default"].get_shape().as_list() == [None, 3]
    assert "default" in repr(module)
    assert "<table" in str(module._repr_html_())
    assert "default" in repr(affine)
    assert "<table" in str(affine._repr_html_())
