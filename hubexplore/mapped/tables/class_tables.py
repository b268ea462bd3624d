"""Confusion matrix, score histogram and slices as HTML, whose cells and rows can be picked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.values import numerics
from hubexplore.display.wording import counted, visible
from hubexplore.mapped.classes import Classes, confusion
from hubexplore.mapped.slices import Slice
from hubexplore.summary.tensor_values import Array

MAX_SIDE: Final = 25
"""Maximum number of classes of a confusion matrix; of more, the most confused are shown."""
_BINS: Final = 20
_NAME: Final = 16
"""Maximum length in characters of the name of a class."""


def confusion_table(classes: Classes) -> Markup:
    """Returns the confusion matrix; a cell picks its rows: `cell:LABEL,PREDICTION`."""
    counts = confusion(classes)
    wrong = counts - np.diag(np.diag(counts))
    shown = _most_confused(wrong)
    highest = max(int(wrong.max()), 1)
    names = [visible(name, _NAME) for name in classes.names]
    headings = [tag("th", names[at], scope="col") for at in shown]
    head = tag("tr", tag("th", "label", scope="col"), tag("th", "right", scope="col"), *headings)
    body = []
    for label in shown:
        cells = [_cell(label, at, int(counts[label, at]), highest, names) for at in shown]
        total = int(counts[label].sum())
        share = f"{counts[label, label] / total:.0%}" if total else "no rows"
        body.append(tag("tr", tag("th", names[label], scope="row"), tag("td", share), *cells))
    left_out = len(classes.names) - len(shown)
    caption = "Rows are labels, columns are predictions: pick a cell to see its rows."
    if left_out:
        caption += f" The {len(shown)} most confused of {counted(len(classes.names), 'class')}."
    grid = tag(
        "table",
        tag("caption", caption),
        tag("thead", head),
        tag("tbody", *body),
        class_="hub-log hub-confusion",
    )
    return tag("div", grid, class_="hub-scroll")


def score_histogram(classes: Classes) -> Markup:
    """Returns how many rows are right and wrong at each score; a bar picks its rows: `score:BIN`."""
    if classes.scores is None or not classes.is_compared.any():
        return Markup("")
    edges = score_edges(classes)
    scores = classes.scores[classes.is_compared]
    errors = classes.errors[classes.is_compared] > 0
    right, wrong = (np.histogram(scores[kept], edges)[0] for kept in (~errors, errors))
    highest = max(int((right + wrong).max()), 1)
    rows = []
    for at in range(len(edges) - 1):
        total = int(right[at] + wrong[at])
        if not total:
            continue
        name = (
            f"{numerics.number_text(round(edges[at], 4))} to {numerics.number_text(round(edges[at + 1], 4))}"
        )
        widths = (round(100 * right[at] / highest, 1), round(100 * wrong[at] / highest, 1))
        bars = tag(
            "span",
            tag("span", class_="hub-right", style=f"width: {widths[0]}%"),
            tag("span", class_="hub-wrong", style=f"width: {widths[1]}%"),
            class_="hub-bars",
        )
        cells = [tag("th", name, scope="row"), tag("td", bars), tag("td", f"{wrong[at]:,} of {total:,}")]
        rows.append(tag("tr", *cells, data_pick=f"score:{at}", tabindex=0))
    headings = [tag("th", text, scope="col") for text in ("Score", "Right and wrong", "Wrong")]
    caption = tag("caption", "Score of the predicted class: pick a range to see its rows.")
    return tag("table", caption, tag("thead", tag("tr", *headings)), tag("tbody", *rows), class_="hub-log")


def score_edges(classes: Classes) -> Array:
    """Returns the limits of the ranges of the score histogram."""
    scores = np.zeros(1) if classes.scores is None else classes.scores[np.isfinite(classes.scores)]
    low, high = float(scores.min(initial=np.inf)), float(scores.max(initial=-np.inf))
    if 0 <= low <= high <= 1:
        low, high = 0.0, 1.0
    return np.linspace(low, max(high, low + 1e-6), _BINS + 1)


def slices_table(slices: Sequence[Slice], *, is_share: bool, measured: str) -> Markup:
    """Returns the slices, the clearest first; a row picks its rows: `slice:N`."""
    if not slices:
        return tag(
            "p", "No value of a column has a clearly higher error than the others.", class_="hub-quiet"
        )
    rows = [
        tag(
            "tr",
            tag("th", visible(slice_.column, 40), scope="row"), tag("td", visible(slice_.value, 60)),
            tag("td", f"{len(slice_.rows):,}"), tag("td", _error_text(slice_.error, is_share=is_share)),
            tag("td", _error_text(slice_.others, is_share=is_share)),
            tag("td", "∞" if np.isinf(slice_.strength) else f"{slice_.strength:.1f}"),
            data_pick=f"slice:{at}", tabindex=0,
        )
        for at, slice_ in enumerate(slices)
    ]  # fmt: skip
    names = ("Column", "Value", "Rows", measured, "Other rows", "Strength")
    headings = tag("tr", *(tag("th", name, scope="col") for name in names))
    # Not a caption, which is as wide as the table and would scroll with it.
    note = tag(
        "p",
        "Where it is worst: pick a slice to see its rows. Strength: standard errors above the other rows.",
        class_="hub-quiet",
    )
    grid = tag(
        "table", tag("thead", headings), tag("tbody", *rows), class_="hub-log hub-rows", aria_label="Slices"
    )
    return join(note, tag("div", grid, class_="hub-scroll"))


def _error_text(error: float, *, is_share: bool) -> str:
    return f"{error:.1%}" if is_share else numerics.number_text(error)


def _cell(label: int, prediction: int, count: int, highest: int, names: Sequence[str]) -> Markup:
    if not count:
        return tag("td", "·", class_="hub-quiet")
    is_right = label == prediction
    share = 1.0 if is_right else count / highest
    text = tag(
        "button", f"{count:,}", type="button", data_pick=f"cell:{label},{prediction}",
        aria_label=f"{count:,} of label {names[label]} predicted as {names[prediction]}",
    )  # fmt: skip
    kind = "hub-right" if is_right else "hub-wrong"
    return tag("td", text, class_=kind, style=f"--share: {round(15 + 60 * share)}%")


def _most_confused(wrong: Array) -> list[int]:
    if len(wrong) <= MAX_SIDE:
        return list(range(len(wrong)))
    mistakes = wrong.sum(axis=0) + wrong.sum(axis=1)
    return sorted(int(at) for at in np.argsort(-mistakes, kind="stable")[:MAX_SIDE])
