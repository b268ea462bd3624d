"""What the author of a module kept apart stays apart: tables, files, variables; in instances and exports."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import AuthoringError
from hubexplore.hub.graph.shared_names import neutralize_shared_names
from hubexplore.hub.storage.assets import distinct_names
from tests.hub import modules

tf1 = tf.compat.v1
SpecOf = Callable[..., hub.ModuleSpec]

EINS, UN = ["eins", "zwei"], ["un", "deux"]


def words_file(path: Path, words: Iterable[str]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{word}\n" for word in words))
    return str(path)


def table(path: Any) -> tf.lookup.StaticHashTable:
    """Number of a line -> the line."""
    initializer = modules.line_texts(path)
    return tf.lookup.StaticHashTable(initializer, "?")


def lines_of(*paths: str) -> None:
    """One output for each vocabulary: number [n] -> line [n]."""
    number = tf1.placeholder(tf.int64, [None], name="number")
    hub.add_signature(
        inputs=number, outputs={f"f{i}": table(path).lookup(number) for i, path in enumerate(paths)}
    )


def lines_of_one(path: str) -> None:
    """The same for one vocabulary."""
    lines_of(path)


def first_words(spec: Any, tags: Sequence[str] = ()) -> list[bytes]:
    """The first word of each vocabulary of a module."""
    outputs = modules.evaluate(spec, [0], tags=tags)
    return [outputs[name].tolist()[0] for name in sorted(outputs)]


def exported(tmp_path: Path, *paths: str) -> str:
    spec = hub.create_module_spec(lambda: lines_of(*paths))
    return modules.export(spec, tmp_path / f"module_{len(list(tmp_path.iterdir()))}")


# Files and the tables that are filled from them.


@pytest.mark.parametrize(
    "files",
    [
        ("de/vocab.txt", "fr/vocab.txt"),
        ("vocab.txt", "fr/vocab.txt", "vocab_1.txt", "de/vocab_1.txt"),
        ("vocab", "vocab2", "x/vocab", "x/vocab2", "x/vocab_1"),
        ("de/V.txt", "fr/v.txt"),
        ("de/caf\u00e9", "fr/cafe\u0301"),
        ("de/stra\u00dfe", "fr/STRASSE"),
        ("de/a:b", "fr/a:b"),
        ("de/C:\\x", "fr/C:_x"),
        ("de/..\\x", "fr/.._x"),
        ("de/a\nb", "fr/a\nb"),
        ("de/" + "x" * 255, "fr/" + "x" * 255),
        ("de/" + "\u00e9" * 127, "fr/" + "\u00e9" * 127),
        ("de/hash_table_", "fr/_"),
    ],
    ids=lambda files: files[1][:12].encode("unicode_escape").decode(),
)
def test_each_table_reads_its_own_file(tmp_path: Path, files: tuple[str, ...]) -> None:
    """Written, written again from what was loaded, and in two instances; the author's files are gone."""
    paths = [words_file(tmp_path / "authors" / file, [f"of {file}".replace("\n", " ")]) for file in files]
    expected = [f"of {file}".replace("\n", " ").encode() for file in files]
    first = exported(tmp_path, *paths)
    shutil.rmtree(tmp_path / "authors")
    assert first_words(first) == expected
    names = [path.name for path in Path(first, "assets").iterdir()]
    assert len({name.casefold() for name in names}) == len(files)
    outer = hub.create_module_spec(lambda: _around(first))
    assert first_words(modules.export(outer, tmp_path / "outer")) == expected


def _around(path: str) -> None:
    """A module that uses another one twice."""
    number = tf1.placeholder(tf.int64, [None], name="number")
    one, other = hub.Module(path), hub.Module(path)
    outputs = one(number, as_dict=True)
    hub.add_signature(inputs=number, outputs=outputs)
    hub.add_signature("again", inputs=number, outputs=other(number, as_dict=True))


def test_a_file_keeps_its_name_where_no_other_has_it() -> None:
    names = distinct_names(["/a/vocab.txt", "/b/vocab.txt", "/c/vocab_1.txt", "/d/Vocab.txt"])
    assert list(names.values()) == ["vocab.txt", "vocab_2.txt", "vocab_1.txt", "Vocab_3.txt"]


def test_one_file_by_two_spellings_is_copied_once(tmp_path: Path) -> None:
    path = words_file(tmp_path / "authors" / "vocab.txt", EINS)
    (tmp_path / "link").symlink_to(tmp_path / "authors")
    module = exported(
        tmp_path, path, f"{tmp_path}/authors/../authors/vocab.txt", f"{tmp_path}/link/vocab.txt"
    )
    assert [file.name for file in Path(module, "assets").iterdir()] == ["vocab.txt"]
    assert first_words(module) == [b"eins"] * 3


