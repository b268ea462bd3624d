"""Modules damaged at random: an error with a message, or the undamaged numbers; never a dead process.

HUBEXPLORE_MUTATIONS=100 tries a hundred times as many cases as a usual run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow.core.protobuf import control_flow_pb2

import hubexplore as hub
from hubexplore.hub.resolve.archive import extract
from tests.hub import modules
from tests.hub.conftest import TF1_WORLD
from tests.hub.storage import mutants

tf1 = tf.compat.v1
_MORE: Final = float(os.environ.get("HUBEXPLORE_MUTATIONS", "1"))
_DATA: Final = "variables/variables.data-00000-of-00001"
_INDEX: Final = "variables/variables.index"

pytestmark = [
    pytest.mark.skipif(TF1_WORLD, reason="the process that tries them is the same in both worlds"),
    pytest.mark.timeout(300 + 60 * _MORE),
]


def _rich(words: str) -> None:
    """Variables of all kinds, a table, a cond, a loop, a function's update op: `default` and `cond`."""
    x = tf1.placeholder(tf.float32, [None, 2], name="x")
    words_in = tf1.placeholder(tf.string, [None], name="words")
    w = tf1.get_variable("w", initializer=modules.MATRIX, regularizer=tf.nn.l2_loss)
    s = tf1.get_variable(
        "s",
        [4, 2],
        initializer=tf1.constant_initializer(7.0),
        partitioner=tf1.fixed_size_partitioner(2),
    )
    with tf1.variable_scope("", use_resource=False):
        b = tf1.get_variable("b", initializer=[1.0, 2.0, 3.0])
    y = tf.matmul(x, w) + b
    y = tf.cond(tf.reduce_sum(x) > 0, lambda: y + 1.0, lambda: y - 1.0)
    _, z = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a * 1.5), (0, y))
    initializer = modules.line_numbers(words)
    table = tf.lookup.StaticHashTable(initializer, -1)
    tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, tf1.assign_add(b, tf.reduce_sum(z, 0)))
    outputs = {"default": z, "ids": table.lookup(words_in), "s": tf.convert_to_tensor(s)}
    hub.add_signature(inputs={"x": x, "words": words_in}, outputs=outputs)
    hub.add_signature("cond", inputs=x, outputs=y)


@pytest.fixture(scope="session")
def undamaged(tmp_path_factory: pytest.TempPathFactory, real_modules: Path) -> dict[str, Path]:
    """Directories of modules by name: two of our own, one per kind of control flow, and published ones."""
    folder = tmp_path_factory.mktemp("undamaged")
    words = folder / "words.txt"
    words.write_text("here\nthere\n")
    was_v2 = tf1.control_flow_v2_enabled()
    try:
        for name in ("v1", "v2"):
            (tf1.enable_control_flow_v2 if name == "v2" else tf1.disable_control_flow_v2)()
            modules.export(hub.create_module_spec(_rich, [((), {"words": str(words)})]), folder / name)
    finally:
        (tf1.enable_control_flow_v2 if was_v2 else tf1.disable_control_flow_v2)()
    for name in ("vae3dshapes", "dm21"):
        shutil.copytree(real_modules / name, folder / name, copy_function=shutil.copyfile)
    target = folder / "half_plus_two_v1"
    target.mkdir()
    with (real_modules / "half_plus_two_v1.tar.gz").open("rb") as file:
        extract(file, str(target), "half_plus_two_v1")
    return {path.name: path for path in folder.iterdir() if path.is_dir()}


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mutants.Worker]:
    """The process that tries them."""
    worker = mutants.Worker(tmp_path_factory.mktemp("worker") / "log")
    yield worker
    worker.close()


Try = Callable[..., str]


