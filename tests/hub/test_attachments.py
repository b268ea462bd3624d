"""Messages attached to a module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from google.protobuf import wrappers_pb2

import hubexplore as hub
from tests.hub import modules

Text = wrappers_pb2.StringValue


def _attached(text: str = "first", key: str = "note") -> None:
    hub.attach_message(key, Text(value="overwritten"))
    hub.attach_message(key, Text(value=text))
    modules.double()


def test_the_last_message_of_a_key_wins(spec_of: Callable[..., hub.ModuleSpec]) -> None:
    assert spec_of(_attached).get_attached_message("note", Text).value == "first"


def test_each_variant_has_its_own(spec_of: Callable[..., hub.ModuleSpec]) -> None:
    spec = spec_of(_attached, [((), {"text": "plain"}), ({"train"}, {"text": "training"})])
    assert spec.get_attached_message("note", Text).value == "plain"
    assert spec.get_attached_message("note", Text, tags=["train"]).value == "training"
    with tf.Graph().as_default():
        module = hub.Module(spec, tags={"train"})
        assert module.get_attached_message("note", Text).value == "training"


def test_each_time_a_fresh_message() -> None:
    spec = hub.create_module_spec(_attached)
    spec.get_attached_message("note", Text).value = "scribbled on"
    assert spec.get_attached_message("note", Text).value == "first"


def test_what_is_not_attached(spec_of: Callable[..., hub.ModuleSpec]) -> None:
    spec = spec_of(_attached)
    assert spec.get_attached_message("other", Text) is None
    with pytest.raises(KeyError, match=r"'notes'.*\['note'\].*Did you mean 'note'"):
        spec.get_attached_message("notes", Text, required=True)
    with tf.Graph().as_default(), pytest.raises(KeyError):
        hub.Module(spec).get_attached_message("other", Text, required=True)


def test_a_module_without_attachments(spec_of: Callable[..., hub.ModuleSpec]) -> None:
    assert spec_of(modules.double).get_attached_message("note", Text) is None


@pytest.mark.parametrize("key", ["a", "Z9_", "image_module_info", "a" * 300])
def test_good_keys(key: str) -> None:
    spec = hub.create_module_spec(lambda: _attached("x", key))
    assert spec.get_attached_message(key, Text).value == "x"


@pytest.mark.parametrize("key", ["", "1x", "_x", "a/b", "a b", "a-b", "ä", "a\n"])
def test_bad_keys(key: str) -> None:
    with pytest.raises(ValueError, match="starts with a letter"):
        hub.create_module_spec(lambda: _attached("x", key))


def test_outside_of_a_module_fn_the_arguments_are_only_checked(graph: tf.Graph) -> None:
    hub.attach_message("note", Text(value="lost"))
    assert graph.collections == []
    with pytest.raises(ValueError, match="starts with a letter"):
        hub.attach_message("a b", Text(value="lost"))


@pytest.mark.parametrize("message", ["text", b"bytes", None, 3])
def test_what_is_not_a_message(message: Any) -> None:
    with pytest.raises(ValueError, match=r"'note' is a .*StringValue"):
        hub.attach_message("note", message)
    with pytest.raises(ValueError, match="key of an attached message"):
        hub.attach_message(message, Text()) if not isinstance(message, str) else hub.attach_message(
            "", Text()
        )


def test_the_bytes_on_disk(tmp_path: Path) -> None:
    path = modules.export(hub.create_module_spec(_attached), tmp_path / "module")
    collection = modules.read_graphs(path).meta_graphs[0].collection_def["hub_module_attachments"]
    message = Text(value="first").SerializeToString()
    expected = b"\x0a\x04note" + b"\x12" + bytes([len(message)]) + message
    assert list(collection.bytes_list.value) == [expected]


def test_of_two_messages_on_disk_the_last_counts(tmp_path: Path) -> None:
    path = modules.export(hub.create_module_spec(_attached), tmp_path / "module")
    with modules.edited(path) as saved_model:
        values = saved_model.meta_graphs[0].collection_def["hub_module_attachments"].bytes_list.value
        later = Text(value="later").SerializeToString()
        values.append(b"\x0a\x04note" + b"\x12" + bytes([len(later)]) + later)
    assert hub.load_module_spec(path).get_attached_message("note", Text).value == "later"
