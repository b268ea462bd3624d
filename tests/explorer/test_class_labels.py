"""Names of classes from label files, and none rather than wrong ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.explorer.class_labels import BACKGROUND, MAX_BYTES, labels, names_by_id
from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.model import (
    AssetSummary,
    ModuleSummary,
    Shape,
    SignatureSummary,
    TableSummary,
    TensorSummary,
    VariantSummary,
)
from hubexplore.summary.reading.resources import AssetFolder
from hubexplore.summary.source import Source

ANIMALS = ("ant", "bee", "cat")
FROM_NUMBERS = ("int64", "string")
FROM_TEXTS = ("string", "int64")
BY_ID = {"shape": (None, 100)}


def found(
    folder: Path,
    files: Mapping[str, bytes | str],
    shape: Shape = (None, 3),
    tables: Mapping[str, tuple[str, str]] | None = None,
    output: Mapping[str, Any] | None = None,
) -> Sequence[str]:
    """The names for an output of a module with these assets.

    Args:
      folder: for the files.
      files: content by name.
      shape: of the output.
      tables: dtypes of keys and values of the table that a file fills, by name of the file.
      output: other facts of the output; with `BY_ID` the names are those of ids.
    """
    assets = []
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
        first = ("some text",) if b"\0" not in data or data[:2] == b"\xff\xfe" else ()
        assets.append(AssetSummary(name, len(data), first_lines=first))
    made = tuple(
        TableSummary(f"table_{name}", "HashTableV2", key, value, (name,))
        for name, (key, value) in (tables or {}).items()
    )
    facts: dict[str, Any] = {"dtype": "float32", "shape": shape, "tensor": "y:0", **(output or {})}
    signature = SignatureSummary("default", (), (TensorSummary("scores", **facts),))
    variant = VariantSummary((), (signature,), assets=tuple(assets), tables=made)
    source = Source({}, assets=AssetFolder(str(folder), LocalFilesystem()))
    summary = ModuleSummary("m", (variant,), source=source)
    if output == BY_ID:
        return names_by_id(summary, ())
    return labels(summary, (), "default").get("scores", ())


def test_names_by_id_come_from_the_one_file_of_class_names(tmp_path: Path) -> None:
    lines = "ant\nbee\n"
    assert found(tmp_path, {"names.txt": lines}, output=BY_ID) == ()
    assert found(tmp_path, {"label_map.txt": lines}, output=BY_ID) == ("ant", "bee")
    assert found(tmp_path, {"n.txt": lines}, tables={"n.txt": FROM_NUMBERS}, output=BY_ID) == ("ant", "bee")
    assert found(tmp_path, {"vocab.txt": lines}, tables={"vocab.txt": FROM_TEXTS}, output=BY_ID) == ()
    two = {"labels.txt": lines, "class_names.txt": "cat\n"}
    assert found(tmp_path, two, output=BY_ID) == ()


def test_a_line_for_each_class(tmp_path: Path) -> None:
    assert found(tmp_path, {"names.txt": "ant\nbee\ncat\n"}) == ANIMALS
    assert found(tmp_path, {"names.txt": "ant\r\nbee\r\ncat"}) == ANIMALS
    assert found(tmp_path, {"names.txt": "\ufeffant\nbee\ncat\n\n\n"}) == ANIMALS
    assert found(tmp_path, {"names.txt": "ant\nbee\ncat".encode("utf-16")}) == ANIMALS


def test_lines_are_those_of_tensorflow(tmp_path: Path) -> None:
    """A separator of paragraphs, and an empty line within, are part of the file's lines."""
    assert found(tmp_path, {"labels": "a\u2029b\n\nc\n"}) == ("a\u2029b", "", "c")


def test_the_background(tmp_path: Path) -> None:
    known = [f"thing {number}" for number in range(1000)]
    assert found(tmp_path, {"labels.txt": "\n".join(known)}, (None, 1001)) == (BACKGROUND, *known)
    assert found(tmp_path, {"labels.txt": "Background\nant\nbee\ncat\n"}) == ANIMALS
    assert found(tmp_path, {"labels.txt": "dog\nant\nbee\ncat\n"}) == ()


@pytest.mark.parametrize("classes", [2, 4, 5, 1001])
def test_a_file_of_another_length_names_nothing(tmp_path: Path, classes: int) -> None:
    assert found(tmp_path, {"labels.txt": "ant\nbee\ncat\n"}, (None, classes)) == ()


def test_what_a_file_is_for_decides(tmp_path: Path) -> None:
    files = {"labels.txt": "ant\nbee\ncat", "out.txt": "x\ny\nz", "words.txt": "the\nking\nsat"}
    both = {"out.txt": FROM_NUMBERS, "words.txt": FROM_TEXTS}
    assert found(tmp_path, files, tables=both) == ("x", "y", "z")
    del files["out.txt"]
    assert found(tmp_path, files, tables={"words.txt": FROM_TEXTS}) == ANIMALS


