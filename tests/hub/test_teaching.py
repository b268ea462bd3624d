"""The situations that users of TF Hub stumbled over most: each message tells the cause and the remedy.

And each error is of a class that programs already catch.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import GraphGrowthWarning
from tests.hub import modules
from tests.hub.teaching import made, taught, teaches

tf1 = tf.compat.v1
VARIANTS: list[tuple[Any, dict[str, Any]]] = [((), {}), ({"train"}, {"training": True})]


# Making and calling.


def test_eager_mode(needs_eager: None) -> None:
    spec = hub.create_module_spec(modules.double)
    with taught("executing eagerly", "with tf.Graph().as_default():", RuntimeError):
        hub.Module(spec)


def test_a_call_in_eager_mode(needs_eager: None) -> None:
    with tf.Graph().as_default():
        module = made(modules.double)
    with taught("executing eagerly", "with module.graph.as_default():", RuntimeError):
        module([1.0])


def test_wrong_tags(graph: tf.Graph) -> None:
    spec = hub.create_module_spec(modules.normalized, VARIANTS)
    with taught("no graph variant with the tags ['trian']", "tags=['train']", ValueError, KeyError):
        hub.Module(spec, tags=["trian"])


def test_tags_for_training_that_are_not_there(graph: tf.Graph) -> None:
    spec = hub.create_module_spec(modules.affine)
    with taught("no graph variant with the tags ['train']", "trainable=True", ValueError, KeyError):
        hub.Module(spec, tags=["train"])


def test_wrong_signature(graph: tf.Graph) -> None:
    module = made(modules.two_signatures)
    with taught("no signature 'summ'", "Did you mean 'sum'?", ValueError, KeyError):
        module([1.0], signature="summ")


def test_a_dict_is_needed(graph: tf.Graph) -> None:
    module = made(modules.two_signatures)
    with taught("takes 2 inputs, but got one value", "Pass a dict with the keys ['a', 'b']", TypeError):
        module([1.0], signature="sum", as_dict=True)


def test_no_default_output(graph: tf.Graph) -> None:
    module = made(modules.two_signatures)
    with taught("no output 'default'", "as_dict=True", TypeError):
        module({"a": [1.0], "b": [1.0]}, signature="sum")


def test_another_graph(graph: tf.Graph) -> None:
    module = made(modules.double)
    with (
        tf.Graph().as_default() as other,
        taught("belongs to one graph", "with module.graph.as_default():", RuntimeError),
    ):
        module([1.0])
    assert not other.get_operations()


# Tensors that do not belong to the graph.


def foreign() -> list[Any]:
    def variable() -> Any:
        return tf1.get_variable("v", initializer=[1.0])

    return [
        pytest.param(lambda: tf.constant([1.0], name="c"), "'c:0' of another graph", id="tensor"),
        pytest.param(variable, "'v:0' of another graph", id="variable"),
        pytest.param(lambda: [tf.constant(1.0, name="c"), 2.0], "'c:0' of another graph", id="in a list"),
    ]


@pytest.mark.parametrize(("make", "cause"), foreign())
@pytest.mark.parametrize("again", [False, True])
def test_a_tensor_of_another_graph(make: Callable[[], Any], cause: str, again: bool, graph: tf.Graph) -> None:
    with tf.Graph().as_default():
        value = make()
    module = made(modules.double)
    if again:
        module([1.0])
    before = len(graph.get_operations())
    with taught(f"Input 'default' is the tensor {cause}", "under `with module.graph", TypeError, ValueError):
        module(value)
    assert len(graph.get_operations()) == before


def test_a_sparse_tensor_of_another_graph(graph: tf.Graph) -> None:
    def sums() -> None:
        x = tf1.sparse_placeholder(tf.float32, [None, 2])
        hub.add_signature(inputs=x, outputs=tf.sparse.reduce_sum(x, axis=1))

    with tf.Graph().as_default():
        value = tf.sparse.from_dense([[1.0, 2.0]])
    with taught("Input 'default' is the tensor", "or pass its value", TypeError, ValueError):
        made(sums)(value)


def test_a_tensor_that_left_its_function(graph: tf.Graph) -> None:
    left = []

    def function(x: Any) -> Any:
        left.append(x)
        return x

    tf.function(function)(tf.constant([1.0]))
    with taught("of the function 'function'", "let the function return the tensor", TypeError, ValueError):
        made(modules.double)(left[0])


def test_an_eager_tensor(needs_eager: None) -> None:
    value = tf.constant([1.0])
    with tf.Graph().as_default(), taught("an eager tensor", "tensor.numpy()", TypeError, ValueError):
        made(modules.double)(value)


def test_tensors_of_the_graph_around_a_function_are_fine(graph: tf.Graph) -> None:
    module = made(modules.double)
    outside = tf.constant([1.0])
    result = tf.function(lambda x: module(outside) + x)(tf.constant([1.0]))
    assert modules.run(result) == [3.0]


# Dataset.map.


def test_in_dataset_map() -> None:
    with tf.Graph().as_default():
        module = made(modules.affine)
    with (
        tf.Graph().as_default(),
        taught("Dataset.map, tf.function and similar calls", "hub.load(handle)", RuntimeError),
    ):
        tf.data.Dataset.from_tensors([[1.0, 2.0]]).map(lambda x: module(x))  # noqa: PLW0108 - as users write it


def test_as_the_function_of_dataset_map(needs_eager: None) -> None:
    with tf.Graph().as_default():
        module = made(modules.affine)
    with taught("it is called in the function", "make_initializable_iterator", RuntimeError):
        tf.data.Dataset.from_tensors([[1.0, 2.0]]).map(module)


def test_the_first_remedy_for_dataset_map(needs_eager: None) -> None:
    dataset = tf.data.Dataset.from_tensor_slices([[1.0, 2.0]] * 3)
    module = hub.load(hub.create_module_spec(modules.affine))
    rows = list(dataset.batch(2).map(module).as_numpy_iterator())
    np.testing.assert_allclose(np.concatenate(rows), [[19.0, 22.0, 25.0]] * 3)


@pytest.mark.parametrize("kind", ["resource", "ref", "table"])
def test_the_second_remedy_for_dataset_map(graph: tf.Graph, vocabulary: str, kind: str) -> None:
    module = made(modules.lookup, vocabulary) if kind == "table" else made(modules.scaled, kind == "resource")
    dataset = tf.data.Dataset.from_tensors(["b"] if kind == "table" else [1.0]).map(module)
    iterator = tf1.data.make_initializable_iterator(dataset)
    element = iterator.get_next()
    with modules.initialized_session() as session:
        session.run(iterator.initializer)
        assert session.run(element) == [1 if kind == "table" else 3.0]


# Calling in a loop.


def test_a_loop_of_calls(graph: tf.Graph) -> None:
    module = made(modules.double)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for number in range(25):
            assert bool(caught) == (number >= 10)
            module([1.0])
        for _ in range(15):
            module([1.0, 2.0])
    (warning,) = caught
    assert warning.category is GraphGrowthWarning
    assert issubclass(GraphGrowthWarning, UserWarning)
    assert warning.filename == __file__
    teaches(str(warning.message), "grows the graph", "Apply it once to a placeholder and feed that")
    teaches(str(warning.message), "applied for the 10th time", "NotebookSession.call")


def test_each_signature_and_each_instance_warns_of_its_own(graph: tf.Graph) -> None:
    spec = hub.create_module_spec(modules.two_signatures)
    for module in (hub.Module(spec), hub.Module(spec)):
        for _ in range(9):
            module(signature="constant")
        with pytest.warns(GraphGrowthWarning, match=f"'constant' of module '{module.name}'"):
            module(signature="constant")
        for _ in range(9):
            module({"a": [1.0], "b": [1.0]}, signature="sum", as_dict=True)
        with pytest.warns(GraphGrowthWarning, match="'sum'"):
            module({"a": [1.0], "b": [1.0]}, signature="sum", as_dict=True)


def test_signatures_of_the_same_inputs_are_counted_apart(graph: tf.Graph) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [None])
        hub.add_signature(inputs=x, outputs=x + 1.0)
        hub.add_signature("other", inputs=x, outputs=x + 2.0)

    module = made(module_fn)
    for _ in range(9):
        module([1.0])
        module([1.0], signature="other")


def test_calls_on_other_shapes_are_no_loop(graph: tf.Graph) -> None:
    module = made(modules.double)
    for size in range(30):
        module([1.0] * (size + 1))
    assert len(module.applications) == 30


@pytest.mark.usefixtures("control_flow")
def test_what_is_built_into_loops_and_functions_is_no_loop(graph: tf.Graph) -> None:
    module = made(modules.double)

    def body(x: Any) -> Any:
        for _ in range(12):
            x = module(x)
        return x

    looped = tf1.while_loop(
        lambda x: x[0] < 2.0, body, [tf.constant([1.0])], shape_invariants=[tf.TensorShape([1])]
    )
    traced = tf.function(body)(tf.constant([1.0]))
    assert [value.tolist() for value in modules.run([looped, traced])] == [[4096.0], [4096.0]]


# Making and reading modules.


def test_an_unsupported_collection() -> None:
    def module_fn() -> None:
        modules.double()
        tf1.add_to_collection("my_things", tf.constant(1.0))

    with taught("cannot carry the collections ['my_things']", "drop_collections=['my_things']", ValueError):
        hub.create_module_spec(module_fn)


def test_an_unsupported_collection_of_a_loaded_module(affine_path: str) -> None:
    with modules.edited(affine_path) as saved_model:
        saved_model.meta_graphs[0].collection_def["my_things"].node_list.value.append("y:0")
    remedy = f"hub.create_module_spec_from_saved_model({affine_path!r}, drop_collections=['my_things'])"
    with taught("cannot carry the collections ['my_things']", remedy, ValueError):
        hub.load_module_spec(affine_path)
    with taught("cannot carry the collections ['my_things']", remedy, ValueError):
        hub.create_module_spec_from_saved_model(affine_path)
    spec = hub.create_module_spec_from_saved_model(affine_path, drop_collections=["my_things"])
    np.testing.assert_allclose(modules.evaluate(spec, [[1.0, 2.0]])["default"], [[19.0, 22.0, 25.0]])


def test_a_missing_op(graph: tf.Graph, affine_path: str) -> None:
    with modules.edited(affine_path) as saved_model:
        saved_model.meta_graphs[0].graph_def.node.add(name="alone", op="SentencepieceOp")
    with taught("has no op 'SentencepieceOp'", "install and import the package", tf.errors.NotFoundError):
        hub.Module(affine_path)


def test_a_tf2_saved_model_without_signatures(needs_eager: None, tmp_path: Path) -> None:
    model = tf.Module()
    model.weight = tf.Variable(1.0)
    tf.saved_model.save(model, str(tmp_path))
    with taught("TF2 SavedModel without signatures", "tf.saved_model.load(", ValueError, RuntimeError):
        hub.load_module_spec(tmp_path)


@pytest.mark.parametrize("file", ["saved_model.pb", "variables", "variables/variables.data-00000-of-00001"])
def test_half_a_download(affine_path: str, file: str) -> None:
    path = Path(affine_path, file)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with taught("missing", "Copy or download the", ValueError, OSError):
        hub.load_module_spec(affine_path)


def test_an_asset_is_gone(vocabulary: str, tmp_path: Path) -> None:
    path = modules.export(hub.create_module_spec(lambda: modules.lookup(vocabulary)), tmp_path / "lookup")
    shutil.rmtree(tmp_path / "lookup" / "assets")
    with taught("words.txt' is missing", "Copy or download the module again", ValueError, OSError):
        hub.load_module_spec(path)


def test_exporting_to_where_something_is(graph: tf.Graph, affine_path: str) -> None:
    module = hub.Module(affine_path)
    with (
        modules.initialized_session() as session,
        taught("already holds a model", "Export to another directory", FileExistsError, OSError, ValueError),
    ):
        module.export(affine_path, session)
