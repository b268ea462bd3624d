"""Code that loads a module and calls a signature of it, to be copied: it runs as it is printed.

Names and paths are written by `repr`, so that whatever strangers chose stays a string in one line.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.summary.compare.replacement import shape_text
from hubexplore.summary.dtypes import ARRAYS, WIDTHS
from hubexplore.summary.files.paths import is_text
from hubexplore.summary.graph.neutral_values import neutral_values
from hubexplore.summary.lookup import find_variant
from hubexplore.summary.model import (
    IN_MEMORY,
    ModuleSummary,
    Shape,
    SignatureSummary,
    TensorSummary,
    VariantSummary,
)
from hubexplore.summary.module_format import DEFAULT_SIGNATURE, DEFAULT_SIGNATURES
from hubexplore.summary.reading.input_facts import InputFacts, read_inputs
from hubexplore.summary.reading.input_parts import find_parts, joined
from hubexplore.summary.reading.string_inputs import Encoding, Feature
from hubexplore.summary.tags import serving_tags
from hubexplore.summary.wishes import NO_WISHES

_MODULES: Final = {
    "base64": "import base64",
    "hub": "import hubexplore as hub",
    "np": "import numpy as np",
    "tf": "import tensorflow as tf",
}
_FEATURES: Final = {"string": ("bytes", "b''"), "int64": ("int64", "0"), "float32": ("float", "0.0")}
_ENCODERS: Final = {"JPEG": "encode_jpeg", "PNG": "encode_png"}
# Sides of an image, words of a text: where the graph takes any size.
# 224 pixels is what networks for ImageNet take.
_SIDE: Final = 224
_WORDS: Final = 6
_MOST_INPUTS: Final = 1_000  # nobody reads code that names more


class _NoValueError(ValueError):
    """No value can be written down for an input."""


@dataclass(frozen=True)
class Usage:
    """Lines of code that load a module, and the signature that they call."""

    signature: str
    lines: tuple[str, ...]


def usage(summary: ModuleSummary) -> Usage | None:
    """Returns code that calls the default signature, or the first; None where it cannot be written.

    Inputs are zeros, short texts and empty messages, in sizes that the graph takes as far as it shows them,
    and the numbers and flags with which it gives its usual results.

    Args:
      summary: of a module on disk, with its source.
    """
    source = summary.source
    if summary.format == IN_MEMORY or source is None:
        return None
    variant = _variant(summary)
    signature = None if variant is None else _signature(variant)
    if variant is None or signature is None:
        return None
    if len(signature.inputs) > _MOST_INPUTS:
        return None
    meta_graph = source.meta_graphs[variant.tags]
    try:
        inputs = _Inputs(meta_graph, signature)
        values = inputs.values()
    except _NoValueError:
        return None
    lines = [*inputs.before, *values, *_call(summary, variant, signature, values)]
    return Usage(signature.name, (*_imports(lines), *lines))


def _imports(lines: Sequence[str]) -> list[str]:
    """The imports of the modules that code names; what only stands in a string is no name."""
    named = {node.id for node in ast.walk(ast.parse("\n".join(lines))) if isinstance(node, ast.Name)}
    return [statement for name, statement in _MODULES.items() if name in named]


def _variant(summary: ModuleSummary) -> VariantSummary | None:
    """The variant of a live module, else that for serving."""
    tags = (
        summary.live.tags if summary.live else tuple(serving_tags(other.tags for other in summary.variants))
    )
    return find_variant(summary, tags)


def _signature(variant: VariantSummary) -> SignatureSummary | None:
    by_name = {signature.name: signature for signature in variant.signatures}
    names = [*(name for name in DEFAULT_SIGNATURES if name in by_name), *by_name]
    return by_name[names[0]] if names else None


def _call(
    summary: ModuleSummary, variant: VariantSummary, signature: SignatureSummary, values: Sequence[str]
) -> list[str]:
    tags = f", tags={list(variant.tags)!r}" if variant.tags else ""
    arguments = [
        *(["inputs"] if values else []),
        *([f"signature={signature.name!r}"] if signature.name != DEFAULT_SIGNATURE else []),
        "as_dict=True",
    ]
    module = repr(summary.title)
    wishes = NO_WISHES if summary.source is None else summary.source.wishes
    load = [f"spec = hub.load_module_spec({module}{wishes.code})"] if wishes else []
    return [
        *load,
        f"with hub.eval_function_for_module({'spec' if load else module}{tags}) as f:",
        f"    outputs = f({', '.join(arguments)})",
    ]


class _Inputs:
    """The inputs of a signature as code; `before` are lines that have to run first."""

    def __init__(self, meta_graph: Any, signature: SignatureSummary) -> None:
        self.before: list[str] = []
        self._inputs = signature.inputs
        self._facts = read_inputs(meta_graph, [signature])
        self._name = signature.name
        self._neutral = neutral_values(meta_graph, signature.inputs)
        parts = [part for part in find_parts(signature, meta_graph) if part.is_sure]
        self._places = {
            name: (part.whole, number) for part in parts for number, name in enumerate(part.names)
        }
        self._shapes = _shapes(meta_graph, joined(signature, parts))

    def values(self) -> list[str]:
        """The lines of a dict of values; none without inputs."""
        entries = []
        for tensor in self._inputs:
            value = self._value(tensor)
            comment = f"{tensor.dtype.removesuffix('_ref')} {shape_text(tensor.shape)}"
            entries.append(f"    {tensor.name!r}: {value},  # {comment}")
        return ["inputs = {", *entries, "}"] if entries else []

    def _value(self, tensor: TensorSummary) -> str:
        dtype = tensor.dtype.removesuffix("_ref")
        if dtype not in WIDTHS and dtype != "string":
            raise _NoValueError
        if tensor.name in self._places:
            whole, position = self._places[tensor.name]
            return _part(whole, position, dtype, self._shapes[whole.name])
        shape = self._shapes[tensor.name]
        if tensor.name in self._neutral:
            shape = () if tensor.shape is None else shape
            return f"np.full({shape!r}, {self._neutral[tensor.name]!r}, {dtype!r})"
        match tensor.kind:
            case "dense":
                return self._dense(tensor, dtype, shape)
            case "sparse":
                make = "tf.compat.v1.SparseTensorValue"
                nothing = f"np.zeros((0, {len(shape)}), 'int64')"
                return f"{make}({nothing}, {_zeros((0,), dtype)}, {list(shape)!r})"
            case "ragged":
                make = "tf.compat.v1.ragged.constant_value"
                splits = tensor.components[1:]
                width = splits[0].dtype if splits else "int64"
                return (
                    f"{make}({_filled(shape, dtype)}.tolist(), tf.{dtype}, ragged_rank={len(splits)}, "
                    f"row_splits_dtype=tf.{width})"
                )
        raise _NoValueError

    def _dense(self, tensor: TensorSummary, dtype: str, shape: tuple[int, ...]) -> str:
        encoding = self._facts.get((self._name, tensor.name), InputFacts()).encoding
        if encoding.kind == "example":
            return _repeated(shape, f"{self._example(encoding.features)}.SerializeToString()")
        if encoding.kind == "image":
            return _repeated(shape, _picture(encoding))
        return _filled(shape, dtype)

    def _example(self, features: Sequence[Feature]) -> str:
        """The name of a message with a value for each feature; the lines that make it go before."""
        name = f"example_{len(self.before)}" if self.before else "example"
        self.before.append(f"{name} = tf.train.Example()")
        for feature in features:
            if feature.dtype not in _FEATURES or not is_text(feature.name):
                raise _NoValueError
            kind, value = _FEATURES[feature.dtype]
            several = f"[{value}] * {feature.count}" if feature.count != 1 else f"[{value}]"
            self.before.append(
                f"{name}.features.feature[{feature.name!r}].{kind}_list.value.extend({several})"
            )
        return name


def _part(whole: TensorSummary, position: int, dtype: str, shape: tuple[int, ...]) -> str:
    """A component of a sparse or ragged argument of this shape, which the signature takes as an input."""
    if whole.kind == "sparse":
        sizes = f"np.array({list(shape)!r}, {dtype!r})"
        return (_zeros((0, len(shape)), dtype), _zeros((0,), dtype), sizes)[position]
    ragged = len(whole.components) - 1
    if not position:
        return _filled((math.prod(shape[: ragged + 1]), *shape[ragged + 1 :]), dtype)
    width = shape[position]
    ends = [row * width for row in range(math.prod(shape[:position]) + 1)]
    return f"np.array({ends!r}, {dtype!r})"


def _picture(encoding: Encoding) -> str:
    if encoding.picture not in _ENCODERS:
        raise _NoValueError
    encoder = _ENCODERS[encoding.picture]
    picture = f"tf.io.{encoder}(np.zeros(({_SIDE}, {_SIDE}, 3), 'uint8')).numpy()"
    return f"base64.urlsafe_b64encode({picture})" if encoding.base64 else picture


def _repeated(shape: tuple[int, ...], content: str) -> str:
    # np.full would lose zero bytes at the end.
    if shape == (1,):
        return f"np.array([{content}], object)"
    return f"np.array([{content}] * {math.prod(shape)}, object).reshape({shape!r})"


def _filled(shape: tuple[int, ...], dtype: str) -> str:
    return f"np.full({shape!r}, 'text', object)" if dtype == "string" else _zeros(shape, dtype)


def _zeros(shape: tuple[int, ...], dtype: str) -> str:
    if dtype == "string":
        return f"np.zeros({shape!r}, object)"
    # NumPy knows neither quantized dtypes nor those of ml_dtypes by TensorFlow's names.
    numpy_dtype = repr(dtype) if ARRAYS.get(dtype) == dtype else f"tf.{dtype}.as_numpy_dtype"
    return f"np.zeros({shape!r}, {numpy_dtype})"


def _shapes(meta_graph: Any, signature: SignatureSummary) -> Mapping[str, tuple[int, ...]]:
    """A full shape of one row for each input, as the graph takes it."""
    # Most signatures state all sizes but the batch; only the others need the graph to be followed.
    stated = {tensor.name: _stated(tensor) for tensor in signature.inputs}
    if all(shape is not None and None not in shape[1:] for shape in stated.values()):
        return {
            name: tuple(1 if size is None else size for size in shape or ()) for name, shape in stated.items()
        }
    # Needs NumPy, which is not imported for what says its sizes itself.
    from hubexplore.summary.sizes import OpenInput, solutions

    inputs = [
        OpenInput(tensor.name, stated[tensor.name], _leading(tensor), tensor.kind, _usual(tensor))
        for tensor in signature.inputs
    ]
    ends: dict[str, Shape] = {part.tensor: None for tensor in signature.outputs for part in tensor.components}
    ends |= {tensor.tensor: tensor.shape for tensor in signature.outputs if tensor.tensor}
    best = solutions(meta_graph, inputs, ends)[0]
    return {tensor.name: best.shape(tensor.name, 1) for tensor in inputs}


def _stated(tensor: TensorSummary) -> Shape:
    if tensor.shape is not None or tensor.kind == "dense":
        return tensor.shape
    return (None,) * (max(len(tensor.components), 2) if tensor.kind == "ragged" else 2)


def _leading(tensor: TensorSummary) -> str:
    if tensor.kind == "sparse":
        return next((part.tensor for part in tensor.components if part.role == "dense shape"), "")
    return tensor.tensor


def _usual(tensor: TensorSummary) -> dict[int, int]:
    if tensor.dtype == "string":
        return {1: _WORDS}
    return {1: _SIDE, 2: _SIDE} if tensor.shape is not None and len(tensor.shape) == 4 else {}
