"""The inputs of a signature as fields of a form: what each takes, and a hint on how to enter it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any, Final

import numpy as np

from hubexplore.inputs.batched_tensors import BatchedTensors
from hubexplore.inputs.graph_uses import Use, Uses
from hubexplore.inputs.input_value import short
from hubexplore.inputs.media_kinds import (
    MAX_SIDE,
    Film,
    PictureForm,
    film_of,
    is_latent,
    may_be_lone_picture,
    picture_form,
)
from hubexplore.inputs.open_sizes import Sizes
from hubexplore.summary.dtypes import ARRAYS, FLOATS, SMALL_INTEGERS
from hubexplore.summary.graph.neutral_values import neutral_values
from hubexplore.summary.graph.sounds import USUAL_RATE, Sound, find_sounds
from hubexplore.summary.model import Shape, SignatureSummary, TensorSummary, VariantSummary
from hubexplore.summary.reading.input_parts import Parts, find_parts, joined
from hubexplore.summary.reading.string_inputs import PLAIN, Encoding, Reader

TEXT: Final = "text"
NUMBERS: Final = "numbers"
INTEGERS: Final = "integers"
BOOLEANS: Final = "booleans"
IMAGE: Final = "image"
ARRAY: Final = "array"
SPARSE: Final = "sparse"
RAGGED: Final = "ragged"

IMAGE_SIZE: Final = 128
"""Side in pixels of an example image where neither the input nor an attached message states a size."""
MAX_TYPED: Final = 64
"""Maximum number of values in a row that is typed; longer rows come from a file or a variable."""
_HINT_FEATURES: Final = 3
"""Number of features of a tf.Example that a hint shows."""
_IMAGE_DTYPES: Final = FLOATS | {"uint8"}


@dataclass(frozen=True)
class Component:
    """What of an example an input gets.

    Attributes:
      field: for which the example is made: the input, or the sparse or ragged argument that it is a part of.
      position: of the input among the components of this argument; None where it is all of it.
    """

    field: Field
    position: int | None = None


@dataclass(frozen=True)
class Field:
    """One input of a signature.

    Attributes:
      name: of the input in the signature, not escaped.
      dtype: TensorFlow's name of it.
      shape: static shape; None for an unknown rank, with None for an unknown dimension.
      kind: "dense", "sparse" or "ragged".
      asks: "text", "numbers", "integers", "booleans", "image", "array", "sparse" or "ragged".
      hint: a short phrase on what to enter.
      height: of an image, in pixels; 0 for other inputs.
      width: of an image, in pixels; 0 for other inputs.
      channels: of an image, 1 or 3; 0 for other inputs.
      any_size: whether an image may have any height and width.
      is_lone: whether it takes one image, [height, width] or [height, width, channels], without rows.
      problem: why no value can be entered; empty where one can.
      encoding: what the graph parses its strings as.
      ragged_rank: number of ragged dimensions; 0 for other inputs.
      sizes: sizes for the open dimensions of all inputs of the signature; None for a field without one.
      use: what the graph does with the values; None where that is unknown.
      neutral: the number or flag with which the graph gives its usual results, without dropout; None where
        there is none.
      component: what it gets of an example; None for an example of its own, of which it gets all.
      guess: the same, where only names and shapes say that the input is a part of an argument.
      sound: what is known of an input that takes sounds as numbers; None for other inputs.
      film: the sizes of an input that takes films; None for other inputs.
      is_latent: whether it is the vector that a generator makes a picture or a sound of.
    """

    name: str
    dtype: str
    shape: Shape
    kind: str
    asks: str
    hint: str
    height: int = 0
    width: int = 0
    channels: int = 0
    any_size: bool = False
    is_lone: bool = False
    problem: str = ""
    encoding: Encoding = PLAIN
    ragged_rank: int = 0
    sizes: Sizes | None = attribute(default=None, compare=False, repr=False)
    use: Use | None = attribute(default=None, compare=False, repr=False)
    neutral: Any = attribute(default=None, compare=False, repr=False)
    component: Component | None = attribute(default=None, compare=False, repr=False)
    guess: Component | None = attribute(default=None, compare=False, repr=False)
    sound: Sound | None = None
    film: Film | None = None
    is_latent: bool = False

    @property
    def encoded(self) -> str:
        """What its strings hold: "example" (tf.Example), "image" or "audio" (files of these), or ""."""
        return self.encoding.kind

    @property
    def numpy(self) -> np.dtype[Any]:
        """The dtype of its arrays: object for strings."""
        return numpy_dtype(self.dtype)


def numpy_dtype(name: str) -> np.dtype[Any]:
    """Returns the NumPy dtype for the name of a TensorFlow dtype.

    Raises:
      TypeError: NumPy has no such dtype, for example for resources.
    """
    # In TF1 graphs the tensor of a variable has a reference dtype; its values have the plain one.
    name = name.removesuffix("_ref")
    if name == "string":
        return np.dtype(object)
    if name in ("resource", "variant", "object"):
        raise TypeError(f"NumPy has no arrays of dtype {name}.")
    try:
        return np.dtype(ARRAYS.get(name, name))
    except TypeError:
        import ml_dtypes  # bfloat16 and the small floats; comes with TensorFlow

        return np.dtype(getattr(ml_dtypes, name, None) or name)


def fields(signature: SignatureSummary, variant: VariantSummary, meta_graph: Any = None) -> tuple[Field, ...]:
    """Returns the fields for the inputs of a signature, in its order.

    Args:
      signature: of `variant`.
      variant: its messages may state the size of images.
      meta_graph: MetaGraphDef-shaped message of the variant, which shows what strings are parsed as; without
        it all strings are taken for text.
    """
    parts = find_parts(signature, meta_graph)
    made = _single_fields(signature, variant, meta_graph)
    if not parts:
        return made
    sure = [part for part in parts if part.is_sure]
    if sure:
        components = _components(signature, sure, variant, meta_graph)
        hints = _part_hints(sure)
        made = tuple(
            replace(field, component=components[field.name], hint=hints.get(field.name, field.hint))
            for field in made
        )
    if len(sure) < len(parts):
        components = _components(signature, parts, variant, meta_graph)
        made = tuple(replace(field, guess=components[field.name]) for field in made)
    return made


def _components(
    signature: SignatureSummary, parts: Sequence[Parts], variant: VariantSummary, meta_graph: Any
) -> dict[str, Component]:
    """What each input gets of an example for the signature with whole arguments."""
    wholes = _single_fields(joined(signature, parts), variant, meta_graph)
    places = {name: (part.names[0], number) for part in parts for number, name in enumerate(part.names)}
    by_name = {field.name: field for field in wholes}
    components = {}
    for tensor in signature.inputs:
        whole, position = places.get(tensor.name, (tensor.name, None))
        components[tensor.name] = Component(by_name[whole], position)
    return components


def _part_hints(parts: Sequence[Parts]) -> dict[str, str]:
    """What the parts of an argument ask for."""
    hints = {}
    for part in parts:
        kind, first = part.whole.kind, short(part.names[0])
        for name, component in zip(part.names, part.whole.components, strict=True):
            hints[name] = f"{component.role} of the {kind} argument {first}"
    return hints


def _single_fields(
    signature: SignatureSummary, variant: VariantSummary, meta_graph: Any
) -> tuple[Field, ...]:
    """The fields of inputs that are taken one by one."""
    size = stated_size(variant)
    has_texts = any(tensor.dtype == "string" and tensor.tensor for tensor in signature.inputs)
    # The reader indexes the whole graph: only where an input has strings to look up.
    reader = Reader(meta_graph) if meta_graph is not None and has_texts else None
    batched = BatchedTensors(meta_graph)
    bare_fields = tuple(_field(tensor, size, reader, batched) for tensor in signature.inputs)
    neutral = {} if meta_graph is None else neutral_values(meta_graph, signature.inputs)
    if neutral:
        bare_fields = tuple(replace(field, neutral=neutral.get(field.name)) for field in bare_fields)
    bare_fields = _with_sounds(bare_fields, signature, variant, meta_graph)
    bare_fields = tuple(
        replace(field, is_latent=is_latent(field.dtype, field.shape, signature.outputs))
        if field.kind == "dense" and field.sound is None
        else field
        for field in bare_fields
    )
    # Shared by all fields: the size of one input may depend on that of another.
    sizes = Sizes(bare_fields, signature, meta_graph)
    if meta_graph is None or not any(map(_may_be_ids_or_words, bare_fields)):
        return tuple(replace(field, sizes=sizes) for field in bare_fields)
    uses = Uses(meta_graph, variant)
    return tuple(
        replace(
            field, sizes=sizes, use=uses.of(_values_tensor(tensor)) if _may_be_ids_or_words(field) else None
        )
        for field, tensor in zip(bare_fields, signature.inputs, strict=True)
    )


def _with_sounds(
    bare_fields: tuple[Field, ...], signature: SignatureSummary, variant: VariantSummary, meta_graph: Any
) -> tuple[Field, ...]:
    """The fields, those of sounds and of a sample rate marked as such."""
    sounds = find_sounds(signature, variant.messages, meta_graph).inputs
    if not sounds:
        return bare_fields
    rates = {sound.rate_name: sound.rate or USUAL_RATE for sound in sounds.values() if sound.rate_name}
    marked = []
    for field in bare_fields:
        sound = sounds.get(field.name)
        if sound is not None and not field.problem:
            marked.append(replace(field, sound=sound, hint=_sound_hint(field.shape, sound)))
        else:
            marked.append(replace(field, neutral=rates.get(field.name, field.neutral)))
    return tuple(marked)


def _sound_hint(shape: Shape, sound: Sound) -> str:
    size = None if shape is None else shape[min(1, len(shape) - 1)]
    length = "" if size is None else f" of {size:,} samples"
    return f"a sound{length}, at {sound.rate:,} Hz" if sound.rate else f"a sound{length}"


def _may_be_ids_or_words(field: Field) -> bool:
    """Whether the values of an input may be ids or words, whose use in the graph is worth a search."""
    return not field.problem and (field.dtype == "string" or field.numpy.kind in "iu")


def _values_tensor(tensor: TensorSummary) -> str:
    """The name of the tensor with the values of an input; empty where it has none."""
    roles = {part.role: part.tensor for part in tensor.components}
    return tensor.tensor or roles.get("values") or roles.get("flat values") or ""


def stated_size(variant: VariantSummary) -> tuple[int, int] | None:
    """Height and width in pixels from the ImageModuleInfo of a variant; None without a valid one."""
    image_info = {}
    for message in variant.messages:
        if message.type == "ImageModuleInfo":
            image_info = dict(message.fields)
    sides = [image_info.get(f"default_image_size.{side}", "") for side in ("height", "width")]
    height, width = (int(side) if side.isdecimal() else 0 for side in sides)
    # The message may state any size, and an example image of that size would be drawn.
    if 0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE:
        return height, width
    return None


def _field(
    tensor: TensorSummary, size: tuple[int, int] | None, reader: Reader | None, batched: BatchedTensors
) -> Field:
    name, dtype, shape, kind = tensor.name, tensor.dtype.removesuffix("_ref"), tensor.shape, tensor.kind
    problem = _problem(tensor)
    if problem:
        return Field(name, dtype, shape, kind, ARRAY, problem, problem=problem)
    if kind == RAGGED:
        hint = _nested_hint(dtype)
        return Field(name, dtype, shape, kind, RAGGED, hint, ragged_rank=_ragged_rank(tensor))
    if kind == SPARSE:
        return Field(name, dtype, shape, kind, SPARSE, f"{_nested_hint(dtype)}, null for a missing entry")
    if dtype == "string":
        encoding = reader.encoding(tensor.tensor) if reader is not None else PLAIN
        return Field(name, dtype, shape, kind, TEXT, _text_hint(shape, encoding), encoding=encoding)
    picture = picture_form(dtype, shape, name)
    if picture is None and may_be_lone_picture(dtype, shape) and batched.has(tensor.tensor):
        picture = picture_form(dtype, shape, name, gains_rows=True)
    if picture is not None:
        return _image(Field(name, dtype, shape, kind, IMAGE, ""), picture, size)
    film = film_of(shape) if dtype in _IMAGE_DTYPES else None
    asks, hint = (ARRAY, film.hint) if film is not None else _numbers(dtype, shape)
    return Field(name, dtype, shape, kind, asks, hint, film=film)


def _image(field: Field, picture: PictureForm, size: tuple[int, int] | None) -> Field:
    """The field of an image with its sizes."""
    any_size = size is None and picture.height is None and picture.width is None
    usual = size or (IMAGE_SIZE, IMAGE_SIZE)
    height, width = picture.height or usual[0], picture.width or usual[1]
    pixels = "any size" if any_size else f"{height} by {width} pixels"
    hint = f"a picture of {pixels}, {'grey' if picture.channels == 1 else 'in colour'}"
    return replace(
        field,
        hint=hint,
        height=height,
        width=width,
        channels=picture.channels,
        any_size=any_size,
        is_lone=picture.is_lone,
    )


def _problem(tensor: TensorSummary) -> str:
    if tensor.kind not in ("dense", SPARSE, RAGGED):
        return f"Inputs of the kind {tensor.kind!r} cannot be entered; dense, sparse and ragged ones can."
    if tensor.kind == RAGGED and tensor.shape is not None and len(tensor.shape) <= _ragged_rank(tensor):
        return f"It cannot be entered: a ragged shape needs more than {len(tensor.shape)} dimensions."
    try:
        numpy_dtype(tensor.dtype)
    except (TypeError, ValueError):
        return f"Values of dtype {tensor.dtype!r} exist only inside TensorFlow and cannot be entered."
    return ""


def _ragged_rank(tensor: TensorSummary) -> int:
    # The components are the flat values and the row splits of each ragged dimension.
    return max(1, len(tensor.components) - 1)


def _numbers(dtype: str, shape: Shape) -> tuple[str, str]:
    """What a dense input of numbers or booleans asks for, and its hint."""
    kind = numpy_dtype(dtype).kind
    integral = kind in "iu" or dtype in SMALL_INTEGERS
    asks = BOOLEANS if kind == "b" else INTEGERS if integral else NUMBERS
    one, many = {
        BOOLEANS: ("true or false", "true or false"),
        INTEGERS: ("a whole number", "whole numbers"),
        NUMBERS: ("a number", "numbers"),
    }[asks]
    if shape is None:
        return asks, f"{many}: a row per line, or JSON"
    known = math.prod(size for size in shape if size is not None)
    if len(shape) > 2 or known > MAX_TYPED:
        sizes = " by ".join("any" if size is None else str(size) for size in shape)
        return ARRAY, f"{many}, {sizes}: a file, a variable, or JSON"
    if not shape:
        return asks, one
    last = "" if shape[-1] is None else f"{shape[-1]} "
    if len(shape) == 1:
        return asks, f"{last}{many}, separated by commas or spaces"
    if shape[-1] == 1:
        return asks, f"{one} per line"
    return asks, f"{last}{many} per row, a row per line"


def _text_hint(shape: Shape, encoding: Encoding) -> str:
    if encoding.kind == "example":
        return f"rows of features as JSON, one per line, such as {_sample_features(encoding)}"
    if encoding.kind == "image":
        return "a picture file, which the graph decodes"
    if encoding.kind == "audio":
        return "a sound, which the graph decodes from WAV"
    if shape == ():
        return "a text"
    if shape is not None and len(shape) > 1 and (len(shape) > 2 or shape[1] != 1):
        return "JSON rows of texts" if len(shape) > 2 else "a row per line, texts separated by tabs, or JSON"
    return "one sentence per line"


def _sample_features(encoding: Encoding) -> str:
    """An example of a tf.Example as typed text."""
    some = {"string": '"a"', "int64": "1", "float32": "0.5"}
    names = [(feature.name, some.get(feature.dtype, "0.5")) for feature in encoding.features] or [
        ("name", "0.5")
    ]
    pairs = [
        f"{json.dumps(short(name), ensure_ascii=False)}: {word}" for name, word in names[:_HINT_FEATURES]
    ]
    return f"{{{', '.join(pairs)}{', …' if len(names) > _HINT_FEATURES else ''}}}"


def _nested_hint(dtype: str) -> str:
    what = "texts" if dtype == "string" else "true or false" if dtype == "bool" else "numbers"
    entries = {"string": '[["a", "b"], ["c"]]', "bool": "[[true, false], [true]]"}.get(dtype, "[[1, 2], [3]]")
    return f"JSON rows of {what}, such as {entries}"
