"""Diagrams that show themselves: a picture, and the same facts as a list and a grid."""

from __future__ import annotations

import base64
import functools
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hubexplore.display.card.html import framed
from hubexplore.display.diagram import box_table
from hubexplore.display.diagram import graphviz_svg as svg
from hubexplore.display.diagram.colouring import Colouring, Scale, coloured
from hubexplore.display.diagram.dot import FONT, dot_source
from hubexplore.display.diagram.labels import heading, kind_text
from hubexplore.display.diagram.spare_dot import SpareDot
from hubexplore.display.markup import Markup, tag
from hubexplore.display.safe_display import automatic
from hubexplore.display.tables.grid import Column, Grid, grid_html
from hubexplore.display.wording import MAX_SENTENCE, counted, visible
from hubexplore.errors import DiagramError
from hubexplore.summary.files.atomic_write import write_file
from hubexplore.summary.files.paths import local_to_write
from hubexplore.summary.lookup import named_variant
from hubexplore.summary.model import ModuleSummary, VariantSummary
from hubexplore.summary.outline import MAX_BOXES, outline
from hubexplore.summary.outline.data import Outline

if TYPE_CHECKING:
    import pandas as pd

MAX_BOXES_AFTER_TIMEOUT: Final = 40
"""Maximum number of boxes of the second attempt, after `dot` took too long for the first."""
MSG_FEWER_BOXES: Final = (
    "The layout of all boxes took too long, so fewer are shown. Pass a signature, or depth=1."
)
ENDINGS: Final = (".svg", ".png", ".dot")


def diagram(
    summary: ModuleSummary,
    signature: str | None = None,
    tags: Iterable[str] | str | None = None,
    expand: Iterable[str] = (),
    depth: int | None = None,
    *,
    scale: Scale | None = None,
) -> Diagram:
    """Returns a diagram of one graph variant.

    Args:
      summary: the summary of a module, with its graphs.
      signature: the signature whose part of the graph is shown; None for all signatures together.
      tags: tags of the variant, also as "a,b"; by default the variant without tags, else the first one.
      expand: names of scopes, series, function calls, functions or ops to unfold.
      depth: maximum number of levels of scopes; by default as many as are readable.
      scale: what the colours of the boxes stand for; by default their kinds.

    Raises:
      NoSuchVariantError: no variant has these tags.
      NoSuchSignatureError: the variant has no such signature.
      NoSuchScopeError: nothing in that part of the graph has a name in `expand`.
      DiagramError: the summary has no graph.
    """
    variant = _variant(summary, tags)
    meta_graph = summary.source.meta_graphs.get(variant.tags) if summary.source else None
    if meta_graph is None:
        raise DiagramError(
            "A diagram is drawn from the graph, but this summary has no graph: it was not made by "
            "hubexplore.summarize(path or module). Summarise the module again."
        )
    # A single name is a text, which would otherwise be taken for a sequence of letters.
    names = (expand,) if isinstance(expand, str) else tuple(expand)
    dangers = {
        finding.path: finding.capability.value
        for finding in summary.capabilities.dangers
        if finding.path and finding.trigger.tags in ((), variant.tags)
    }
    draw = functools.partial(
        outline, meta_graph, variant, signature, expand=names, depth=depth, dangers=dangers
    )
    fewer = functools.partial(draw, bound=MAX_BOXES_AFTER_TIMEOUT)
    return Diagram(summary.title, draw(bound=MAX_BOXES), fewer, scale)


def _variant(summary: ModuleSummary, tags: Iterable[str] | str | None) -> VariantSummary:
    if not summary.variants:
        raise DiagramError("This module has no graph, so there is nothing to draw.")
    if tags is None:
        return next((variant for variant in summary.variants if not variant.tags), summary.variants[0])
    return named_variant(summary, tags)


