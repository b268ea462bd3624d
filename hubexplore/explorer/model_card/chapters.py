"""What is in the card of a model, as data: chapters of facts, and questions that only a person can answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from hubexplore import __version__
from hubexplore.display.card import access_section
from hubexplore.display.card.blocks import Section
from hubexplore.display.card.content import module_card
from hubexplore.display.diagram import Diagram
from hubexplore.display.tables.grid import Column, Grid, Row
from hubexplore.display.wording import counted, size_text, tags_text
from hubexplore.explorer.model_card.example_runs import Example
from hubexplore.summary.files.redaction import redacted, without_access
from hubexplore.summary.model import IN_MEMORY, UNNEEDED, ModuleSummary

NOT_WRITTEN: Final = "To be written"
"""What marks a question that has no answer yet."""
INTENDED_USE: Final = "Who is this model for, and what should it be used for? What should it not be used for?"
_QUESTIONS: Final = (
    ("Training data", "Which data was it trained on, where does that come from, and who may use it?"),
    ("Evaluation", "How good is it, on which data, by which measure? For whom does it work less well?"),
    ("Limits", "When does it fail, and what happens then? Which biases of its data does it repeat?"),
    ("Licence and citation", "Under which licence may it be used? How should it be cited?"),
)
# Sections of the card in a notebook by the chapter that they belong to here.
_SIGNATURES: Final = ("Signatures", "Signatures by graph variant", "Features of tf.Example inputs")
_LEFT_OUT: Final = frozenset(
    {"Calls so far", "Ops", "Functions", "Collections", "Files", "Update ops", "Regularization losses"}
)
"""Sections on how a model works inside, which a card leaves to `hubexplore show`."""
_OWN_PLACE: Final = frozenset({"Code", "Variables", access_section.HEADING, "Warnings", "Notes"})


@dataclass(frozen=True)
class Paragraph:
    """A sentence or two."""

    text: str


@dataclass(frozen=True)
class Prompt:
    """A question that only a person can answer."""

    question: str


@dataclass(frozen=True)
class Picture:
    """A diagram, and what it shows."""

    diagram: Diagram
    caption: str


@dataclass(frozen=True)
class Chapter:
    """A heading and what is below it."""

    heading: str
    parts: tuple[Paragraph | Prompt | Picture | Example | Section, ...]


@dataclass(frozen=True)
class Contents:
    """All that is in a card.

    Attributes:
      title: of the model.
      facts: short phrases that go below the title.
      chapters: from top to bottom.
    """

    title: str
    facts: tuple[str, ...]
    chapters: tuple[Chapter, ...]


def contents(
    summary: ModuleSummary,
    title: str | None,
    examples: Sequence[Example],
    not_run: str,
    picture: Picture | None,
) -> Contents:
    """Returns what is in the card of a model.

    Args:
      summary: of the model.
      title: of the card; None for the name of the model.
      examples: signatures that were run.
      not_run: why none was; empty if some were.
      picture: of its graph, if there is one.
    """
    summary = without_paths(summary)
    # Without folds there would be thousands of rows.
    card = module_card(summary, unfoldable=True)
    by_heading = {section.heading: section for section in card.sections}
    chapters = [
        Chapter("What it is", (Paragraph(_description(summary)), *_sentences(by_heading))),
        Chapter("Intended use", (Prompt(INTENDED_USE),)),
        Chapter("How to use it", _how_to(by_heading)),
        Chapter("Inputs and outputs", tuple(by_heading[name] for name in _SIGNATURES if name in by_heading)),
        Chapter("Examples", (*_examples_note(examples, not_run), *examples)),
        Chapter("Graph", (picture,) if picture else ()),
        Chapter("Size", tuple(by_heading[name] for name in ("Variables",) if name in by_heading)),
        Chapter("What it can touch", _access(summary, by_heading)),
        *(Chapter(heading, (Prompt(question),)) for heading, question in _QUESTIONS),
        *(
            Chapter(section.heading, (section,))
            for section in card.sections
            if section.heading not in {*_SIGNATURES, *_LEFT_OUT, *_OWN_PLACE}
        ),
        Chapter("Provenance", (_provenance(summary),)),
    ]
    filled = tuple(chapter for chapter in chapters if chapter.parts)
    return Contents(title or name_of(summary), card.facts[0] if card.facts else (), filled)


def name_of(summary: ModuleSummary) -> str:
    """Returns the name of a model, without the folders around it: "embed", or "embed/4" for a version."""
    title = summary.title.rstrip("/\\")
    parts = re.split(r"[/\\]", re.sub(r"[?#].*", "", redacted(title)))
    last = parts[-1] or title
    return f"{parts[-2]}/{last}" if last.isdecimal() and len(parts) > 1 and parts[-2] else last


def without_paths(summary: ModuleSummary) -> ModuleSummary:
    """Returns a summary that says nothing of where on this machine the model is."""
    public = redacted(without_access(summary.title))
    if summary.format != IN_MEMORY and _is_here(summary.title):
        public = f"path/to/{name_of(summary)}"
    place = summary.source.place if summary.source is not None else None
    private = [path for path in (summary.title, place.directory if place else "") if len(path) > 1]

    def told(sentence: str) -> str:
        for path in sorted(private, key=len, reverse=True):
            sentence = sentence.replace(path, public)
        return sentence

    return replace(
        summary,
        title=public,
        warnings=tuple(map(told, summary.warnings)),
        notes=tuple(map(told, summary.notes)),
    )


def _is_here(path: str) -> bool:
    """Whether a handle is a path of this machine."""
    try:
        return Path(path).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # a name that no file can have; a user without a home
        return False


def _description(summary: ModuleSummary) -> str:
    """A sentence on what kind of thing it is."""
    variants = summary.variants
    names = {signature.name for variant in variants for signature in variant.signatures}
    variables = {
        variable.name: variable.parameters or 0
        for variant in variants
        for variable in variant.variables
        if variable.kind != UNNEEDED
    }
    article = "An" if summary.format[:1].lower() in "aeiou" else "A"
    has = [counted(len(names), "signature")]
    if len(variants) > 1:
        listed = " and ".join(tags_text(variant.tags) for variant in variants)
        has.append(f"{counted(len(variants), 'graph variant')} ({listed})")
    if variables:
        numbers = counted(sum(variables.values()), "parameter")
        has.append(f"{counted(len(variables), 'variable')} with {numbers} in all")
    listed = f"{', '.join(has[:-1])} and {has[-1]}" if len(has) > 1 else has[0]
    return f"{article} {summary.format} with {listed}."


def _sentences(by_heading: dict[str, Section]) -> Iterator[Section]:
    yield from (by_heading[name] for name in ("Warnings", "Notes") if name in by_heading)


def _how_to(by_heading: dict[str, Section]) -> tuple[Paragraph | Section, ...]:
    if "Code" not in by_heading:
        return ()
    return Paragraph("With hubexplore, on today's TensorFlow: pip install hubexplore."), by_heading["Code"]


def _examples_note(examples: Sequence[Example], not_run: str) -> tuple[Paragraph, ...]:
    if not_run:
        return (Paragraph(not_run),)
    if not examples:
        return ()
    return (Paragraph("The inputs were made to fit the signatures; the outputs are those of the model."),)


def _access(summary: ModuleSummary, by_heading: dict[str, Section]) -> tuple[Paragraph | Section, ...]:
    if summary.scan is None:
        return ()
    if access_section.HEADING in by_heading:
        verdict = access_section.verdict(summary.capabilities)
        return Paragraph(f"Found in its graph: {verdict}."), by_heading[access_section.HEADING]
    text = "Its graph reads and writes no files, and reaches no network, other processes or Python code."
    return (Paragraph(text),)


def _provenance(summary: ModuleSummary) -> Section:
    facts = [
        ("Format", summary.format),
        ("Written by", f"TensorFlow {summary.tensorflow_version}" if summary.tensorflow_version else ""),
        ("Opened as", summary.title if summary.format != IN_MEMORY else ""),
        (
            "Files",
            f"{counted(len(summary.files), 'file')}, {size_text(summary.size)}" if summary.files else "",
        ),
        ("SHA-256 of graphs, weights and assets", summary.digest),
        ("Card made by", f"hubexplore {__version__}"),
    ]
    rows: tuple[Row, ...] = tuple((name, value) for name, value in facts if value)
    return Section("Provenance", "", (Grid("", (Column("Fact"), Column("Value")), rows),))
