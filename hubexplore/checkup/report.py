"""The findings, shown as text, HTML, JSON or a data frame."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.checkup.findings import OK, PROBLEM, WARNING, Finding, Section
from hubexplore.display.card import html
from hubexplore.display.card.text import BOLD, DIM, PLAIN
from hubexplore.display.markup import Markup, document, tag
from hubexplore.display.rich.small_table import Table
from hubexplore.display.safe_display import automatic
from hubexplore.display.tables.grid import Column
from hubexplore.display.theme import PAGE_STYLE
from hubexplore.display.wording import counted, visible

WIDTH: Final = 99
LONGEST: Final = 1200
"""Maximum number of characters of a sentence or remedy that are shown."""
_MARKS: Final = {OK: "ok", WARNING: "warning", PROBLEM: "problem"}
_HEADING: Final = "hubexplore doctor"


@dataclass(frozen=True, repr=False)
class Report:
    """What the doctor found.

    Attributes:
      sections: the findings, by what was checked.
      examined: whether everything could be looked at; not so a path that may not be read, for example.
    """

    sections: tuple[Section, ...]
    examined: bool = True

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings."""
        return tuple(finding for section in self.sections for finding in section.findings)

    @property
    def healthy(self) -> bool:
        """Whether everything could be looked at and no problem was found; there may be warnings."""
        return self.examined and all(finding.state != PROBLEM for finding in self.findings)

    @property
    def df(self) -> Any:
        """A `pandas.DataFrame` with a row for each finding."""
        names = ("section", "subject", "state", "sentence", "remedy")
        rows = [
            (section.heading, *dataclasses.astuple(finding))
            for section in self.sections
            for finding in section.findings
        ]
        return Table(_HEADING, [Column(name) for name in names], rows).df

    def to_dict(self) -> dict[str, Any]:
        """The same as plain lists and dicts, as in JSON."""
        return {
            "healthy": self.healthy,
            "examined": self.examined,
            "sections": [
                {
                    "heading": section.heading,
                    "findings": [dataclasses.asdict(finding) for finding in section.findings],
                }
                for section in self.sections
            ],
        }

    def to_json(self, indent: int | None = None) -> str:
        """The same as `to_dict`, as JSON of ASCII characters."""
        return json.dumps(self.to_dict(), indent=indent)

    def to_text(self, colour: bool = False, width: int = WIDTH) -> str:
        """The findings as text; with `colour`, headings and problems are bold by ANSI escapes."""
        lines = list(_lines(self, width))
        return "\n".join(look.format(line) if colour and line else line for look, line in lines)

    def to_html(self) -> str:
        """One self-contained HTML page."""
        return document(_HEADING, PAGE_STYLE, tag("main", _markup(self)))

    def __repr__(self) -> str:
        return self.to_text()

    @automatic
    def _repr_html_(self) -> str:
        return _markup(self)


def _verdict(report: Report) -> str:
    counts = Counter(finding.state for finding in report.findings)
    found = [counted(counts[state], state) for state in (PROBLEM, WARNING) if counts[state]]
    text = f"{' and '.join(found)} found." if found else "No problem found."
    return text if report.examined else f"{text} Not everything could be checked."


def _lines(report: Report, width: int) -> Iterator[tuple[str, str]]:
    yield BOLD, f"{_HEADING}: {_verdict(report)}"
    for section in report.sections:
        yield PLAIN, ""
        yield BOLD, section.heading
        for finding in section.findings:
            head = f"  {_MARKS[finding.state]:<8} "
            subject, sentence = visible(finding.subject), visible(finding.sentence, LONGEST)
            # A sentence that begins with its subject says it once.
            text = sentence if sentence.lower().startswith(subject.lower()) else f"{subject}: {sentence}"
            look = PLAIN if finding.state == OK else BOLD
            for at, line in enumerate(_wrapped(text, width - len(head))):
                yield look, f"{head if not at else ' ' * len(head)}{line}"
            for line in _wrapped(visible(finding.remedy, LONGEST), width - len(head) - 2):
                yield DIM, f"{' ' * len(head)}  {line}"


def _wrapped(text: str, width: int) -> list[str]:
    # Commands and paths stay whole: users copy them.
    return textwrap.wrap(text, max(width, 40), break_long_words=False, break_on_hyphens=False)


def _markup(report: Report) -> Markup:
    title = tag("p", html.heading(f"{_HEADING}: {_verdict(report)}", 3), class_="title")
    return html.framed(title, *(_section(section) for section in report.sections))


def _section(section: Section) -> Markup:
    counts = Counter(finding.state for finding in section.findings)
    noted = ", ".join(counted(counts[state], state) for state in (PROBLEM, WARNING) if counts[state])
    summary = tag("summary", html.heading(section.heading), " ", tag("small", noted or f"{counts[OK]:,} ok"))
    head = tag("tr", *(tag("th", name, scope="col") for name in ("State", "Subject", "Finding")))
    rows = (_row(finding) for finding in section.findings)
    table = tag("table", tag("thead", head), tag("tbody", *rows))
    return tag("details", summary, tag("div", table), open="" if noted else None)


def _row(finding: Finding) -> Markup:
    mark = _MARKS[finding.state]
    remedy = (tag("p", visible(finding.remedy, LONGEST), class_="note"),) if finding.remedy else ()
    return tag(
        "tr",
        tag("td", mark if finding.state == OK else tag("strong", mark)),
        tag("th", visible(finding.subject), scope="row"),
        tag("td", tag("p", visible(finding.sentence, LONGEST)), *remedy),
    )
