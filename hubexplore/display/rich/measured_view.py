"""What a run of a signature cost, shown: times by scope with bars, and the curve over numbers of rows."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hubexplore.display.card import html
from hubexplore.display.markup import Markup, tag
from hubexplore.display.rich.cost_tree import CostTree, Entry, Measure, columns, cost_tree, rows, tree_html
from hubexplore.display.rich.cost_view import displayable as displayable_cost
from hubexplore.display.rich.cost_view import head_lines, inputs_line
from hubexplore.display.rich.self_shown import SelfShown
from hubexplore.display.tables.grid import LINE_WIDTH, Bar, Column, Grid, grid_html, grid_lines
from hubexplore.display.wording import (
    MAX_SENTENCE,
    amount_text,
    counted,
    duration_text,
    size_text,
    tags_text,
    visible,
)
from hubexplore.summary.cost.measured import MeasuredCost

if TYPE_CHECKING:
    import pandas as pd

    from hubexplore.display.diagram import Scale

MAX_LINES: Final = 40
"""Maximum number of scopes and ops that the text lists."""


@dataclass(frozen=True, repr=False)
class ShownMeasurement(SelfShown, MeasuredCost):
    """A measured cost that shows itself: `.df` has a row for each op, `.curve_df` for each number of rows."""

    @property
    def df(self) -> pd.DataFrame:
        """A row for each op: name, op, seconds, bytes, runs; in the order in which they began."""
        import pandas as pd

        return pd.DataFrame(list(self.ops), columns=["name", "op", "seconds", "bytes", "runs"])

    @property
    def curve_df(self) -> pd.DataFrame:
        """A row for each number of rows; p50 and p90 in seconds, the throughput in rows per second."""
        import pandas as pd

        return pd.DataFrame(list(self.curve), columns=["rows", "runs", "p50", "p90", "throughput"])

    def scale(self) -> Scale:
        """Colours of a diagram: the time of each op."""
        from hubexplore.display.diagram.colouring import Scale

        return Scale("time", "s", self.by_op(), shares=True)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain lists and dicts, as in JSON; times are in seconds."""
        return {
            "title": self.title,
            "signature": self.signature,
            "tags": list(self.tags),
            "shapes": {name: None if shape is None else list(shape) for name, shape in self.shapes},
            "rows": self.rows,
            "device": self.device,
            "seconds": self.seconds,
            "op_seconds": self.op_seconds,
            "peak_bytes": self.peak_bytes,
            "curve": [step._asdict() for step in self.curve],
            "ops": [op._asdict() for op in self.ops],
            "counted": None if self.counted is None else displayable_cost(self.counted).to_dict(),
            "notes": list(self.notes),
        }

    def to_text(self, colour: bool = False, width: int = LINE_WIDTH) -> str:
        """Times, curve and scopes as aligned text; with `colour` the first line is bold by ANSI escapes."""
        return _text(self, colour, width)

    def _page_title(self) -> str:
        return f"Cost of {visible(self.title)}"

    def _markup(self) -> Markup:
        return _markup(self)


def displayable(cost: MeasuredCost) -> ShownMeasurement:
    """Returns a measured cost that shows itself, with the same facts."""
    fields = dataclasses.fields(MeasuredCost)
    return ShownMeasurement(**{field.name: getattr(cost, field.name) for field in fields})


def _tree(cost: MeasuredCost) -> CostTree:
    entries = [Entry(op.name, op.op, (op.seconds, op.bytes, op.runs)) for op in cost.ops]
    measures = (
        Measure("Time", duration_text),
        Measure("Allocated", size_text),
        Measure("Runs", lambda runs: f"{runs:,}"),
    )
    return cost_tree(entries, measures)


def _curve_grid(cost: MeasuredCost) -> Grid:
    most = max((step.throughput for step in cost.curve), default=0.0)
    lines = tuple(
        (
            f"{step.rows:,}",
            duration_text(step.p50),
            duration_text(step.p90),
            f"{step.runs:,}",
            Bar(step.throughput / most if most else 0.0, f"{amount_text(step.throughput)}/s"),
        )
        for step in cost.curve
    )
    heads = (Column("Rows", "right"), Column("p50", "right"), Column("p90", "right"), Column("Runs", "right"))
    return Grid("Latency by number of rows", (*heads, Column("Rows per second", "bar")), lines)


def heading(cost: MeasuredCost) -> str:
    """Returns the module, the tags and the signature in one line."""
    words = [f"Measured cost of {visible(cost.title)}"]
    if cost.tags:
        words.append(f"tags {tags_text(cost.tags)}")
    words.append(f"signature {visible(cost.signature)}")
    return " · ".join(words)


def facts(cost: MeasuredCost) -> list[str]:
    """Returns what was run, the totals, and how it was measured, as lines."""
    totals = [
        f"{duration_text(cost.seconds)} for {counted(cost.rows, 'row')}",
        f"{duration_text(cost.op_seconds)} in ops",
    ]
    if cost.peak_bytes is not None:
        totals.append(f"{size_text(cost.peak_bytes)} of memory at the peak")
    if cost.device:
        totals.append(f"on {visible(cost.device)}")
    lines = [inputs_line(cost.shapes), " · ".join(totals)]
    if cost.counted is not None and cost.counted.flops:
        speed = cost.counted.flops / cost.seconds if cost.seconds else 0.0
        lines.append(
            f"{amount_text(cost.counted.flops)} FLOPs, which is {amount_text(speed)} FLOPs per second; "
            f"{counted(cost.counted.parameters, 'parameter')}"
        )
    return lines + [visible(note, MAX_SENTENCE) for note in cost.notes]


def _text(cost: MeasuredCost, colour: bool = False, width: int = LINE_WIDTH) -> str:
    lines = head_lines(heading(cost), facts(cost), colour, width)
    if cost.curve:
        lines += [line for _, line in grid_lines(_curve_grid(cost), width)]
    tree = _tree(cost)
    if tree.root.parts:
        grid = Grid("Time by scope, with tracing", columns(tree), tuple(rows(tree, MAX_LINES)))
        lines += [line for _, line in grid_lines(grid, width)]
    return "\n".join(lines)


def _markup(cost: MeasuredCost) -> Markup:
    tree = _tree(cost)
    return html.framed(
        tag("p", html.heading(heading(cost), 3), class_="title"),
        *(tag("p", line, class_="facts") for line in facts(cost)),
        *([grid_html(_curve_grid(cost))] if cost.curve else []),
        *([tree_html(tree)] if tree.root.parts else []),
    )
