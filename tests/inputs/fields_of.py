"""Fields of inputs, made without a module."""

from __future__ import annotations

from hubexplore.inputs.fields import Field, fields
from hubexplore.summary.model import ComponentSummary, Shape, SignatureSummary, TensorSummary, VariantSummary


def tensor(dtype: str, shape: Shape, kind: str = "dense", name: str = "x", ragged: int = 1) -> TensorSummary:
    """An input as a summary has it."""
    parts = {"dense": 0, "sparse": 3, "ragged": ragged + 1}.get(kind, 2)
    components = tuple(ComponentSummary(f"part {number}", dtype, None, "") for number in range(parts))
    return TensorSummary(name, dtype, shape, kind, f"{name}:0" if kind == "dense" else "", components)


def field(dtype: str, shape: Shape, kind: str = "dense", name: str = "x", ragged: int = 1) -> Field:
    """The field of such an input."""
    signature = SignatureSummary("default", (tensor(dtype, shape, kind, name, ragged),), ())
    return fields(signature, VariantSummary((), (signature,)))[0]
