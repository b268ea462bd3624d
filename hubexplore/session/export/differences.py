"""How far two results of a signature are apart, of a module and of what was written of it."""

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

_CHUNK: Final = 1 << 24  # bytes of a file in memory at once


class Assets:
    """The files that come with one module, which its results may name by path.

    Args:
      paths: of the files, as its graph has them.
    """

    def __init__(self, paths: Iterable[bytes]) -> None:
        self._paths = frozenset(paths)

    def neutral(self, text: Any) -> Any:
        """Returns a text in which the content of a file stands for its path, which differs between copies."""
        if not isinstance(text, bytes):
            return text
        # The longest first: one path may begin another.
        for path in sorted(self._paths, key=len, reverse=True):
            if path in text:
                text = text.replace(path, _content(path))
        return text


@functools.lru_cache(maxsize=64)
def _content(path: bytes) -> bytes:
    """What stands for a file: a hash of its content, or its name where it cannot be read."""
    whole = hashlib.sha256()
    try:
        with tf.io.gfile.GFile(path.decode(), "rb") as file:
            while chunk := file.read(_CHUNK):
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
    # What tells where the values belong comes after the values themselves.
    for own, other in zip(parts[1:], others[1:], strict=True):
        if not np.array_equal(own, other):
            return math.inf
    return _array_difference(np.asarray(parts[0]), np.asarray(others[0]), assets, other_assets)


def _parts(value: Any) -> tuple[Any, ...]:
    """The values of a result, then what tells their places: indices and shape, or splits of rows."""
    if is_sparse(value):
        return value.values, value.indices, value.dense_shape
    if is_ragged(value):
        return value.flat_values, *value.nested_row_splits
    return (value,)


def _array_difference(one: Any, other: Any, assets: Assets, other_assets: Assets) -> float:
    if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
        return math.inf
    if one.dtype.names:  # TensorFlow's quantized integers are records of one field
        one, other = one[one.dtype.names[0]], other[other.dtype.names[0]]
    if one.dtype.kind not in "biufcV":
        pairs = zip(one.flat, other.flat, strict=True)
        same = all(own == its or assets.neutral(own) == other_assets.neutral(its) for own, its in pairs)
        return 0.0 if same else math.inf
    if one.dtype != other.dtype:
        return math.inf
    return distance(one, other).largest
