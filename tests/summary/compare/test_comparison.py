"""What differs between variants and modules, and whether one can replace the other."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hubexplore.summary.compare.comparison import (
    SECTIONS,
    Comparison,
    Difference,
    compare_modules,
    compare_variants,
)
from hubexplore.summary.compare.replacement import MAX_HINTS, covers, obstacles, shape_text
from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.model import (
    AssetSummary,
    CollectionSummary,
    ComponentSummary,
    FunctionSummary,
    MessageSummary,
    ModuleSummary,
    OpSummary,
    PartitionSummary,
    Shape,
    SignatureSummary,
    TableSummary,
    TensorSummary,
    VariableSummary,
    VariantSummary,
)
from hubexplore.summary.reading.directory import read_module
from hubexplore.summary.reading.resources import AssetFolder
from hubexplore.summary.source import Source
from tests.summary.checkpoints import merge, save, variables_of, weights_at
from tests.summary.compare.structure_graphs import meta_graph

IMAGES = TensorSummary("images", "float32", (None, 28, 28, 1), tensor="x:0")
LOGITS = TensorSummary("logits", "float32", (None, 10), tensor="y:0")
WORDS = TensorSummary(
    "words",
    "string",
    (None, None),
    "ragged",
    components=(
        ComponentSummary("values", "string", (None,), "v:0"),
        ComponentSummary("row_splits", "int64", (None,), "s:0"),
    ),
)
KERNEL = VariableSummary("dense/kernel", "float32", (784, 10), trainable=True)
PARTS = (PartitionSummary("p", (0,), (4,)),)
BIAS = VariableSummary("dense/bias", "float32", (10,), trainable=True)
FULL = VariantSummary(
    tags=(),
    signatures=(
        SignatureSummary("default", (IMAGES,), (LOGITS,), "predict"),
        SignatureSummary("words", (WORDS,), (LOGITS,)),
    ),
    variables=(BIAS, KERNEL),
    collections=(CollectionSummary("activations", "nodes", 2, ("a", "b")),),
    tables=(TableSummary("table", "HashTableV2", "string", "int64", ("vocabulary.txt",)),),
    assets=(AssetSummary("vocabulary.txt", 12, first_lines=("one", "two")),),
    messages=(MessageSummary("info", "ImageModuleInfo", (("height", "28"), ("width", "28")), 4),),
    losses=("l2:0",),
    update_ops=("update",),
    functions=(FunctionSummary("f", (("x", "float32"),), (), 7),),
    ops=(OpSummary("Const", 12), OpSummary("MatMul", 1, in_functions=2)),
    nodes=13,
)


def changed(**fields: Any) -> VariantSummary:
    return dataclasses.replace(FULL, **fields)


def with_default(
    inputs: tuple[TensorSummary, ...] = (IMAGES,), outputs: tuple[TensorSummary, ...] = (LOGITS,)
) -> VariantSummary:
    return changed(signatures=(SignatureSummary("default", inputs, outputs, "predict"), FULL.signatures[1]))


def of(comparison: Comparison) -> list[tuple[str, str, str | None, str | None]]:
    return [
        (difference.section, difference.name, difference.first, difference.second)
        for difference in comparison.differences
    ]


def test_equal_variants() -> None:
    comparison = compare_variants(FULL, dataclasses.replace(FULL, tags=("train",)))
    assert comparison == Comparison("no tags", "train", ())
    assert comparison.same
    assert comparison.replaceable


def test_order_and_tensor_names_do_not_count() -> None:
    other = changed(
        variables=(KERNEL, BIAS),
        ops=FULL.ops[::-1],
        signatures=(
            FULL.signatures[1],
            SignatureSummary("default", (dataclasses.replace(IMAGES, tensor="z:0"),), (LOGITS,), "predict"),
        ),
        collections=(CollectionSummary("activations", "nodes", 2, ("b", "a")),),
    )
    assert compare_variants(FULL, other).same


@pytest.mark.parametrize(
    ("fields", "section", "name", "first", "second"),
    [
        ({"variables": (BIAS,)}, "variables", "dense/kernel", "float32 (784, 10), trainable", None),
        (
            {"variables": (BIAS, dataclasses.replace(KERNEL, trainable=False))},
            "variables", "dense/kernel", "float32 (784, 10), trainable", "float32 (784, 10), not trainable",
        ),
        (
            {"variables": (BIAS, dataclasses.replace(KERNEL, partitions=PARTS))},
            "variables", "dense/kernel",
            "float32 (784, 10), trainable", "float32 (784, 10), trainable, 1 part",
        ),
        ({"ops": (OpSummary("Const", 12),)}, "ops", "MatMul", "1 and 2 in functions", None),
        ({"ops": (OpSummary("Const", 1400), FULL.ops[1])}, "ops", "Const", "12", "1,400"),
        ({"collections": ()}, "collections", "activations", "2 nodes", None),
        (
            {"collections": (CollectionSummary("activations", "nodes", 2, ("a", "a")),)},
            "collections", "activations: a", "present", "present; present",
        ),
        ({"losses": ()}, "losses", "l2:0", "present", None),
        ({"update_ops": ("update", "more")}, "update ops", "more", None, "present"),
        (
            {"assets": (AssetSummary("vocabulary.txt", None),)},
            "assets", "vocabulary.txt", "12 bytes, begins one | two", "missing",
        ),
        ({"tables": ()}, "tables", "table", "HashTableV2, string to int64 from vocabulary.txt", None),
        ({"messages": ()}, "messages", "info", "ImageModuleInfo, 4 bytes", None),
        (
            {"messages": (MessageSummary("info", "ImageModuleInfo", (("height", "9"), ("width", "28")), 4),)},
            "messages", "info: height", "28", "9",
        ),
        ({"functions": ()}, "functions", "f", "1 input, 0 outputs, 7 nodes", None),
        (
            {"signatures": (dataclasses.replace(FULL.signatures[0], method="classify"), FULL.signatures[1])},
            "signatures", "default", "method predict", "method classify",
        ),
    ],
)  # fmt: skip
def test_a_difference_that_does_not_prevent_replacement(
    fields: dict[str, Any], section: str, name: str, first: str | None, second: str | None
) -> None:
    comparison = compare_variants(FULL, changed(**fields))
    assert (section, name, first, second) in of(comparison)
    assert section in SECTIONS
    assert not comparison.same
    assert comparison.replaceable
    back = compare_variants(changed(**fields), FULL)
    assert (section, name, second, first) in of(back)


def test_a_difference_tells_which_side_lacks_the_item() -> None:
    (difference,) = compare_variants(FULL, changed(losses=())).differences
    assert difference == Difference("losses", "l2:0", (), "present", None)
    assert difference.lacking == "second"
    assert dataclasses.replace(difference, first=None, second="present").lacking == "first"
    assert dataclasses.replace(difference, second="present").lacking == ""


def test_sections_come_in_order_and_names_within() -> None:
    comparison = compare_variants(FULL, VariantSummary(tags=("x",), signatures=()))
    keys = [(SECTIONS.index(difference.section), difference.name) for difference in comparison.differences]
    assert keys == sorted(keys)
    assert {difference.section for difference in comparison.differences} == {
        "signatures", "variables", "ops", "collections", "losses", "update ops", "assets", "tables",
        "messages", "functions",
    }  # fmt: skip
    assert comparison.reasons == (
        "there is no signature 'default'",
        "there is no signature 'words'",
    )


def tensor(name: str, shape: Shape, dtype: str = "float32", kind: str = "dense") -> TensorSummary:
    return TensorSummary(name, dtype, shape, kind)


IN = "signature 'default': the input 'images'"


@pytest.mark.parametrize(
    ("other", "reasons"),
    [
        (with_default(inputs=(tensor("images", None),)), []),
        (with_default(inputs=(tensor("images", (None, None, None, 1)),)), []),
        (
            with_default(inputs=(tensor("images", (1, 28, 28, 1)),)),
            [f"{IN} must accept (?, 28, 28, 1), but accepts (1, 28, 28, 1)"],
        ),
        (
            with_default(inputs=(tensor("images", (None, 784)),)),
            ["signature 'default': the input 'images' must accept (?, 28, 28, 1), but accepts (?, 784)"],
        ),
        (
            with_default(inputs=(tensor("images", IMAGES.shape, "float16"),)),
            ["signature 'default': the input 'images' must be float32, but is float16"],
        ),
        (with_default(inputs=(tensor("images", IMAGES.shape, "float32_ref"),)), []),
        (
            with_default(inputs=(tensor("images", IMAGES.shape, kind="sparse"),)),
            ["signature 'default': the input 'images' must be dense, but is sparse"],
        ),
        (
            with_default(inputs=(tensor("image", IMAGES.shape),)),
            [
                "signature 'default': the input 'images' is not accepted (nearest: 'image')",
                "signature 'default': the further input 'image' is required",
            ],
        ),
        (with_default(outputs=(LOGITS, tensor("more", None))), []),
        (with_default(outputs=(tensor("logits", (32, 10)),)), []),
        (
            with_default(outputs=(tensor("logits", (None, None)),)),
            ["signature 'default': the output 'logits' must be (?, 10), but is (?, ?)"],
        ),
        (
            with_default(outputs=(tensor("logits", None),)),
            ["signature 'default': the output 'logits' must be (?, 10), but is any shape"],
        ),
        (
            with_default(outputs=(tensor("logits", (None, 11), "float64"),)),
            [
                "signature 'default': the output 'logits' must be float32, but is float64",
                "signature 'default': the output 'logits' must be (?, 10), but is (?, 11)",
            ],
        ),
        (with_default(outputs=()), ["signature 'default': there is no output 'logits'"]),
        (changed(signatures=(*FULL.signatures, SignatureSummary("more", (), ()))), []),
        (changed(signatures=FULL.signatures[:1]), ["there is no signature 'words'"]),
    ],
)  # fmt: skip
def test_the_verdict(other: VariantSummary, reasons: list[str]) -> None:
    comparison = compare_variants(FULL, other)
    assert list(comparison.reasons) == reasons
    assert comparison.replaceable == (not reasons)
    assert not comparison.same


def test_parts_of_composite_tensors_count() -> None:
    parts = (WORDS.components[0], dataclasses.replace(WORDS.components[1], dtype="int32"))
    words = SignatureSummary("words", (dataclasses.replace(WORDS, components=parts),), (LOGITS,))
    (reason,) = compare_variants(FULL, changed(signatures=(FULL.signatures[0], words))).reasons
    assert reason == (
        "signature 'words': the input 'words' must be string, row_splits int64, values string, "
        "but is string, row_splits int32, values string"
    )


@pytest.mark.parametrize(
    ("general", "special", "is_covered"),
    [
        (None, None, True),
        (None, (3,), True),
        ((3,), None, False),
        ((None, 3), (2, 3), True),
        ((2, 3), (None, 3), False),
        ((3,), (3, 1), False),
        ((), (), True),
        ((0,), (None,), False),
    ],
)
def test_covers(general: Shape, special: Shape, is_covered: bool) -> None:
    assert covers(general, special) is is_covered


def test_shapes_as_text() -> None:
    texts = [shape_text(shape) for shape in (None, (), (3,), (None, 3))]
    assert texts == ["any shape", "scalar", "(3,)", "(?, 3)"]


# ---- modules


def module(*variants: VariantSummary, source: Source | None = None, **fields: Any) -> ModuleSummary:
    return ModuleSummary("a module", variants, source=source, **fields)


def test_variants_of_modules_correspond_by_their_tags() -> None:
    train = dataclasses.replace(FULL, tags=("train",))
    first = module(FULL, train)
    assert compare_modules(first, module(train, FULL)) == Comparison("a module", "a module", ())
    comparison = compare_modules(first, module(FULL))
    assert of(comparison) == [("variants", "train", "present", None)]
    assert comparison.reasons == ("there is no graph variant train, only: no tags",)
    comparison = compare_modules(module(FULL), first)
    assert of(comparison) == [("variants", "train", None, "present")]
    assert comparison.replaceable
    broken = module(FULL, dataclasses.replace(train, signatures=()))
    assert compare_modules(first, broken).reasons[0] == "graph variant train: there is no signature 'default'"
    broken = module(*(dataclasses.replace(variant, signatures=()) for variant in (FULL, train)))
    assert (
        compare_modules(first, broken).reasons[0] == "in all graph variants, there is no signature 'default'"
    )


def test_single_variants_are_compared_whatever_their_tags() -> None:
    served = dataclasses.replace(FULL, tags=("serve",), losses=(), signatures=FULL.signatures[:1])
    comparison = compare_modules(module(FULL), module(served))
    assert [(difference.section, difference.name) for difference in comparison.differences] == [
        ("variants", "no tags"),
        ("variants", "serve"),
        ("signatures", "words"),
        ("losses", "l2:0"),
    ]
    assert comparison.reasons == (
        "there is no graph variant without tags, only: serve",
        "there is no signature 'words'",
    )


def with_weights(prefix: str, **fields: Any) -> ModuleSummary:
    weights = weights_at(prefix)
    variant = VariantSummary((), (), tuple(variables_of(weights)))
    return module(variant, source=Source({}, weights), **fields)


def test_weights_by_their_checksums(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.float32)
    tensors = {"same": values, "other": values, "reshaped": values, "text": ["a"]}
    first = with_weights(save(tmp_path / "first", tensors))
    assert compare_modules(first, with_weights(save(tmp_path / "again", tensors))).same
    tensors |= {"other": values + 1, "reshaped": values[:3], "text": ["b"]}
    comparison = compare_modules(first, with_weights(save(tmp_path / "second", tensors)))
    assert [(difference.section, difference.name) for difference in comparison.differences] == [
        ("variables", "reshaped"),
        ("weights", "other"),
        ("weights", "text"),
    ]
    assert comparison.replaceable
    for difference in comparison.differences[1:]:
        assert difference.first != difference.second
        assert str(difference.first).startswith("checksum ")


def test_weights_in_other_slices_are_compared_by_their_values(tmp_path: Path) -> None:
    values = np.arange(8, dtype=np.float32).reshape(4, 2)
    halves = [save(tmp_path / str(cut), {"p": values[cut : cut + 2]}, [f"4 2 {cut},2:0,2"]) for cut in (0, 2)]
    first = with_weights(merge(tmp_path / "both", halves))
    assert compare_modules(first, with_weights(save(tmp_path / "whole", {"p": values}))).same
    values = values.copy()
    values[2, 1] = -1
    assert of(compare_modules(first, with_weights(save(tmp_path / "other", {"p": values})))) == [
        ("weights", "p", "in 2 slices, 1 of 8 values differ", "in one piece, 1 of 8 values differ")
    ]


RUN = """
x = Placeholder()
l2 = Neg(x)
update = Abs(x)
a = {op}(x)
y = Relu(a)
"""


def graph(op: str = "Exp", extra: str = "", **fields: Any) -> ModuleSummary:
    """A module whose graph runs an op; `extra` are nodes that nothing needs."""
    message = meta_graph(RUN.format(op=op) + extra)
    return module(
        changed(signatures=(SignatureSummary("default", (IMAGES,), (LOGITS,)),)),
        source=Source({(): message}),
        **fields,
    )


def test_equal_facts_with_another_wiring_are_not_equal() -> None:
    comparison = compare_modules(graph(), graph())
    assert (comparison.same, comparison.basis) == (True, "nodes")
    comparison = compare_modules(graph(), graph("Log"))
    assert of(comparison) == [("nodes", "a", "Exp", "Log")]
    assert comparison.replaceable


def test_nodes_that_nothing_needs_do_not_count() -> None:
    comparison = compare_modules(graph(), graph(extra="rest = Tanh(y)"))
    assert (comparison.same, comparison.unused) == (True, (1, 2))


def test_graphs_of_equal_files_are_not_compared() -> None:
    comparison = compare_modules(graph(digest="1234"), graph("Log", digest="1234"))
    assert (comparison.same, comparison.basis) == (True, "files")
    assert not compare_modules(graph(digest="1234"), graph("Log", digest="5678")).same


def test_variants_are_compared_node_by_node_too() -> None:
    sides = graph(), graph("Log")
    sources = sides[0].source, sides[1].source
    comparison = compare_variants(sides[0].variants[0], sides[1].variants[0], sources)
    assert of(comparison) == [("nodes", "a", "Exp", "Log")]


def test_assets_by_their_contents(tmp_path: Path) -> None:
    sides = []
    for name, content in (("one", "a\nb"), ("other", "a\nc")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "words.txt").write_text(content)
        folder = AssetFolder(str(tmp_path / name), LocalFilesystem())
        variant = VariantSummary((), (), assets=(AssetSummary("words.txt", 3, first_lines=("a",)),))
        sides.append(module(variant, source=Source({}, assets=folder)))
    (difference,) = compare_modules(*sides).differences
    assert (difference.section, difference.name) == ("assets", "words.txt: content")
    assert difference.first == "SHA-256 7e18f737311b2dc3"
    assert compare_modules(sides[0], sides[0]).same


# ---- published ones


def test_both_variants_of_a_real_module(real_modules: Path) -> None:
    summary = read_module(str(real_modules / "vae3dshapes"), LocalFilesystem())
    train, plain = summary.variants
    assert (train.tags, plain.tags) == (("train",), ())
    comparison = compare_variants(plain, train, (summary.source, summary.source))
    assert (comparison.same, comparison.basis) == (True, "nodes")


def test_another_attribute_in_a_real_module(real_modules: Path) -> None:
    path = str(real_modules / "vae3dshapes")
    summary, other = (read_module(path, LocalFilesystem()) for _ in range(2))
    assert other.source is not None
    nodes = {node.name: node for node in other.source.meta_graphs[()].graph_def.node}
    nodes["encoder/e5/MatMul"].attr["transpose_b"].b = True
    comparison = compare_modules(summary, dataclasses.replace(other, digest="other"))
    assert of(comparison) == [
        (
            "attributes",
            "encoder/e5/MatMul: transpose_b (gaussian_encoder, reconstructions)",
            "False",
            "True",
        )
    ]


def test_a_copy_is_the_same_and_another_is_not(real_modules: Path, tmp_path: Path) -> None:
    shutil.copytree(real_modules / "vae3dshapes", tmp_path / "copy")
    summary = read_module(str(real_modules / "vae3dshapes"), LocalFilesystem())
    assert compare_modules(summary, read_module(str(tmp_path / "copy"), LocalFilesystem())).same
    other = read_module(str(real_modules / "dm21"), LocalFilesystem())
    assert not compare_modules(summary, other).replaceable
    assert compare_modules(other, other).same


def test_the_nearest_name_is_looked_up_for_a_limited_number_of_missing_names() -> None:
    def with_signatures(names: Iterable[str]) -> VariantSummary:
        return VariantSummary((), tuple(SignatureSummary(name, (), ()) for name in names))

    first = with_signatures(f"signature_{number}" for number in range(MAX_HINTS + 2))
    reasons = list(obstacles(first, with_signatures(["signature"])))
    hints = [reason.endswith(" (nearest: 'signature')") for reason in reasons]
    assert hints == [True] * MAX_HINTS + [False] * 2
