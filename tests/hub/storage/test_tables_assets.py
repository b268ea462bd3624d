"""Tables and the files they are made from."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
KEYS = tf1.GraphKeys
SpecOf = Callable[..., hub.ModuleSpec]


@pytest.fixture
def words(tmp_path: Path) -> str:
    folder = tmp_path / "authors_folder"
    folder.mkdir()
    (folder / "words.txt").write_text("zero\none\ntwo\n")
    return str(folder / "words.txt")


@pytest.fixture
def lookup(spec_of: SpecOf, words: str) -> hub.ModuleSpec:
    return spec_of(modules.lookup, [((), {"vocabulary": words})])


def test_a_vocabulary(lookup: hub.ModuleSpec) -> None:
    assert modules.evaluate(lookup, ["two", "zero", "?"])["default"].tolist() == [2, 0, -1]


def test_collections(lookup: hub.ModuleSpec, graph: tf.Graph) -> None:
    module = hub.Module(lookup)
    (initializer,) = tf1.get_collection(KEYS.TABLE_INITIALIZERS)
    assert initializer.name.startswith("module/")
    (path,) = tf1.get_collection(KEYS.ASSET_FILEPATHS)
    assert path.name.startswith("module/")
    module(["one"])
    assert len(tf1.get_collection(KEYS.TABLE_INITIALIZERS)) == 1
    value = modules.run(path).decode()
    assert Path(value).is_absolute()
    assert Path(value).read_text() == "zero\none\ntwo\n"


def test_an_uninitialised_table(lookup: hub.ModuleSpec, graph: tf.Graph) -> None:
    result = hub.Module(lookup)(["one"])
    with tf1.Session() as session, pytest.raises(tf.errors.FailedPreconditionError):
        session.run(result)


def test_an_asset_that_a_call_reads(spec_of: SpecOf, words: str, graph: tf.Graph) -> None:
    """Where the path is used by the signature, not by the state, it comes along with the call."""

    def module_fn() -> None:
        path = tf.constant(words, name="path")
        tf1.add_to_collection(KEYS.ASSET_FILEPATHS, path)
        hub.add_signature(outputs=tf.io.read_file(path))

    module = hub.Module(spec_of(module_fn))
    for _ in range(2):
        assert modules.run(module()) == b"zero\none\ntwo\n"
    in_calls = [t.name for t in tf1.get_collection(KEYS.ASSET_FILEPATHS) if "_apply_" in t.name]
    assert in_calls == ["module_apply_default/path:0", "module_apply_default_1/path:0"]


def test_a_call_adds_the_assets_of_the_module(lookup: hub.ModuleSpec, graph: tf.Graph) -> None:
    """Also those that the signature does not read, as the documentation of TensorFlow Hub says."""
    module = hub.Module(lookup)
    (path,) = tf1.get_collection(KEYS.ASSET_FILEPATHS)
    module(["one"])
    module(["one"])
    first, *more = tf1.get_collection(KEYS.ASSET_FILEPATHS)
    assert first is path
    prefixes = [tensor.name.partition("/")[0] for tensor in more]
    assert prefixes == ["module_apply_default", "module_apply_default_1"]
    with tf1.Session() as session:
        assert session.run(more) == [session.run(path)] * 2


def test_tables_of_two_instances_are_two(spec_of: SpecOf, graph: tf.Graph) -> None:
    """Also where the module gives its table a name that all would share."""

    def module_fn() -> None:
        table = tf1.raw_ops.MutableHashTableV2(
            key_dtype=tf.string, value_dtype=tf.int64, shared_name="shared"
        )
        key = tf1.placeholder(tf.string, [], name="key")
        value = tf1.placeholder(tf.int64, [], name="value")
        put = tf.raw_ops.LookupTableInsertV2(table_handle=table, keys=[key], values=[value])
        with tf.control_dependencies([put]):
            hub.add_signature(
                "put",
                inputs={"key": key, "value": value},
                outputs=tf.raw_ops.LookupTableSizeV2(table_handle=table),
            )
        default = tf.constant(-1, tf.int64)
        entries = tf.raw_ops.LookupTableFindV2(table_handle=table, keys=[key], default_value=default)
        hub.add_signature("get", inputs=key, outputs=entries)

    spec = spec_of(module_fn)
    one, other = hub.Module(spec), hub.Module(spec)
    with modules.initialized_session() as session:
        assert session.run(one({"key": "k", "value": tf.constant(7, tf.int64)}, signature="put")) == 1
        assert session.run(one("k", signature="get")) == [7]
        assert session.run(other("k", signature="get")) == [-1]


def test_shared_names_start_with_the_scope(lookup: hub.ModuleSpec, graph: tf.Graph) -> None:
    hub.Module(lookup, name="mine")
    with tf1.variable_scope("deep"):
        hub.Module(lookup, name="mine")
    names = [
        op.get_attr("shared_name").decode()
        for op in graph.get_operations()
        if op.type == "HashTableV2" and op.get_attr("shared_name")
    ]
    assert [name.startswith(scope) for name, scope in zip(names, ["mine/", "deep/mine/"], strict=True)] == [
        True,
        True,
    ]


def test_several_tables_initialised_in_turn(spec_of: SpecOf, words: str) -> None:
    """One table's values are looked up in another while it is initialised."""

    def module_fn() -> None:
        keys = tf.constant(["a", "b"])
        first = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(keys, tf.constant([3, 4], tf.int64)), -1
        )
        second = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(tf.constant([3, 4], tf.int64), tf.constant(["x", "y"])), "?"
        )
        word = tf1.placeholder(tf.string, [None], name="word")
        hub.add_signature(inputs=word, outputs=second.lookup(first.lookup(word)))

    assert modules.evaluate(spec_of(module_fn), ["b", "c", "a"])["default"].tolist() == [b"y", b"?", b"x"]


