"""What a summary lists, as DataFrames: one tidy table per kind of thing.

A row that several graph variants have alike stands there once. Where a module has several variants, the
column `tags` says which have it, as `Summary.compare` takes them: `("", "train")`. Names are whole; only what
could steer a terminal is spelled out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from hubexplore.display.wording import printable
from hubexplore.summary.model import FileSummary, TensorSummary, VariableSummary, VariantSummary

_Values = tuple[Any, ...]
_Columns = Mapping[str, str]
_TEXT: Final = "str"
_COUNT: Final = "Int64"
_TRUTH: Final = "bool"
_TUPLE: Final = "object"

_VARIABLE: Final = {
    "name": _TEXT, "dtype": _TEXT, "shape": _TUPLE, "trainable": _TRUTH, "kind": _TEXT,
    "parameters": _COUNT, "bytes": _COUNT, "partitions": _COUNT, "node": _TEXT, "key": _TEXT,
}  # fmt: skip


def _signatures(variant: VariantSummary) -> Iterator[_Values]:
    for signature in variant.signatures:
        for side, tensors in (("input", signature.inputs), ("output", signature.outputs)):
            for each in tensors:
                yield (signature.name, side, *_tensor(each), signature.method)


def _tensor(tensor: TensorSummary) -> _Values:
    return (tensor.name, tensor.kind, tensor.dtype, tensor.shape, tensor.tensors)


def _variables(variant: VariantSummary) -> Iterator[_Values]:
    return map(_variable, variant.variables)


def _variable(each: VariableSummary) -> _Values:
    size = (each.parameters, each.bytes, len(each.partitions))
    return (each.name, each.dtype, each.shape, each.trainable, each.kind, *size, each.node, each.key)


_KINDS: Final[Mapping[str, tuple[_Columns, Callable[[VariantSummary], Iterator[_Values]]]]] = {
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
        lambda variant: (
            (each.name, each.size, each.tensors, each.tables, each.first_lines) for each in variant.assets
        ),
    ),
    "tables": (
        {"node": _TEXT, "op": _TEXT, "key_dtype": _TEXT, "value_dtype": _TEXT, "assets": _TUPLE},
        lambda variant: (
            (each.node, each.op, each.key_dtype, each.value_dtype, each.assets) for each in variant.tables
        ),
    ),
    "messages": (
        {"key": _TEXT, "type": _TEXT, "bytes": _COUNT, "field": _TEXT, "value": _TEXT},
        lambda variant: (
            (each.key, each.type, each.size, *pair)
            for each in variant.messages
            for pair in each.fields or (("", ""),)
        ),
    ),
    "collections": (
        {"name": _TEXT, "kind": _TEXT, "count": _COUNT, "entries": _TUPLE},
        lambda variant: ((each.name, each.kind, each.count, each.entries) for each in variant.collections),
    ),
    "functions": (
        {"name": _TEXT, "inputs": _TUPLE, "outputs": _TUPLE, "nodes": _COUNT},
        lambda variant: ((each.name, each.inputs, each.outputs, each.nodes) for each in variant.functions),
    ),
    "ops": (
        {"op": _TEXT, "count": _COUNT, "in_functions": _COUNT, "unknown": _TRUTH, "package": _TEXT},
        lambda variant: (
            (each.op, each.count, each.in_functions, each.unknown, each.package) for each in variant.ops
        ),
    ),
    "losses": ({"tensor": _TEXT}, lambda variant: ((each,) for each in variant.losses)),
    "update_ops": ({"node": _TEXT}, lambda variant: ((each,) for each in variant.update_ops)),
}  # fmt: skip


def of_variants(kind: str, variants: Sequence[VariantSummary]) -> Any:
    """Returns a `pandas.DataFrame` of what all variants hold of a kind ("signatures", "ops", ...)."""
    columns, rows = _KINDS[kind]
    merged: dict[tuple[int, _Values], list[str]] = {}
    for variant in variants:
        seen: Counter[_Values] = Counter()
        for row in rows(variant):
            # Two equal rows of one variant are two things.
            merged.setdefault((seen[row], row), []).append(",".join(variant.tags))
            seen[row] += 1
    if len(variants) < 2:
        return _frame(columns, [row for _, row in merged])
    tagged = [(*row, tuple(tags)) for (_, row), tags in merged.items()]
    return _frame({**columns, "tags": _TUPLE}, tagged)


def of_variables(variables: Sequence[VariableSummary]) -> Any:
    """Returns a `pandas.DataFrame` of these variables."""
    return _frame(_VARIABLE, list(map(_variable, variables)))


def of_files(files: Sequence[FileSummary]) -> Any:
    """Returns a `pandas.DataFrame` of names and sizes."""
    return _frame({"name": _TEXT, "bytes": _COUNT}, [(each.name, each.size) for each in files])


def overview(variants: Sequence[VariantSummary]) -> Any:
    """Returns a `pandas.DataFrame` with a row per graph variant."""
    columns = {
        "tags": _TUPLE, "signatures": _TUPLE, "variables": _COUNT, "parameters": _COUNT, "nodes": _COUNT,
        "tensorflow_version": _TEXT,
    }  # fmt: skip
    rows = [
        (
            each.tags,
            tuple(signature.name for signature in each.signatures),
            len(each.variables),
            each.parameters,
            each.nodes,
            each.tensorflow_version,
        )
        for each in variants
    ]
    return _frame(columns, rows)


def _frame(columns: _Columns, rows: Sequence[_Values]) -> Any:
    import pandas as pd

    series = {
        name: pd.Series([(_fitting if kind == _COUNT else _safe)(row[at]) for row in rows], dtype=kind)
        for at, (name, kind) in enumerate(columns.items())
    }
    return pd.DataFrame(series)


def _fitting(number: int | None) -> int | None:
    """Returns a number, None for one of more than 64 bits, which no column holds."""
    return number if number is not None and abs(number) < 1 << 63 else None


def _safe(value: Any) -> Any:
    """Returns a cell that is safe to print: names with escapes for what is not printable, at any depth."""
    if isinstance(value, str):
        return printable(value)
    return tuple(map(_safe, value)) if isinstance(value, tuple) else value
