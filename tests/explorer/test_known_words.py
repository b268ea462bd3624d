"""Words that a module looks up in its vocabulary and does not find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.explorer import known_words
from hubexplore.explorer.runs import ModuleRunner, RunRequest
from hubexplore.explorer.subject import Subject
from hubexplore.inputs.input_value import InputValue
from tests.hub import tf2_models

v1 = tf.compat.v1


def run(source: object, texts: list[str], signature: str = "default") -> tuple[str, ...]:
    """Returns the unknown words of a run on texts."""
    runner = ModuleRunner(Subject(source))
    (name,) = hub.summarize(source).variants[0].signatures[0].inputs
    request = RunRequest((), signature, {name.name: InputValue(np.array(texts, object))})
    done = runner.run(request)
    assert list(done.outputs or {}) == ["default"]  # what was fetched beside them is not among them
    runner.subject.close()
    return done.unknown_words


def test_the_words_of_sentences() -> None:
    found = run("sample:text-embedding", ["the King of Xyzzy", "a qwertz and a xyzzy"])
    assert found == ("xyzzy", "qwertz")
    assert run("sample:text-embedding", ["the king"]) == ()


def vocabulary_module(path: Path, key_index: int) -> hub.ModuleSpec:
    vocabulary = path / "words.txt"
    vocabulary.write_text("one\t1\ntwo\t2\n" if key_index >= 0 else "one\ntwo\n")

    def module_fn() -> None:
        words = v1.placeholder(tf.string, [None])
        start = tf.lookup.TextFileInitializer(
            str(vocabulary),
            tf.string,
            key_index if key_index >= 0 else tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            1 if key_index >= 0 else tf.lookup.TextFileIndex.LINE_NUMBER,
        )
        table = tf.lookup.StaticHashTable(start, 0)
        hub.add_signature(inputs=words, outputs=table.lookup(words))

    spec = hub.create_module_spec(module_fn)
    spec.export(path / "module")
    return hub.load_module_spec(path / "module")


def split(texts: tf.Tensor) -> tf.Tensor:
    return tf.strings.split(tf.strings.lower(texts)).to_tensor()


def table_of(path: Path) -> tf.lookup.StaticHashTable:
    index = tf.lookup.TextFileIndex
    start = tf.lookup.TextFileInitializer(str(path), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER)
    return tf.lookup.StaticHashTable(start, -1)


def test_lookups_inside_of_called_functions(tmp_path: Path) -> None:
    """As all are in a TF2 SavedModel, whose tables are filled in functions, too."""
    (tmp_path / "words.txt").write_text("one\ntwo\n")
    model = tf.Module()
    model.table = table_of(tmp_path / "words.txt")
    inner = tf.function(model.table.lookup, autograph=False)
    serve = tf2_models.function(
        lambda texts: {"default": inner(split(texts))}, tf2_models.spec(None, dtype=tf.string, name="texts")
    )
    tf2_models.save(model, tmp_path / "model", serving_default=serve)
    runner = ModuleRunner(Subject(str(tmp_path / "model")))
    texts = InputValue(np.array(["One three"], object))
    done = runner.run(RunRequest(("serve",), "serving_default", {"texts": texts}))
    runner.subject.close()
    assert done.unknown_words == ("three",)
    assert (done.outputs or {})["default"].tolist() == [[0, -1]]


@pytest.mark.parametrize(
    ("prepare", "unknown"),
    [
        (split, ("three",)),
        # The words that it looks up again would be those of another draw.
        (lambda texts: split(tf.random.shuffle(texts)), ()),
    ],
    ids=["function", "random"],
)
def test_a_function_in_a_module(tmp_path: Path, prepare: Any, unknown: tuple[str, ...]) -> None:
    (tmp_path / "words.txt").write_text("one\ntwo\n")

    def module_fn() -> None:
        texts = v1.placeholder(tf.string, [None])
        table = table_of(tmp_path / "words.txt")
        called = tf.function(lambda texts: table.lookup(prepare(texts)), autograph=False)
        hub.add_signature(inputs=texts, outputs=called(texts))

    spec = hub.create_module_spec(module_fn)
    spec.export(tmp_path / "module")
    assert known_words.lookups(hub.summarize(str(tmp_path / "module")), (), "default")
    assert run(tmp_path / "module", ["one three", "two"]) == unknown


def test_a_word_with_the_id_of_the_default_is_known(tmp_path: Path) -> None:
    """And what is looked up may be what is fed."""
    vocabulary_module(tmp_path, -1)
    assert run(tmp_path / "module", ["one", "three", ""]) == ("three",)


def test_columns_of_a_file_say_nothing(tmp_path: Path) -> None:
    vocabulary_module(tmp_path, 0)
    assert run(tmp_path / "module", ["one", "three"]) == ()


def test_many_texts_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_words, "MAX_TEXTS", 2)
    assert run("sample:text-embedding", ["xyzzy"] * 2) == ("xyzzy",)
    assert run("sample:text-embedding", ["xyzzy"] * 3) == ()


def test_many_words_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_words, "MAX_WORDS", 2)
    assert run("sample:text-embedding", ["xa xb xc xd"]) == ("xa", "xb")


def test_numbers_have_no_words() -> None:
    assert known_words.lookups(hub.summarize("sample:digits"), (), "default") == ()
