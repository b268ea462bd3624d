"""Names that are not here, above all tensorflow_hub's: each says what to write instead, and that runs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.missing_names import MISSING_NAMES

PUBLIC = ["LatestModuleExporter", "register_module_for_export"]
MESSAGE = r"(?s)hubexplore has no {!r}, .*?Write instead:\n\n(?P<code>    .*)\n$"


@pytest.mark.parametrize("name", sorted({*PUBLIC, *MISSING_NAMES}))
def test_a_name_says_what_to_write_instead(name: str) -> None:
    assert not hasattr(hub, name)
    assert name not in dir(hub)
    with pytest.raises(AttributeError, match=MESSAGE.format(name)) as caught:
        getattr(hub, name)
    assert isinstance(caught.value, hub.HubError)


@pytest.mark.parametrize("name", PUBLIC)
def test_importing_a_name_says_the_same(name: str) -> None:
    with pytest.raises(ImportError, match=MESSAGE.format(name)) as caught:
        exec(f"from hubexplore import {name}", {})
    assert isinstance(caught.value, hub.HubError)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("lod", "load"),
        ("Modul", "Module"),
        ("sumarize", "summarize"),
        ("modulespec", "ModuleSpec"),
    ],
)
def test_a_misspelled_name_names_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(AttributeError, match=f"no attribute {name!r}. Did you mean {nearest!r}"):
        getattr(hub, name)
    with pytest.raises(ImportError, match=f"Did you mean {nearest!r}"):
        exec(f"from hubexplore import {name}", {})


def test_a_misspelled_name_that_is_not_here() -> None:
    with pytest.raises(AttributeError, match=r"(?s)has no 'register_module_for_export', .*module\.export"):
        _ = hub.register_module_for_exports


def test_a_name_like_no_other() -> None:
    with pytest.raises(AttributeError, match=r"'zzz'\. dir\(hubexplore\) lists its names"):
        _ = hub.zzz


def test_parts_of_the_package_can_be_imported_by_name() -> None:
    names: dict[str, Any] = {}
    exec("from hubexplore import display, errors, hub, samples", names)
    assert names["errors"].HubError is hub.HubError


def code_of(name: str) -> str:
    with pytest.raises(AttributeError) as caught:
        getattr(hub, name)
    match = re.search(MESSAGE.format(name), str(caught.value))
    assert match
    return textwrap.dedent(match["code"])


def run(name: str, **names: Any) -> dict[str, Any]:
    """Runs what the error says."""
    context = {"hub": hub, "tf": tf, **names}
    exec(code_of(name), context)
    return context


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A module that maps words to vectors."""
    vocabulary = tmp_path_factory.mktemp("words") / "vocabulary.txt"
    vocabulary.write_text("a\nb\n")

    def module_fn() -> None:
        table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(str(vocabulary), tf.string, -2, tf.int64, -1), -1
        )
        words = tf.compat.v1.placeholder(tf.string, [None])
        weights = tf.compat.v1.get_variable("w", initializer=[[1.0, 2.0], [3.0, 4.0]])
        hub.add_signature(inputs=words, outputs=tf.gather(weights, table.lookup(words)))

    return exported(hub.create_module_spec(module_fn), str(vocabulary.parent / "module"))


def exported(spec: hub.ModuleSpec, path: str) -> str:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = hub.Module(spec)
        session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
        module.export(path, session)
    return path


def value(tensor: Any) -> list[Any]:
    with tf.compat.v1.Session(graph=tensor.graph) as session, tensor.graph.as_default():
        session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
        return session.run(tensor).tolist()  # type: ignore[no-any-return]  # NumPy's own


@pytest.fixture
def eager() -> None:
    if not tf.executing_eagerly():
        pytest.skip("TF2 behaviour is disabled")


def test_the_code_for_resolve_runs(words: str) -> None:
    assert run("resolver", handle=words)["path"] == words


def test_the_code_for_what_is_a_method_runs(words: str, tmp_path: Path) -> None:
    run("compare", path="sample:digits", other=words)
    run("show", path=words)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        inputs = [2.0]
        made = run(
            "call", module=hub.Module("sample:half-plus-two"), path="sample:half-plus-two", inputs=inputs
        )
        assert made["values"].tolist() == [3.0]
        session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
        assert session.run(made["outputs"]).tolist() == [3.0]
        run("export", module=made["module"], session=session, export_path=str(tmp_path / "made"))
    assert hub.summarize(str(tmp_path / "made")).variants


def exports(name: str, **names: Any) -> Callable[[str], Any]:
    """A function that exports by what the error says."""
    return lambda path: run(name, export_path=path, **names)


def test_the_code_for_exports_runs(tmp_path: Path) -> None:
    def module_fn() -> None:
        x = tf.compat.v1.placeholder(tf.float32, [None])
        hub.add_signature(inputs=x, outputs=x * tf.compat.v1.get_variable("w", initializer=3.0))

    spec = hub.create_module_spec(module_fn)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = hub.Module(spec, trainable=True)
        session.run(module.variable_map["w"].assign(7.0))
        tf.compat.v1.train.Saver().save(session, str(tmp_path / "model.ckpt"))
        exports("register_module_for_export", module=module, session=session)(str(tmp_path / "live"))
    exports("LatestModuleExporter", spec=spec, model_dir=str(tmp_path))(str(tmp_path / "latest"))
    for path in (tmp_path / "live", tmp_path / "latest"):
        with hub.eval_function_for_module(str(path)) as f:
            np.testing.assert_array_equal(f([2.0]), [14.0])
