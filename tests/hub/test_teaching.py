"""The situations that users of TF Hub stumbled over most: each message tells the cause and the remedy.

And each error is of a class that programs already catch.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import GraphGrowthWarning
from hubexplore.hub import tf_internals
from hubexplore.hub.explain import explain_run_error, find_server_gone
from hubexplore.hub.training_checks import (
    losses_unused,
    module_index,
    not_trainable,
    update_ops_never_run,
)
from tests.hub import modules

tf1 = tf.compat.v1
UPDATE_OPS = tf1.GraphKeys.UPDATE_OPS
VARIANTS: list[tuple[Any, dict[str, Any]]] = [((), {}), ({"train"}, {"training": True})]


@contextlib.contextmanager
def taught(cause: str, remedy: str, *classes: type[BaseException]) -> Iterator[None]:
    """Expects a HubError of all `classes` whose message holds `cause`, and behind it `remedy`."""
    with pytest.raises(hub.HubError) as caught:
        yield
    check(caught.value, cause, remedy, *classes)


def check(error: BaseException | None, cause: str, remedy: str, *classes: type[BaseException]) -> None:
    assert error is not None
    teaches(str(error), cause, remedy)
    for each in classes:
        assert isinstance(error, each)


def teaches(message: str | None, cause: str, remedy: str) -> None:
    assert message is not None
    assert cause in message
    assert remedy in message.partition(cause)[2]


def failure(run: Callable[[], Any]) -> tf.errors.OpError:
    """What TensorFlow raises."""
    with pytest.raises(tf.errors.OpError) as caught:
        run()
    error = caught.value
    assert isinstance(error, tf.errors.OpError)
    return error


@pytest.fixture
def vocabulary(tmp_path: Path) -> str:
    path = tmp_path / "words.txt"
    path.write_text("a\nb\n")
    return str(path)


@pytest.fixture
def affine_path(tmp_path: Path) -> str:
    return modules.export(hub.create_module_spec(modules.affine), tmp_path / "affine")


def made(module_fn: Callable[..., Any], *args: Any, **kwargs: Any) -> hub.Module:
    return hub.Module(hub.create_module_spec(lambda: module_fn(*args)), **kwargs)


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
        taught("Dataset.map, tf.function and others", "hub.eval_function_for_module", RuntimeError),
    ):
        tf.data.Dataset.from_tensors([[1.0, 2.0]]).map(lambda x: module(x))  # noqa: PLW0108 - as users write it


def test_as_the_function_of_dataset_map(needs_eager: None) -> None:
    with tf.Graph().as_default():
        module = made(modules.affine)
    with taught("it is called in the function", "make_initializable_iterator", RuntimeError):
        tf.data.Dataset.from_tensors([[1.0, 2.0]]).map(module)


def test_the_first_remedy_for_dataset_map(needs_eager: None) -> None:
    dataset = tf.data.Dataset.from_tensor_slices([[1.0, 2.0]] * 3)
    with hub.eval_function_for_module(hub.create_module_spec(modules.affine)) as f:
        rows = [f(batch) for batch in dataset.batch(2).as_numpy_iterator()]
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
    remedy = "hub.create_module_spec_from_saved_model(path, drop_collections=['my_things'])"
    with taught("cannot carry the collections ['my_things']", remedy, ValueError):
        hub.load_module_spec(affine_path)
    with taught("cannot carry the collections ['my_things']", "Pass drop_collections=", ValueError):
        hub.create_module_spec_from_saved_model(affine_path)
    spec = hub.create_module_spec_from_saved_model(affine_path, drop_collections=["my_things"])
    np.testing.assert_allclose(modules.evaluate(spec, [[1.0, 2.0]])["default"], [[19.0, 22.0, 25.0]])


def test_a_missing_op(graph: tf.Graph, affine_path: str) -> None:
    with modules.edited(affine_path) as saved_model:
        saved_model.meta_graphs[0].graph_def.node.add(name="alone", op="SentencepieceOp")
    with taught("has no op 'SentencepieceOp'", "install and import the package", tf.errors.NotFoundError):
        hub.Module(affine_path)


def test_a_tf2_saved_model(needs_eager: None, tmp_path: Path) -> None:
    model = tf.Module()
    model.f = tf.function(lambda x: x * 2, input_signature=[tf.TensorSpec([None])])
    tf.saved_model.save(model, str(tmp_path))
    with taught("it is a TF2 SavedModel", "tf.saved_model.load(", ValueError, RuntimeError):
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


# What TensorFlow says itself, in `Session.run` and in compiled calls.


@pytest.fixture(params=["session.run", "compiled"])
def run(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Evaluates tensors in a session in either way; `initialized` is whether it has values."""

    def evaluate(fetch: Any, initialized: bool = False) -> Any:
        session = modules.initialized_session() if initialized else tf1.Session()
        with session:
            if request.param == "session.run":
                return session.run(fetch)
            return tf_internals.compiled(session, [fetch], [])()

    return evaluate


