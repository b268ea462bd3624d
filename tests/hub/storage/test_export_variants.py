"""`Module.export` of modules whose graph variants have variables of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1


def _variants_with_variables(**tags_of: set[str]) -> Any:
    """A variant for each name, with the variables `v`, 1.0, and one of that name, 2.0; gives their sum."""

    def module_fn(extra: str) -> None:
        v = tf1.get_variable("v", initializer=1.0)
        hub.add_signature(outputs=v + tf1.get_variable(extra, initializer=2.0))

    return hub.create_module_spec(module_fn, [(tags, {"extra": name}) for name, tags in tags_of.items()])


def _export_set(spec: Any, path: Path, value: float, tags: set[str], finalize: bool = False) -> str:
    """Exports the variant `tags` after all of its variables were set to `value`."""
    with tf.Graph().as_default() as graph:
        module = hub.Module(spec, tags=tags)
        set_all = [variable.assign(tf.fill(variable.shape, value)) for variable in module.variables]
        with modules.initialized_session() as session:
            session.run(set_all)
            if finalize:
                graph.finalize()
            module.export(path, session)
            module.export(path.with_name(f"{path.name}_twice"), session)
    return str(path)


@pytest.mark.parametrize("finalize", [False, True])
def test_variables_that_only_another_variant_has(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, finalize: bool
) -> None:
    """What the instance has is written; the other variant says what to load instead."""
    spec = _variants_with_variables(g={"gen"}, d={"disc"})
    for tags, other, lacking in (({"gen"}, {"disc"}, "d"), ({"disc"}, {"gen"}, "g")):
        caplog.clear()
        path = _export_set(spec, tmp_path / "-".join(tags), 3.0, tags, finalize)
        assert len(caplog.messages) == 2
        assert f"tags {sorted(other)} cannot be loaded" in caplog.messages[0]
        assert f"no value for its {lacking!r}" in caplog.messages[0]
        assert modules.evaluate(path, tags=tags)["default"] == 6.0
        with tf.Graph().as_default() as graph:
            with pytest.raises(tf.errors.NotFoundError) as caught:
                hub.Module(path, tags=other)
            assert graph.get_operations() == []
            assert isinstance(caught.value, (ValueError, RuntimeError, hub.HubError))
            assert f"{sorted(other)}" in str(caught.value)
            assert repr(lacking) in str(caught.value)
            code = str(caught.value).partition("are complete: ")[2]
            assert eval(code, {"hub": hub}).tags == tags  # as a person would paste it


@pytest.mark.parametrize("finalize", [False, True])
def test_variables_of_other_variants_keep_their_published_values(tmp_path: Path, finalize: bool) -> None:
    """They come from the checkpoint that the module was loaded with, whichever variant is exported."""
    partitioned = tf1.fixed_size_partitioner(2)

    def module_fn(extra: bool) -> None:
        v = tf1.get_variable("v", initializer=1.0)
        if extra:
            v = v + tf1.get_variable("count", initializer=5.0)
            parts = tf1.get_variable(
                "p", [4], initializer=tf1.constant_initializer(0.5), partitioner=partitioned
            )
            v += tf.reduce_sum(tf.convert_to_tensor(parts))
        hub.add_signature(outputs=tf.identity(v))

    spec = hub.create_module_spec(module_fn, [((), {"extra": False}), ({"train"}, {"extra": True})])
    first = modules.export(spec, tmp_path / "first")
    second = _export_set(first, tmp_path / "second", 3.0, set(), finalize)
    assert modules.evaluate(second)["default"] == 3.0
    assert modules.evaluate(second, tags={"train"})["default"] == 10.0
    third = _export_set(second, tmp_path / "third", 4.0, {"train"}, finalize)
    assert modules.evaluate(third)["default"] == 4.0
    assert modules.evaluate(third, tags={"train"})["default"] == 24.0
    twice = _export_set(second, tmp_path / "again", 7.0, set())
    assert modules.evaluate(twice, tags={"train"})["default"] == 14.0


def test_a_variant_without_variables_beside_one_with_some(tmp_path: Path) -> None:
    """There is no checkpoint then, which is as it should be, and the module loads."""

    def module_fn(training: bool) -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        y = x * 2.0
        if training:
            y = y + tf1.get_variable("steps", initializer=1.0)
        hub.add_signature(inputs=x, outputs=y)

    spec = hub.create_module_spec(module_fn, [((), {"training": False}), ({"train"}, {"training": True})])
    path = modules.export(spec, tmp_path / "module", tags=())
    assert modules.evaluate(path, 3.0)["default"] == 6.0
    with tf.Graph().as_default(), pytest.raises(ValueError, match=r"'train'.*'steps'.*hub\.Module\("):
        hub.Module(path, tags={"train"})
    again = modules.export(hub.load_module_spec(path), tmp_path / "again", tags=())
    assert modules.evaluate(again, 3.0)["default"] == 6.0


def test_a_variable_of_another_shape_in_each_variant(tmp_path: Path) -> None:
    """A checkpoint holds one of them: the other variant says so when it is loaded."""

    def module_fn(size: int) -> None:
        hub.add_signature(outputs=tf.identity(tf1.get_variable("v", initializer=[1.0] * size)))

    spec = hub.create_module_spec(module_fn, [({"two"}, {"size": 2}), ({"three"}, {"size": 3})])
    path = modules.export(spec, tmp_path / "module", tags={"three"})
    assert modules.evaluate(path, tags={"three"})["default"].tolist() == [1.0] * 3
    with (
        tf.Graph().as_default(),
        pytest.raises(ValueError, match=r"\['two'\].*shape \(2,\).*tags=\['three'\]"),
    ):
        hub.Module(path, tags={"two"})


def test_a_checkpoint_that_lacks_what_only_another_variant_has(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """`ModuleSpec.export` wants the variables of the variant without tags; others keep what was published."""
    spec = _variants_with_variables(one=set(), other={"other"})
    with tf.Graph().as_default(), tf1.Session() as session:
        variables = [tf1.get_variable(name, initializer=4.0) for name in ("v", "one")]
        session.run(tf1.global_variables_initializer())
        prefix = tf1.train.Saver(variables).save(session, str(tmp_path / "training"))
    spec.export(tmp_path / "fresh", prefix)
    assert "['other']" in caplog.text
    assert modules.evaluate(tmp_path / "fresh")["default"] == 8.0
    with tf.Graph().as_default(), pytest.raises(ValueError, match=r"\['other'\].*'other'"):
        hub.Module(str(tmp_path / "fresh"), tags={"other"})
    published = _export_set(spec, tmp_path / "published", 9.0, {"other"})
    hub.load_module_spec(published).export(tmp_path / "kept", prefix)
    assert modules.evaluate(tmp_path / "kept", tags={"other"})["default"] == 13.0
    with pytest.raises(tf.errors.NotFoundError, match="'nowhere'"):
        spec.export(tmp_path / "none", prefix, {"v": "v", "one": "nowhere", "other": "v"}.__getitem__)