def test_a_vocabulary_only_if_nothing_else_fits_and_sizes_are_equal(tmp_path: Path) -> None:
    words, table = {"words.txt": "the\nking\nsat"}, {"words.txt": FROM_TEXTS}
    assert found(tmp_path, words, tables=table) == ("the", "king", "sat")
    assert found(tmp_path, words, (None, 4), tables=table) == ()


def test_no_names_rather_than_wrong_ones(tmp_path: Path) -> None:
    assert found(tmp_path, {"labels_a": "ant\nbee\ncat", "labels_b": "x\ny\nz"}) == ()
    assert found(tmp_path, {"labels_a": "ant\nbee\ncat", "labels_b": "ant\nbee\ncat"}) == ANIMALS


@pytest.mark.parametrize(
    ("shape", "facts"),
    [
        (None, {}),
        ((), {}),
        ((None, None), {}),
        ((3,), {"dtype": "int64"}),
        ((None, 3), {"dtype": "string"}),
        ((None, 3), {"kind": "sparse"}),
        ((None, 9, 9, 3), {}),
    ],
    ids=str,
)
def test_outputs_that_are_no_scores(shape: Shape, facts: dict[str, Any], tmp_path: Path) -> None:
    assert found(tmp_path, {"labels.txt": "ant\nbee\ncat"}, shape, output=facts) == ()


@pytest.mark.parametrize(
    "content", [b"\0\1\2\n\n", b"\xff\xfea", b"ant\nb\xe9e\ncat", b"", b"a" * 10 + b"\n" * (MAX_BYTES + 1)]
)
def test_files_of_strangers_name_nothing(content: bytes, tmp_path: Path) -> None:
    assert found(tmp_path, {"labels.txt": content}) == ()


def test_what_is_too_large_or_not_the_modules_own_is_not_read(tmp_path: Path) -> None:
    """A summary has no first lines of a link that leads out of the module."""
    (tmp_path / "labels.txt").write_text("ant\nbee\ncat")
    signature = SignatureSummary("default", (), (TensorSummary("y", "float32", (None, 3), tensor="y:0"),))
    source = Source({}, assets=AssetFolder(str(tmp_path), LocalFilesystem()))
    for size, head, named in ((11, ("ant",), True), (11, (), False), (MAX_BYTES + 1, ("ant",), False)):
        variant = VariantSummary(
            (), (signature,), assets=(AssetSummary("labels.txt", size, first_lines=head),)
        )
        names = labels(ModuleSummary("m", (variant,), source=source), (), "default")
        assert bool(names) is named


def test_a_file_that_is_gone_names_nothing(tmp_path: Path) -> None:
    asset = AssetSummary("gone.txt", 11, first_lines=("ant",))
    signature = SignatureSummary("default", (), (TensorSummary("y", "float32", (None, 3), tensor="y:0"),))
    variant = VariantSummary((), (signature,), assets=(asset,))
    source = Source({}, assets=AssetFolder(str(tmp_path), LocalFilesystem()))
    summary = ModuleSummary("m", (variant,), source=source)
    assert labels(summary, (), "default") == {}
    assert labels(summary, ("train",), "default") == {}
    assert labels(summary, (), "other") == {}
    assert labels(ModuleSummary("m", (variant,)), (), "default") == {}


def test_a_module_with_a_label_file(tmp_path: Path) -> None:
    """As a classifier has it: an asset turns the number of the class into its name."""
    names = tmp_path / "label_map.txt"
    names.write_text("ant\nbee\ncat\n")

    def classifier() -> None:
        x = tf.compat.v1.placeholder(tf.float32, [None, 3])
        line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(str(names), tf.int64, number, tf.string, line), "?"
        )
        best = table.lookup(tf.argmax(x, 1))
        hub.add_signature(inputs=x, outputs={"scores": tf.nn.softmax(x), "best": best})

    with tf.Graph().as_default():
        module = hub.Module(hub.create_module_spec(classifier))
        with tf.compat.v1.Session() as running:
            running.run(tf.compat.v1.tables_initializer())
            module.export(tmp_path / "module", running)
    assert labels(hub.summarize(tmp_path / "module"), (), "default") == {"scores": ANIMALS}


@pytest.mark.parametrize("name", hub.samples.names())
def test_samples_have_none(name: str) -> None:
    summary = hub.summarize(f"sample:{name}")
    for variant in summary.variants:
        for signature in variant.signatures:
            assert labels(summary, variant.tags, signature.name) == {}
