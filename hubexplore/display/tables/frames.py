"""Data frames of what a summary lists: a tidy one for each kind of entry, such as variables or ops.

A row that several graph variants share occurs once. For a module of several variants, the column `tags` lists
those that have it, in the form that `Summary.compare` takes: `("", "train")`. Names are complete; only
characters that could control a terminal are escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from hubexplore.display.variant_rows import with_holders
from hubexplore.display.wording import printable
from hubexplore.summary.model import FileSummary, TensorSummary, VariableSummary, VariantSummary

_Values = tuple[Any, ...]
_Columns = Mapping[str, str]
_TEXT: Final = "str"
# The nullable Int64: a count may be unknown, and NumPy's int64 has no missing value.
_COUNT: Final = "Int64"
_BOOL: Final = "bool"
_TUPLE: Final = "object"

_VARIABLE: Final = {
    "name": _TEXT, "dtype": _TEXT, "shape": _TUPLE, "trainable": _BOOL, "kind": _TEXT,
    "parameters": _COUNT, "bytes": _COUNT, "partitions": _COUNT, "node": _TEXT, "key": _TEXT,
}  # fmt: skip


def _signatures(variant: VariantSummary) -> Iterator[_Values]:
    for signature in variant.signatures:
        for side, tensors in (("input", signature.inputs), ("output", signature.outputs)):
            for tensor in tensors:
                yield (signature.name, side, *_tensor(tensor), signature.method)


def _tensor(tensor: TensorSummary) -> _Values:
    return (tensor.name, tensor.kind, tensor.dtype, tensor.shape, tensor.tensors)


def _variables(variant: VariantSummary) -> Iterator[_Values]:
    return map(_variable, variant.variables)


def _variable(variable: VariableSummary) -> _Values:
    size = (variable.parameters, variable.bytes, len(variable.partitions))
    return (
        variable.name,
        variable.dtype,
        variable.shape,
        variable.trainable,
        variable.kind,
        *size,
        variable.node,
        variable.key,
    )


def _assets(variant: VariantSummary) -> Iterator[_Values]:
    for asset in variant.assets:
        yield (asset.name, asset.size, asset.tensors, asset.tables, asset.first_lines)


def _lookup_tables(variant: VariantSummary) -> Iterator[_Values]:
    for table in variant.tables:
        yield (table.node, table.op, table.key_dtype, table.value_dtype, table.assets)


def _collections(variant: VariantSummary) -> Iterator[_Values]:
    for collection in variant.collections:
        yield (collection.name, collection.kind, collection.count, collection.entries)


def _functions(variant: VariantSummary) -> Iterator[_Values]:
    for function in variant.functions:
        yield (function.name, function.inputs, function.outputs, function.nodes)


_FRAMES: Final[Mapping[str, tuple[_Columns, Callable[[VariantSummary], Iterator[_Values]]]]] = {
    "signatures": (
        {
            "signature": _TEXT, "side": _TEXT, "name": _TEXT, "kind": _TEXT, "dtype": _TEXT, "shape": _TUPLE,
            "tensors": _TUPLE, "method": _TEXT,
        },
        _signatures,
    ),
    "variables": (_VARIABLE, _variables),
    "assets": (
        {"name": _TEXT, "bytes": _COUNT, "tensors": _TUPLE, "tables": _TUPLE, "first_lines": _TUPLE},
        _assets,
    ),
    "tables": (
        {"node": _TEXT, "op": _TEXT, "key_dtype": _TEXT, "value_dtype": _TEXT, "assets": _TUPLE},
        _lookup_tables,
    ),
    "messages": (
        {"key": _TEXT, "type": _TEXT, "bytes": _COUNT, "field": _TEXT, "value": _TEXT},
        lambda variant: (
            (message.key, message.type, message.size, *pair)
            for message in variant.messages
            for pair in message.fields or (("", ""),)
        ),
    ),
    "collections": (
        {"name": _TEXT, "kind": _TEXT, "count": _COUNT, "entries": _TUPLE},
        _collections,
    ),
    "functions": (
        {"name": _TEXT, "inputs": _TUPLE, "outputs": _TUPLE, "nodes": _COUNT},
        _functions,
    ),
    "ops": (
        {"op": _TEXT, "count": _COUNT, "in_functions": _COUNT, "unknown": _BOOL, "package": _TEXT},
        lambda variant: (
            (op.op, op.count, op.in_functions, op.unknown, op.package) for op in variant.ops
        ),
    ),
    "losses": ({"tensor": _TEXT}, lambda variant: ((tensor,) for tensor in variant.losses)),
    "update_ops": ({"node": _TEXT}, lambda variant: ((node,) for node in variant.update_ops)),
}  # fmt: skip


def of_variants(kind: str, variants: Sequence[VariantSummary]) -> Any:
    """Returns a `pandas.DataFrame` of one kind of entry ("signatures", "ops", ...) in all variants."""
    columns, rows = _FRAMES[kind]
    merged = with_holders(variants, rows, lambda row: row)
    if len(variants) < 2:
        return _frame(columns, [row for row, _ in merged])
    # Tags are joined by commas, in the form that Summary.variant and compare accept.
    tagged = [(*row, tuple(",".join(variant.tags) for variant in holders)) for row, holders in merged]
    return _frame({**columns, "tags": _TUPLE}, tagged)


def of_variables(variables: Sequence[VariableSummary]) -> Any:
    """Returns a `pandas.DataFrame` of these variables."""
    return _frame(_VARIABLE, list(map(_variable, variables)))


def of_files(files: Sequence[FileSummary]) -> Any:
    """Returns a `pandas.DataFrame` of names and sizes."""
    return _frame({"name": _TEXT, "bytes": _COUNT}, [(file.name, file.size) for file in files])


def overview(variants: Sequence[VariantSummary]) -> Any:
    """Returns a `pandas.DataFrame` with a row per graph variant."""
    columns = {
        "tags": _TUPLE, "signatures": _TUPLE, "variables": _COUNT, "parameters": _COUNT, "nodes": _COUNT,
        "tensorflow_version": _TEXT,
    }  # fmt: skip
    rows = [
        (
            variant.tags,
            tuple(signature.name for signature in variant.signatures),
            len(variant.variables),
            variant.parameters,
            variant.nodes,
            variant.tensorflow_version,
        )
        for variant in variants
    ]
    return _frame(columns, rows)


def _frame(columns: _Columns, rows: Sequence[_Values]) -> Any:
    import pandas as pd

    # A Series for each column, with its dtype: pandas would infer dtypes from the rows, and an empty frame or
    # one with None would have others.
    series = {
        name: pd.Series([(_int64_or_none if kind == _COUNT else _safe)(row[at]) for row in rows], dtype=kind)
        for at, (name, kind) in enumerate(columns.items())
    }
    return pd.DataFrame(series)


def _int64_or_none(number: int | None) -> int | None:
    """Returns a number; None for one of more than 64 bits, which the column cannot hold."""
    return number if number is not None and abs(number) < 1 << 63 else None


def _safe(value: Any) -> Any:
    """Returns a cell that is safe to print: unprintable characters become escapes, at any depth."""
    if isinstance(value, str):
        return printable(value)
    return tuple(map(_safe, value)) if isinstance(value, tuple) else value
