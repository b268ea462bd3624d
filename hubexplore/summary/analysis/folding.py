"""Computes constant expressions of strings, as paths are put together, without TensorFlow."""

from __future__ import annotations

import base64
import binascii
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hubexplore.summary.analysis.values import ASSET_MARK, MOST_PARTS, Part
from hubexplore.summary.dtypes import WIDTHS
from hubexplore.summary.files import wire
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.ops.op_definitions import attribute

Parts = Sequence[Part]
_LONGEST: Final = 1 << 24  # bytes of a text that is put together

PASSING: Final = frozenset({
    "Identity", "StopGradient", "PreventGradient", "EnsureShape", "Reshape", "Squeeze", "ExpandDims",
    "BroadcastTo", "Tile", "Snapshot", "RefIdentity", "Enter", "RefEnter", "Exit", "NextIteration",
    "Slice", "StridedSlice", "Gather", "GatherV2", "GatherNd", "Transpose", "Reverse", "ReverseV2",
    "RandomShuffle", "Switch", "RefSwitch", "Unpack", "DebugIdentity", "DebugIdentityV2", "Print",
    "CheckNumerics", "PlaceholderWithDefault", "ReadVariableOp", "Copy", "CopyHost", "BoostedTreesBucketize",
    "OptionalGetValue", "UnwrapDatasetVariant", "WrapDatasetVariant",
    "RepeatDataset", "ShuffleDataset", "ShuffleDatasetV2", "ShuffleDatasetV3", "ShuffleAndRepeatDataset",
    "ShuffleAndRepeatDatasetV2", "BatchDataset", "BatchDatasetV2", "PrefetchDataset", "TakeDataset",
    "SkipDataset", "ShardDataset", "OptionsDataset", "ModelDataset", "OptimizeDataset", "OptimizeDatasetV2",
    "UnbatchDataset", "RebatchDataset", "RebatchDatasetV2", "CacheDataset", "CacheDatasetV2", "FilterDataset",
    "AssertCardinalityDataset", "FinalizeDataset", "MaxIntraOpParallelismDataset", "PrivateThreadPoolDataset",
    "DatasetToSingleElement",
})  # fmt: skip
"""Ops whose elements are elements of their first input; which of them is not followed."""
COLLECTING: Final = frozenset({
    "IdentityN", "Pack", "ConcatV2", "Concat", "ParallelConcat", "Merge", "RefMerge", "Select", "SelectV2",
    "TensorDataset", "TensorSliceDataset", "ConcatenateDataset", "ZipDataset", "SplitV", "Split", "Unique",
    "DynamicStitch", "ListDataset", "TensorListFromTensor", "TensorListStack", "TensorListGetItem",
    "OptionalFromValue",
})  # fmt: skip
"""Ops whose elements are elements of their inputs; which of them is not followed."""


def constant_parts(node: Any) -> tuple[Part, ...] | None:
    """The elements of a Const node; None if they are too many, or not strings or simple numbers."""
    if "value" not in node.attr:
        return None
    return tensor_parts(node.attr["value"].tensor)


def tensor_parts(tensor: Any) -> tuple[Part, ...] | None:
    """The elements of a TensorProto-shaped message; see `constant_parts`."""
    name = dtype_name(tensor.dtype)
    field = "string_val" if name == "string" else _NUMBER_FIELDS.get(name)
    if field is None:
        return None
    count = math.prod(max(dim.size, 0) for dim in tensor.tensor_shape.dim)
    content = tensor.tensor_content
    if not content:  # which TensorFlow prefers to written elements
        written = getattr(tensor, field)
        if len(written) > MOST_PARTS:
            return None
        # Elements that are not written are zeros, or empty.
        return tuple(written) or ((b"" if name == "string" else 0,) if count else ())
    if name == "string":
        return _packed_strings(content, count)
    if len(content) > 8 * MOST_PARTS or len(content) % WIDTHS[name]:
        return None
    # On first use: most graphs are looked at without NumPy, which takes longer to import than all else here.
    from hubexplore.summary.weights.number_encoding import decode

    return tuple(decode(content, name).tolist())


def _packed_strings(content: bytes, count: int) -> tuple[Part, ...] | None:
    """Strings whose lengths, as varints, are before all of their bytes; None if they are not."""
    if count > MOST_PARTS:
        return None
    lengths = []
    at = 0
    try:
        for _ in range(count):
            length, at = wire.varint(content, at)
            lengths.append(length)
    except ValueError:
        return None
    if at + sum(lengths) != len(content):
        return None
    bounds = itertools.accumulate(lengths, initial=at)
    return tuple(content[begin:end] for begin, end in itertools.pairwise(bounds))


_NUMBER_FIELDS: Final[Mapping[str, str]] = {
    "int32": "int_val", "int64": "int64_val", "bool": "bool_val", "float32": "float_val",
    "float64": "double_val", "uint8": "int_val", "int8": "int_val", "int16": "int_val", "uint16": "int_val",
}  # fmt: skip


def fold(node: Any, inputs: Sequence[Parts]) -> tuple[Part, ...] | None:
    """The elements that a node computes from the elements of its inputs; None if that is not followed."""
    rule = _RULES.get(node.op)
    if rule is None:
        return None
    try:
        return rule(node, inputs)
    except (ValueError, TypeError, IndexError, OverflowError):
        # A node with other inputs than its op takes: TensorFlow refuses it when it runs.
        return None


