"""Image modules: the size and number of channels of their input."""

from __future__ import annotations

from typing import Any, Final

from hubexplore.errors import SignatureError
from hubexplore.hub.authoring import attach_message
from hubexplore.summary.graph.hub_messages import ImageModuleInfo

__all__ = [
    "ImageModuleInfo",
    "attach_image_module_info",
    "get_expected_image_size",
    "get_image_module_info",
    "get_num_image_channels",
]

IMAGE_MODULE_INFO_KEY: Final = "image_module_info"
_DEFAULT_INPUT: Final = "images"


def attach_image_module_info(image_module_info: Any) -> None:
    """Attaches an `ImageModuleInfo` to the module that is being made, as `attach_message` does.

    Args:
      image_module_info: an ImageModuleInfo; `default_image_size.height` and `.width` in pixels.
    """
    attach_message(IMAGE_MODULE_INFO_KEY, image_module_info)


def get_image_module_info(module_or_spec: Any, required: bool = False) -> Any:
    """The attached `ImageModuleInfo` of a Module or ModuleSpec; None, or KeyError if required."""
    return module_or_spec.get_attached_message(IMAGE_MODULE_INFO_KEY, ImageModuleInfo, required=required)


def get_expected_image_size(
    module_or_spec: Any, signature: str | None = None, input_name: str | None = None
) -> list[int]:
    """The size of the images that a module expects.

    Args:
      module_or_spec: a Module or ModuleSpec (for a spec: of the variant without tags).
      signature: name of the signature; None means `default`.
      input_name: name of the input with shape [batch, height, width, channels]; None means `images`.

    Returns:
      [height, width] in pixels: from the attached ImageModuleInfo, else from the input's static shape.

    Raises:
      ValueError: neither says it.
    """
    # The message is authoritative; the shape of the input may be open.
    info = get_image_module_info(module_or_spec)
    if info is not None and info.default_image_size.height and info.default_image_size.width:
        return [int(info.default_image_size.height), int(info.default_image_size.width)]
    _, height, width, _ = _image_shape(module_or_spec, signature, input_name)
    if height is None or width is None:
        raise SignatureError(
            f"The module does not say which image size it expects: no ImageModuleInfo is attached, and its "
            f"input has height {height} and width {width}. Choose a size, such as that of training images."
        )
    return [height, width]


def get_num_image_channels(
    module_or_spec: Any, signature: str | None = None, input_name: str | None = None
) -> int:
    """The number of channels of the images that a module expects.

    Args:
      module_or_spec: a Module or ModuleSpec (for a spec: of the variant without tags).
      signature: name of the signature; None means `default`.
      input_name: name of the input with shape [batch, height, width, channels]; None means `images`.

    Returns:
      3 for RGB, 1 for grey.

    Raises:
      ValueError: the number of channels is unknown in the static shape.
    """
    channels = _image_shape(module_or_spec, signature, input_name)[3]
    if channels is None:
        raise SignatureError(
            "The module does not say how many channels its images have: the dimension is unknown."
        )
    return channels


def _image_shape(
    module_or_spec: Any, signature: str | None, input_name: str | None
) -> tuple[int | None, int | None, int | None, int | None]:
    infos = module_or_spec.get_input_info_dict(signature)
    name = input_name or _DEFAULT_INPUT
    if name not in infos:
        raise SignatureError(
            f"The signature has no input {name!r}; it has {sorted(infos)}. Pass input_name=."
        )
    shape = infos[name].get_shape()
    if shape.rank != 4:
        raise SignatureError(
            f"Input {name!r} has shape {shape}; images have shape [batch, height, width, channels]."
        )
    batch, height, width, channels = shape.as_list()
    return batch, height, width, channels
