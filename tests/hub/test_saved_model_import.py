"""`create_module_spec_from_saved_model`: TF1 SavedModels as modules."""

from __future__ import annotations

import html
import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format

import hubexplore as hub
from hubexplore import errors
from tests.hub import modules

tf1 = tf.compat.v1


@pytest.fixture(autouse=True)
def quiet() -> Any:
    """TensorFlow's own writer of SavedModels logs that it is deprecated."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(level)


def _write(
    path: Path,
    *,
    tags: tuple[str, ...] = ("serve",),
    use_resource: bool = False,
    collection: str | None = None,
    words: Path | None = None,
    strip: bool = False,
) -> str:
    """A SavedModel as serving binaries read them: x -> x * w with w = 2, `lookup` if there are words."""
    with tf.Graph().as_default():
        with tf1.variable_scope("scope", use_resource=use_resource):
            w = tf1.get_variable("w", initializer=2.0)
        tf1.train.create_global_step()
        x = tf1.placeholder(tf.float32, [None], name="x")
        signatures = {
            "serving_default": tf1.saved_model.predict_signature_def({"x": x}, {"y": tf.identity(x * w)})
        }
        if words:
            initializer = modules.line_numbers(str(words))
            table = tf.lookup.StaticHashTable(initializer, -1)
            word = tf1.placeholder(tf.string, [None], name="word")
            signatures["lookup"] = tf1.saved_model.predict_signature_def(
                {"word": word}, {"id": table.lookup(word)}
            )
        if collection:
            tf1.add_to_collection(collection, w)
        builder = tf1.saved_model.Builder(str(path))
        with modules.initialized_session() as session:
            builder.add_meta_graph_and_variables(
                session,
                list(tags),
                signature_def_map=signatures,
                assets_collection=tf1.get_collection(tf1.GraphKeys.ASSET_FILEPATHS),
                main_op=tf1.group(tf1.tables_initializer(), name="main"),
                strip_default_attrs=strip,
            )
        builder.save()
    return str(path)


def _check(spec: Any, tags: Any = ("serve",)) -> None:
    outputs = modules.evaluate(spec, {"x": [1.0, 3.0]}, "serving_default", tags)
    np.testing.assert_array_equal(outputs["y"], [2.0, 6.0])


@pytest.mark.parametrize("strip", [False, True])
def test_loaded_run_exported_and_reloaded(tmp_path: Path, use_resource: bool, strip: bool) -> None:
    path = _write(tmp_path / "saved", use_resource=use_resource, strip=strip)
    spec = hub.create_module_spec_from_saved_model(path)
    assert isinstance(spec, hub.ModuleSpec)
    assert spec.get_tags() == [frozenset({"serve"})]
    assert spec.get_signature_names(["serve"]) == ["serving_default"]
    _check(spec)
    module = modules.export(spec, tmp_path / "module")
    shutil.rmtree(path)
    _check(hub.load_module_spec(module))


def test_variables_keep_their_names_and_can_be_trained(
    tmp_path: Path, graph: tf.Graph, use_resource: bool
) -> None:
    path = _write(tmp_path / "saved", use_resource=use_resource)
    module = hub.Module(hub.create_module_spec_from_saved_model(path), trainable=True, tags={"serve"})
    assert sorted(module.variable_map) == ["global_step", "scope/w"]
    y = module({"x": [1.0]}, signature="serving_default", as_dict=True)["y"]
    step = tf1.train.GradientDescentOptimizer(0.5).minimize(tf.reduce_sum(y))
    with modules.initialized_session() as session:
        session.run(step)
        assert session.run(module.variable_map["scope/w"]) == 1.5


def test_assets(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("a\nb\n")
    path = _write(tmp_path / "saved", words=words)
    words.unlink()
    spec = hub.create_module_spec_from_saved_model(path)
    for _ in range(2):
        outputs = modules.evaluate(spec, {"word": ["b", "?"]}, "lookup", ["serve"])
        assert outputs["id"].tolist() == [1, -1]
        exported = modules.export(spec, tmp_path / "module")
        shutil.rmtree(path)
        spec = hub.load_module_spec(exported)
        path = shutil.move(exported, str(tmp_path / "moved"))
        spec = hub.load_module_spec(path)


@pytest.mark.parametrize("collection", ["global_step", "legacy_init_op", "saved_model_main_op"])
def test_collections_that_only_serving_needs(tmp_path: Path, collection: str) -> None:
    path = _write(tmp_path / "saved")
    with modules.edited(path) as saved_model:
        saved_model.meta_graphs[0].collection_def[collection].node_list.value.append("main")
    _check(hub.create_module_spec_from_saved_model(path))


def test_other_collections_only_if_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "saved", collection="my_own")
    with pytest.raises(ValueError, match=r"drop_collections=\['my_own'\]"):
        hub.create_module_spec_from_saved_model(path)
    _check(hub.create_module_spec_from_saved_model(path, drop_collections=["my_own"]))


def test_several_variants(tmp_path: Path) -> None:
    path = _write(tmp_path / "saved", tags=("serve", "gpu"))
    with modules.edited(path) as saved_model:
        other = saved_model.meta_graphs.add()
        other.CopyFrom(saved_model.meta_graphs[0])
        other.meta_info_def.tags[:] = ["serve"]
    spec = hub.create_module_spec_from_saved_model(path)
    assert set(spec.get_tags()) == {frozenset({"serve", "gpu"}), frozenset({"serve"})}
    _check(spec)
    _check(spec, {"gpu", "serve"})


def test_without_variables(tmp_path: Path) -> None:
    with tf.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf.float32, [None], name="x")
        builder = tf1.saved_model.Builder(str(tmp_path / "saved"))
        signature = tf1.saved_model.predict_signature_def({"x": x}, {"y": x * 2.0})
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
    _check(hub.create_module_spec_from_saved_model(tmp_path / "saved"))


def test_the_text_form(tmp_path: Path) -> None:
    path = Path(_write(tmp_path / "saved"))
    message = modules.read_graphs(path)
    (path / "saved_model.pb").unlink()
    (path / "saved_model.pbtxt").write_text(text_format.MessageToString(message))
    _check(hub.create_module_spec_from_saved_model(path))


def test_a_module_is_made_of_its_path(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = _write(tmp_path / "saved", collection="my\nown")
    with caplog.at_level(logging.INFO, "hubexplore"):
        spec = hub.load_module_spec(path)
    _check(spec)
    note = "The collection 'my\\nown' is left out, because a module cannot have it."
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.INFO, f"{path}: {note}")
    ], "a note is no warning"
    # What a notebook shows of a spec has it, once.
    shown = html.unescape(spec._repr_html_() or "")
    assert shown.count("is left out, because a module cannot have it.") == 1
    assert spec.summary().notes == hub.summarize(path).notes == spec.notes
    with tf.Graph().as_default():
        assert sorted(hub.Module(path, tags=["serve"]).variable_map) == ["global_step", "scope/w"]
        # As strict about tags as a module.
        with pytest.raises(errors.NoSuchVariantError, match=r"Nearest: tags=\['serve'\]"):
            hub.Module(path)


def test_of_two_graphs_with_the_same_tags_the_first_counts(tmp_path: Path) -> None:
    """As TensorFlow's own loaders choose."""
    path = _write(tmp_path / "saved")
    with modules.edited(path) as saved_model:
        other = saved_model.meta_graphs.add()
        other.CopyFrom(saved_model.meta_graphs[0])
        other.signature_def["second"].CopyFrom(other.signature_def["serving_default"])
    spec = hub.load_module_spec(path)
    assert spec.get_signature_names(["serve"]) == ["serving_default"]
    assert spec.notes == ("Two graph variants have the tags ['serve']; only the first is used.",)
    with pytest.raises(errors.AuthoringError, match="occurs twice"):
        hub.create_module_spec_from_saved_model(path)