def test_an_uninitialised_variable(graph: tf.Graph, run: Any, use_resource: bool) -> None:
    module = made(modules.scaled, use_resource)
    error = failure(lambda: run(module([1.0])))
    explained = explain_run_error(error, [module])
    cause, remedy = "Variable 'w' of module 'module' has no value", "global_variables_initializer()"
    check(explained, cause, remedy, hub.HubError, tf.errors.FailedPreconditionError)


def test_an_uninitialised_variable_in_a_function(graph: tf.Graph, run: Any) -> None:
    module = made(modules.scaled)
    error = failure(lambda: run(tf.function(module)(tf.constant([1.0]))))
    cause, remedy = "Variable 'w' of module 'module' has no value", "global_variables_initializer()"
    check(explain_run_error(error, [module]), cause, remedy)


def test_an_uninitialised_part(graph: tf.Graph, run: Any) -> None:
    module = made(modules.partitioned)
    error = failure(lambda: run(module(as_dict=True)["s"]))
    check(explain_run_error(error, [module]), "Variable 'scope/s' of module 'module'", "initializer()")


def test_an_uninitialised_variable_of_no_module(graph: tf.Graph, run: Any) -> None:
    made(modules.scaled)
    error = failure(lambda: run(tf1.get_variable("own", initializer=1.0, use_resource=True) + 1.0))
    check(explain_run_error(error), "Variable 'own' has no value", "global_variables_initializer()")


def test_an_uninitialised_table(graph: tf.Graph, run: Any, vocabulary: str) -> None:
    module = made(modules.lookup, vocabulary)
    error = failure(lambda: run(module(["a"])))
    cause, remedy = "Table 'hash_table' of module 'module' is not initialised", "tables_initializer()"
    check(explain_run_error(error, [module]), cause, remedy, tf.errors.FailedPreconditionError)


def test_an_uninitialised_table_in_a_function(graph: tf.Graph, run: Any, vocabulary: str) -> None:
    module = made(modules.lookup, vocabulary)
    error = failure(lambda: run(tf.function(module)(tf.constant(["a"]))))
    check(explain_run_error(error, [module]), "A table is not initialised", "tables_initializer()")


def test_a_placeholder_without_a_value(graph: tf.Graph, run: Any) -> None:
    module = made(modules.affine)
    error = failure(lambda: run(module(tf1.placeholder(tf.float32, [None, 2], name="mine")), True))
    cause = "Placeholder 'mine', the input 'default' of module 'module' (signature 'default'), got no value"
    remedy = "dtype float and shape [?,2]: `session.run(fetches, feed_dict={'mine:0': value})`"
    check(explain_run_error(error, [module]), cause, remedy, tf.errors.InvalidArgumentError)
    check(explain_run_error(error), "Placeholder 'mine' got no value", remedy)


def test_a_checkpoint_that_went_away(graph: tf.Graph, affine_path: str) -> None:
    module = hub.Module(affine_path)
    shutil.rmtree(affine_path)
    error = failure(modules.initialized_session)
    cause, remedy = "variables/variables'. It was there", "its variables are initialised. Put the files back"
    check(explain_run_error(error, [module]), cause, remedy, hub.HubError, tf.errors.NotFoundError)


def test_an_asset_that_went_away(graph: tf.Graph, vocabulary: str) -> None:
    module = made(modules.lookup, vocabulary)
    Path(vocabulary).unlink()
    error = failure(modules.initialized_session)
    cause, remedy = f"A file of module 'module' is gone: '{vocabulary}'", "load the module again"
    check(explain_run_error(error, [module]), cause, remedy, tf.errors.NotFoundError)


