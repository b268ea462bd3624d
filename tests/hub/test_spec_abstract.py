"""`ModuleSpec` as a base class: what third parties may build on."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from google.protobuf import wrappers_pb2

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
ABSTRACT = {
    "get_tags",
    "get_signature_names",
    "get_input_info_dict",
    "get_output_info_dict",
    "get_attached_message",
}


class Wrapper(hub.ModuleSpec):
    """A spec that passes everything on to another."""

    def __init__(self, wrapped: hub.ModuleSpec) -> None:
        self._wrapped = wrapped

    def get_tags(self) -> Any:
        return self._wrapped.get_tags()

    def get_signature_names(self, tags: Iterable[str] | None = None) -> Any:
        return self._wrapped.get_signature_names(tags)

    def get_input_info_dict(self, signature: str | None = None, tags: Iterable[str] | None = None) -> Any:
        return self._wrapped.get_input_info_dict(signature, tags)

    def get_output_info_dict(self, signature: str | None = None, tags: Iterable[str] | None = None) -> Any:
        return self._wrapped.get_output_info_dict(signature, tags)

    def get_attached_message(
        self, key: str, message_type: Any, tags: Iterable[str] | None = None, required: bool = False
    ) -> Any:
        return self._wrapped.get_attached_message(key, message_type, tags, required)

    def _create_impl(self, name: str, trainable: bool, tags: Any) -> Any:
        return self._wrapped._create_impl(name, trainable, tags)


class Described(Wrapper):
    """A spec that cannot be instantiated."""

    _create_impl = hub.ModuleSpec._create_impl


def test_the_base_is_abstract() -> None:
    assert inspect.isabstract(hub.ModuleSpec)
    assert hub.ModuleSpec.__abstractmethods__ == ABSTRACT
    with pytest.raises(TypeError, match="abstract"):
        hub.ModuleSpec()  # type: ignore[abstract]


@pytest.mark.parametrize("missing", sorted(ABSTRACT))
def test_each_method_is_needed(missing: str) -> None:
    members = {name: getattr(Wrapper, name) for name in ABSTRACT - {missing}}
    incomplete = type("Incomplete", (hub.ModuleSpec,), members)
    with pytest.raises(TypeError, match=missing):
        incomplete()


@pytest.fixture
def wrapped(tmp_path: Path) -> Wrapper:
    def module_fn() -> None:
        modules.affine()
        hub.attach_message("note", wrappers_pb2.StringValue(value="hello"))

    path = modules.export(hub.create_module_spec(module_fn), tmp_path / "module")
    return Wrapper(hub.load_module_spec(path))


def test_a_wrapper_is_instantiated(wrapped: Wrapper, tmp_path: Path, graph: tf.Graph) -> None:
    module = hub.Module(wrapped, trainable=True, name="mine")
    assert modules.run(module([[1.0, 1.0]])).tolist() == [[15.0, 17.0, 19.0]]
    assert sorted(module.variable_map) == ["b", "layer/w"]
    assert [variable.op.name for variable in tf1.trainable_variables()] == ["mine/layer/w", "mine/b"]
    assert module.get_attached_message("note", wrappers_pb2.StringValue).value == "hello"
    assert module.get_signature_names() == ["default"]
    with modules.initialized_session() as session:
        module.export(tmp_path / "again", session)
    assert modules.evaluate(tmp_path / "again", [[1.0, 1.0]])["default"].tolist() == [[15.0, 17.0, 19.0]]


def test_a_wrapper_is_evaluated_and_shown(wrapped: Wrapper) -> None:
    with hub.eval_function_for_module(wrapped) as f:
        assert f([[1.0, 1.0]]).tolist() == [[15.0, 17.0, 19.0]]
    assert "default" in repr(wrapped)
    assert "<table" in str(wrapped._repr_html_())


def test_errors_are_the_same(wrapped: Wrapper, graph: tf.Graph) -> None:
    with pytest.raises(ValueError, match="nope"):
        hub.Module(wrapped, tags={"nope"})
    module = hub.Module(wrapped)
    with pytest.raises(KeyError, match="nope"):
        module([[1.0, 1.0]], signature="nope")
    with pytest.raises(TypeError, match="missing"):
        module()


def test_a_wrapper_may_rename_signatures(wrapped: Wrapper, graph: tf.Graph) -> None:
    class Renaming(Wrapper):
        def get_signature_names(self, tags: Any = None) -> Any:
            return ["renamed"]

    assert hub.Module(Renaming(wrapped)).get_signature_names() == ["renamed"]


def test_a_spec_without_create_impl(wrapped: Wrapper, graph: tf.Graph) -> None:
    with pytest.raises(TypeError, match="_create_impl"):
        hub.Module(Described(wrapped))