class Diagram:
    """The graph of a module in few boxes: a list and a grid, and a picture if `dot` is installed.

    Attributes:
      title: title of the module.
      outline: boxes and edges as facts; fewer of them after a layout took too long.
      scale: what the colours of the boxes stand for; None for their kinds.
      spare: a `dot` that may be running already; None to start one.
    """

    spare: SpareDot | None = None

    def __init__(
        self,
        title: str,
        outline: Outline,
        fewer: functools.partial[Outline] | None = None,
        scale: Scale | None = None,
    ) -> None:
        self.title = title
        self.outline = outline
        self.scale = scale
        self._fewer = fewer
        self._coloured: tuple[Outline, Colouring] | None = None
        # At once, so that names which are not there are an error of the call and not of the display.
        self.colouring  # noqa: B018

    @property
    def colouring(self) -> Colouring | None:
        """The numbers and colours of the boxes; None if the colours stand for their kinds."""
        if self.scale is None:
            return None
        if self._coloured is None or self._coloured[0] is not self.outline:
            self._coloured = self.outline, coloured(self.outline, self.scale)
        return self._coloured[1]

    @functools.cached_property
    def _picture(self) -> _Picture:
        """The layout. If it takes too long, the whole diagram changes to fewer boxes."""
        try:
            return _laid_out(self.outline, self.title, self.colouring, self.spare)
        except svg.LayoutTimeoutError:
            if self._fewer is None:
                raise
            # Only once: if the smaller layout takes too long as well, the error is raised.
            fewer = self._fewer()
            self.outline = replace(fewer, warnings=(*fewer.warnings, MSG_FEWER_BOXES))
            return _laid_out(self.outline, self.title, self.colouring)

    @property
    def svg(self) -> str:
        """The picture as SVG of shapes and text: no script, no links, no external resources.

        Raises:
          DiagramError: `dot` is not installed; the message states how to get it.
        """
        return self._picture.cleaned()

    @property
    def numbered_svg(self) -> str:
        """The same picture, in which the shapes of a box or group carry its index in the outline.

        Raises:
          DiagramError: as for `svg`.
        """
        return self._picture.cleaned(numbered=True)

    @property
    def dot(self) -> str:
        """The picture in the language of graphviz; `dot` need not be installed."""
        return dot_source(self.outline, self.title, self.colouring)

    @property
    def df(self) -> pd.DataFrame:
        """A row for each box: name, kind, scope, ops, nodes, variables, parameters, dtype and inputs.

        If the boxes are coloured by numbers, the last column `amount` has these; NaN for a box without one.
        """
        import pandas as pd

        records = [box_table.record_of(self.outline, index) for index in range(len(self.outline.boxes))]
        frame = pd.DataFrame(records)
        if self.colouring is not None:
            numbers = self.colouring.amounts.boxes
            frame["amount"] = [float("nan") if number is None else number for number in numbers]
        return frame

    @property
    def table(self) -> Grid:
        """The boxes and their inputs as a grid."""
        current = self.outline
        rows = tuple(box_table.row_of(current, index) for index in range(len(current.boxes)))
        columns: tuple[Column, ...] = box_table.COLUMNS
        if self.colouring is not None:
            name = visible(self.colouring.scale.label)
            columns = (*columns[:1], Column(name, "right", keep_empty=True), *columns[1:])
            rows = tuple((*row[:1], self.colouring.cell(index), *row[1:]) for index, row in enumerate(rows))
        note = (
            f"{counted(current.hidden, 'node')} of constants, shape arithmetic and variable reads are hidden."
            if current.hidden > 0
            else ""
        )
        return Grid("Boxes of the diagram and what feeds them", columns, rows, note)

    def save(self, path: str | bytes | os.PathLike[str]) -> None:
        """Writes the picture in the format that the suffix of the path names.

        The file is replaced atomically: it is complete, or unchanged after an error.

        Raises:
          DiagramError: the suffix is not .svg, .png or .dot, or `dot` is not installed.
          PathError: (a ValueError, OSError and TypeError) `path` is not a local path.
        """
        # Checked before the layout, which may take seconds.
        target = Path(local_to_write(path, "The file of a diagram"))
        ending = target.suffix.lower()
        if ending == ".dot":
            content = self.dot.encode()
        elif ending == ".svg":
            content = self.svg.encode()
        elif ending == ".png":
            content = svg.render(self._picture.source, "png")
        else:
            raise DiagramError(
                f"A diagram is saved as {', '.join(ENDINGS)}, not as {ending!r}: {str(target)!r}"
            )
        write_file(target, content)

    def __repr__(self) -> str:
        """Returns the outline as an indented list."""
        return "\n".join(
            [
                heading(self.outline, self.title),
                *(
                    f"{'  ' * depth}{text}"
                    for depth, text in box_table.list_items(self.outline, self.colouring)
                ),
            ]
        )

    @automatic
    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> Markup:
        """Returns the picture and the grid; without `dot` a list, and how to get the picture."""
        failure = ""
        try:
            # The picture comes first: if its layout takes too long, the grid below must show fewer boxes too.
            picture = self._picture
            content = [picture.html(heading(self.outline, self.title))]
        except DiagramError as error:
            failure = str(error)
            content = [
                tag("p", tag("strong", heading(self.outline, self.title))),
                box_table.nested_list(box_table.list_items(self.outline, self.colouring)),
            ]
        warnings = () if self.colouring is None else self.colouring.warnings
        messages = [*self.outline.warnings, *warnings, *([failure] if failure else [])]
        notes = [tag("p", visible(text, MAX_SENTENCE), class_="note") for text in messages]
        table = tag("details", tag("summary", "The same as a table"), tag("div", grid_html(self.table)))
        return framed(*content, *notes, table)


@dataclass(frozen=True)
class _Picture:
    """A finished layout: the DOT source, the output of `dot`, the title, and the names of the boxes."""

    source: str
    drawing: bytes
    title: str
    names: tuple[str, ...]

    def cleaned(self, numbered: bool = False) -> str:
        """Returns the SVG, reduced to shapes and text."""
        return svg.cleaned(self.drawing, self.title, self.names, FONT, numbered)

    def html(self, words: str) -> Markup:
        """Returns the picture as an `<img>`, which runs no script, so that untrusted notebooks show it."""
        data = base64.b64encode(self.cleaned().encode()).decode()
        return tag(
            "p",
            tag(
                "img",
                src=f"data:image/svg+xml;base64,{data}",
                alt=f"Diagram: {words}",
                style="max-width:100%;height:auto",
            ),
        )


def _laid_out(
    outline: Outline, title: str, colouring: Colouring | None, spare: SpareDot | None = None
) -> _Picture:
    source = dot_source(outline, title, colouring)
    names = tuple(f"{visible(box.name)} ({kind_text(box)})" for box in outline.boxes)
    return _Picture(source, svg.render(source, "svg", spare), heading(outline, title), names)
