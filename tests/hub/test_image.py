"""What image modules promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
SpecOf = Callable[..., hub.ModuleSpec]


def _image(shape: Any, size: tuple[int, int] | None = None, name: str = "images") -> None:
    images = tf1.placeholder(tf.float32, shape, name="images")
    hub.add_signature(inputs={name: images}, outputs=tf.reduce_mean(images))
    hub.add_signature("other", inputs={name: images}, outputs=tf.reduce_sum(images))
    if size:
        info = hub.ImageModuleInfo()
        info.default_image_size.height, info.default_image_size.width = size
        hub.attach_image_module_info(info)


def test_size_from_the_attachment(spec_of: SpecOf, graph: tf.Graph) -> None:
    spec = spec_of(lambda: _image([None, None, None, 3], (4, 5)))
    for thing in (spec, hub.Module(spec)):
        assert hub.get_expected_image_size(thing) == [4, 5]
        assert hub.get_num_image_channels(thing) == 3


def test_the_attachment_comes_before_the_shape(spec_of: SpecOf) -> None:
    assert hub.get_expected_image_size(spec_of(lambda: _image([None, 8, 9, 3], (4, 5)))) == [4, 5]


def test_size_from_the_shape(spec_of: SpecOf, graph: tf.Graph) -> None:
    spec = spec_of(lambda: _image([None, 8, 9, 1]))
    for thing in (spec, hub.Module(spec)):
        assert hub.get_expected_image_size(thing) == [8, 9]
        assert hub.get_num_image_channels(thing) == 1
        assert hub.get_expected_image_size(thing, signature="other") == [8, 9]


def test_another_input(spec_of: SpecOf) -> None:
    spec = spec_of(lambda: _image([None, 8, 9, 1], name="pictures"))
    assert hub.get_expected_image_size(spec, input_name="pictures") == [8, 9]
    assert hub.get_num_image_channels(spec, "other", "pictures") == 1
    with pytest.raises(ValueError, match=r"'images'.*'pictures'"):
        hub.get_expected_image_size(spec)
    with pytest.raises(ValueError, match=r"'images'.*'pictures'"):
        hub.get_num_image_channels(spec)


@pytest.mark.parametrize("shape", [[None, None, 9, 3], [None, 8, None, 3], [None, None, None, None]])
def test_nothing_tells_the_size(shape: Any) -> None:
    with pytest.raises(ValueError, match="size"):
        hub.get_expected_image_size(hub.create_module_spec(lambda: _image(shape)))


def test_nothing_tells_the_channels() -> None:
    with pytest.raises(ValueError, match="channels"):
        hub.get_num_image_channels(hub.create_module_spec(lambda: _image([None, 8, 9, None])))


@pytest.mark.parametrize("shape", [None, [None, 8, 9], [1, 2, 3, 4, 5]])
def test_an_input_that_is_no_image(shape: Any) -> None:
    spec = hub.create_module_spec(lambda: _image(shape))
    for function in (hub.get_expected_image_size, hub.get_num_image_channels):
        with pytest.raises(ValueError, match="'images'"):
            function(spec)


def test_an_unknown_signature() -> None:
    with pytest.raises(ValueError, match="'nope'"):
        hub.get_expected_image_size(hub.create_module_spec(lambda: _image([1, 2, 3, 4])), signature="nope")


def test_the_attachment_itself(spec_of: SpecOf) -> None:
    spec = spec_of(lambda: _image([None, 8, 9, 1], (4, 5)))
    info = spec.get_attached_message("image_module_info", hub.ImageModuleInfo, required=True)
    assert (info.default_image_size.height, info.default_image_size.width) == (4, 5)


def test_outside_of_a_module_fn_nothing_happens(graph: tf.Graph) -> None:
    hub.attach_image_module_info(hub.ImageModuleInfo())
    assert graph.collections == []


def test_variants_of_different_sizes(graph: tf.Graph) -> None:
    variants = [({"big"}, {"shape": [None, 8, 8, 3]}), ({"small"}, {"shape": [None, 2, 2, 3]})]
    spec = hub.create_module_spec(_image, variants)
    assert hub.get_expected_image_size(hub.Module(spec, tags={"big"})) == [8, 8]
    assert hub.get_expected_image_size(hub.Module(spec, tags={"small"})) == [2, 2]


def test_the_module_still_works(spec_of: SpecOf) -> None:
    spec = spec_of(lambda: _image([None, 1, 1, 1], (1, 1)))
    assert modules.evaluate(spec, {"images": [[[[3.0]]]]})["default"] == 3.0
