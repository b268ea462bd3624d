"""Layouts of forms, made without a module."""

from __future__ import annotations

from hubexplore.inputs.fields import Field
from hubexplore.inputs.tables.columns import Layout, layout
from hubexplore.summary.model import Shape
from hubexplore.summary.reading.string_inputs import Encoding, Feature
from tests.inputs.fields_of import field

FEATURES = (
    Feature("name", "string", is_required=True),
    Feature("age", "int64", default=(7,)),
    Feature("size", "float32", 2, is_required=True),
    Feature("tags", "string", is_open=True),
)
EXAMPLES = Field(
    "rows", "string", (None,), "dense", "text", "rows as JSON", encoding=Encoding("example", FEATURES)
)


def layout_of(**inputs: tuple[str, Shape]) -> Layout:
    """The layout for inputs of a dtype and a shape, by name."""
    return layout([field(dtype, shape, name=name) for name, (dtype, shape) in inputs.items()])


HOUSES = {
    "area": ("float32", (None,)),
    "floors": ("int64", (None, 1)),
    "garden": ("bool", (None,)),
    "city": ("string", (None,)),
    "place": ("float32", (None, 2)),
}
"""Inputs that are all columns."""
