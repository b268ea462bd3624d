"""Values of the variables of a live module."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import tensorflow as tf

from hubexplore.errors import GraphError
from hubexplore.hub.module import Module

_MAX_RUN_BYTES: Final = 1 << 26
"""Size of what one run reads, unless a single variable is larger. Copying takes TensorFlow about a second per
GB of a busy machine, with Python's lock held, so that no interrupt is noticed meanwhile."""


def read(session: tf.compat.v1.Session, variables: Iterable[Any]) -> list[Any]:
    """Returns the values of variables as NumPy arrays, in their order."""
    return [value for group in _groups(variables) for value in session.run(group)]


def _groups(variables: Iterable[Any]) -> Iterator[list[Any]]:
    """Variables in runs, which have a fixed cost each; on a server that is a round trip."""
    group: list[Any] = []
    size = 0
    for variable in variables:
        added = (variable.shape.num_elements() or 0) * variable.dtype.size
        if group and size + added > _MAX_RUN_BYTES:
            yield group
            group, size = [], 0
        group.append(variable)
        size += added
    if group:
        yield group


def variable_values(module: Module, session: tf.compat.v1.Session) -> dict[str, Any]:
    """NumPy arrays by name in the module; the parts of a partitioned variable are joined."""
    known = module.variable_map
    parts_of = {
        key: variable if isinstance(variable, list) else [variable] for key, variable in known.items()
    }
    read_values = iter(read(session, (part for parts in parts_of.values() for part in parts)))
    flat = {key: list(itertools.islice(read_values, len(parts))) for key, parts in parts_of.items()}
    described = {
        variable.name: variable for variant in module.summary().variants for variable in variant.variables
    }
    values = {}
    for name, parts in flat.items():
        variable = described.get(name)
        if not isinstance(known[name], list) or variable is None or variable.shape is None:
            values[name] = parts[0] if len(parts) == 1 else np.concatenate(parts)
            continue
        # The parts' offsets say along which axis they join; their order alone would not.
        whole = np.empty([size or 0 for size in variable.shape], parts[0].dtype)
        for part, value in zip(variable.partitions, parts, strict=True):
            ends = zip(part.offset, value.shape, strict=True)
            whole[tuple(slice(start, start + size) for start, size in ends)] = value
        values[name] = whole
    return values


def values_of_modules(modules: Mapping[str, Module], session: tf.compat.v1.Session) -> dict[str, Any]:
    """NumPy arrays of all modules; the names begin with that of the module.

    Raises:
      GraphError: (a RuntimeError) variables of two modules would have one name.
    """
    values: dict[str, Any] = {}
    for name, module in modules.items():
        module_values = {f"{name}/{key}": value for key, value in variable_values(module, session).items()}
        if clashes := sorted(module_values.keys() & values):
            raise GraphError(
                f"Variables of two modules would both be called {clashes[0]!r}. Ask for those of one "
                f"module: session.variables({name!r})."
            )
        values |= module_values
    return values
