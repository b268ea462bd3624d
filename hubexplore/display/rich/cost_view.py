"""What a signature costs, shown: totals, and a tree of name scopes with bars."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hubexplore.display.card import html
from hubexplore.display.card.text import BOLD, PLAIN
from hubexplore.display.markup import Markup, tag
from hubexplore.display.rich.cost_tree import CostTree, Entry, Measure, columns, cost_tree, rows, tree_html
from hubexplore.display.rich.self_shown import SelfShown
from hubexplore.display.tables.grid import LINE_WIDTH, Grid, grid_lines
from hubexplore.display.wording import (
    MAX_SENTENCE,
    amount_text,
    counted,
    shape_text,
    size_text,
    tags_text,
    visible,
)
from hubexplore.summary.cost import Cost
from hubexplore.summary.cost.formulas import formula
from hubexplore.summary.model import Shape

if TYPE_CHECKING:
    import pandas as pd

    from hubexplore.display.diagram import Scale

MAX_LINES: Final = 60
"""Maximum number of scopes and ops that the text lists."""
MAX_FORMULA: Final = 40
"""Maximum length in characters of a formula in a table."""
_UNBROKEN: Final = "\N{NO-BREAK SPACE}"
MAX_INPUTS: Final = 12
"""Maximum number of inputs whose shapes are stated."""
_NUMBERS: Final = ("multiply_adds", "activation_bytes", "parameters")
_HEADINGS: Final = ("Multiply-adds", "Activations", "Parameters")


@dataclass(frozen=True, repr=False)
class ShownCost(SelfShown, Cost):
    """What a signature costs; shows itself. `.df` has a row for each op, `.scopes_df` for each name scope."""

    @property
    def df(self) -> pd.DataFrame:
        """A row for each op, in the order in which they run; see `OpCost`.

        Counts are of dtype Int64, NA where a size is open; then `multiply_adds_formula` says it with symbols.
        """
        import pandas as pd

        frame = pd.DataFrame(
            {
                "name": pd.Series([op.name for op in self.ops], dtype=object),
                "op": pd.Series([op.op for op in self.ops], dtype=object),
                **{
                    key: pd.array([_known(getattr(op, key)) for op in self.ops], dtype="Int64")
                    for key in (*_NUMBERS, "passes")
                },
            }
        )
        if self.missing:
            frame["multiply_adds_formula"] = [formula(op.multiply_adds) for op in self.ops]
        return frame

    @property
    def scopes_df(self) -> pd.DataFrame:
        """A row for each name scope, with sums of what is in it; see `ScopeCost`."""
        import pandas as pd

        scopes = self.scopes
        return pd.DataFrame(
            {
                "name": pd.Series([scope.name for scope in scopes], dtype=object),
                "ops": pd.array([scope.ops for scope in scopes], dtype="Int64"),
                **{
                    key: pd.array([_known(getattr(scope, key)) for scope in scopes], dtype="Int64")
                    for key in _NUMBERS
                },
            }
        )

    def scale(self) -> Scale:
        """Colours of a diagram: the multiply-adds; the bytes of activations if there are none."""
        from hubexplore.display.diagram import colouring

        quantity = "multiply_adds" if self.total.multiply_adds else "activation_bytes"
        return colouring.counted(quantity, self.by_op(quantity))

    def to_dict(self) -> dict[str, Any]:
        """The same as plain lists and dicts, as in JSON: None, and a formula beside it, for open counts."""
        return {
            "title": self.title,
            "signature": self.signature,
            "tags": list(self.tags),
            "shapes": {name: None if shape is None else list(shape) for name, shape in self.shapes},
            **_plain(self.total),
            "flops": self.flops,
            "unused_parameters": self.unused_parameters,
            "missing": list(self.missing),
            "notes": list(self.notes),
            "scopes": [{"name": scope.name, "ops": scope.ops, **_plain(scope)} for scope in self.scopes],
            "ops": [
                {"name": op.name, "op": op.op, **_plain(op), "passes": _json(op.passes)} for op in self.ops
            ],
        }

    def to_text(self, colour: bool = False, width: int = LINE_WIDTH) -> str:
        """Totals and scopes as aligned text; with `colour` the first line is bold by ANSI escapes."""
        return _text(self, colour, width)

    def _page_title(self) -> str:
        return f"Cost of {visible(self.title)}"

    def _markup(self) -> Markup:
        return _markup(self)


def displayable(cost: Cost) -> ShownCost:
    """Returns a cost that shows itself, with the same facts."""
    return ShownCost(**{field.name: getattr(cost, field.name) for field in dataclasses.fields(Cost)})


def _known(number: Any) -> int | None:
    return number if isinstance(number, int) else None


def _json(number: Any) -> int | str | None:
    return number if number is None or isinstance(number, int) else formula(number)


def _plain(numbers: Any) -> dict[str, Any]:
    """Returns the counts of an op or scope; a formula only where there is one."""
    plain: dict[str, Any] = {}
    for key in _NUMBERS:
        number = getattr(numbers, key)
        plain[key] = _known(number)
        if number is not None and not isinstance(number, int):
            plain[f"{key}_formula"] = formula(number)
    return plain


def _tree(cost: Cost) -> CostTree:
    entries = [
        Entry(op.name, op.op, (op.multiply_adds, op.activation_bytes, op.parameters)) for op in cost.ops
    ]
    measures = (
        Measure(_HEADINGS[0], _count_text),
        Measure(
            _HEADINGS[1], lambda number: size_text(number) if isinstance(number, int) else _count_text(number)
        ),
        Measure(_HEADINGS[2], _count_text),
    )
    totals = (cost.total.multiply_adds, cost.total.activation_bytes, cost.total.parameters)
    # Bars show what there is: a module without products still has sizes.
    lead = next((index for index, total in enumerate(totals) if isinstance(total, int) and total), 0)
    return cost_tree(entries, measures, lead)


def _count_text(number: Any) -> str:
    if isinstance(number, int):
        return amount_text(number)
    return visible(formula(number), MAX_FORMULA)


def heading(cost: Cost) -> str:
    """Returns the module, the tags and the signature in one line."""
    words = [f"Cost of {visible(cost.title)}"]
    if cost.tags:
        words.append(f"tags {tags_text(cost.tags)}")
    words.append(f"signature {visible(cost.signature)}")
    return " · ".join(words)


def facts(cost: Cost) -> list[str]:
    """Returns the totals, and what was assumed, as lines."""
    total = cost.total
    products = _total_text(total.multiply_adds, "multiply-adds")
    if isinstance(total.multiply_adds, int):
        products += f" ({amount_text(2 * total.multiply_adds)} FLOPs)"
    size = total.activation_bytes
    activations = (
        f"{size_text(size)} of activations"
        if isinstance(size, int)
        else _total_text(size, "bytes of activations")
    )
    lines = [
        inputs_line(cost.shapes),
        " · ".join([products, activations, counted(total.parameters, "parameter")]),
    ]
    if cost.unused_parameters:
        unused = counted(cost.unused_parameters, "further parameter")
        lines.append(f"{unused} in variables that this signature does not use")
    if cost.missing:
        sizes = ", ".join(visible(name) for name in cost.missing[:MAX_INPUTS])
        lines.append(f"Open: {sizes}. Give the shapes of these inputs to get numbers: cost({{name: shape}}).")
    return lines + [visible(note, MAX_SENTENCE) for note in cost.notes]


def _total_text(number: Any, noun: str) -> str:
    return (
        f"{amount_text(number) if isinstance(number, int) else visible(formula(number), MAX_SENTENCE)} {noun}"
    )


def inputs_line(shapes: Sequence[tuple[str, Shape]]) -> str:
    """Returns the names and shapes of the inputs of a call in one line."""
    # A line is broken between inputs, not within a shape.
    inputs = [
        f"{visible(name)} {shape_text(shape)}".replace(" ", _UNBROKEN) for name, shape in shapes[:MAX_INPUTS]
    ]
    if len(shapes) > MAX_INPUTS:
        inputs.append(f"and {len(shapes) - MAX_INPUTS:,} more")
    return f"Inputs: {', '.join(inputs)}" if inputs else "No inputs"


def head_lines(heading: str, facts: Iterable[str], colour: bool, width: int) -> list[str]:
    """Returns a heading and the facts below it, indented and broken, as lines of text."""
    # A word that is longer than a line stays whole, so that it can be copied.
    wrap = functools.partial(textwrap.wrap, break_long_words=False, break_on_hyphens=False)
    broken = (wrap(fact, width, initial_indent="  ", subsequent_indent="    ") for fact in facts)
    lines = (line.replace(_UNBROKEN, " ") for line in itertools.chain.from_iterable(broken))
    return [(BOLD if colour else PLAIN).format(heading), *lines]


def _text(cost: Cost, colour: bool = False, width: int = LINE_WIDTH) -> str:
    tree = _tree(cost)
    lines = head_lines(heading(cost), facts(cost), colour, width)
    if tree.root.parts:
        grid = Grid("", columns(tree), tuple(rows(tree, MAX_LINES)))
        lines += [line for _, line in grid_lines(grid, width)]
    return "\n".join(lines)


def _markup(cost: Cost) -> Markup:
    tree = _tree(cost)
    first, *others = facts(cost)
    return html.framed(
        tag("p", html.heading(heading(cost), 3), class_="title"),
        *(tag("p", line, class_="facts") for line in (first, *others)),
        *([tree_html(tree)] if tree.root.parts else []),
    )
