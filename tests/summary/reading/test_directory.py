"""Summaries of published modules against TensorFlow's own view of them, and of odd ones made by hand."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.framework import variable_pb2
from tensorflow.core.protobuf import saved_model_pb2

from hubexplore import errors
from hubexplore.errors import HubError
from hubexplore.summary import model
from hubexplore.summary.compare.comparison import compare_modules
from hubexplore.summary.graph import messages
from hubexplore.summary.graph.hub_messages import check_definition
from hubexplore.summary.graph.ops.op_definitions import known_ops
from tests.summary import saved_models
from tests.summary.saved_models import (
    REAL_MODELS,
    add_asset,
    add_node,
    add_variable,
    every_real_model,
    meta_graph,
    summary_of,
    write,
)

# The graph of a TF2 SavedModel is shown as that of the module it becomes.
as_written = pytest.mark.parametrize(
    "name", [name for name in REAL_MODELS if name != "penguin-tf2-savedmodel"]
)


def theirs(folder: Path) -> Any:
    return saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes()).meta_graphs


@every_real_model
def test_signatures_are_those_that_tensorflow_reads(name: str, real_modules: Path) -> None:
    summary = summary_of(real_modules / name)
    for variant, graph in zip(summary.variants, theirs(real_modules / name), strict=True):
        names = {name for name in graph.signature_def if not name.startswith("__")}
        assert {signature.name for signature in variant.signatures} == names
        for signature in variant.signatures:
            definition = graph.signature_def[signature.name]
            assert signature.method == definition.method_name
            for tensors, infos in (
                (signature.inputs, definition.inputs),
                (signature.outputs, definition.outputs),
            ):
                assert [tensor.name for tensor in tensors] == sorted(infos)
                for tensor in tensors:
                    info = infos[tensor.name]
                    assert tensor.dtype == tf.as_dtype(info.dtype).name
                    shape = tf.TensorShape(info.tensor_shape)
                    assert tensor.shape == (None if shape.rank is None else tuple(shape.as_list()))
                    assert tensor.tensor == info.name or summary.format == model.TF2_SAVED_MODEL


@as_written
def test_ops_and_functions_are_counted(name: str, real_modules: Path) -> None:
    summary = summary_of(real_modules / name)
    for variant, graph in zip(summary.variants, theirs(real_modules / name), strict=True):
        assert variant.nodes == len(graph.graph_def.node) == sum(op.count for op in variant.ops)
        bodies = [len(function.node_def) for function in graph.graph_def.library.function]
        assert [function.nodes for function in variant.functions] == bodies
        assert sum(op.in_functions for op in variant.ops) == sum(bodies)
        assert not any(op.unknown for op in variant.ops)


@every_real_model
def test_variables_and_their_sizes_are_those_of_the_checkpoint(name: str, real_modules: Path) -> None:
    folder = real_modules / name
    reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    summary = summary_of(folder)
    for variant in summary.variants:
        for variable in variant.variables:
            assert variable.key in shapes
            assert variable.shape == tuple(shapes[variable.key])
            assert variable.dtype.removesuffix("_ref") == dtypes[variable.key].name
            assert variable.bytes == variable.stored
    claimed = {variable.key for variant in summary.variants for variable in variant.variables}
    assert set(summary.unclaimed) == set(shapes) - claimed - {
        "_CHECKPOINTABLE_OBJECT_GRAPH",
        "save_counter/.ATTRIBUTES/VARIABLE_VALUE",
    }


@pytest.mark.parametrize("name", ["dm21", "vae3dshapes", "deep-image-savedmodel", "half-plus-two-savedmodel"])
def test_trainable_variables_are_those_of_the_collection(name: str, real_modules: Path) -> None:
    summary = summary_of(real_modules / name)
    for variant, graph in zip(summary.variants, theirs(real_modules / name), strict=True):
        for collection, found in (
            ("variables", variant.variables),
            ("trainable_variables", [variable for variable in variant.variables if variable.trainable]),
        ):
            protos = [
                variable_pb2.VariableDef.FromString(value)
                for value in graph.collection_def[collection].bytes_list.value
            ]
            assert {entry.name for entry in found} == {
                proto.variable_name.partition(":")[0] for proto in protos
            }


def test_formats_are_told_apart(real_modules: Path) -> None:
    formats = {name: summary_of(real_modules / name).format for name in REAL_MODELS}
    assert formats == {
        "dm21": model.HUB_MODULE,
        "vae3dshapes": model.HUB_MODULE,
        "penguin-tf2-savedmodel": model.TF2_SAVED_MODEL,
        "deep-image-savedmodel": model.TF1_SAVED_MODEL,
        "half-plus-two-savedmodel": model.TF1_SAVED_MODEL,
        "taxi-estimator-savedmodel": model.TF1_SAVED_MODEL,
    }


def test_files_and_size_are_those_on_disk(real_modules: Path) -> None:
    summary = summary_of(real_modules / "dm21")
    on_disk = [path for path in (real_modules / "dm21").rglob("*") if path.is_file()]
    assert summary.size == sum(path.stat().st_size for path in on_disk)
    assert "smart_module.pb" in {file.name for file in summary.files}
    assert len(summary.files) == len(on_disk)


def test_tables_that_functions_make_know_their_vocabularies(real_modules: Path) -> None:
    (variant,) = summary_of(real_modules / "taxi-estimator-savedmodel").variants
    assert {(table.op, table.key_dtype, table.value_dtype) for table in variant.tables} == {
        ("HashTableV2", "string", "int64")
    }
    assert [table.assets for table in variant.tables] == [
        ("vocab_compute_and_apply_vocabulary_1_vocabulary",),
        ("vocab_compute_and_apply_vocabulary_vocabulary",),
    ]
    payment = variant.assets[1]
    assert payment.first_lines[:2] == ("Cash", "Credit Card")
    assert len(payment.tensors) == 2


def test_initializers_are_no_signatures(real_modules: Path) -> None:
    (variant,) = summary_of(real_modules / "penguin-tf2-savedmodel").variants
    assert [signature.name for signature in variant.signatures] == ["serving_default"]
    assert not variant.initializer


def test_a_tf2_model_is_one_flat_graph(real_modules: Path) -> None:
    """Layers have their names, variables those of the layers, and no call is left."""
    (variant,) = summary_of(real_modules / "penguin-tf2-savedmodel").variants
    names = ["dense", "dense_1", "dense_2"]
    needed = [variable for variable in variant.variables if variable.kind == model.GLOBAL]
    assert [variable.name for variable in needed] == [
        f"{n}/{part}" for n in names for part in ("bias", "kernel")
    ]
    assert needed[1].key == "layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    assert {variable.kind for variable in variant.variables} == {model.GLOBAL, model.UNNEEDED}
    assert variant.parameters == sum(variable.parameters or 0 for variable in needed)
    counts = {op.op: op.count for op in variant.ops}
    assert counts["MatMul"] == 3
    assert not counts.keys() & {"PartitionedCall", "StatefulPartitionedCall"}


def test_a_message_of_unknown_type_is_shown_by_its_fields(real_modules: Path) -> None:
    (variant,) = summary_of(real_modules / "dm21").variants
    (message,) = variant.messages
    assert (message.key, message.type) == ("signature_info", "")
    assert ("1.1", "default") in message.fields
    assert "tensor_dict" in {value for _, value in message.fields}


def test_regularization_losses(real_modules: Path) -> None:
    (variant,) = summary_of(real_modules / "dm21").variants
    (graph,) = theirs(real_modules / "dm21")
    assert list(variant.losses) == list(graph.collection_def["regularization_losses"].node_list.value)


@every_real_model
def test_text_form_gives_the_same_summary(name: str, real_modules: Path, tmp_path: Path) -> None:
    """`saved_model.pbtxt`, as TensorFlow writes it, with unknown fields and packed messages spelt out."""
    content = (real_modules / name / "saved_model.pb").read_bytes()
    text = text_format.MessageToString(saved_model_pb2.SavedModel.FromString(content))
    (tmp_path / "saved_model.pbtxt").write_text(text)
    binary = write(tmp_path / "binary", is_module=False)
    (binary / "saved_model.pb").write_bytes(content)
    expected, found = summary_of(binary), summary_of(tmp_path)
    assert found.variants == expected.variants


def test_the_list_of_ops_is_that_of_this_tensorflow() -> None:
    """An older TensorFlow knows fewer ops, never others."""
    assert {"MatMul", "VarHandleOp", "HashTableV2", "While", "Relu"} <= known_ops()
    assert all(hasattr(tf.raw_ops, op) for op in ("RaggedBincount", "Bincount") if op in known_ops())
    assert "Addons>Unknown" not in known_ops()


# ---- odd ones


def test_partitioned_variables_count_once(tmp_path: Path) -> None:
    graph = meta_graph()
    for number, (offset, length) in enumerate(((0, 4), (4, 2))):
        part = {"full_name": "emb", "full_shape": [6, 3], "var_offset": [offset, 0]}
        add_variable(graph, f"emb/part_{number}", [length, 3], part=part)
    (variable,) = summary_of(write(tmp_path, graph)).variants[0].variables
    assert (variable.name, variable.shape, variable.parameters, variable.bytes) == ("emb", (6, 3), 18, 72)
    assert [(part.node, part.offset, part.shape) for part in variable.partitions] == [
        ("emb/part_0", (0, 0), (4, 3)),
        ("emb/part_1", (4, 0), (2, 3)),
    ]


def test_composite_tensors_name_their_components(tmp_path: Path) -> None:
    graph = meta_graph()
    for name in ("i", "v", "s", "flat", "splits"):
        add_node(graph, name, "Placeholder")
    signature = graph.signature_def["default"]
    sparse = signature.inputs["sparse"]
    sparse.dtype = saved_models.FLOAT
    saved_models.set_shape(sparse.tensor_shape, [None, 5])
    sparse.coo_sparse.values_tensor_name = "v:0"
    sparse.coo_sparse.indices_tensor_name = "i:0"
    sparse.coo_sparse.dense_shape_tensor_name = "s:0"
    ragged = tf.RaggedTensorSpec([2, None], tf.int32, 1, tf.int64)
    composite = signature.inputs["ragged"].composite_tensor
    composite.type_spec.type_spec_class = 3
    values = composite.type_spec.type_state.tuple_value.values
    saved_models.set_shape(values.add().tensor_shape_value, ragged.shape.as_list())
    values.add().tensor_dtype_value = ragged.dtype.as_datatype_enum
    values.add().int64_value = ragged.ragged_rank
    values.add().tensor_dtype_value = ragged.row_splits_dtype.as_datatype_enum
    saved_models.set_tensor(composite.components.add(), "flat:0", 3, [None])
    saved_models.set_tensor(composite.components.add(), "splits:0", 9, [None])
    summary = summary_of(write(tmp_path, graph))
    found = {each.name: each for each in summary.variants[0].signatures[0].inputs}
    assert (found["sparse"].kind, found["sparse"].shape) == ("sparse", (None, 5))
    assert found["sparse"].tensors == ("i:0", "v:0", "s:0")
    assert (found["ragged"].kind, found["ragged"].dtype, found["ragged"].shape) == (
        "ragged",
        "int32",
        (2, None),
    )
    assert [component.role for component in found["ragged"].components] == ["flat values", "row splits"]
    assert summary.warnings == ()


def test_image_sizes_are_decoded(tmp_path: Path) -> None:
    from hubexplore.summary.graph.hub_messages import ImageModuleInfo, ModuleAttachment

    graph = meta_graph()
    info = ImageModuleInfo()
    info.default_image_size.height, info.default_image_size.width = 224, 192
    for key, value in (("image_module_info", info.SerializeToString()), ("mine", b"\x08\x96\x01")):
        attachment = ModuleAttachment(key=key, value=value).SerializeToString()
        graph.collection_def["hub_module_attachments"].bytes_list.value.append(attachment)
    image, mine = summary_of(write(tmp_path, graph)).variants[0].messages
    assert (image.type, dict(image.fields)) == (
        "ImageModuleInfo",
        {"default_image_size.height": "224", "default_image_size.width": "192"},
    )
    assert mine.fields == (("1", "150"),)


def test_ops_that_tensorflow_lacks_name_their_package(tmp_path: Path) -> None:
    graph = meta_graph()
    add_node(graph, "tokens", "SentencepieceOp")
    add_node(graph, "own", "MyOwnOp")
    (variant,) = summary_of(write(tmp_path, graph)).variants
    assert {op.op: op.package for op in variant.ops if op.unknown} == {
        "SentencepieceOp": "tensorflow-text",
        "MyOwnOp": "",
    }


def test_the_digest_tells_contents_apart(tmp_path: Path) -> None:
    first = summary_of(write(tmp_path / "a", meta_graph(), files={"assets/words": b"a\nb"}))
    same = summary_of(write(tmp_path / "b", meta_graph(), files={"assets/words": b"a\nb", "README": b"more"}))
    other = summary_of(write(tmp_path / "c", meta_graph(), files={"assets/words": b"a\nc"}))
    assert first.digest == same.digest != other.digest
    assert len(first.digest) == 64


def test_a_changed_asset_is_noticed_in_place(tmp_path: Path) -> None:
    """A summary knows what was in the files when it was made, though they are others now."""
    graph = meta_graph()
    add_asset(graph, "words")
    path = write(tmp_path / "a", graph, files={"assets/words": b"a\nb\n" * 1000})
    first, again = summary_of(path), summary_of(path)
    content = (tmp_path / "a" / "assets" / "words").read_bytes()
    (tmp_path / "a" / "assets" / "words").write_bytes(content[:-2] + b"c\n")
    other = summary_of(path)
    assert compare_modules(first, again).same
    assert ("assets", "words: content") in {
        (difference.section, difference.name) for difference in compare_modules(first, other).differences
    }


def test_a_module_does_not_change_by_being_read(tmp_path: Path) -> None:
    graph = meta_graph()
    add_variable(graph, "w", [2])
    add_node(graph, "handle", "VarHandleOp")
    before = graph.SerializeToString(deterministic=True)
    from hubexplore.summary.reading.directory import describe

    describe([graph], "title", model.IN_MEMORY, None)
    assert graph.SerializeToString(deterministic=True) == before


# ---- damage: a warning where the graphs can be shown, one error where they cannot


def warnings_of(folder: Path) -> str:
    return " ".join(summary_of(folder).warnings)


def test_missing_weights_are_a_warning(tmp_path: Path) -> None:
    graph = meta_graph()
    add_variable(graph, "w", [2])
    assert "'variables/variables.index' is missing" in warnings_of(write(tmp_path, graph))


def test_damaged_weights_are_a_warning(tmp_path: Path) -> None:
    graph = meta_graph()
    add_variable(graph, "w", [2])
    folder = write(tmp_path, graph, files={"variables/variables.index": b"no index"})
    assert "The weights cannot be read" in warnings_of(folder)


def test_lost_and_escaping_assets_are_warnings(tmp_path: Path) -> None:
    graph = meta_graph()
    add_asset(graph, "words.txt", "asset_1")
    add_asset(graph, "../../etc/passwd", "asset_2")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("secret")
    folder = write(tmp_path / "module", graph)
    warnings = warnings_of(folder)
    assert "'words.txt' is missing" in warnings
    assert "points outside" in warnings
    assert all(asset.first_lines == () for asset in summary_of(folder).variants[0].assets)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"one\r\ntwo\r\n", ("one", "two")),
        ("\ufeffépsilon\nzwei".encode(), ("épsilon", "zwei")),
        ("héllo\nwörld\n".encode("utf-16"), ("héllo", "wörld")),
        (b"caf\xe9\n", ()),
        (bytes(range(256)), ()),
        (b"\xff\xfe\x00\x00", ()),
        (b"", ()),
        (b"x" * 10_000, ("x" * 200,)),
    ],
)
def test_how_an_asset_begins(content: bytes, lines: tuple[str, ...], tmp_path: Path) -> None:
    graph = meta_graph()
    add_asset(graph, "words.txt")
    folder = write(tmp_path, graph, files={"assets/words.txt": content})
    (asset,) = summary_of(folder).variants[0].assets
    assert (asset.size, asset.first_lines) == (len(content), lines)


def test_a_table_is_filled_from_a_file_whose_path_a_variable_holds(tmp_path: Path) -> None:
    """As Keras 3 exports a lookup layer."""
    graph = meta_graph("serve")
    add_asset(graph, "words.txt")
    add_node(graph, "table", "HashTableV2", key_dtype=7, value_dtype=9)
    add_node(graph, "path", "VarHandleOp", dtype=7)
    add_node(graph, "path/Assign", "AssignVariableOp", ["path", "asset"], dtype=7)
    add_node(graph, "path/Read", "ReadVariableOp", ["path", "^path/Assign"], dtype=7)
    add_node(graph, "fill", "StatefulPartitionedCall", ["path/Read", "table"])
    (variant,) = summary_of(write(tmp_path, graph, files={"assets/words.txt": b"a"})).variants
    assert variant.assets[0].tables == ("table",)
    assert variant.tables[0].assets == ("words.txt",)


def test_a_link_out_of_the_module_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("password")
    graph = meta_graph()
    add_asset(graph, "link")
    folder = write(tmp_path / "module", graph)
    (folder / "assets").mkdir()
    (folder / "assets" / "link").symlink_to(tmp_path / "secret")
    (asset,) = summary_of(folder).variants[0].assets
    assert (asset.size, asset.first_lines) == (8, ())


def test_duplicate_nodes_and_variants_are_warnings(tmp_path: Path) -> None:
    graph = meta_graph("a")
    add_node(graph, "y", "Relu")
    warnings = warnings_of(write(tmp_path, graph, meta_graph("a")))
    assert "1 of its nodes have the name of another" in warnings
    assert "Two graph variants have the tags ['a']" in warnings


def test_tensors_that_are_not_there_are_warnings(tmp_path: Path) -> None:
    graph = meta_graph()
    graph.signature_def["default"].outputs["default"].name = "z:0"
    warnings = warnings_of(write(tmp_path, graph))
    assert "output 'default' is the tensor 'z:0', which the graph does not have" in warnings


DEFINITIONS = (
    (b"\x08\x04", "'tfhub_module.pb' names format 4; the TF1 Hub format is 3."),
    (b"\x08\x03\x12\x04flux", "'tfhub_module.pb' requires features that this version does not know: 'flux'."),
    (b"\x08", "'tfhub_module.pb' is truncated or altered"),
)


@pytest.mark.parametrize(("content", "message"), DEFINITIONS)
def test_a_format_that_loading_refuses_is_a_warning(tmp_path: Path, content: bytes, message: str) -> None:
    folder = write(tmp_path, meta_graph(), files={"tfhub_module.pb": content})
    assert message in warnings_of(folder)
    with pytest.raises(HubError, match=re.escape(message.removeprefix("'tfhub_module.pb' "))):
        check_definition("tfhub_module.pb", content)


def test_cycles_and_deep_scopes_are_shown(tmp_path: Path) -> None:
    graph = meta_graph()
    add_node(graph, "a", "Relu", ["b"])
    add_node(graph, "b", "Relu", ["a"])
    add_node(graph, "/".join(["deep"] * 1000), "Relu", ["nowhere"])
    assert summary_of(write(tmp_path, graph)).variants[0].nodes == 5


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "saved_model.pb"),
        (b"\x12\xff\xff\xff\xff\x07abc", "damaged"),  # a length of 2 GB
        (b"<html>", "web page|HTML"),
        (gzip.compress(b"abc", mtime=0), "gzip|compressed|archive"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS"),
    ],
    ids=["nothing", "two gigabytes", "page", "archive", "pointer"],
)
def test_what_is_no_graph_is_one_error(content: bytes, words: str, tmp_path: Path) -> None:
    folder = write(tmp_path, meta_graph())
    (folder / "saved_model.pb").write_bytes(content)
    with pytest.raises(errors.DamagedModuleError, match=words):
        summary_of(folder)


def test_elsewhere_says_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(errors.MissingModuleError):
        summary_of(tmp_path / "nothing")
    write(tmp_path / "inner", meta_graph())
    with pytest.raises(errors.NotAModuleError, match="one level too high"):
        summary_of(tmp_path)


def test_a_tree_of_objects_without_a_root(tmp_path: Path) -> None:
    """References to objects that are not there, and one that is its own child."""
    graph = meta_graph("serve")
    nodes = graph.object_graph_def.nodes
    nodes.add().children.add(node_id=7, local_name="gone")
    nodes[0].children.add(node_id=0, local_name="self")
    nodes.add().variable.name = "orphan"
    summary = summary_of(write(tmp_path, graph, is_module=False))
    assert summary.format == model.TF2_SAVED_MODEL
    assert [variable.name for variable in summary.variants[0].variables] == ["orphan"]


def test_unknown_dtypes_have_a_number(tmp_path: Path) -> None:
    graph = meta_graph()
    for infos in (
        graph.signature_def["default"].inputs["x"],
        graph.signature_def["default"].outputs["default"],
    ):
        infos.dtype = 77
    summary = summary_of(write(tmp_path, graph))
    assert summary.variants[0].signatures[0].outputs[0].dtype == "unknown (77)"
    # What a placeholder takes is known.
    assert summary.variants[0].signatures[0].inputs[0].dtype == "float32"
    assert any("input 'x' is declared as unknown (77), but" in warning for warning in summary.warnings)
    assert messages.dtype_name(77) == "unknown (77)"
