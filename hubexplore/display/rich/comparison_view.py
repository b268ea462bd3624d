"""A comparison, shown: the verdict, its reasons, new access to the outside, the differences by section."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hubexplore.display import records
from hubexplore.display.card import access_section, html
from hubexplore.display.card.blocks import Findings
from hubexplore.display.card.text import BOLD, PLAIN, findings
from hubexplore.display.markup import Markup, tag
from hubexplore.display.rich import weight_change_view, weight_changes
from hubexplore.display.rich.self_shown import SelfShown
from hubexplore.display.rich.weight_changes import ShownWeightChanges
from hubexplore.display.tables.grid import Column, Grid, grid_html, grid_lines
from hubexplore.display.wording import MAX_SENTENCE, counted, omission, tags_text, visible
from hubexplore.summary.compare.comparison import Comparison, Difference
from hubexplore.summary.compare.weights.records import WeightChanges

if TYPE_CHECKING:
    import pandas as pd

MAX_REASONS: Final = 24
"""Maximum number of reasons that are listed."""
MAX_ROWS: Final = 24
WIDTH: Final = 120
ABSENT: Final = "—"

_SAME: Final = {
    "files": "The files are the same.",
    "nodes": "Same graph, node by node.",
    "structure": "Same structure, names differ.",
}
_COMPARED: Final = {
    "nodes": "The graphs were compared node by node.",
    "structure": "The graphs were compared by structure: names differ.",
    "counted": "A graph is too large to be compared node by node: its ops were only counted.",
}
MSG_GAINED: Final = "{second} can touch what {first} cannot:"
MSG_UNUSED: Final = "Nodes that no common signature needs ({0:,} and {1:,}) were not compared."


@dataclass(frozen=True, repr=False)
class ShownComparison(SelfShown, Comparison):
    """A comparison that shows itself; `.df` has all differences, `.weights.df` the changes of all weights."""

    weights: ShownWeightChanges | None = None

    @property
    def df(self) -> pd.DataFrame:
        """A row for each difference: None on the side without it, tags None for the whole module."""
        import pandas as pd

        names = [field.name for field in dataclasses.fields(Difference)]
        rows = [[getattr(difference, name) for name in names] for difference in self.differences]
        return pd.DataFrame(rows, columns=names)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain lists and dicts, as in JSON."""
        differences = [
            {
                **dataclasses.asdict(difference),
                "tags": None if difference.tags is None else list(difference.tags),
            }
            for difference in self.differences
        ]
        return {
            "first": self.first,
            "second": self.second,
            "same": self.same,
            "replaceable": self.replaceable,
            "reasons": list(self.reasons),
            "basis": self.basis,
            "unused": list(self.unused),
            "gained": records.plain_data(self.gained),
            "differences": differences,
            **({"weights": self.weights.to_dict()} if self.weights is not None else {}),
        }

    def to_text(self, colour: bool = False, width: int = WIDTH) -> str:
        """The comparison as text; with colours the verdict and the captions stand out."""
        return text(self, colour, width)

    def _page_title(self) -> str:
        return f"{visible(self.first)} and {visible(self.second)}"

    def _markup(self) -> Markup:
        return markup(self)


@dataclass(frozen=True)
class _Page:
    """What text and HTML both show of a comparison; the note states how many reasons are left out."""

    verdict: str
    reasons: tuple[str, ...]
    note: str
    caption: str
    gained: Findings
    grids: tuple[Grid, ...]
    weights: WeightChanges | None = None


def displayable(comparison: Comparison) -> ShownComparison:
    """Returns the comparison as one that shows itself."""
    # Not asdict(), which would turn the differences into dicts as well.
    facts = {field.name: getattr(comparison, field.name) for field in dataclasses.fields(Comparison)}
    weights = comparison.weights
    facts["weights"] = None if weights is None else weight_changes.displayable(weights)
    return ShownComparison(**facts)


def text(comparison: Comparison, colour: bool = False, width: int = WIDTH) -> str:
    """Returns the comparison as text; with `colour`, verdict and captions are bold by ANSI escapes."""
    bold = BOLD if colour else PLAIN
    page = _page(comparison)
    lines = [bold.format(page.verdict), *(f"  - {reason}" for reason in page.reasons)]
    if page.note:
        lines.append(f"  {page.note}")
    if page.gained.items:
        lines += ["", bold.format(page.caption)]
        lines += (
            f"  {look.format(line) if colour else line}" for look, line in findings(page.gained, width - 2)
        )
    for grid in page.grids:
        (_, caption), *rows = grid_lines(grid, width)
        lines += ["", bold.format(caption), *(line for _, line in rows)]
    if page.weights is not None:
        lines += ["", weight_changes.text(page.weights, colour, max(width, weight_change_view.WIDTH))]
    return "\n".join(lines)