@pytest.fixture
def silent() -> str:
    """The address of a server that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"grpc://127.0.0.1:{server.getsockname()[1]}"


def test_a_file_that_is_not_the_modules(graph: tf.Graph, tmp_path: Path) -> None:
    module = made(modules.double)
    error = failure(lambda: tf1.Session().run(tf.io.read_file(str(tmp_path / "mine"))))
    assert "No such file" in str(error)
    assert explain_run_error(error, [module]) is None


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.UnavailableError(None, None, "failed to connect to all addresses"),
        tf.errors.AbortedError(None, None, "Session handle is not found: abc. Possibly this worker"),
        tf.errors.AbortedError(
            None, None, "Graph execution error:\n\nSession 17c337e3d2f0786c is not found."
        ),
        tf.errors.DeadlineExceededError(None, None, "Deadline Exceeded"),
    ],
)
def test_a_server_that_is_gone(error: Any, silent: str) -> None:
    cause = f"server at {silent} that runs this session is gone"
    check(explain_run_error(error, target=silent), cause, "Start it again; then take session", type(error))


def test_whether_a_server_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = f"grpc://127.0.0.1:{server.getsockname()[1]}"
        assert find_server_gone(target) is None
        slow = tf.errors.DeadlineExceededError(None, None, "Deadline Exceeded")
        assert explain_run_error(slow, target=target) is None
    check(find_server_gone(target), f"server at {target}", "Start it again", tf.errors.UnavailableError)
    assert find_server_gone("") is None


@pytest.mark.parametrize(
    "error",
    [
        ValueError("Could not find variable x. "),
        tf.errors.FailedPreconditionError(None, None, "GetNext() failed"),
        tf.errors.InvalidArgumentError(None, None, "Matrix size-incompatible"),
        tf.errors.NotFoundError(None, None, "other/file; No such file or directory"),
        tf.errors.AbortedError(None, None, "something else"),
        tf.errors.InternalError(None, None, "bug"),
    ],
)
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    assert explain_run_error(error) is None


def test_what_is_explained_is_not_explained_again(graph: tf.Graph) -> None:
    error = failure(lambda: tf1.Session().run(made(modules.scaled)([1.0])))
    explained = explain_run_error(error)
    assert explained is not None
    assert explained.op is error.op
    assert explain_run_error(explained) is None


# Training.


def trained(path: str, module: hub.Module, updates: bool, weights: bool = True) -> str:
    """Trains a step, exports, and returns the path."""
    loss = tf.reduce_sum(module([[8.0], [12.0], [1.0]]) ** 3)
    step = tf1.train.GradientDescentOptimizer(0.1).minimize(loss)
    with modules.initialized_session() as session:
        session.run([step] if weights else [])
        session.run(tf1.get_collection(UPDATE_OPS) if updates else [])
        module.export(path, session)
    return path


@pytest.mark.parametrize(("updates", "weights"), [(False, True), (True, True), (False, False)])
def test_update_ops_that_never_ran(graph: tf.Graph, tmp_path: Path, updates: bool, weights: bool) -> None:
    spec = hub.create_module_spec(modules.normalized, VARIANTS)
    module = hub.Module(modules.export(spec, tmp_path / "old"), trainable=True, tags={"train"})
    path = trained(str(tmp_path / "new"), module, updates, weights)
    old, new = module_index(str(tmp_path / "old")), module_index(path)
    assert old is not None
    assert new is not None
    message = update_ops_never_run(module, old, new)
    if updates or not weights:
        assert message is None
    else:
        teaches(message, "its update ops never ran: 'moving_mean' kept", "tf.control_dependencies(")


@pytest.mark.usefixtures("control_flow")
def test_update_ops_in_a_cond(graph: tf.Graph, tmp_path: Path, use_resource: bool) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [None, 1], name="x")
        is_training = tf1.placeholder_with_default(True, [], name="is_training")
        with tf1.variable_scope("", use_resource=use_resource):
            w = tf1.get_variable("w", initializer=[1.0])
            mean = tf1.get_variable("mean", initializer=[0.0], trainable=False)
        tf1.add_to_collection(tf1.GraphKeys.MODEL_VARIABLES, mean)

        def update() -> Any:
            return tf.identity(tf1.assign(mean, tf.reduce_mean(x, axis=0)))

        tf1.add_to_collection(UPDATE_OPS, tf1.cond(is_training, update, lambda: tf.zeros([1])))
        hub.add_signature(inputs={"x": x, "is_training": is_training}, outputs=(x - mean) * w)

    if not use_resource and tf1.control_flow_v2_enabled():
        pytest.skip("a function cannot assign a ref variable")
    spec = hub.create_module_spec(module_fn)
    module = hub.Module(modules.export(spec, tmp_path / "old"), trainable=True)
    loss = tf.reduce_sum(module({"x": [[8.0], [12.0]], "is_training": True}))
    step = tf1.train.GradientDescentOptimizer(0.1).minimize(loss)
    old = module_index(str(tmp_path / "old"))
    assert old is not None
    with modules.initialized_session() as session:
        session.run(step)
        module.export(str(tmp_path / "forgotten"), session)
        session.run(tf1.get_collection(UPDATE_OPS))
        module.export(str(tmp_path / "run"), session)
    forgotten, run = module_index(str(tmp_path / "forgotten")), module_index(str(tmp_path / "run"))
    assert forgotten is not None
    assert run is not None
    teaches(update_ops_never_run(module, old, forgotten), "'mean' kept", "UPDATE_OPS")
    assert update_ops_never_run(module, old, run) is None


def test_a_module_without_update_ops(graph: tf.Graph, tmp_path: Path) -> None:
    spec = hub.create_module_spec(modules.normalized, VARIANTS)
    module = hub.Module(modules.export(spec, tmp_path / "old"), trainable=True)
    old = module_index(str(tmp_path / "old"))
    new = module_index(trained(str(tmp_path / "new"), module, updates=False))
    assert old is not None
    assert new is not None
    assert update_ops_never_run(module, old, new) is None


def test_no_index_without_variables(tmp_path: Path) -> None:
    assert module_index(modules.export(hub.create_module_spec(modules.double), tmp_path / "m")) is None


@pytest.mark.parametrize("optimizer", ["apply", "by hand", "none"])
def test_regularization_losses_unused(graph: tf.Graph, optimizer: str) -> None:
    module = made(modules.regularized, trainable=True)
    loss = tf.reduce_sum(module([[1.0, 2.0]]))
    match optimizer:
        case "apply":
            tf1.train.AdamOptimizer().minimize(loss)
        case "by hand":
            (w,) = module.variables
            tf1.assign_sub(w, tf.gradients(loss, [w])[0])
    message = losses_unused(module)
    if optimizer == "none":
        assert message is None
    else:
        teaches(message, "its regularization losses (1) are in no loss", "get_regularization_loss()")


def test_regularization_losses_used(graph: tf.Graph) -> None:
    module = made(modules.regularized, trainable=True)
    loss = tf.reduce_sum(module([[1.0, 2.0]])) + tf1.losses.get_regularization_loss()
    tf1.train.GradientDescentOptimizer(0.1).minimize(loss)
    assert losses_unused(module) is None


def test_without_trainable(graph: tf.Graph) -> None:
    module = made(modules.affine)
    loss = tf.reduce_sum(module([[1.0, 2.0]]))
    optimizer = tf1.train.GradientDescentOptimizer(0.1)
    with pytest.raises(ValueError, match="No variables") as caught:
        optimizer.minimize(loss)
    note, remedy = not_trainable(caught.value, [module]), "hub.Module(..., trainable=True)"
    teaches(note, "variables of module 'module' cannot be trained", remedy)
    tf1.get_variable("other", initializer=1.0)
    with pytest.raises(ValueError, match="No gradients") as caught:
        optimizer.minimize(loss)
    teaches(not_trainable(caught.value, [module]), "made without trainable=True", remedy)
    assert not_trainable(ValueError("something else"), [module]) is None
    assert not_trainable(caught.value, [made(modules.affine, trainable=True), made(modules.double)]) is None


def test_messages_are_plain(graph: tf.Graph) -> None:
    """One line, except where code is shown; no object addresses."""
    module = made(modules.scaled)
    explained = explain_run_error(failure(lambda: tf1.Session().run(module([1.0]))), [module])
    assert "\n" not in str(explained)
    assert not re.search("0x[0-9a-f]{6}", str(explained))
