"""A summary as static HTML: no script, no ids, nothing remote.

Colours come from JupyterLab's theme variables; elsewhere they are shades of grey that let the page shine
through, so the tables suit a light and a dark background. Where styles are stripped (GitHub, an untrusted
notebook) ordinary tables remain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.tables import Page, Section, Side, Table, module_page, tensor_side, visible
from hubexplore.summary.model import ModuleSummary, TensorSummary

COLUMNS: Final = ("Name", "Type", "Shape")

# The class stands twice where JupyterLab's own rules for tables and code would otherwise win.
STYLE: Final = Markup("""
.hubexplore { color: var(--jp-content-font-color1, inherit); line-height: 1.5; }
.hubexplore p { margin: 0 0 .3em; }
.hubexplore small { color: var(--jp-content-font-color2, inherit); margin-left: 1em; }
.hubexplore table { border-collapse: collapse; border: none; margin: .5em 0 1em; font-size: 90%; }
.hubexplore caption { caption-side: top; text-align: left; padding: .2em 0;
  color: var(--jp-content-font-color2, inherit); }
.hubexplore.hubexplore tbody tr:nth-child(n), .hubexplore.hubexplore tbody tr:nth-child(n):hover {
  background: none; }
.hubexplore.hubexplore th, .hubexplore.hubexplore td { text-align: left; vertical-align: top;
  padding: .2em 1.2em .2em .5em; }
.hubexplore th { font-weight: 600; }
.hubexplore thead th { background: var(--jp-layout-color2, rgba(128, 128, 128, .15)); }
.hubexplore tbody { border-top: 1px solid var(--jp-border-color2, rgba(128, 128, 128, .4)); }
.hubexplore tbody:last-child { border-bottom: 1px solid var(--jp-border-color2, rgba(128, 128, 128, .4)); }
.hubexplore.hubexplore :not(pre) > code { background: none; padding: 0; white-space: pre-wrap; }
.hubexplore td.note, .hubexplore th.side { font-weight: normal;
  color: var(--jp-content-font-color2, inherit); }
""")


def module(summary: ModuleSummary) -> Markup:
    """Returns a module as HTML: a title, its facts, then one table per group of equal graph variants."""
    return framed(_page(module_page(summary)))


def tensor_table(tensors: Sequence[TensorSummary], caption: str = "") -> Markup:
    """Returns a table of some inputs or outputs, in the order given."""
    head = tag("thead", tag("tr", *(tag("th", column, scope="col") for column in COLUMNS)))
    body = tag("tbody", *(tag("tr", cells) for cells in _side_rows(tensor_side("tensor", tensors))))
    captions = (tag("caption", visible(caption)),) if caption else ()
    return framed(tag("table", *captions, head, body))


def framed(*content: str) -> Markup:
    """Returns a piece of a page, with the style that our tables, bars and folds need."""
    return tag("div", tag("style", STYLE), *content, class_="hubexplore")


def _page(page: Page) -> Markup:
    # The space keeps them apart where styles are stripped.
    facts = (join(" ", tag("small", f"{label}: ", tag("code", text))) for label, text in page.facts)
    note = (tag("p", page.note),) if page.note else ()
    return join(tag("p", tag("strong", page.title), *facts), *(_table(table) for table in page.tables), *note)


def _table(table: Table) -> Markup:
    headings = ("Signature", "", *COLUMNS)
    head = tag("thead", tag("tr", *(tag("th", each, scope="col") for each in headings)))
    bodies = [_section(section) for section in table.sections]
    if table.note:
        bodies.append(tag("tbody", tag("tr", tag("td", table.note, colspan=len(headings), class_="note"))))
    return tag("table", tag("caption", table.caption), head, *bodies)


def _section(section: Section) -> Markup:
    """Returns a signature as a `<tbody>`; its name and the words "input" and "output" span their rows."""
    sides = [(side, list(_side_rows(side))) for side in section.sides]
    height = sum(len(rows) for _, rows in sides)
    lead = tag("th", tag("code", section.name), scope="rowgroup", rowspan=height)
    rows: list[Markup] = []
    for side, cells in sides:
        label = tag("th", side.label, scope="rowgroup", rowspan=len(cells), class_="side")
        for index, cell in enumerate(cells):
            rows.append(tag("tr", *((lead,) if not rows else ()), *((label,) if index == 0 else ()), cell))
    return tag("tbody", *rows)


def _side_rows(side: Side) -> Iterator[Markup]:
    """Yields the cells of each row, at least one row: a side without tensors has a note."""
    for row in side.rows:
        name = tag("td", tag("code", row.name))
        yield join(name, tag("td", row.dtype), tag("td", row.shape))
    if side.note:
        yield tag("td", side.note, colspan=len(COLUMNS), class_="note")
