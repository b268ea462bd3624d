"""Functions that call themselves or too many others: refused before TensorFlow sees them, which would end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import DamagedModuleError
from tests.hub import modules
from tests.summary.graph.functions.nested_functions import CALLS, Library

tf1 = tf.compat.v1


def _scaled() -> None:
    x = tf1.placeholder(tf.float32, [], name="x")
    hub.add_signature(inputs=x, outputs=tf.identity(tf.identity(x, name="inside"), name="y"))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> str:
    return modules.export(hub.create_module_spec(_scaled), tmp_path_factory.mktemp("nesting") / "module")


def _with(exported: str, target: Path, add_functions: Any, first: str, *, at_start: bool = False) -> str:
    """A copy of a module that calls a function, in its signature or when its tables are initialised."""
    message = modules.read_graphs(exported)
    graph = message.meta_graphs[0]
    add_functions(Library(graph.graph_def))
    node = next(node for node in graph.graph_def.node if node.name == "inside")
    if at_start:
        library = Library(graph.graph_def)
        library.call(graph.graph_def.node, "start", "inside", first, "StatefulPartitionedCall")
        start = graph.graph_def.node[-1]
        start.input[0] = "one"
        constant = graph.graph_def.node.add(name="one", op="Const")
        constant.attr["dtype"].type = 1
        constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(1.0))
        graph.collection_def["table_initializer"].node_list.value.append("start")
    else:
        node.op = "StatefulPartitionedCall"
        node.ClearField("attr")
        for name in ("Tin", "Tout"):
            node.attr[name].list.type.append(1)
        node.attr["f"].func.name = first
    target.mkdir()
    (target / "tfhub_module.pb").write_bytes(Path(exported, "tfhub_module.pb").read_bytes())
    (target / "saved_model.pb").write_bytes(message.SerializeToString())
    return str(target)


def _refused(path: str, says: str) -> None:
    spec = hub.load_module_spec(path)
    assert says in repr(spec)
    with tf.Graph().as_default() as graph:
        with pytest.raises(DamagedModuleError, match=says):
            hub.Module(spec)
        assert not graph.get_operations()


@pytest.mark.parametrize("at_start", [False, True])
@pytest.mark.parametrize("way", CALLS)
def test_calls_itself(exported: str, tmp_path: Path, way: str, at_start: bool) -> None:
    path = _with(exported, tmp_path / "m", lambda library: library.cycle(["f"], way), "f", at_start=at_start)
    _refused(path, "'f' -> 'f'")


@pytest.mark.parametrize("ways", [("If", "While"), ("name", "name")])
def test_call_each_other(exported: str, tmp_path: Path, ways: Sequence[str]) -> None:
    path = _with(exported, tmp_path / "m", lambda library: library.cycle(["f", "g"], *ways), "f")
    _refused(path, "'f' -> 'g' -> 'f'")


def test_chain(exported: str, tmp_path: Path) -> None:
    path = _with(exported, tmp_path / "m", lambda library: library.levels(1_000, "PartitionedCall"), "f0")
    _refused(path, "1,000 functions call one another")


def test_twice_each(exported: str, tmp_path: Path) -> None:
    twice = ["PartitionedCall"] * 2
    path = _with(exported, tmp_path / "m", lambda library: library.levels(30, *twice), "f0")
    _refused(path, "unfolds to 8,190 calls")


@pytest.mark.parametrize("way", ["If", "Case", "While"])
def test_recursion_that_ends(exported: str, tmp_path: Path, way: str) -> None:
    """A branch that calls by name: f(x) = g(x - 1) while that is more than 0, g(x) = f(x - 1)."""
    path = _with(exported, tmp_path / "m", lambda library: library.cycle(["f", "g"], way, "name"), "f")
    assert modules.evaluate(path, 5.0)["default"] == 0.0


def test_fifty_levels(exported: str, tmp_path: Path) -> None:
    path = _with(exported, tmp_path / "m", lambda library: library.levels(50, "PartitionedCall"), "f0")
    assert modules.evaluate(path, 5.0)["default"] == 5.0
