"""The inputs of a signature as fields of a form: what to ask for, and how to say it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any, Final

import numpy as np

from hubexplore.inputs.graph_uses import Use, Uses
from hubexplore.inputs.input_value import short
from hubexplore.inputs.open_sizes import Sizes
from hubexplore.summary.dtypes import ARRAYS, FLOATS, SMALL_INTEGERS
from hubexplore.summary.model import Shape, SignatureSummary, TensorSummary, VariantSummary
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
"""Pixels of a side of an example where neither the input nor an attached message says."""
LARGEST_SIDE: Final = 4096
MOST_TYPED: Final = 64
"""Numbers in a row: more are brought as a file or a variable rather than typed."""
_FEATURES: Final = 3  # of a tf.Example in a hint
_IMAGE_DTYPES: Final = FLOATS | {"uint8"}


@dataclass(frozen=True)
class Field:
    """One input of a signature.

    Attributes:
      name: in the signature, as its writer chose it.
      dtype: as TensorFlow names it.
      shape: static shape; None is an unknown rank, a None in it an unknown dimension.
      kind: "dense", "sparse" or "ragged".
      asks: "text", "numbers", "integers", "booleans", "image", "array", "sparse" or "ragged".
      hint: a short sentence on what to type.
      height: of an image, in pixels; else 0.
      width: of an image, in pixels; else 0.
      channels: of an image, 1 or 3; else 0.
      problem: why it cannot be asked for; empty where it can.
      encoding: what the graph reads its strings as.
      ragged_rank: how many dimensions of a ragged input have rows of their own lengths; else 0.
      sizes: those that all inputs of its signature may have together; None where the input is alone.
      use: what the graph does with its values; None where that is not known.
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
    problem: str = ""
    encoding: Encoding = PLAIN
    ragged_rank: int = 0
    sizes: Sizes | None = attribute(default=None, compare=False, repr=False)
    use: Use | None = attribute(default=None, compare=False, repr=False)

    @property
    def encoded(self) -> str:
        """What its strings hold: "example" (tf.Example), "image" (the content of a file), or "" for text."""
        return self.encoding.kind

    @property
    def numpy(self) -> np.dtype[Any]:
        """dtype of its arrays: object for strings."""
        return numpy_dtype(self.dtype)


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The NumPy dtype for a dtype of TensorFlow.

    Raises:
      TypeError: there is none, as for resources.
    """
    name = name.removesuffix("_ref")
    if name == "string":
        return np.dtype(object)
    if name in ("resource", "variant", "object"):
        raise TypeError(f"There are no arrays of {name}.")
    try:
        return np.dtype(ARRAYS.get(name, name))
    except TypeError:
        import ml_dtypes  # bfloat16 and the small floats; comes with TensorFlow

        return np.dtype(getattr(ml_dtypes, name, None) or name)


def fields(signature: SignatureSummary, variant: VariantSummary, meta_graph: Any = None) -> tuple[Field, ...]:
    """The fields for the inputs of a signature, in its order.

    Args:
      signature: of `variant`.
      variant: its messages may say how large images are.
      meta_graph: MetaGraphDef-shaped message of the variant, which shows what strings are read as; without
        it they are taken for text.
    """
    size = stated_size(variant)
    has_texts = any(tensor.dtype == "string" and tensor.tensor for tensor in signature.inputs)
    reader = Reader(meta_graph) if meta_graph is not None and has_texts else None
    found = tuple(_field(tensor, size, reader) for tensor in signature.inputs)
    sizes = Sizes(found, signature, meta_graph)
    if meta_graph is None or not any(map(_is_followed, found)):
        return tuple(replace(each, sizes=sizes) for each in found)
    uses = Uses(meta_graph, variant)
    return tuple(
        replace(each, sizes=sizes, use=uses.of(_values(tensor)) if _is_followed(each) else None)
        for each, tensor in zip(found, signature.inputs, strict=True)
    )


def _is_followed(field: Field) -> bool:
    """Whether values of an input may be ids or words."""
    return not field.problem and (field.dtype == "string" or field.numpy.kind in "iu")


def _values(tensor: TensorSummary) -> str:
    """The name of the tensor with an input's values."""
    roles = {part.role: part.tensor for part in tensor.components}
    return tensor.tensor or roles.get("values") or roles.get("flat values") or ""