def test_a_module_is_also_a_saved_model(tmp_path: Path) -> None:
    path = modules.export(hub.create_module_spec(modules.affine), tmp_path / "module")
    spec = hub.create_module_spec_from_saved_model(path)
    np.testing.assert_allclose(modules.evaluate(spec, [[1.0, 1.0]])["default"], [[15.0, 17.0, 19.0]])


def test_a_tf2_saved_model_is_refused(needs_eager: None, tmp_path: Path) -> None:
    thing = tf.Module()
    spec = tf.TensorSpec([None], tf.float32)
    thing.call = tf.function(lambda x: x * 2.0, input_signature=[spec], autograph=False)
    tf.saved_model.save(thing, str(tmp_path / "saved"), signatures=thing.call)
    with pytest.raises(ValueError, match="TF2"):
        hub.create_module_spec_from_saved_model(tmp_path / "saved")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises((OSError, ValueError), match="nowhere"):
        hub.create_module_spec_from_saved_model(tmp_path / "nowhere")


def test_a_module_exported_by_us_is_read_by_tensorflow(tmp_path: Path) -> None:
    """Also TensorFlow's own loader gets the values, as serving would."""
    path = modules.export(hub.create_module_spec(modules.affine), tmp_path / "module")
    with tf.Graph().as_default(), tf1.Session() as session:
        meta_graph = tf1.saved_model.load(session, [], path)
        signature = meta_graph.signature_def["default"]
        x, y = signature.inputs["default"].name, signature.outputs["default"].name
        np.testing.assert_allclose(session.run(y, {x: [[1.0, 1.0]]}), [[15.0, 17.0, 19.0]])
