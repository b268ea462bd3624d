"""Which variables are embeddings, and the words of their rows: told from the graph, never from names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import hubexplore as hub
from hubexplore.explorer.weights import is_embedding, looked_up, row_labels
from tests.hub import tf2_models
from tests.hub.modules import export

tf1 = tf.compat.v1
WORDS = [f"word {number}" for number in range(30)]


def found(summary: Any) -> dict[str, tuple[str, ...] | None]:
    """The labels of the rows of each embedding; None for other variables."""
    (variant,) = summary.variants
    nodes = looked_up(summary.source.meta_graphs[variant.tags])
    return {
        variable.name: row_labels(summary, variant, variable) if is_embedding(variable, nodes) else None
        for variable in variant.variables
    }


def built(folder: Path, build: Any) -> Any:
    return hub.summarize(export(hub.create_module_spec(build), folder / "module"))


def test_lookups_in_a_graph(tmp_path: Path) -> None:
    def build() -> None:
        ids = tf1.placeholder(tf.int32, [None])
        outputs = {}
        for name, resource in (("reference", False), ("resource", True)):
            with tf1.variable_scope(name, use_resource=resource):
                outputs[name] = tf.gather(tf1.get_variable("table", [30, 4]), ids)
        with tf1.variable_scope("parts"):
            parts = tf1.get_variable("table", [30, 4], partitioner=tf1.fixed_size_partitioner(3))
            outputs["parts"] = tf1.nn.embedding_lookup(parts, ids, partition_strategy="div")
        # As many rows as there are words, but not looked up: its labels would be wrong.
        outputs["dense"] = tf.matmul(tf.one_hot(ids, 30), tf1.get_variable("embedding", [30, 4]))
        outputs["words"] = tf.gather(tf.constant(WORDS), ids)
        hub.add_signature(inputs=ids, outputs=outputs)

    words = tuple(WORDS)
    assert found(built(tmp_path, build)) == {
        "embedding": None, "parts/table": words, "reference/table": words, "resource/table": words,
    }  # fmt: skip


def test_words_of_a_file(tmp_path: Path) -> None:
    """The last rows may be buckets for unknown words; of two files that fit equally, none is taken."""
    for name, lines in (("a.txt", 30), ("b.txt", 30), ("c.txt", 27)):
        (tmp_path / name).write_text("\n".join(f"{name} {number}" for number in range(lines)))

    def build(files: list[str], rows: int) -> None:
        words = tf1.placeholder(tf.string, [None])
        table = tf1.get_variable("table", [rows, 4])
        outputs = {}
        for file in files:
            start = tf.lookup.TextFileInitializer(
                str(tmp_path / file), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER,
            )  # fmt: skip
            ids = tf.lookup.StaticVocabularyTable(start, 3).lookup(words)
            outputs[file.removesuffix(".txt")] = tf.gather(table, ids)
        hub.add_signature(inputs=words, outputs=outputs)

    for number, (files, rows, first) in enumerate((
        (["a.txt"], 33, "a.txt 0"), (["c.txt"], 30, "c.txt 0"), (["a.txt", "c.txt"], 30, "a.txt 0"),
        (["a.txt", "b.txt"], 33, None), (["c.txt"], 300, None), (["a.txt"], 20, None),
    )):  # fmt: skip
        folder = tmp_path / str(number)
        labels = found(built(folder, lambda files=files, rows=rows: build(files, rows)))["table"]
        assert labels is not None
        assert (labels[0] if labels else None) == first, number


def test_lookups_in_functions(tmp_path: Path) -> None:
    model = tf.Module()
    model.table = tf.Variable(np.zeros([30, 4], np.float32), name="table")
    model.kernel = tf.Variable(np.zeros([4, 4], np.float32), name="kernel")

    @tf.function
    def inner(ids: Any) -> Any:
        return tf.cond(
            tf.size(ids) > 2, lambda: tf.gather(model.table, ids), lambda: tf.zeros([tf.size(ids), 4])
        )

    call = tf2_models.function(lambda ids: {"y": inner(ids) @ model.kernel},
                               tf2_models.spec(None, dtype=tf.int32, name="ids"))  # fmt: skip
    summary = hub.summarize(tf2_models.save(model, tmp_path / "model", serving_default=call))
    assert found(summary) == {"kernel": None, "table": ()}
