"""What a run of a module took and returned, with what the module says of it: shapes, names of classes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hubexplore.display.values import view_choice
from hubexplore.display.values.together.scene import Member, Picture, Scene
from hubexplore.display.values.value_kinds import is_number, is_readable
from hubexplore.display.values.views.images import brightness
from hubexplore.errors import HubError
from hubexplore.explorer import class_labels
from hubexplore.explorer.heard import NO_SOUNDS, sounds_of
from hubexplore.inputs.external.picture_arrays import open_picture
from hubexplore.inputs.media_kinds import MIN_LONE_SIDE, picture_form, says_picture
from hubexplore.summary.lookup import find_signature, find_variant
from hubexplore.summary.module_format import DEFAULT_OUTPUT
from hubexplore.summary.tensor_values import Array, flat_of, kind_of

if TYPE_CHECKING:
    from hubexplore.explorer.runs import Run
    from hubexplore.summary.graph.sounds import Sounds
    from hubexplore.summary.model import ModuleSummary, Shape, SignatureSummary, TensorSummary

MAX_PICTURES: Final = 24
"""Maximum number of pictures that are kept for drawing on them."""
_MAX_SIDE: Final = 1024
"""Maximum length in pixels of a side of a picture that is drawn on; larger ones are sampled."""
_MIN_SIDE: Final = 4


def scene_of(summary: ModuleSummary, run: Run, sounds: Sounds = NO_SOUNDS) -> Scene:
    """Returns the outputs of a run, the main one first, with the pictures that went in.

    The main output is `default`. Without one, readable texts come first, unless they are those that went in,
    then scores of classes; single numbers come last.

    Args:
      summary: of the module.
      run: one of its runs.
      sounds: which inputs and outputs of the signature are sound.
    """
    request = run.request
    variant = find_variant(summary, request.tags)
    signature = find_signature(variant, request.signature) if variant else None
    shapes = {output.name: output.shape for output in signature.outputs} if signature else {}
    declared = {tensor.name: tensor.shape for tensor in signature.inputs} if signature else {}
    labels = class_labels.labels(summary, request.tags, request.signature)
    outputs = run.outputs or {}
    inputs = {name: entry.display_value for name, entry in request.input_values.items()}
    heard = sounds_of(run, sounds)
    pictures = pictures_of(inputs, signature)
    members = [
        Member(
            name,
            value,
            run.rows,
            tuple(labels.get(name, ())),
            shapes.get(name),
            heard.get(name),
            is_lone_picture(name, value, shapes.get(name), pictures),
        )
        for name, value in outputs.items()
    ]
    if len(members) > 1:
        # Those of one kind stay in the order of the signature.
        members.sort(key=lambda member: _precedence(member, inputs.values()))
    return Scene(
        tuple(members),
        tuple(
            Member(
                name,
                value,
                shape=declared.get(name),
                is_picture=is_lone_picture(name, value, declared.get(name), pictures),
            )
            for name, value in inputs.items()
        ),
        pictures,
        class_labels.names_by_id(summary, request.tags),
        run.rows,
        run.unknown_words,
    )


def _precedence(member: Member, inputs: Iterable[Any]) -> int:
    if member.name == DEFAULT_OUTPUT:
        return 0
    if _is_answer(member.value, inputs):
        return 1
    array = member.array
    if array is not None and not array.ndim:
        return 4
    return 2 if member.views[0] == view_choice.SCORES else 3


def _is_answer(value: Any, inputs: Iterable[Any]) -> bool:
    """Returns whether a value is text for each row that a user can read and did not type."""
    array = flat_of(value)
    is_column = array.ndim == 2 and array.shape[1] == 1
    if kind_of(value) != "dense" or array.dtype.kind not in "OSU" or not array.size:
        return False
    if array.ndim > 1 and not is_column:
        return False
    entries = array.reshape(-1)
    if not all(is_readable(entry) for entry in entries.tolist() if isinstance(entry, bytes)):
        return False
    texts = (flat_of(given) for given in inputs if kind_of(given) == "dense")
    return not any(
        text.dtype.kind in "OSU" and text.size == array.size and bool(np.all(text.reshape(-1) == entries))
        for text in texts
    )


def is_lone_picture(name: str, value: Any, shape: Shape, pictures: Sequence[Picture]) -> bool:
    """Returns whether a matrix is a grey picture: bytes, called so, or of the size of the one that went in.

    Args:
      name: of the output or input.
      value: of the output or input.
      shape: the shape that the signature declares.
      pictures: those that went in.
    """
    array = flat_of(value)
    if kind_of(value) != "dense" or array.ndim != 2 or min(array.shape) < MIN_LONE_SIDE:
        return False
    if len(pictures) == 1 and array.shape == pictures[0].size and is_number(array):
        return True
    form = picture_form(array.dtype.name, shape, name)
    return form is not None and form.is_lone and (array.dtype == np.uint8 or says_picture(name))


def pictures_of(inputs: Mapping[str, Any], signature: SignatureSummary | None = None) -> tuple[Picture, ...]:
    """Returns the pictures of the one input that has pictures, one for each row.

    Args:
      inputs: values by name.
      signature: of the run; it declares which dimensions there are.
    """
    declared = {tensor.name: tensor for tensor in signature.inputs} if signature else {}
    found = [
        pictures
        for name, value in inputs.items()
        if (pictures := tuple(_pictures(value, declared.get(name))))
    ]
    return found[0] if len(found) == 1 else ()


def _pictures(value: Any, tensor: TensorSummary | None) -> Iterator[Picture]:
    if kind_of(value) != "dense":
        return
    array = flat_of(value)
    if array.dtype.kind in "OSU":
        yield from _decoded(array)
        return
    stack = _stack(array, tensor)
    is_stack = stack.ndim == 4 and stack.shape[-1] in (1, 3, 4) and min(stack.shape[1:3]) >= _MIN_SIDE
    if array.dtype.kind not in "iuf" or not is_stack or not 0 < len(stack) <= MAX_PICTURES:
        return
    step = -(-max(stack.shape[1:3]) // _MAX_SIDE)
    pixels, _ = brightness(stack[:, ::step, ::step])
    colours = pixels[..., :3] if pixels.shape[-1] >= 3 else pixels.repeat(3, axis=-1)
    size = (int(stack.shape[1]), int(stack.shape[2]))
    yield from (Picture(picture, size) for picture in colours)


def _stack(array: Array, tensor: TensorSummary | None) -> Array:
    """Returns pictures as [rows, height, width, channels], if the input takes any."""
    form = picture_form(tensor.dtype.removesuffix("_ref"), tensor.shape, tensor.name) if tensor else None
    if form is None:
        return array[None] if array.ndim == 3 else array
    rows = array[None] if form.is_lone else array
    return rows[..., None] if rows.ndim == 3 else rows


def _decoded(array: Array) -> Iterator[Picture]:
    """Yields the pictures in files that are an input; none if one of them is not a picture."""
    files = array.reshape(-1).tolist()
    if not 0 < len(files) <= MAX_PICTURES or array.ndim > 1:
        return
    pictures = []
    with contextlib.suppress(HubError):
        for file in files:
            if not isinstance(file, bytes):
                return
            picture, _ = open_picture("", file)
            size = (picture.height, picture.width)
            picture.thumbnail((_MAX_SIDE, _MAX_SIDE))
            pictures.append(Picture(np.asarray(picture.convert("RGB")), size))
        yield from pictures
