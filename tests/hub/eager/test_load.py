"""`hub.load`: modules outside of graphs, with the values of `hub.Module` in a session."""

from __future__ import annotations

import gc
import shutil
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import GraphError, HubError, MissingModuleError
from tests.hub import modules, tf2_models

tf1 = tf.compat.v1

pytestmark = pytest.mark.usefixtures("needs_eager")

ROWS = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


def exported(build: Any, tmp_path: Path, tags: Any = None) -> str:
    return modules.export(hub.create_module_spec(build, tags), tmp_path / "module")


def variants(tmp_path: Path) -> str:
    return exported(
        modules.normalized, tmp_path, [(set(), {"training": False}), ({"train"}, {"training": True})]
    )


def test_gradients_of_a_module(tmp_path: Path) -> None:
    loaded = hub.load(exported(modules.affine, tmp_path))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(loaded(ROWS))
    gradient = tape.gradient(total, loaded.variable_map)
    np.testing.assert_allclose(gradient["layer/w"], [[4.0] * 3, [6.0] * 3])
    np.testing.assert_allclose(gradient["b"], [2.0, 2.0, 2.0])


@pytest.mark.parametrize("use_resource", [False, True])
def test_ref_variables_can_be_trained(use_resource: bool, tmp_path: Path) -> None:
    loaded = hub.load(exported(lambda: modules.scaled(use_resource), tmp_path))
    with tf.GradientTape() as tape:
        y = loaded([1.0, 2.0])
    np.testing.assert_allclose(y, [3.0, 6.0])
    (gradient,) = tape.gradient(y, loaded.trainable_variables)
    assert float(gradient) == 3.0
    loaded.trainable_variables[0].assign(5.0)
    np.testing.assert_allclose(loaded([1.0, 2.0]), [5.0, 10.0])


def test_variants_share_variables_and_training_updates_them(tmp_path: Path) -> None:
    loaded = hub.load(variants(tmp_path))
    np.testing.assert_allclose(loaded([[2.0], [4.0]], training=True), [[-1.0], [1.0]])
    np.testing.assert_allclose(loaded.variable_map["moving_mean"], [1.5])
    np.testing.assert_allclose(loaded([[2.0]]), [[0.5]])
    assert len(loaded.variables) == 2
    assert [variable.name for variable in loaded.trainable_variables] == ["gamma:0"]


def test_a_call_without_training_updates_nothing(tmp_path: Path) -> None:
    loaded = hub.load(variants(tmp_path), tags={"train"})
    loaded([[2.0], [4.0]])
    np.testing.assert_allclose(loaded.variable_map["moving_mean"], [0.0])


def test_partitioned_variables_are_lists(tmp_path: Path) -> None:
    loaded = hub.load(exported(modules.partitioned, tmp_path))
    assert [part.shape.as_list() for part in loaded.variable_map["scope/s"]] == [[2, 2], [2, 2]]
    outputs = loaded(as_dict=True)
    np.testing.assert_allclose(outputs["s"], np.full([4, 2], 7.0))
    np.testing.assert_allclose(outputs["q"], [5.0, 6.0])


def test_tables_read_their_assets(vocabulary: str, tmp_path: Path) -> None:
    loaded = hub.load(exported(lambda: modules.lookup(vocabulary), tmp_path))
    words = Path(vocabulary).read_text().split()
    assert loaded([words[1], words[0], "never seen"]).numpy().tolist() == [1, 0, -1]
    mapped = tf.data.Dataset.from_tensors(words[:2]).map(loaded)
    assert [value.tolist() for value in mapped.as_numpy_iterator()] == [[0, 1]]


def test_signatures_without_a_default_output(tmp_path: Path) -> None:
    path = exported(modules.two_signatures, tmp_path)
    signatures = hub.load(path).signatures
    assert sorted(signatures) == ["constant", "sum"]
    outputs = signatures["sum"](a=[1.0], b=[3.0])
    assert {name: value.numpy().tolist() for name, value in outputs.items()} == {
        "sum": [4.0],
        "difference": [-2.0],
    }
    loaded = hub.load(path)
    np.testing.assert_allclose(loaded(signature="constant"), [1.0, 2.0])
    with pytest.raises(HubError, match="sum"):
        loaded({"a": [1.0], "b": [3.0]})
    with pytest.raises(TypeError, match="difference"):
        loaded({"a": [1.0], "b": [3.0]}, signature="sum")
    with pytest.raises(KeyError, match="'sum'"):
        signatures["summ"]


def test_regularization_losses_follow_the_variables(tmp_path: Path) -> None:
    loaded = hub.load(exported(modules.regularized, tmp_path))
    with tf.GradientTape() as tape:
        (loss,) = [function() for function in loaded.regularization_losses]
    assert float(loss) == 5.0
    np.testing.assert_allclose(tape.gradient(loss, loaded.variable_map["w"]), [2.0, 4.0])
    loaded.variable_map["w"].assign([3.0, 0.0])
    assert float(loaded.regularization_losses[0]()) == 9.0


def test_a_spec_in_memory_starts_from_initial_values() -> None:
    loaded = hub.load(hub.create_module_spec(modules.affine))
    assert loaded.resolved_path == ""
    np.testing.assert_allclose(loaded(ROWS), ROWS @ np.array(modules.MATRIX) + 10.0)


