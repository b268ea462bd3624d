"""The log of calls as text, HTML and a data frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hubexplore.display.card import html
from hubexplore.display.markup import Markup, tag
from hubexplore.display.tables.grid import Column, Grid, grid_html, grid_text
from hubexplore.display.wording import apart, shape_text, visible
from hubexplore.summary.call_record import CallRecord, Shapes

_EMPTY: Final = "no calls yet"
MAX_SHOWN: Final = 40
"""Maximum number of calls that are shown; the data frame has all."""
_COLUMNS: Final = (
    Column("#", "right"),
    Column("Time"),
    Column("Module", code=True),
    Column("Signature", code=True),
    Column("Inputs"),
    Column("Outputs"),
    Column("Took", "right"),
)


def text(records: Sequence[CallRecord]) -> str:
    """Returns the latest calls as text, the newest one last."""
    return grid_text(_grid(records)) if records else _EMPTY


def log_html(records: Sequence[CallRecord]) -> Markup:
    """Returns the latest calls as a grid, the newest one last."""
    return html.framed(grid_html(_grid(records)) if records else tag("p", _EMPTY))


def frame(records: Sequence[CallRecord]) -> Any:
    """Returns a `pandas.DataFrame` of all calls, by number."""
    import pandas as pd

    rows = [
        {
            "number": record.number,
            "time": record.time,
            "module": record.module,
            "signature": record.signature,
            "inputs": {name: shape for name, _, shape in record.inputs},
            "outputs": {name: shape for name, _, shape in record.outputs},
            "seconds": record.seconds,
        }
        for record in records
    ]
    # Named explicitly, because an empty list of rows has no columns.
    columns = ["number", "time", "module", "signature", "inputs", "outputs", "seconds"]
    return pd.DataFrame(rows, columns=columns).set_index("number")


def _grid(records: Sequence[CallRecord]) -> Grid:
    rows = tuple(
        (
            str(record.number),
            f"{record.time:%H:%M:%S}",
            visible(record.module),
            visible(record.signature),
            _shapes(record.inputs),
            _shapes(record.outputs),
            seconds_text(record.seconds),
        )
        for record in records[-MAX_SHOWN:]
    )
    earlier = len(records) - len(rows)
    return Grid("Calls", _COLUMNS, rows, f"{earlier} earlier ones are in .df" if earlier else "")


def _shapes(shapes: Shapes) -> str:
    names = apart([name for name, _, _ in shapes])
    return ", ".join(
        f"{shown} {dtype} {shape_text(shape)}" for shown, (_, dtype, shape) in zip(names, shapes, strict=True)
    )


def seconds_text(seconds: float) -> str:
    """Returns a duration with a suitable unit: "0.19 ms", "3.4 s"."""
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