@pytest.fixture
def attempt(undamaged: dict[str, Path], worker: mutants.Worker, tmp_path: Path) -> Try:
    """Tries a module whose file has another content; returns what the worker says, if that is allowed."""

    def attempt_one(name: str, file: str, content: bytes, call: int = 0, trainable: bool = False) -> str:
        original, target = undamaged[name], tmp_path / "damaged"
        mutants.copy_with(original, target, file, content)
        outcome = worker.attempt(
            {"original": str(original), "directory": str(target), "call": call, "trainable": trainable}
        )
        assert outcome["outcome"] in ("fine", "refused"), outcome["why"]
        if outcome["outcome"] == "fine" and file in (_DATA, _INDEX):
            assert outcome["why"] == "same", "numbers from a damaged checkpoint"
        return f"{outcome['outcome']}: {outcome['why']}"

    return attempt_one


def _content(undamaged: dict[str, Path], name: str, file: str) -> bytes:
    return (undamaged[name] / file).read_bytes()


@pytest.mark.parametrize("name", ["v1", "v2", "half_plus_two_v1", "vae3dshapes", "dm21"])
def test_undamaged(attempt: Try, undamaged: dict[str, Path], name: str) -> None:
    """What the other tests compare with."""
    content = _content(undamaged, name, "saved_model.pb")
    assert attempt(name, "saved_model.pb", content) == "fine: same"


# At random.