def test_two_loaded_modules_share_nothing(tmp_path: Path) -> None:
    path = exported(modules.scaled, tmp_path)
    first, second = hub.load(path), hub.load(path)
    first.variables[0].assign(0.0)
    np.testing.assert_allclose(second([1.0]), [3.0])


def test_the_only_variant_needs_no_tags(tmp_path: Path) -> None:
    path = exported(modules.scaled, tmp_path, [({"only"}, {})])
    assert hub.load(path).tags == {"only"}
    with pytest.raises(ValueError, match="only"):
        hub.load(path, tags={"other"})


def test_a_graph_is_refused_with_the_remedy(tmp_path: Path) -> None:
    loaded = hub.load(exported(modules.scaled, tmp_path))
    with tf.Graph().as_default(), pytest.raises(GraphError, match=r"hub\.Module"):
        loaded([1.0])
    with pytest.raises(MissingModuleError):
        hub.load(tmp_path / "nothing")


def test_a_deleted_module_frees_its_variables_and_tables(vocabulary: str, tmp_path: Path) -> None:
    def build() -> None:
        modules.lookup(vocabulary, "words")
        modules.scaled()

    loaded = hub.load(exported(build, tmp_path))
    loaded([1.0])
    loaded(["a"], signature="words")
    alive = [weakref.ref(loaded), weakref.ref(loaded.variables[0]), weakref.ref(loaded._resources[0])]
    del loaded
    gc.collect()
    assert [reference() for reference in alive] == [None, None, None]


def test_the_first_call_from_many_threads(vocabulary: str, tmp_path: Path) -> None:
    loaded = hub.load(exported(lambda: modules.lookup(vocabulary), tmp_path))
    word = Path(vocabulary).read_text().split()[1]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: loaded([word]).numpy().tolist(), range(16)))
    assert results == [[1]] * 16


def test_checkpoints_restore_the_variables(tmp_path: Path) -> None:
    loaded = hub.load(exported(modules.scaled, tmp_path))
    saved = tf.train.Checkpoint(module=loaded).save(str(tmp_path / "checkpoint"))
    loaded.variables[0].assign(1.0)
    loaded([1.0], training=True)
    # The names are those of the module, whatever was called.
    assert "module/variable_map/w/.ATTRIBUTES/VARIABLE_VALUE" in dict(tf.train.list_variables(saved))
    tf.train.Checkpoint(module=loaded).restore(saved).assert_consumed()
    np.testing.assert_allclose(loaded([1.0]), [3.0])


RELOAD = """
import sys, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
outputs = model.signatures["serving_default"](words=tf.constant(["b", "a", "z"]))
print(outputs["default"].numpy().tolist())
"""


def test_a_saved_model_of_it_carries_its_assets(tmp_path: Path) -> None:
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("a\nb\n")
    path = exported(lambda: modules.lookup(str(vocabulary)), tmp_path)
    loaded = hub.load(path)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "words")])  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def serve(words: Any) -> Any:
        return {"default": loaded(words)}

    out = tmp_path / "saved"
    tf.saved_model.save(loaded, str(out), signatures=serve)
    assert str(tmp_path).encode() not in (out / "saved_model.pb").read_bytes()
    Path(path).rename(tmp_path / "elsewhere")
    vocabulary.unlink()
    moved = out.rename(tmp_path / "moved")
    result = subprocess.run([sys.executable, "-c", RELOAD, moved], capture_output=True, text=True, check=True)
    assert result.stdout.split("\n")[-2] == "[1, 0, -1]"


def test_a_saved_model_of_it_has_the_gradients_of_the_functions_that_it_calls(tmp_path: Path) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [None])
        w = tf1.get_variable("w", initializer=3.0)
        inner = tf.function(lambda a: tf.square(a) * w, autograph=False)
        hub.add_signature(inputs=x, outputs=tf.function(lambda a: inner(a) + a, autograph=False)(x))

    loaded = hub.load(exported(module_fn, tmp_path))
    serve = tf.function(lambda x: {"default": loaded(x)}, input_signature=[tf.TensorSpec([None])])
    tf.saved_model.save(loaded, str(tmp_path / "saved"), signatures=serve)
    saved = tf.saved_model.load(str(tmp_path / "saved"))
    signature = saved.signatures["serving_default"]
    x = tf.constant([2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = signature(x)["default"]
    np.testing.assert_allclose(y, [14.0])
    gradients = tape.gradient(y, [x, *signature.trainable_variables])
    np.testing.assert_allclose([gradients[0][0], gradients[1]], [13.0, 4.0])


def test_resolve_returns_the_directory(tmp_path: Path) -> None:
    path = exported(modules.scaled, tmp_path)
    assert hub.resolve(path) == path
    packed = shutil.make_archive(str(tmp_path / "packed"), "gztar", path)
    unpacked = hub.resolve(packed)
    assert unpacked != path
    np.testing.assert_allclose(hub.load(unpacked)([1.0]), [3.0])
    with pytest.raises(FileNotFoundError, match="nothing"):
        hub.resolve(tmp_path / "nothing")


def test_a_tf2_saved_model_is_what_tensorflow_loads(tmp_path: Path) -> None:
    path = tmp_path / "model"
    tf2_models.layers(path)
    loaded = hub.load(path)
    assert type(loaded).__module__.startswith("tensorflow.python.saved_model")
    with pytest.raises(ValueError, match="serve"):
        hub.load(path, tags={"train"})
