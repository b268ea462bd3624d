"""Diagrams of a module: a picture, and the same facts as a list and a table."""

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
from hubexplore.display.diagram.dot import FONT, dot_source
from hubexplore.display.diagram.labels import heading, kind_text
from hubexplore.display.markup import Markup, tag
from hubexplore.display.safe_display import automatic
from hubexplore.display.tables.grid import Grid, grid_html
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

FEWER: Final = 40
"""So many boxes are drawn where `dot` took too long for more."""
MSG_FEWER: Final = "The layout of all boxes took too long; these are fewer. Name a signature, or a depth."
ENDINGS: Final = (".svg", ".png", ".dot")


def diagram(
    summary: ModuleSummary,
    signature: str | None = None,
    tags: Iterable[str] | str | None = None,
    expand: Iterable[str] = (),
    depth: int | None = None,
) -> Diagram:
    """Returns a diagram of one graph variant.

    Args:
      summary: of a module, with its graphs.
      signature: the slice to show; None for all signatures together.
      tags: of the variant, also as "a,b"; by default the untagged one, else the first.
      expand: names of scopes, series, function calls, functions or ops to unfold.
      depth: so many levels of scopes at most; by default as many as read well.

    Raises:
      NoSuchVariantError: no variant has these tags.
      NoSuchSignatureError: the variant has no such signature.
      NoSuchScopeError: the slice has nothing of a name in `expand`.
      DiagramError: the summary comes without its graph.
    """
    variant = _variant(summary, tags)
    meta_graph = summary.source.meta_graphs.get(variant.tags) if summary.source else None
    if meta_graph is None:
        raise DiagramError(
            "A diagram is drawn from the graph, and this summary holds none: it was not made by "
            "hubexplore.summarize(path or module) but from parts. Summarise the module again."
        )
    names = (expand,) if isinstance(expand, str) else tuple(expand)
    draw = functools.partial(outline, meta_graph, variant, signature, expand=names, depth=depth)
    return Diagram(summary.title, draw(bound=MAX_BOXES), functools.partial(draw, bound=FEWER))


def _variant(summary: ModuleSummary, tags: Iterable[str] | str | None) -> VariantSummary:
    if not summary.variants:
        raise DiagramError("This module holds no graph, so there is nothing to draw.")
    if tags is None:
        return next((each for each in summary.variants if not each.tags), summary.variants[0])
    return named_variant(summary, tags)


class Diagram:
    """A module's graph in few boxes: a picture where `dot` is installed, always a list and a table.

    Attributes:
      title: of the module.
      outline: the boxes and edges, as facts; fewer ones once a layout has taken too long.
    """

    def __init__(self, title: str, outline: Outline, fewer: functools.partial[Outline] | None = None) -> None:
        self.title = title
        self.outline = outline
        self._fewer = fewer

    @functools.cached_property
    def _picture(self) -> _Picture:
        """The layout. If it takes too long, all of the diagram goes on with fewer boxes."""
        try:
            return _drawn(self.outline, self.title)
        except svg.LayoutTimeoutError:
            if self._fewer is None:
                raise
            fewer = self._fewer()
            self.outline = replace(fewer, warnings=(*fewer.warnings, MSG_FEWER))
            return _drawn(self.outline, self.title)

    @property
    def svg(self) -> str:
        """The picture as SVG: shapes and text, nothing that runs, links or loads.

        Raises:
          DiagramError: `dot` is not installed; the message says how to get it.
        """
        return self._picture.cleaned()

    @property
    def numbered_svg(self) -> str:
        """The same picture, in which the shapes of a box or group carry its position in the outline.

        Raises:
          DiagramError: as for `svg`.
        """
        return self._picture.cleaned(numbered=True)

    @property
    def dot(self) -> str:
        """The picture in graphviz's language; needs no `dot` program."""
        return dot_source(self.outline, self.title)

    @property
    def df(self) -> pd.DataFrame:
        """One row per box: name, kind, scope, ops, nodes, variables, parameters, dtype, what feeds it."""
        import pandas as pd

        return pd.DataFrame(
            [box_table.record_of(self.outline, index) for index in range(len(self.outline.boxes))]
        )

    @property
    def table(self) -> Grid:
        """The boxes and what feeds them as a table."""
        shown = self.outline
        found = tuple(box_table.row_of(shown, index) for index in range(len(shown.boxes)))
        note = (
            f"{counted(shown.aside, 'node')} of constants, shape arithmetic and reads stand aside."
            if shown.aside > 0
            else ""
        )
        return Grid("Boxes of the diagram and what feeds them", box_table.COLUMNS, found, note)

    def save(self, path: str | bytes | os.PathLike[str]) -> None:
        """Writes the picture; the ending of the path says in which form.

        It is written whole, or what was there stays.

        Raises:
          DiagramError: another ending than .svg, .png or .dot, or no `dot` program.
          PathError: (a ValueError, OSError and TypeError) `path` is no path of this machine.
        """
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
                f"A diagram is saved as {', '.join(ENDINGS)}; not as {ending!r}: {str(target)!r}"
            )
        write_file(target, content)

    def __repr__(self) -> str:
        """Returns the outline as an indented list."""
        return "\n".join(
            [
                heading(self.outline, self.title),
                *(f"{'  ' * depth}{text}" for depth, text in box_table.items_of(self.outline)),
            ]
        )

    @automatic
    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> Markup:
        """Returns the picture and its table; without `dot` a list, and how to get a picture."""
        failed = ""
        try:
            # The picture comes first: what stands beside it has the boxes that it has.
            picture = self._picture
            shown = [picture.html(heading(self.outline, self.title))]
        except DiagramError as error:
            failed = str(error)
            shown = [
                tag("p", tag("strong", heading(self.outline, self.title))),
                box_table.nested_list(box_table.items_of(self.outline)),
            ]
        said = [*self.outline.warnings, *([failed] if failed else [])]
        notes = [tag("p", visible(text, MAX_SENTENCE), class_="note") for text in said]
        table = tag("details", tag("summary", "The same as a table"), tag("div", grid_html(self.table)))
        return framed(*shown, *notes, table)


@dataclass(frozen=True)
class _Picture:
    """A finished layout: the DOT it is of, what `dot` drew, its title, and the names of its boxes."""

    source: str
    drawing: bytes
    title: str
    names: tuple[str, ...]

    def cleaned(self, numbered: bool = False) -> str:
        """Returns the SVG: shapes and text only."""
        return svg.cleaned(self.drawing, self.title, self.names, FONT, numbered)

    def html(self, words: str) -> Markup:
        """Returns the picture as an image: nothing in it can run, and it needs no trust."""
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


def _drawn(shown: Outline, title: str) -> _Picture:
    source = dot_source(shown, title)
    names = tuple(f"{visible(box.name)} ({kind_text(box)})" for box in shown.boxes)
    return _Picture(source, svg.render(source, "svg"), heading(shown, title), names)