EDITS = st.lists(
    st.builds(
        mutants.Edit,
        st.sampled_from(["flip", "set", "insert", "delete", "cut"]),
        st.integers(0, (1 << 32) - 1),
        st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=3,
)
BYTES = [
    ("v1", "saved_model.pb", 40),
    ("v2", "saved_model.pb", 40),
    ("v2", "tfhub_module.pb", 15),
    ("v2", _INDEX, 30),
    ("v2", _DATA, 30),
    ("v2", "assets/words.txt", 10),
    ("half_plus_two_v1", "saved_model.pb", 40),
    ("half_plus_two_v1", _INDEX, 20),
    ("half_plus_two_v1", _DATA, 20),
    ("vae3dshapes", "saved_model.pb", 20),
    ("vae3dshapes", _INDEX, 10),
    ("vae3dshapes", _DATA, 10),
    ("dm21", "saved_model.pb", 20),
    ("dm21", _INDEX, 10),
    ("dm21", _DATA, 10),
]


def _settings(examples: int) -> settings:
    return settings(
        max_examples=round(examples * _MORE),
        derandomize=_MORE == 1,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize(("name", "file", "examples"), BYTES)
def test_changed_bytes(attempt: Try, undamaged: dict[str, Path], name: str, file: str, examples: int) -> None:
    content = _content(undamaged, name, file)

    @_settings(examples)
    @given(EDITS, st.integers(0, 99), st.booleans())
    def check(edits: list[mutants.Edit], call: int, trainable: bool) -> None:
        attempt(name, file, mutants.damaged(content, edits), call, trainable)

    check()


@pytest.mark.parametrize(("name", "examples"), [("v1", 70), ("v2", 70), ("vae3dshapes", 15), ("dm21", 15)])
def test_changed_fields(attempt: Try, undamaged: dict[str, Path], name: str, examples: int) -> None:
    content = _content(undamaged, name, "saved_model.pb")

    @_settings(examples)
    @given(st.integers(0, 1 << 48), st.integers(0, 99), st.booleans())
    def check(seed: int, call: int, trainable: bool) -> None:
        attempt(name, "saved_model.pb", mutants.altered(content, seed), call, trainable)

    check()


# What once was wrong. Without our checks, TensorFlow aborts the process on those marked as `dies`.


def _nodes(graph: Any, op: str) -> list[Any]:
    return [node for node in graph.graph_def.node if node.op == op]


def _loop_begins_twice(graph: Any) -> None:  # dies
    node = _nodes(graph, "Merge")[-1]
    node.input.append(node.input[0])


def _branch_lacks_an_output(graph: Any) -> None:  # dies
    name = _nodes(graph, "StatelessIf")[0].attr["then_branch"].func.name
    for function in graph.graph_def.library.function:
        if function.signature.name == name:
            del function.signature.output_arg[:]
            function.ret.clear()


def _body_node(graph: Any, op: str) -> Any:
    library = graph.graph_def.library.function
    return next(node for function in library for node in function.node_def if node.op == op)


def _constant_of_a_function_lacks_a_value(graph: Any) -> None:  # dies
    del _body_node(graph, "Const").attr["value"]


def _constant_of_a_function_has_another_dtype(graph: Any) -> None:  # dies
    _body_node(graph, "Const").attr["value"].tensor.dtype = 23


def _argument_of_no_dtype(graph: Any) -> None:
    graph.graph_def.library.function[0].signature.input_arg[0].type = 92


def _function_with_a_node_twice(graph: Any) -> None:
    nodes = graph.graph_def.library.function[0].node_def
    nodes.append(nodes[0])


def _empty_input(graph: Any) -> None:
    _nodes(graph, "MatMul")[0].input[0] = ""


def _variable_without_dtype(graph: Any) -> None:
    del _nodes(graph, "VarHandleOp")[0].attr["dtype"]


def _signature_names_an_output_too_many(graph: Any) -> None:
    for info in graph.signature_def["default"].outputs.values():
        info.name = info.name.replace(":0", ":7")


def _collection_names_an_output_too_many(graph: Any) -> None:
    graph.collection_def["asset_filepaths"].node_list.value[0] += ":1"


def _state_output_too_many(graph: Any) -> None:
    node = next(node for node in graph.graph_def.node if "ConcatPartitions" in node.name and node.input)
    node.input[0] = "s/part_0:1"


def _variables_cut(graph: Any) -> None:
    values = graph.collection_def["variables"].bytes_list.value
    values[0] = values[0][:-1]


def _cond_without_its_pivot(graph: Any) -> None:
    values = graph.collection_def["cond_context"].bytes_list.value
    context = control_flow_pb2.CondContextDef.FromString(values[0])
    context.pivot_name = "nowhere:0"
    values[0] = context.SerializeToString()


def _colocation_that_is_no_text(graph: Any) -> None:
    _nodes(graph, "MatMul")[0].attr["_class"].list.s.append(b"loc:@\xf4\x00")
    _nodes(graph, "Identity")[-1].attr["_class"].list.s.append(b"\xb6")


CASES = [
    ("v1", _loop_begins_twice, "Merge"),
    ("v2", _branch_lacks_an_output, "cond_true"),
    ("v2", _constant_of_a_function_lacks_a_value, "value"),
    ("v2", _constant_of_a_function_has_another_dtype, "dtype"),
    ("v2", _argument_of_no_dtype, "92"),
    ("v2", _function_with_a_node_twice, "two nodes"),
    ("v2", _empty_input, "does not contain"),
    ("v2", _variable_without_dtype, "not a dtype"),
    ("v2", _signature_names_an_output_too_many, ":7'"),
    ("v2", _collection_names_an_output_too_many, "asset_filepaths"),
    ("v2", _state_output_too_many, "s/part_0:1"),
    ("v2", _variables_cut, "list of variables"),
    ("v1", _cond_without_its_pivot, "nowhere"),
    ("v2", _colocation_that_is_no_text, ""),
]


@pytest.mark.parametrize(("name", "change", "says"), CASES, ids=[change.__name__ for _, change, _ in CASES])
@pytest.mark.parametrize("trainable", [False, True])
def test_what_once_was_wrong(  # noqa: PLR0917 - pytest passes them by name
    attempt: Try, undamaged: dict[str, Path], name: str, change: Any, says: str, trainable: bool
) -> None:
    message = modules.read_graphs(undamaged[name])
    change(message.meta_graphs[0])
    outcome = attempt(
        name, "saved_model.pb", message.SerializeToString(), _default(undamaged[name]), trainable
    )
    if says:
        assert outcome.startswith("refused: DamagedModuleError"), outcome
        assert says in outcome
    else:
        assert outcome == "fine: same"


def _default(path: Path) -> int:
    """The number of the signature `default` among those of a module."""
    return sorted(hub.load_module_spec(path).get_signature_names()).index("default")
