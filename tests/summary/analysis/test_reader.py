"""What graphs can touch, and what makes them do so; graphs are made of the package's own messages."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hubexplore.summary.analysis import reachability
from hubexplore.summary.analysis.asset_files import on_disk
from hubexplore.summary.analysis.reader import Graphs, read
from hubexplore.summary.capabilities.model import Capabilities, Capability, Origin, Severity, When
from hubexplore.summary.graph.messages import GraphDef, MetaGraphDef

STRING = 7


def add(nodes: Any, name: str, op: str, *inputs: str, **attributes: Any) -> Any:
    """Adds a node; an attribute that is bytes is a string, and `f` the name of a function."""
    node = nodes.add(name=name, op=op)
    node.input.extend(inputs)
    for key, value in attributes.items():
        if key == "value":
            node.attr[key].tensor.dtype = STRING
            node.attr[key].tensor.string_val.extend([value] if isinstance(value, bytes) else value)
        elif isinstance(value, bytes):
            node.attr[key].s = value
        elif isinstance(value, int):
            node.attr[key].i = value
        else:
            node.attr[key].func.name = value
    return node


class Model:
    """A graph in the making: an input "x", and a path in "path"."""

    def __init__(self, path: bytes = b"/etc/passwd") -> None:
        self.meta_graph = MetaGraphDef()
        self.nodes = self.meta_graph.graph_def.node
        add(self.nodes, "x", "Placeholder")
        add(self.nodes, "path", "Const", value=path)

    def signature(self, output: str, name: str = "default") -> None:
        self.meta_graph.signature_def[name].inputs["x"].name = "x:0"
        self.meta_graph.signature_def[name].outputs["y"].name = output

    def feed(self, tensor: str, name: str = "default") -> None:
        self.meta_graph.signature_def[name].inputs["fed"].name = tensor

    def function(self, name: str, *arguments: str) -> Any:
        function = self.meta_graph.graph_def.library.function.add()
        function.signature.name = name
        for argument in arguments:
            function.signature.input_arg.add(name=argument, type=STRING)
        function.signature.output_arg.add(name="result", type=STRING)
        return function

    def read(self, **options: Any) -> Capabilities:
        return read([Graphs((), self.meta_graph)], **options)


def test_a_harmless_graph_has_no_findings() -> None:
    model = Model()
    add(model.nodes, "y", "StringJoin", "x", "path", N=2)
    model.signature("y:0")
    assert model.read() == Capabilities()


def test_a_signature_reads_a_file() -> None:
    model = Model()
    add(model.nodes, "scope/read", "ReadFile", "path")
    model.signature("scope/read:0")
    (found,) = model.read().findings
    assert (found.severity, found.capability) == (Severity.DANGER, Capability.READS)
    assert (found.trigger.when, found.trigger.signature) == (When.CALLED, "default")
    assert (found.argument, found.origin) == ("/etc/passwd", Origin.CONSTANT)
    assert found.chain == ("signature 'default'", "scope", "read")
    assert found.sentence == "Calling 'default' reads the file '/etc/passwd': ReadFile in 'scope/read'."


def test_a_control_dependency_counts() -> None:
    model = Model()
    add(model.nodes, "write", "WriteFile", "path", "x")
    add(model.nodes, "y", "Identity", "x", "^write")
    model.signature("y:0")
    assert [found.op for found in model.read().dangers] == ["WriteFile"]


def test_what_is_fed_does_not_run() -> None:
    model = Model()
    add(model.nodes, "read", "ReadFile", "path")
    add(model.nodes, "y", "Identity", "read")
    model.signature("y:0")
    model.meta_graph.signature_def["default"].inputs["x"].name = "read:0"
    (found,) = model.read().findings
    assert (found.trigger.when, found.severity) == (When.ASKED, Severity.NOTE)


@pytest.mark.parametrize(
    ("edge", "origin", "argument"),
    [("x", Origin.INPUT, "x"), ("v", Origin.VARIABLE, "v"), ("content", Origin.COMPUTED, "ReadFile")],
)
def test_an_argument_is_followed_to_its_origin(edge: str, origin: Origin, argument: str) -> None:
    model = Model()
    add(model.nodes, "v", "VarHandleOp")
    add(model.nodes, "content", "ReadFile", "path")
    add(model.nodes, "name", "StringJoin", "path", edge, N=2)
    add(model.nodes, "read", "ReadFile", "name")
    model.signature("read:0")
    found = next(found for found in model.read().dangers if found.node == "read")
    assert (found.origin, found.argument) == (origin, argument)


def test_a_path_in_pieces_is_put_together() -> None:
    model = Model(b"/et")
    add(model.nodes, "rest", "Const", value=b"YS9iYw")  # base64 of "a/bc"
    add(model.nodes, "decoded", "DecodeBase64", "rest")
    add(model.nodes, "name", "StringJoin", "path", "decoded", N=2, separator=b"c/")
    add(model.nodes, "read", "ReadFile", "name")
    model.signature("read:0")
    assert model.read().dangers[0].argument == "/etc/a/bc"


def test_an_argument_is_followed_to_the_call_of_its_function() -> None:
    model = Model()
    function = model.function("f", "name")
    add(function.node_def, "read", "ReadFile", "name")
    function.ret["result"] = "read:contents:0"
    add(model.nodes, "call", "StatefulPartitionedCall", "path", f="f")
    model.signature("call:0")
    (found,) = model.read().findings
    assert (found.argument, found.function, found.node) == ("/etc/passwd", "f", "read")
    assert found.chain == ("signature 'default'", "call", "function 'f'", "read")
    assert found.path == "call/read"


@pytest.mark.parametrize("collection", ["table_initializer", "saved_model_main_op", "legacy_init_op"])
def test_initializers_run_on_loading(collection: str) -> None:
    model = Model()
    add(model.nodes, "write", "WriteFile", "path", "x")
    model.meta_graph.collection_def[collection].node_list.value.append("write")
    (found,) = model.read().findings
    assert (found.trigger.when, found.severity) == (When.LOADED, Severity.DANGER)


def test_restoring_the_checkpoint_is_silent_and_what_hides_there_is_not() -> None:
    model = Model()
    add(model.nodes, "file", "PlaceholderWithDefault", "path")
    add(model.nodes, "restore", "RestoreV2", "file", "path", "path")
    add(model.nodes, "all", "NoOp", "^restore")
    model.meta_graph.saver_def.filename_tensor_name = "file:0"
    model.meta_graph.saver_def.restore_op_name = "all"
    assert model.read() == Capabilities()
    add(model.nodes, "merge", "MergeV2Checkpoints", "path", "path")
    model.nodes[4].input.append("^merge")
    assert {(one.op, one.trigger.when) for one in model.read().dangers} == {
        ("MergeV2Checkpoints", When.LOADED)
    }


def test_gradients_and_update_ops_run_in_training() -> None:
    model = Model()
    function = model.function("gradient", "name")
    add(function.node_def, "write", "WriteFile", "name", "name")
    item = model.meta_graph.graph_def.library.registered_gradients.add()
    item.gradient_func, item.registered_op_type = "gradient", "CustomGradient-1"
    add(model.nodes, "update", "WriteFile", "path", "x")
    model.meta_graph.collection_def["update_ops"].node_list.value.append("update")
    assert {(one.node, one.trigger.when) for one in model.read().dangers} == {
        ("write", When.TRAINED),
        ("update", When.TRAINED),
    }


def assets(name: str) -> Model:
    model = Model(b"")
    add(model.nodes, "read", "ReadFile", "path")
    model.signature("read:0")
    asset = model.meta_graph.asset_file_def.add(filename=name)
    asset.tensor_info.name = "path:0"
    return model


def test_an_asset_is_a_note() -> None:
    (found,) = assets("vocabulary.txt").read().findings
    assert (found.severity, found.origin, found.argument) == (Severity.NOTE, Origin.ASSET, "vocabulary.txt")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "gs://bucket/a"])
def test_an_asset_with_a_name_that_leads_out_is_a_danger(name: str) -> None:
    assert assets(name).read().dangers


def test_an_asset_that_links_out_is_a_danger(tmp_path: Path) -> None:
    folder = tmp_path / "module" / "assets"
    folder.mkdir(parents=True)
    (tmp_path / "secret").touch()
    (folder / "own").touch()
    (folder / "link").symlink_to(tmp_path / "secret")
    path_of = on_disk(str(folder.parent))
    assert not assets("own").read(path_of=path_of).dangers
    assert assets("link").read(path_of=path_of).dangers[0].argument == f"assets/link -> {tmp_path / 'secret'}"


def test_a_hidden_graph_is_unfolded() -> None:
    hidden = GraphDef()
    add(hidden.node, "name", "Const", value=b"/etc/shadow")
    add(hidden.node, "data", "TFRecordDataset", "name", "name", "name")
    model = Model(hidden.SerializeToString())
    add(model.nodes, "data", "DatasetFromGraph", "path")
    model.signature("data:0")
    found = model.read()
    assert [(one.op, one.argument) for one in found.dangers] == [("TFRecordDataset", "/etc/shadow")]
    assert [one.capability for one in found.notes] == [Capability.HIDES]


def test_a_hidden_graph_that_cannot_be_read_is_a_danger() -> None:
    model = Model(b"\xff\xff no graph")
    add(model.nodes, "data", "DatasetFromGraph", "path")
    model.signature("data:0")
    found = model.read()
    assert [one.capability for one in found.dangers] == [Capability.HIDES]
    assert "cannot be read" in found.unread[0]


@pytest.mark.parametrize(
    ("stream", "is_danger"), [(b"stderr", False), (b"log(info)", False), (b"file:///tmp/x", True)]
)
def test_printing_to_a_file_is_a_danger(stream: bytes, is_danger: bool) -> None:
    model = Model()
    add(model.nodes, "print", "PrintV2", "x", output_stream=stream)
    add(model.nodes, "y", "Identity", "x", "^print")
    model.signature("y:0")
    assert bool(model.read().dangers) == is_danger


def test_functions_that_call_themselves_end() -> None:
    model = Model()
    for name, callee in (("f", "g"), ("g", "f")):
        function = model.function(name, "name")
        add(function.node_def, "call", "StatefulPartitionedCall", "name", f=callee)
        add(function.node_def, "read", "ReadFile", "name")
        function.ret["result"] = "call:output:0"
    add(model.nodes, "call", "StatefulPartitionedCall", "path", f="f")
    model.signature("call:0")
    assert {found.function for found in model.read().dangers} == {"f", "g"}


def test_many_reads_of_a_long_chain_take_linear_time() -> None:
    model = Model()
    previous = "x"
    for number in range(3_000):
        add(model.nodes, f"step{number}", "MatMul", previous, "x")
        previous = f"step{number}"
        add(model.nodes, f"read{number}", "ReadFile", previous)
    model.signature(f"{previous}:0")
    start = time.process_time()
    found = model.read()
    # By the square of its length it took a hundred times as long.
    assert time.process_time() - start < 3
    assert "more findings" in found.unread[0]


def _random_model(seed: int) -> Model:
    """A graph with reads, control inputs, loops, nodes in any order, and signatures that feed its tensors."""
    random = Random(seed)
    model = Model()
    names = [f"n{number}" for number in range(12)]
    for number, name in enumerate(names):
        # Now and then an input that comes later: as in a loop, or in a file of another order.
        others = names if random.random() < 0.3 else names[:number] or ["x"]
        edges = [
            random.choice(("", "^")) + random.choice([*others, "x"]) for _ in range(random.randint(1, 2))
        ]
        add(model.nodes, name, "ReadFile" if random.random() < 0.3 else "Identity", *edges)
    for number in range(4):
        model.signature(f"{random.choice(names)}:0", name=f"s{number}")
        if random.random() < 0.5:
            model.feed(f"{random.choice(names)}:0", name=f"s{number}")
    return model


@pytest.mark.parametrize("seed", range(40))
def test_one_pass_for_all_signatures_finds_what_a_walk_for_each_finds(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reached() -> set[tuple[str, str, str]]:
        found = _random_model(seed).read().findings
        return {(one.node, one.trigger.when, one.trigger.signature) for one in found}

    by_masks = reached()
    monkeypatch.setattr(reachability, "_MOST_BITS", -1)
    assert reached() == by_masks


def test_the_cost_does_not_grow_with_the_number_of_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model()
    add(model.nodes, "read", "ReadFile", "path")
    for number in range(500):
        add(model.nodes, f"step{number}", "Identity", f"step{number - 1}" if number else "read")
        model.signature(f"step{number}:0", name=f"s{number}")
    # No node is walked for a signature.
    monkeypatch.setattr(reachability, "tensor_of", None)
    assert {found.op for found in model.read().dangers} == {"ReadFile"}