def _texts(parts: Parts) -> list[bytes]:
    if not all(isinstance(part, bytes) for part in parts):
        raise TypeError("not a tensor of strings")
    return [part for part in parts if isinstance(part, bytes)]


def _text_attribute(node: Any, name: str) -> bytes:
    value = attribute(node, name)
    return bytes(value.s) if value is not None else b""


def _together(inputs: Sequence[Parts]) -> list[tuple[Part, ...]]:
    """The elements that are side by side: all combinations if the inputs are not equally long."""
    sizes = {len(parts) for parts in inputs if len(parts) != 1}
    if len(sizes) <= 1:
        count = next(iter(sizes), 1)
        return list(
            zip(*(list(parts) * count if len(parts) == 1 else parts for parts in inputs), strict=True)
        )
    if math.prod(map(len, inputs)) > MOST_PARTS:
        raise ValueError("too many combinations")
    return list(itertools.product(*inputs))


def _short(texts: list[bytes]) -> tuple[Part, ...] | None:
    return tuple(texts) if sum(map(len, texts)) <= _LONGEST else None


def _join(node: Any, inputs: Sequence[Parts]) -> tuple[Part, ...] | None:
    separator = _text_attribute(node, "separator")
    return _short([separator.join(_texts(texts)) for texts in _together(inputs)])


def _reduce_join(node: Any, inputs: Sequence[Parts]) -> tuple[Part, ...] | None:
    # Along which axis is not followed: paths are put together from vectors.
    return _short([_text_attribute(node, "separator").join(_texts(inputs[0]))])


def _literal(text: bytes) -> bytes:
    """A text that may be taken apart: not the path of an asset, of which only the end is known."""
    if ASSET_MARK in text:
        raise ValueError("the path of an asset")
    return text


def _add(_node: Any, inputs: Sequence[Parts]) -> tuple[Part, ...] | None:
    return _short([b"".join(_texts(texts)) for texts in _together(inputs)])


def _written(part: Part) -> bytes:
    if isinstance(part, bytes):
        return part
    if isinstance(part, bool):
        return b"true" if part else b"false"
    return str(part).encode() if isinstance(part, int) else f"{part:f}".encode()


def _as_string(_node: Any, inputs: Sequence[Parts]) -> tuple[Part, ...] | None:
    return _short([_written(part) for part in inputs[0]])


def _format(node: Any, inputs: Sequence[Parts]) -> tuple[Part, ...] | None:
    template = _text_attribute(node, "template")
    holder = _text_attribute(node, "placeholder") or b"%s"
    pieces = template.split(holder)
    if len(pieces) != len(inputs) + 1 or any(len(parts) != 1 for parts in inputs):
        return None
    text = pieces[0]
    for parts, piece in zip(inputs, pieces[1:], strict=True):
        text += _written(parts[0]) + piece
    return _short([text])


def _substr(_node: Any, inputs: Sequence[Parts]) -> tuple[Part, ...] | None:
    cut = []
    for text, begin, length in _together(inputs):
        if not isinstance(text, bytes) or not isinstance(begin, int) or not isinstance(length, int):
            return None
        start = begin if begin >= 0 else max(len(text) + begin, 0)
        cut.append(_literal(text)[start : start + max(length, 0)])
    return _short(cut)


def _each(change: Callable[[bytes], bytes]) -> Callable[[Any, Sequence[Parts]], tuple[Part, ...] | None]:
    return lambda node, inputs: _short([change(_literal(text)) for text in _texts(inputs[0])])


def _from_base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _unicode(_node: Any, inputs: Sequence[Parts]) -> tuple[Part, ...] | None:
    codes, splits = inputs
    if not all(isinstance(number, int) for number in (*codes, *splits)):
        return None
    text = [chr(int(code)) for code in codes]
    bounds = [int(split) for split in splits]
    return _short(["".join(text[begin:end]).encode() for begin, end in itertools.pairwise(bounds)])


def _sharded(_node: Any, inputs: Sequence[Parts]) -> tuple[Part, ...] | None:
    (name,), (shard,), (count,) = inputs
    if not isinstance(name, bytes) or not isinstance(shard, int) or not isinstance(count, int):
        return None
    return (name + b"-%05d-of-%05d" % (shard, count),)


def _fill(_node: Any, inputs: Sequence[Parts]) -> tuple[Part, ...] | None:
    return tuple(inputs[1])


_RULES: Final[Mapping[str, Callable[[Any, Sequence[Parts]], tuple[Part, ...] | None]]] = {
    "StringJoin": _join, "ReduceJoin": _reduce_join, "Add": _add, "AddV2": _add, "AsString": _as_string,
    "StringFormat": _format, "Substr": _substr, "StringLower": _each(bytes.lower),
    "StringUpper": _each(bytes.upper), "StringStrip": _each(bytes.strip),
    "DecodeBase64": _each(_from_base64), "UnicodeEncode": _unicode, "ShardedFilename": _sharded,
    "EncodeBase64": _each(lambda text: base64.urlsafe_b64encode(text).rstrip(b"=")), "Fill": _fill,
}  # fmt: skip
FOLDING: Final = frozenset(_RULES)
"""Ops whose results `fold` computes."""
