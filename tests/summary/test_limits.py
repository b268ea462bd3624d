"""Modules of a great many things: what is refused says its limit, what is read is read once."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hubexplore import errors
from hubexplore.summary.diagnosis import path_diagnosis
from hubexplore.summary.formats.tf2 import object_graph
from hubexplore.summary.graph import messages
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.hub_messages import ModuleAttachment
from hubexplore.summary.graph.ops import op_packages
from hubexplore.summary.module_format import MOST_VARIANTS
from hubexplore.summary.reading import attachments, limits, signatures, variables, variant
from hubexplore.summary.usage import usage
from hubexplore.summary.weights.checkpoint_index import read_index
from tests.summary import mutated_modules, saved_models
from tests.summary.saved_models import FLOAT, LOCAL, summary_of, write


def test_a_million_graphs(tmp_path: Path) -> None:
    folder = write(tmp_path / "m")
    (folder / "saved_model.pb").write_bytes(b"\x08\x01" + b"\x12\x00" * 1_000_000)
    with pytest.raises(errors.HubError) as caught:
        summary_of(folder)
    for error in (path_diagnosis.explain(str(folder), LOCAL), caught.value):
        assert isinstance(error, errors.DamagedModuleError)
        assert "it holds more than 1,000 graphs" in str(error)


def test_as_many_graphs_as_there_may_be(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", *(saved_models.meta_graph(f"t{n:04}") for n in range(MOST_VARIANTS)))
    assert len(summary_of(folder).variants) == MOST_VARIANTS
    diagnosis = path_diagnosis.diagnose(str(folder), LOCAL)
    assert "'t0000', 't0001', 't0002', 't0003', 't0004' and 995 more" in diagnosis.what()


def test_a_million_tensors(monkeypatch: pytest.MonkeyPatch) -> None:
    from hubexplore.summary.weights import checkpoint_index

    monkeypatch.setattr(checkpoint_index, "_MOST_TENSORS", 1_000)
    entries = [
        (b"", b"\x08\x01"),
        *((b"v%06d" % n, mutated_modules.entry((2,), 8 * n, 8)) for n in range(1_001)),
    ]
    assert len(read_index(mutated_modules.index(entries[:-1])).entries) == 1_000
    with pytest.raises(errors.DamagedModuleError, match="it lists more than 1,000 tensors"):
        read_index(mutated_modules.index(entries))


def _objects(count: int, back_to: int | None = None) -> Any:
    """Objects each of which has the next as its child, and the last one an earlier; all are variables."""
    graph = saved_models.meta_graph("serve")
    nodes = graph.object_graph_def.nodes
    for number in range(count):
        node = nodes.add()
        if number + 1 < count:
            node.children.add(node_id=number + 1, local_name=f"layer_{number}")
        elif back_to is not None:
            node.children.add(node_id=back_to, local_name="back")
        if number:
            node.variable.dtype = FLOAT
            node.variable.name = f"v{number}"
    return graph


@pytest.mark.parametrize("back_to", [None, 0, 19_999])
def test_a_chain_of_objects(tmp_path: Path, back_to: int | None) -> None:
    graph = _objects(20_000, back_to)
    paths = object_graph.checkpoint_paths(graph.object_graph_def.nodes)
    # All of them would be 200,000,000 characters and more.
    assert sum(map(len, paths.values())) < 1_000_000
    summary = summary_of(write(tmp_path / "m", graph, is_module=False))
    assert len(summary.variants[0].variables) == 19_999


def test_a_million_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST", {"variables": 50, "objects": 50})
    graph = saved_models.meta_graph()
    for number in range(50):
        saved_models.add_variable(graph, f"w{number}", [2])
    assert len(summary_of(write(tmp_path / "m", graph)).variants[0].variables) == 50
    saved_models.add_variable(graph, "w50", [2])
    with pytest.raises(errors.UnsupportedFormatError, match="lists 51 variables; the limit is 50"):
        summary_of(write(tmp_path / "m", graph))
    for count in (50, 51):
        folder = write(tmp_path / str(count), _objects(count), is_module=False)
        if count == 50:
            assert len(summary_of(folder).variants[0].variables) == 49
        else:
            with pytest.raises(errors.UnsupportedFormatError, match="lists 51 objects; the limit is 50"):
                summary_of(folder)


def test_paths_of_an_honest_length_are_kept() -> None:
    names = set(object_graph.checkpoint_paths(_objects(100).object_graph_def.nodes).values())
    assert len(names) == 100
    assert max(map(len, names)) > 800


def test_a_description_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = saved_models.meta_graph()
    for number in range(50):
        saved_models.add_variable(graph, f"w{number}", [2])
    folder = write(tmp_path / "m", graph)
    parsed: Counter[bytes] = Counter()
    own = messages.VariableDef

    class Counting:
        @staticmethod
        def FromString(content: bytes) -> Any:  # noqa: N802 - protobuf's name
            parsed[content] += 1
            return own.FromString(content)

    monkeypatch.setattr(variables, "VariableDef", Counting)
    summary = summary_of(folder)
    assert [variable.trainable for variable in summary.variants[0].variables] == [True] * 50
    assert set(parsed.values()) == {1}
    assert len(parsed) == 50


def test_nobody_reads_code_with_thousands_of_inputs(tmp_path: Path) -> None:
    graph = saved_models.meta_graph()
    signature = graph.signature_def["default"]
    for number in range(999):
        saved_models.set_tensor(signature.inputs[f"i{number}"], "x:0", FLOAT, [2])
    assert usage(summary_of(write(tmp_path / "m", graph))) is not None
    saved_models.set_tensor(signature.inputs["one more"], "x:0", FLOAT, [2])
    assert usage(summary_of(write(tmp_path / "m", graph))) is None


def test_ops_are_told_by_how_they_begin() -> None:
    patterns = op_packages._patterns()
    for pattern, package in patterns.items():
        if pattern.endswith("*"):
            assert op_packages.provider(f"{pattern[:-1]}Strange") is not None
        else:
            assert op_packages.provider(pattern) == package
    assert op_packages.provider("NoOpOfAnybody") is None


@pytest.mark.parametrize("offset", [0, 1, 127, 128, 1 << 20, (1 << 56) - 1, 1 << 56, (1 << 63) - 1])
@pytest.mark.parametrize("shape", [(), (2,), (1 << 40, 3), (7,) * 60])
def test_entries_in_short_and_in_full(shape: tuple[int, ...], offset: int) -> None:
    """Entries as they are written nearly always, and with their fields in another order."""
    entry = mutated_modules.entry(shape, offset, 300)
    other = mutated_modules.written(list(reversed(mutated_modules.fields(entry))))
    found = [
        read_index(mutated_modules.index([(b"", b"\x08\x01"), (b"w", each)])).entries["w"]
        for each in (entry, other)
    ]
    assert found[0] == found[1]
    assert found[0].shape == shape
    assert (found[0].extents[0].offset, found[0].extents[0].size) == (offset, 300)
    assert found[0].extents[0].crc32c == 0x04030201


def test_an_entry_in_a_shard_that_does_not_exist() -> None:
    entry = mutated_modules.entry((2,), 0, 8).replace(b"\x28\x08", b"\x18\x02\x28\x08")
    with pytest.raises(errors.DamagedModuleError, match=re.escape("lies in shard 2 of 1")):
        read_index(mutated_modules.index([(b"", b"\x08\x01"), (b"w", entry)]))


@pytest.mark.parametrize("length", [5, 60, 127])
def test_an_entry_that_ends_within_its_shape(length: int) -> None:
    own = b"\x08\x01\x12" + bytes([length]) + b"\x12\x02\x08"
    with pytest.raises(errors.DamagedModuleError, match="ends within a field"):
        read_index(mutated_modules.index([(b"", b"\x08\x01"), (b"w", own)]))


def test_what_is_near_is_looked_for_a_few_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = saved_models.meta_graph()
    for number in range(50):
        saved_models.set_tensor(graph.signature_def["default"].inputs[f"i{number}"], "xx:0", FLOAT, [2])
    looked: list[str] = []

    def near(name: str, nodes: dict[str, Any]) -> list[str]:
        looked.append(name)
        return ["x:0"]

    monkeypatch.setattr(variant, "_near", near)
    *named, more = summary_of(write(tmp_path / "m", graph)).warnings
    assert [text.endswith("Did you mean 'x:0'?") for text in named] == [True] * 3
    assert more == "... and 47 more of this kind."
    assert len(looked) == 3


def _nodes(graph: Any, number: int) -> None:
    saved_models.add_node(graph, f"n{number}", "Relu", ["x"], T=FLOAT)


def _bodies(graph: Any, number: int) -> None:
    function = graph.graph_def.library.function.add()
    function.signature.name = f"f{number}"
    function.node_def.add(name="n", op="NoOp")


def _signatures(graph: Any, number: int) -> None:
    saved_models.set_tensor(graph.signature_def[f"s{number}"].inputs["x"], "x:0", FLOAT, [2])


def _collections(graph: Any, number: int) -> None:
    graph.collection_def[f"c{number}"].node_list.value.append("x:0")


def _attachments(graph: Any, number: int) -> None:
    attached = graph.collection_def["hub_module_attachments"].bytes_list.value
    attached.append(ModuleAttachment(key=f"k{number}", value=b"\x08\x01").SerializeToString())


def _assets(graph: Any, number: int) -> None:
    saved_models.add_asset(graph, f"a{number}.txt", f"asset{number}")


@pytest.mark.parametrize(
    ("add", "what", "others"),
    [
        (_nodes, "nodes", 2),  # x and y
        (_bodies, "nodes", 2),
        (_bodies, "functions", 0),
        (_signatures, "inputs and outputs of signatures", 2),
        (_collections, "collections", 0),
        (_attachments, "attached messages", 0),
        (_assets, "assets", 0),
    ],
)
def test_too_many_of_a_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, add: Any, what: str, others: int
) -> None:
    """Counted in all graphs together: a file may hold 1,000 of them."""
    monkeypatch.setattr(limits, "_MOST", {what: 20 + 2 * others})
    first, second = saved_models.meta_graph("a"), saved_models.meta_graph("b")
    for number in range(10):
        add(first, number)
        add(second, number)
    assert len(summary_of(write(tmp_path / "m", first, second)).variants) == 2
    add(second, 10)
    with pytest.raises(errors.UnsupportedFormatError, match=f"lists {21 + 2 * others} {what}; the limit is"):
        summary_of(write(tmp_path / "m", first, second))


def test_attached_messages_are_taken_apart_up_to_a_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = saved_models.meta_graph()
    for number in range(4):
        _attachments(graph, number)
    monkeypatch.setattr(attachments, "_MAX_TAKEN_APART", 6)
    read = summary_of(write(tmp_path / "m", graph)).variants[0].messages
    assert [each.fields for each in read] == [(("1", "1"),)] * 3 + [(("", "0801"),)]


def test_equal_tensors_of_signatures_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = saved_models.meta_graph()
    for number in range(50):
        saved_models.set_tensor(graph.signature_def[f"s{number}"].inputs["x"], "x:0", FLOAT, [None, 2])
    saved_models.set_tensor(graph.signature_def["other"].inputs["x"], "x:0", FLOAT, [None, 3])
    read: list[str] = []
    own = signatures._tensor

    def counting(name: str, *others: Any) -> Any:
        read.append(name)
        return own(name, *others)

    monkeypatch.setattr(signatures, "_tensor", counting)
    found = summary_of(write(tmp_path / "m", graph)).variants[0].signatures
    shapes = {each.name: each.inputs[0].shape for each in found}
    assert shapes.pop("other") == (None, 3)
    assert list(shapes.values()) == [(None, 2)] * 51
    assert sorted(read) == ["default", "x", "x"]


@pytest.mark.parametrize("rank", [0, 1, 25, 26, 300])
def test_shapes_of_all_ranks(rank: int) -> None:
    graph = messages.TensorShapeProto()
    for size in range(rank):
        graph.dim.add(size=size - 1)
    assert shape_of(graph) == tuple(None if size == 0 else size - 1 for size in range(rank))