def test_a_table_of_a_vocabulary_with_buckets(spec_of: SpecOf, words: str) -> None:
    def module_fn() -> None:
        initializer = modules.line_numbers(words)
        table = tf.lookup.StaticVocabularyTable(initializer, 5)
        word = tf1.placeholder(tf.string, [None], name="word")
        hub.add_signature(inputs=word, outputs=table.lookup(word))

    one, known = modules.evaluate(spec_of(module_fn), ["unknown", "two"])["default"].tolist()
    assert 3 <= one < 8
    assert known == 2


def test_a_table_from_strings_back_to_words(spec_of: SpecOf, words: str) -> None:
    def module_fn() -> None:
        initializer = modules.line_texts(words)
        table = tf.lookup.StaticHashTable(initializer, "?")
        number = tf1.placeholder(tf.int64, [None], name="number")
        hub.add_signature(inputs=number, outputs=table.lookup(number))

    assert modules.evaluate(spec_of(module_fn), [1, 9])["default"].tolist() == [b"one", b"?"]


# Writing assets.


def _two_files(first: str, second: str) -> None:
    for name, path in (("first", first), ("second", second)):
        constant = tf.constant(path, name=name)
        tf1.add_to_collection(KEYS.ASSET_FILEPATHS, constant)
        hub.add_signature(name, outputs=tf.io.read_file(constant))


def _export_two(tmp_path: Path, first: Path, second: Path) -> str:
    spec = hub.create_module_spec(_two_files, [((), {"first": str(first), "second": str(second)})])
    return modules.export(spec, tmp_path / "module")


def _read_both(path: str) -> list[Any]:
    return [modules.evaluate(path, signature=name)["default"] for name in ("first", "second")]


def test_two_files_of_one_name(tmp_path: Path) -> None:
    files = []
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        files.append(tmp_path / folder / "words.txt")
        files[-1].write_text(f"from {folder}")
    path = _export_two(tmp_path, *files)
    assert sorted(p.name for p in (Path(path) / "assets").iterdir()) == ["words.txt", "words_1.txt"]
    for folder in ("one", "other"):
        shutil.rmtree(tmp_path / folder)
    assert _read_both(path) == [b"from one", b"from other"]
    again = modules.export(hub.load_module_spec(path), tmp_path / "again")
    shutil.rmtree(path)
    assert _read_both(again) == [b"from one", b"from other"]


def test_one_file_used_twice_is_copied_once(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("both")
    path = _export_two(tmp_path, file, file)
    assert [p.name for p in (Path(path) / "assets").iterdir()] == ["words.txt"]
    assert _read_both(path) == [b"both", b"both"]


def test_one_file_used_by_two_variants_is_copied_once(tmp_path: Path, words: str) -> None:
    variants = [((), {"vocabulary": words}), ({"train"}, {"vocabulary": words})]
    path = modules.export(hub.create_module_spec(modules.lookup, variants), tmp_path / "module")
    assert [p.name for p in (Path(path) / "assets").iterdir()] == ["words.txt"]
    Path(words).unlink()
    for tags in ((), ("train",)):
        assert modules.evaluate(path, ["two"], tags=tags)["default"].tolist() == [2]


def test_a_constant_with_several_paths_is_refused(words: str) -> None:
    def module_fn() -> None:
        paths = tf.constant([words, words])
        tf1.add_to_collection(KEYS.ASSET_FILEPATHS, paths)
        hub.add_signature(outputs=tf.io.read_file(paths[0]))

    with pytest.raises(
        ValueError, match=r"'Const:0' in the collection ASSET_FILEPATHS holds a list.*tf\.constant per"
    ):
        hub.create_module_spec(module_fn)


def test_a_missing_asset_stops_the_export_and_leaves_nothing(tmp_path: Path, words: str) -> None:
    spec = hub.create_module_spec(modules.lookup, [((), {"vocabulary": words})])
    target = tmp_path / "module"
    with tf.Graph().as_default():
        module = hub.Module(spec)
        with modules.initialized_session() as session:
            Path(words).unlink()
            before = sorted(tmp_path.iterdir())
            with pytest.raises(OSError, match=r"words\.txt"):
                module.export(str(target), session)
    assert sorted(tmp_path.iterdir()) == before


def test_no_path_of_the_author_in_what_is_written(tmp_path: Path, words: str) -> None:
    """Not in constants, not in the names of shared tables, not anywhere."""

    def module_fn() -> None:
        modules.lookup(words)
        initializer = modules.line_numbers(words)
        tf.lookup.StaticVocabularyTable(initializer, 5)
        tf1.get_variable("v", initializer=1.0)

    first = modules.export(hub.create_module_spec(module_fn), tmp_path / "first")
    second = modules.export(hub.load_module_spec(first), tmp_path / "second")
    for path in (first, second):
        for file in Path(path).rglob("*"):
            if file.is_file():
                data = file.read_bytes()
                assert str(tmp_path).encode() not in data, file
                assert b"authors_folder" not in data, file