def markup(comparison: Comparison) -> Markup:
    """Returns the comparison as HTML."""
    page = _page(comparison)
    reasons = (tag("ul", *(tag("li", reason) for reason in page.reasons)),) if page.reasons else ()
    note = (tag("p", page.note, class_="note"),) if page.note else ()
    access = (tag("p", tag("strong", page.caption)), html.findings(page.gained)) if page.gained.items else ()
    return html.framed(
        tag("p", tag("strong", page.verdict)),
        *reasons,
        *note,
        *access,
        *(grid_html(grid) for grid in page.grids),
        *(weight_change_view.blocks(page.weights) if page.weights is not None else ()),
    )


def _page(comparison: Comparison) -> _Page:
    reasons = tuple(visible(reason, MAX_SENTENCE) for reason in comparison.reasons[:MAX_REASONS])
    grids = tuple(
        _grid(comparison, section, tuple(differences))
        # groupby needs no sorting: the differences come section by section.
        for section, differences in itertools.groupby(
            comparison.differences, lambda difference: difference.section
        )
        # What changed in them says more than their checksums.
        if section != "weights" or comparison.weights is None
    )
    more = omission(len(comparison.reasons) - len(reasons), "reason")
    note = " ".join(filter(None, (more, _only_variants(comparison), _basis(comparison))))
    first, second = _sides(comparison)
    return _Page(
        _verdict(comparison),
        reasons,
        note,
        MSG_GAINED.format(first=first, second=second),
        access_section.bounded(comparison.gained),
        grids,
        comparison.weights,
    )


def _basis(comparison: Comparison) -> str:
    """Returns how the graphs were compared; nothing if they are the same, as the verdict states it then."""
    if comparison.same:
        return ""
    return " ".join(filter(None, (_COMPARED.get(comparison.basis, ""), _unused(comparison))))


def _only_variants(comparison: Comparison) -> str:
    if comparison.only_variants is None:
        return ""
    first, second = map(tags_text, comparison.only_variants)
    return f"Each has only one graph variant, and these were compared: {first} with {second}."


def _unused(comparison: Comparison) -> str:
    first, second = comparison.unused
    return MSG_UNUSED.format(first, second) if first != second else ""


def _sides(comparison: Comparison) -> tuple[str, str]:
    return f"'{visible(comparison.first)}'", f"'{visible(comparison.second)}'"


def _verdict(comparison: Comparison) -> str:
    first, second = _sides(comparison)
    if comparison.same and comparison.basis == "counted":
        return f"{second} can replace {first} as far as counts tell. {_COMPARED['counted']}"
    if comparison.same:
        verdict = f"No difference: {second} can replace {first}, and the other way round."
        return " ".join(filter(None, (verdict, _SAME.get(comparison.basis, ""), _unused(comparison))))
    if not comparison.replaceable:
        return f"{second} cannot replace {first}:"
    count = counted(len(comparison.differences), "difference")
    return f"{second} can replace {first}, with {count}:"


def _grid(comparison: Comparison, section: str, differences: tuple[Difference, ...]) -> Grid:
    """Lists the differences of a section; several graph variants have a column."""
    # Tags of None stand for the module itself, which is no variant.
    several = (
        len({difference.tags for difference in comparison.differences if difference.tags is not None}) > 1
    )
    listed = differences[:MAX_ROWS]
    rows = tuple(
        (
            difference.name,
            *((tags_text(difference.tags) if difference.tags is not None else "",) if several else ()),
            *(ABSENT if side is None else side for side in (difference.first, difference.second)),
        )
        for difference in listed
    )
    columns = (
        Column("Name", code=True),
        *((Column("Graph variant"),) if several else ()),
        *(
            Column(title, keep_empty=True)
            for title in weight_change_view.side_names(comparison.first, comparison.second)
        ),
    )
    caption = f"{section[0].upper()}{section[1:]}: {counted(len(differences), 'difference')}"
    return Grid(caption, columns, rows, omission(len(differences) - len(listed), "difference"))