def test_two_variants_with_files_of_one_name(tmp_path: Path) -> None:
    paths = {
        name: words_file(tmp_path / name / "vocab.txt", words) for name, words in (("de", EINS), ("fr", UN))
    }
    spec = hub.create_module_spec(lines_of_one, [({name}, {"path": path}) for name, path in paths.items()])
    module = modules.export(spec, tmp_path / "module", tags={"de"})
    assert first_words(module, ["de"]) == [b"eins"]
    assert first_words(module, ["fr"]) == [b"un"]


def test_two_modules_with_files_of_one_name_become_one(tmp_path: Path) -> None:
    parts = [
        exported(tmp_path, words_file(tmp_path / name / "vocab.txt", words))
        for name, words in (("de", EINS), ("fr", UN))
    ]

    def module_fn() -> None:
        number = tf1.placeholder(tf.int64, [None], name="number")
        outputs = {f"f{i}": hub.Module(path)(number, as_dict=True)["f0"] for i, path in enumerate(parts)}
        hub.add_signature(inputs=number, outputs=outputs)

    assert first_words(modules.export(hub.create_module_spec(module_fn), tmp_path / "both")) == [
        b"eins",
        b"un",
    ]


def test_relative_paths_of_assets_are_those_of_the_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, words in (("de", EINS), ("fr", UN)):
        words_file(tmp_path / name / "vocab.txt", words)
    monkeypatch.chdir(tmp_path / "de")
    spec = hub.create_module_spec(lambda: lines_of("vocab.txt"))
    monkeypatch.chdir(tmp_path / "fr")
    assert first_words(spec) == [b"eins"]
    assert first_words(modules.export(spec, tmp_path / "module")) == [b"eins"]


def _share(path: str) -> None:
    """Makes all tables of a module one, as hubexplore 0.1.0 wrote those with files of one base name."""
    with modules.edited(path) as saved_model:
        for node in saved_model.meta_graphs[0].graph_def.node:
            if node.op == "HashTableV2":
                node.attr["shared_name"].s = b"hash_table_vocab.txt_-1_-2"


def test_tables_that_were_written_as_one_are_separate_again(tmp_path: Path) -> None:
    files = [words_file(tmp_path / name / "vocab.txt", words) for name, words in (("de", EINS), ("fr", UN))]
    module = exported(tmp_path, *files, files[0])
    _share(module)
    assert first_words(module) == [b"eins", b"un", b"eins"]
    with tf.Graph().as_default() as graph:
        hub.Module(module)
        shared = [op.get_attr("shared_name") for op in graph.get_operations() if op.type == "HashTableV2"]
    assert len(set(shared)) == 2  # tables of one file go on to be one
    # An export of it is sound by itself: no other reader has to know.
    with modules.edited(modules.export(hub.load_module_spec(module), tmp_path / "again")) as saved_model:
        nodes = saved_model.meta_graphs[0].graph_def.node
        assert len({node.attr["shared_name"].s for node in nodes if node.op == "HashTableV2"}) == 2
    assert first_words(str(tmp_path / "again")) == [b"eins", b"un", b"eins"]


def test_shared_names_that_differ_go_on_to_differ() -> None:
    """Also those that are equal once the paths are out of them, and those in functions."""
    names = [b"t_/de/v", b"t_/fr/v", b"t_v", b"t_v_1", b"t_/de/v2", b"t_/fr/v"]
    meta_graph = tf1.MetaGraphDef()
    for name in names[:3]:
        meta_graph.graph_def.node.add(op="HashTableV2").attr["shared_name"].s = name
    function = meta_graph.graph_def.library.function.add()
    for name in names[3:]:
        function.node_def.add(op="HashTableV2").attr["shared_name"].s = name
    neutralize_shared_names([meta_graph], {"/de/v": "v", "/fr/v": "v", "/de/v2": "v2"})
    nodes = [*meta_graph.graph_def.node, *function.node_def]
    written = [node.attr["shared_name"].s for node in nodes]
    assert not any(b"/" in name for name in written)
    assert [written.index(name) for name in written] == [names.index(name) for name in names]
    assert written[2:4] == names[2:4]


# Tables in functions, as a TF2 model inside of a module has them.


def _tf2_model(path: Path, words: Sequence[str]) -> str:
    file = words_file(path / "vocab.txt", words)
    initializer = modules.line_texts(file)
    model = tf.Module()
    model.table = tf.lookup.StaticHashTable(initializer, "?")
    model.call = tf.function(
        model.table.lookup, input_signature=[tf.TensorSpec([None], tf.int64)], autograph=False
    )
    tf.saved_model.save(model, str(path / "model"))
    return str(path / "model")


def _with_tf2_model(path: str) -> None:
    model = tf.saved_model.load(path)
    number = tf1.placeholder(tf.int64, [None], name="number")
    hub.add_signature(inputs=number, outputs={"f0": model.call(number)})


