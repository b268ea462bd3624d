"""What TensorFlow raises in a run, in `Session.run` and in compiled calls, is explained: cause and remedy."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.hub import tf_internals
from hubexplore.hub.running.run_errors import explain_run_error, find_server_gone
from tests.hub import modules
from tests.hub.teaching import check, failure, made

tf1 = tf.compat.v1


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
    cause, remedy = "variables/variables'. It existed", "its variables are initialised. Put the files back"
    check(explain_run_error(error, [module]), cause, remedy, hub.HubError, tf.errors.NotFoundError)


def test_an_asset_that_went_away(graph: tf.Graph, vocabulary: str) -> None:
    module = made(modules.lookup, vocabulary)
    Path(vocabulary).unlink()
    error = failure(modules.initialized_session)
    cause, remedy = f"A file of module 'module' is missing: '{vocabulary}'", "load the module again"
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
    cause = f"server at {silent} that runs this session has stopped"
    check(explain_run_error(error, target=silent), cause, "Start it again; then use session", type(error))


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


def test_messages_are_plain(graph: tf.Graph) -> None:
    """One line, except where code is shown; no object addresses."""
    module = made(modules.scaled)
    explained = explain_run_error(failure(lambda: tf1.Session().run(module([1.0]))), [module])
    assert "\n" not in str(explained)
    assert not re.search("0x[0-9a-f]{6}", str(explained))
