"""Rows of a `tf.data.Dataset`, and a dataset of the results."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import tensorflow as tf

from hubexplore.errors import MapError
from hubexplore.mapping.rows import Column, Rows
from hubexplore.mapping.sources.iterables import VALUE
from hubexplore.mapping.sources.source import Source, digest_of

if TYPE_CHECKING:
    from hubexplore.mapping.mapper import Mapper

LABEL: Final = "label"
"""The column of the second part of an element, as in (features, label)."""


class DatasetSource(Source):
    """The elements of a dataset, each a row or a batch of rows.

    Args:
      dataset: its elements are dicts, single tensors, or pairs of these and a label.
      infos: the inputs: an element with as many dimensions as the input is a batch.
    """

    def __init__(self, dataset: Any, infos: Mapping[str, Any]) -> None:
        self.label = "the Dataset"
        specs = _columns(dataset.element_spec)
        self.names = list(specs)
        if any(not isinstance(spec, tf.TensorSpec) for spec in specs.values()):
            raise MapError(
                "The elements of the Dataset must be dense tensors; call .map(...) to make them so."
            )
        ranks = {name: info.get_shape().rank for name, info in infos.items()}
        if len(ranks) == 1 and not ranks.keys() & specs.keys():
            ranks = {self.names[0]: next(iter(ranks.values()))}
        is_batched = any(ranks[name] == specs[name].shape.rank for name in ranks if name in specs)
        self._dataset = dataset.unbatch() if is_batched else dataset
        specs = _columns(self._dataset.element_spec)
        self._is_even = all(spec.shape.is_fully_defined() for spec in specs.values())
        count = int(self._dataset.cardinality().numpy())
        self.length = count if count >= 0 else None

    def rows(self, start: int, size: int, names: Sequence[Any]) -> Iterator[Rows]:
        """Yields the rows; a Dataset can be read again."""
        rest = self._dataset.skip(start) if start else self._dataset
        if not self._is_even:
            yield from self._one_by_one(rest, start, size, names)
            return
        first = start
        # Not ahead in TensorFlow's threads: `read_ahead` does that.
        for batch in rest.batch(size).as_numpy_iterator():
            columns = _columns(batch)
            count = len(next(iter(columns.values())))
            yield Rows(first, count, {name: columns[name] for name in names})
            first += count

    def _one_by_one(self, dataset: Any, start: int, size: int, names: Sequence[Any]) -> Iterator[Rows]:
        columns: dict[str, list[Any]] = {name: [] for name in names}
        first, count = start, 0
        for element in dataset.as_numpy_iterator():
            for name, value in _columns(element).items():
                if name in columns:
                    columns[name].append(value)
            count += 1
            if count == size:
                yield Rows(first, count, {name: _objects(values) for name, values in columns.items()})
                columns = {name: [] for name in names}
                first, count = first + count, 0
        if count:
            yield Rows(first, count, {name: _objects(values) for name, values in columns.items()})

    def identity(self, names: Sequence[Any]) -> Mapping[str, Any]:
        """A digest of the first rows: whether the others are equal can only be known by reading them."""
        sample = self.sample(names)
        values = {} if sample is None else sample.columns
        plain = [(name, value.dtype.str, value.shape, value.tolist()) for name, value in values.items()]
        return {"kind": "dataset", "rows": self.length, "first rows": digest_of(plain)}


def _objects(values: list[Any]) -> Column:
    return np.fromiter(values, object, len(values))


def _columns(element: Any) -> dict[Any, Any]:
    """The columns of an element, or of its spec."""
    if isinstance(element, tuple):
        first, *rest = element
        return {**_columns(first), **({LABEL: rest[0]} if rest else {})}
    return dict(element) if isinstance(element, Mapping) else {VALUE: element}


def dataset_of(mapper: Mapper, size: int, stack: contextlib.ExitStack) -> Any:
    """A `tf.data.Dataset` of dicts that maps while it is read, as often as it is read.

    Args:
      mapper: the data and the signature.
      size: rows of a batch.
      stack: closed when nobody refers to the dataset any more.
    """

    def batches() -> Iterator[dict[str, Any]]:
        with contextlib.closing(mapper.outcomes(size, 0, False)) as outcomes:
            for outcome in outcomes:
                for _, _, outputs in outcome.pieces:
                    yield {mapper.columns[name]: value for name, value in outputs.items()}

    infos = {column: mapper.callee.outputs[name] for name, column in mapper.columns.items()}
    if odd := [name for name, info in infos.items() if info.kind != "dense"]:
        raise MapError(
            f"The outputs {odd} are not dense, and a Dataset of rows cannot hold them; leave them out."
        )
    specs = {}
    for name, info in infos.items():
        shape = info.get_shape()
        inner = tf.TensorShape(None) if shape.rank is None else tf.TensorShape([None, *shape[1:]])
        specs[name] = tf.TensorSpec(inner, info.dtype)
    dataset = tf.data.Dataset.from_generator(batches, output_signature=specs).unbatch()
    weakref.finalize(dataset, stack.close)
    return dataset