def test_tables_that_functions_make(tmp_path: Path, needs_eager: None) -> None:
    """Two modules whose functions and tables have the same names, as two processes give them."""
    model = _tf2_model(tmp_path / "tf2", EINS)
    one = modules.export(hub.create_module_spec(lambda: _with_tf2_model(model)), tmp_path / "one")
    other = str(shutil.copytree(one, tmp_path / "other"))
    words_file(Path(other, "assets", "vocab.txt"), UN)
    with tf.Graph().as_default():
        instances = [hub.Module(path) for path in (one, other, one)]
        results = [module([0], as_dict=True)["f0"] for module in instances for _ in range(2)]
        words = [value.tolist()[0] for value in modules.run(results)]
    assert words == [b"eins", b"eins", b"un", b"un", b"eins", b"eins"]


# Variables.


def _raw_variables(*shared_names: str) -> None:
    """Signatures `put0`, `get0`, ...: variables without a collection, each with a shared name."""
    value = tf1.placeholder(tf.float32, [], name="value")
    for number, shared_name in enumerate(shared_names):
        handle = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[], shared_name=shared_name)
        with tf.control_dependencies([tf.raw_ops.AssignVariableOp(resource=handle, value=value)]):
            hub.add_signature(f"put{number}", inputs=value, outputs=tf.identity(value))
        read = tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32)
        hub.add_signature(f"get{number}", outputs=read)


def test_variables_without_a_shared_name_are_of_one_instance(spec_of: SpecOf, graph: tf.Graph) -> None:
    """TensorFlow takes all variables without one for the same, whatever their nodes are called."""
    spec = spec_of(lambda: _raw_variables("", ""))
    one, other = hub.Module(spec), hub.Module(spec)
    with tf1.Session() as session:
        for module, value in ((one, 1.0), (other, 2.0)):
            session.run(module(value, signature="put0"))
        assert session.run([one(signature="get1"), other(signature="get1")]) == [1.0, 2.0]


def test_anonymous_variables_are_two(spec_of: SpecOf, graph: tf.Graph) -> None:
    anonymous = "cd2c89b7-88b7-44c8-ad83-06c2a9158347"
    module = hub.Module(spec_of(lambda: _raw_variables(anonymous, anonymous)))
    with tf1.Session() as session:
        for number in range(2):
            session.run(module(float(number), signature=f"put{number}"))
        assert session.run([module(signature="get0"), module(signature="get1")]) == [0.0, 1.0]


def test_tables_and_variables_in_containers(spec_of: SpecOf, graph: tf.Graph) -> None:
    """The same names in two containers are two things."""

    def module_fn() -> None:
        outputs: dict[str, Any] = {}
        for number, container in enumerate(["one", "other"]):
            with tf1.container(container):
                keys, values = tf.constant(["k"]), tf.constant([number], tf.int64)
                handle = tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="t")
                fill = tf.raw_ops.LookupTableImportV2(table_handle=handle, keys=keys, values=values)
                tf1.add_to_collection(tf1.GraphKeys.TABLE_INITIALIZERS, fill)
                entries = tf.raw_ops.LookupTableFindV2(
                    table_handle=handle, keys=keys, default_value=tf.constant(-1, tf.int64)
                )
                variable = tf1.get_variable(f"v{number}", initializer=float(number))
                outputs |= {f"t{number}": entries, f"v{number}": tf.identity(variable)}
        hub.add_signature(outputs=outputs)

    module = hub.Module(spec_of(module_fn))
    values = modules.run(module(as_dict=True))
    assert {name: value.item() for name, value in values.items()} == {"t0": 0, "t1": 1, "v0": 0.0, "v1": 1.0}


def test_a_variable_whole_and_in_parts() -> None:
    """A checkpoint could hold only one of them."""

    def module_fn() -> None:
        tf1.get_variable("v", [4, 2], partitioner=tf1.fixed_size_partitioner(2))
        tf1.Variable(1.0, name="v")
        hub.add_signature(outputs=tf.constant(1.0))

    with pytest.raises(
        AuthoringError, match=r"partitioned variable 'v' and another variable of the same name"
    ):
        hub.create_module_spec(module_fn)


# Signatures.


def test_signatures_whose_names_become_one_scope(spec_of: SpecOf, graph: tf.Graph) -> None:
    names = ["a:b", "a_b", "a/b", "A_B", "a b"]

    def module_fn() -> None:
        for number, name in enumerate(names):
            hub.add_signature(name, outputs=tf.constant(number))

    module = hub.Module(spec_of(module_fn))
    assert modules.run([module(signature=name) for name in names]) == list(range(len(names)))
    assert len({call.scope.lower() for call in module.applications}) == len(names)
