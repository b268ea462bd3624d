"""The largest difference between two results of a signature, of a module and of its export."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import tensorflow as tf

from hubexplore.summary.distance import distance
from hubexplore.summary.tensor_values import is_ragged, is_sparse

_CHUNK_BYTES: Final = 1 << 24
"""Largest part of a file that is in memory at one time."""


class Assets:
    """The files that come with one module, which its results may name by path.

    Args:
      paths: of the files, as its graph has them.
    """

    def __init__(self, paths: Iterable[bytes]) -> None:
        self._paths = frozenset(paths)

    def are_in(self, value: Any) -> bool:
        """Whether a result, a NumPy array or bytes, has the path of one of the files."""
        array = _array(value)
        return array.dtype.kind not in "biufcV" and any(self.neutral(text) != text for text in array.flat)

    def neutral(self, text: Any) -> Any:
        """Returns a text in which a hash of the file replaces its path, which differs between copies."""
        if not isinstance(text, bytes):
            return text
        # The longest first: one path may begin another.
        for path in sorted(self._paths, key=len, reverse=True):
            if path in text:
                text = text.replace(path, _content(path))
        return text


@functools.lru_cache(maxsize=64)
def _content(path: bytes) -> bytes:
    """What replaces the path of a file: a hash of its content, or its name if it cannot be read."""
    whole = hashlib.sha256()
    try:
        with tf.io.gfile.GFile(path.decode(), "rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                whole.update(chunk)
    except (tf.errors.OpError, UnicodeDecodeError):
        return b"<file %s>" % path.rpartition(b"/")[2]
    return b"<file of %s>" % whole.hexdigest().encode()


NO_ASSETS: Final = Assets(())


def difference(
    first: Any, second: Any, assets: Assets = NO_ASSETS, other_assets: Assets = NO_ASSETS
) -> float:
    """The largest difference between two results.

    Args:
      first: NumPy array, SparseTensorValue or RaggedTensorValue.
      second: to compare with it.
      assets: of the module that gave `first`. The path of one equals that of a file of the same content.
      other_assets: of the module that gave `second`.

    Returns:
      0.0 if both are equal, where NaN equals NaN; infinite where kinds, dtypes, shapes, texts, or the places
      of NaN and infinity differ.
    """
    parts, others = _parts(first), _parts(second)
    if len(parts) != len(others):
        return math.inf
    # Indices, shapes and row splits must be equal; only the values themselves may be close.
    for part, other in zip(parts[1:], others[1:], strict=True):
        if not np.array_equal(part, other):
            return math.inf
    return _array_difference(_array(parts[0]), _array(others[0]), assets, other_assets)


def _parts(value: Any) -> tuple[Any, ...]:
    """The values of a result, then where they belong: indices and shape, or row splits."""
    if is_sparse(value):
        return value.values, value.indices, value.dense_shape
    if is_ragged(value):
        return value.flat_values, *value.nested_row_splits
    return (value,)


def _array(value: Any) -> Any:
    """A value as an array. A single text is an object, as texts are in arrays of TensorFlow."""
    return np.array(value, object) if isinstance(value, (bytes, str)) else np.asarray(value)


def _array_difference(one: Any, other: Any, assets: Assets, other_assets: Assets) -> float:
    if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
        return math.inf
    if one.dtype.names:  # TensorFlow's quantized integers are records of one field
        one, other = one[one.dtype.names[0]], other[other.dtype.names[0]]
    if one.dtype.kind not in "biufcV":
        pairs = zip(one.flat, other.flat, strict=True)
        same = all(
            value == other_value or assets.neutral(value) == other_assets.neutral(other_value)
            for value, other_value in pairs
        )
        return 0.0 if same else math.inf
    if one.dtype != other.dtype:
        return math.inf
    return distance(one, other).largest