def stated_size(variant: VariantSummary) -> tuple[int, int] | None:
    """Height and width in pixels that a variant's ImageModuleInfo gives, if it has one."""
    found = {}
    for message in variant.messages:
        if message.type == "ImageModuleInfo":
            found = dict(message.fields)
    sides = [found.get(f"default_image_size.{side}", "") for side in ("height", "width")]
    height, width = (int(side) if side.isdecimal() else 0 for side in sides)
    if 0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE:
        return height, width
    return None


def _field(tensor: TensorSummary, size: tuple[int, int] | None, reader: Reader | None) -> Field:
    name, dtype, shape, kind = tensor.name, tensor.dtype.removesuffix("_ref"), tensor.shape, tensor.kind
    problem = _problem(tensor)
    if problem:
        return Field(name, dtype, shape, kind, ARRAY, problem, problem=problem)
    if kind == RAGGED:
        hint = _nested_hint(dtype)
        return Field(name, dtype, shape, kind, RAGGED, hint, ragged_rank=_ragged_rank(tensor))
    if kind == SPARSE:
        return Field(name, dtype, shape, kind, SPARSE, f"{_nested_hint(dtype)}, null where there is nothing")
    if dtype == "string":
        encoding = reader.encoding(tensor.tensor) if reader is not None else PLAIN
        return Field(name, dtype, shape, kind, TEXT, _text_hint(shape, encoding), encoding=encoding)
    if shape is not None and _is_image(dtype, shape):
        any_size = size is None and shape[1] is None and shape[2] is None
        usual = size or (IMAGE_SIZE, IMAGE_SIZE)
        height, width, channels = shape[1] or usual[0], shape[2] or usual[1], shape[3] or 3
        pixels = "any size" if any_size else f"{height} by {width} pixels"
        hint = f"a picture of {pixels}, {'grey' if channels == 1 else 'in colour'}"
        return Field(name, dtype, shape, kind, IMAGE, hint, height, width, channels, any_size)
    return Field(name, dtype, shape, kind, *_plain(dtype, shape))


def _problem(tensor: TensorSummary) -> str:
    if tensor.kind not in ("dense", SPARSE, RAGGED):
        return f"Inputs of the kind {tensor.kind!r} cannot be given here: only dense, sparse and ragged ones."
    if tensor.kind == RAGGED and tensor.shape is not None and len(tensor.shape) <= _ragged_rank(tensor):
        return f"It cannot be given: a ragged shape has more dimensions than {len(tensor.shape)}."
    try:
        numpy_dtype(tensor.dtype)
    except (TypeError, ValueError):
        return f"Values of dtype {tensor.dtype!r} live inside TensorFlow and cannot be typed or brought."
    return ""


def _ragged_rank(tensor: TensorSummary) -> int:
    # Flat values, and row splits for each ragged dimension.
    return max(1, len(tensor.components) - 1)


def _is_image(dtype: str, shape: tuple[int | None, ...]) -> bool:
    if dtype not in _IMAGE_DTYPES or len(shape) != 4 or shape[3] not in (1, 3):
        return False
    return all(side is None or 0 < side <= LARGEST_SIDE for side in shape[1:3])


def _plain(dtype: str, shape: Shape) -> tuple[str, str]:
    """What to ask for, and the hint, of dense numbers and booleans."""
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
    if len(shape) > 2 or known > MOST_TYPED:
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
        return f"rows of features as JSON, one per line, such as {_some_features(encoding)}"
    if encoding.kind == "image":
        return "the file of a picture, which the graph decodes"
    if shape == ():
        return "a text"
    if shape is not None and len(shape) > 1 and (len(shape) > 2 or shape[1] != 1):
        return "JSON rows of texts" if len(shape) > 2 else "a row per line, texts separated by tabs, or JSON"
    return "one sentence per line"


def _some_features(encoding: Encoding) -> str:
    """What a tf.Example may look like when it is typed."""
    some = {"string": '"a"', "int64": "1", "float32": "0.5"}
    names = [(each.name, some.get(each.dtype, "0.5")) for each in encoding.features] or [("name", "0.5")]
    pairs = [f"{json.dumps(short(name), ensure_ascii=False)}: {word}" for name, word in names[:_FEATURES]]
    return f"{{{', '.join(pairs)}{', …' if len(names) > _FEATURES else ''}}}"


def _nested_hint(dtype: str) -> str:
    what = "texts" if dtype == "string" else "true or false" if dtype == "bool" else "numbers"
    entries = {"string": '[["a", "b"], ["c"]]', "bool": "[[true, false], [true]]"}.get(dtype, "[[1, 2], [3]]")
    return f"JSON rows of {what}, such as {entries}"
