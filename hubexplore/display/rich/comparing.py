"""Compares two modules or graph variants, and shows the result."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Final

from hubexplore.display.rich import comparison_view, weight_changes
from hubexplore.display.rich.comparison_view import ShownComparison
from hubexplore.display.wording import counted
from hubexplore.summary.compare.comparison import (
    Comparison,
    Difference,
    compare_modules,
    compare_variants,
    ordered,
)
from hubexplore.summary.model import ModuleSummary, VariantSummary

Modules = tuple[ModuleSummary, ModuleSummary]
Variants = tuple[VariantSummary, VariantSummary]

MSG_DAMAGED: Final = "the stored values of {name!r}{more} are damaged: they do not have their checksum"
_STATES: Final = {True: "damaged: not the checksum that is stored", False: "undamaged"}


def modules(first: ModuleSummary, second: ModuleSummary, weights: bool) -> ShownComparison:
    """Compares two modules; with `weights` also the values of their variables.

    Raises:
      HubError: see `hubexplore.display.rich.weight_changes.collected`.
    """
    comparison = compare_modules(first, second)
    if weights:
        comparison = _weighed(comparison, (first, second), (first.variants, second.variants))
    return comparison_view.displayable(comparison)


def variants(of: Modules, compared: Variants, weights: bool) -> ShownComparison:
    """Compares a graph variant of each module.

    Args:
      of: the modules, which may be one and the same.
      compared: their variants.
      weights: also compare the values of the variables.

    Raises:
      HubError: see `hubexplore.display.rich.weight_changes.collected`.
    """
    sources, capabilities = (of[0].source, of[1].source), (of[0].capabilities, of[1].capabilities)
    comparison = compare_variants(*compared, sources, capabilities)
    if weights:
        comparison = _weighed(comparison, of, ((compared[0],), (compared[1],)))
    return comparison_view.displayable(comparison)


def _weighed(
    comparison: Comparison,
    of: Modules,
    compared: tuple[tuple[VariantSummary, ...], tuple[VariantSummary, ...]],
) -> Comparison:
    # Imported here, since it loads NumPy.
    from hubexplore.summary.compare.weights.changes import Side

    titles = comparison.first, comparison.second
    first, second = (
        Side(title, tuple(chain.from_iterable(variant.variables for variant in group)), module.source)
        for title, module, group in zip(titles, of, compared, strict=True)
    )
    changes = weight_changes.collected(first, second)
    damaged = [change for change in changes.variables if any(change.damaged)]
    # TensorFlow refuses to restore a tensor without its checksum, so a module with one replaces nothing.
    spoilt = [change.name for change in damaged if change.damaged[1]]
    reasons = (MSG_DAMAGED.format(name=spoilt[0], more=_more(spoilt)),) if spoilt else ()
    listed = {item.name for item in comparison.differences if item.section == "weights"}
    differences = (
        Difference("weights", change.name, None, *(_STATES[is_damaged] for is_damaged in change.damaged))
        for change in damaged
        if change.name not in listed
    )
    return replace(
        comparison,
        differences=ordered([*comparison.differences, *differences]),
        reasons=(*comparison.reasons, *reasons),
        weights=changes,
    )


def _more(names: list[str]) -> str:
    return f" and {counted(len(names) - 1, 'other')}" if len(names) > 1 else ""
