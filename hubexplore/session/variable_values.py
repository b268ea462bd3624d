"""Values of the variables of a live module."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from hubexplore.hub.module import Module


def variable_values(module: Module, session: tf.compat.v1.Session) -> dict[str, Any]:
    """NumPy arrays by name in the module; the parts of a partitioned variable are joined."""
    known = module.variable_map
    # One run for all: each has a fixed cost, on a server a round trip.
    flat = session.run(
        {key: variable if isinstance(variable, list) else [variable] for key, variable in known.items()}
    )
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
