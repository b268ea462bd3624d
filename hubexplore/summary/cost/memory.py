"""Bytes of the outputs of an op, from their dtypes and shapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from hubexplore.summary.dtypes import DTYPES, WIDTHS
from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.ops.op_outputs import output_dtypes
from hubexplore.summary.sizes import polynomials
from hubexplore.summary.sizes.polynomials import Number
from hubexplore.summary.sizes.shape_inference import Dims

HANDS_ON: Final = frozenset({
    "Assert", "Bitcast", "CheckNumerics", "Const", "EnsureShape", "Enter", "Exit", "ExpandDims", "Identity",
    "IdentityN", "LoopCond", "Merge", "NextIteration", "NoOp", "Placeholder", "PlaceholderV2",
    "PlaceholderWithDefault", "PreventGradient", "ReadVariableOp", "RefEnter", "RefExit", "RefIdentity",
    "RefMerge", "RefNextIteration", "RefSwitch", "Reshape", "Snapshot", "Squeeze", "StopGradient", "Switch",
    "TemporaryVariable", "VarHandleOp", "Variable", "VariableV2",
    "Case", "If", "PartitionedCall", "StatefulPartitionedCall", "StatelessCase", "StatelessIf",
    "StatelessWhile", "While",
})  # fmt: skip
"""Types of ops whose outputs take no memory of their own: an input, a weight, or what another op made."""
_WIDTH_OF: Final = {dtype.number: WIDTHS.get(dtype.name, 0) for dtype in DTYPES}
"""Number of a dtype -> bytes of an element; 0 for texts and handles, whose sizes follow from no shape."""


class OutputBytes:
    """Counts the bytes of outputs; remembers what the definition of an op says about its dtype.

    Args:
      functions: names of functions, which are op types too: their bodies make what they return.
    """

    def __init__(self, functions: Iterable[str] = ()) -> None:
        # Op type -> attribute with the dtype of its only output, or bytes of an element; None if it has
        # several outputs, or is not known.
        self._dtype_of: dict[str, str | int | None] = dict.fromkeys(functions, 0)
        # Shape -> number of elements: most outputs have the shape of others.
        self._elements: dict[Dims, Number | None] = {}

    def of(self, op_type: str, attributes: Any, shapes: Sequence[Dims]) -> Number | None:
        """Returns the bytes; None if a shape is not known, or the op.

        Args:
          op_type: of the op.
          attributes: of the node, AttrValue-shaped, by name.
          shapes: of its outputs.
        """
        source = self._dtype_of.get(op_type, "")
        if source == "":
            source = self._dtype_of[op_type] = _single_dtype(op_type)
        if source is None:
            return _several(op_type, attributes, shapes)
        if source.__class__ is int:
            width = source
        else:
            # `get`: to read an entry that is not there by its key would add one to the graph.
            attribute = attributes.get(source)
            width = 0 if attribute is None else _WIDTH_OF.get(attribute.type, 0)
        if not width:
            return 0
        dims = shapes[0] if shapes else None
        if dims is None:
            return None
        if dims not in self._elements:
            self._elements[dims] = polynomials.product(dims)
        elements = self._elements[dims]
        return None if elements is None else width * elements


def _single_dtype(op_type: str) -> str | int | None:
    known = definition(op_type)
    if known is None or len(known.outputs) != 1:
        return None
    argument = known.outputs[0]
    attribute = known.attributes.get(argument.attribute)
    is_list = attribute is not None and attribute.kind == "list(type)"
    # A default is in the definition only, which the general way looks up.
    if argument.count or is_list or (attribute is not None and attribute.default_text is not None):
        return None
    return WIDTHS.get(argument.dtype, 0) if argument.dtype else argument.attribute


def _several(op_type: str, attributes: Any, shapes: Sequence[Dims]) -> Number | None:
    known = definition(op_type)
    if known is None:
        return None
    total: Number = 0
    for dtype, dims in zip(output_dtypes(known, attributes), shapes, strict=False):
        width = WIDTHS.get(dtype.removesuffix("_ref"), 0)
        size = None if dims is None else polynomials.product(dims)
        if width and size is None:
            return None
        total = total + width * (size or 0)
    return total
