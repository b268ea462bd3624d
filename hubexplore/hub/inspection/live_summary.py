"""What a Module in a graph adds to its summary: its calls so far, its variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hubexplore.summary.model import ApplicationSummary, Shape, VariableSummary

if TYPE_CHECKING:
    from hubexplore.hub.module import Application


def call_summary(call: Application) -> ApplicationSummary:
    """One call without TensorFlow's objects."""
    return ApplicationSummary(call.signature, _tensors(call.inputs), _tensors(call.outputs))


def _tensors(values: Mapping[str, Any]) -> tuple[tuple[str, str, Shape], ...]:
    """(name, dtype, static shape) of each."""
    return tuple((name, str(value.dtype.name), _shape(value.shape)) for name, value in sorted(values.items()))


def _shape(shape: Any) -> Shape:
    return None if shape.rank is None else tuple(shape.as_list())


def map_summaries(
    variable_map: Mapping[str, Any], published: Iterable[VariableSummary]
) -> list[VariableSummary]:
    """The variables of a `variable_map` by their names in the module.

    Args:
      variable_map: name in the module -> Variable, or list of its partitions.
      published: what the spec says of them, which alone knows the whole shape of a partitioned one.
    """
    by_name = {variable.name: variable for variable in published}
    summaries = []
    for name, value in variable_map.items():
        # Partitions have one dtype and one trainable flag.
        first = value[0] if isinstance(value, list) else value
        summary = _variable(name, first)
        if isinstance(value, list):
            summary = replace(summary, shape=None)
        described = by_name.get(name)
        summaries.append(
            replace(described, trainable=summary.trainable, node=summary.node) if described else summary
        )
    return summaries


def list_summaries(variables: Iterable[Any]) -> list[VariableSummary]:
    """Variables by their names in the graph that they are in; a partition is one of its own."""
    return [_variable(variable.op.name, variable) for variable in variables]


def _variable(name: str, variable: Any) -> VariableSummary:
    return VariableSummary(
        name=name,
        dtype=variable.dtype.base_dtype.name,
        shape=_shape(variable.shape),
        trainable=bool(variable.trainable),
        node=variable.op.name,
    )
