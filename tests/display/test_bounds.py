"""Output is bounded, and says what was left out."""

from __future__ import annotations

import pytest

from hubexplore.display import html, text
from hubexplore.display.tables import MAX_ROWS, MAX_SIGNATURES, MAX_TABLES, MAX_TENSORS
from hubexplore.summary.model import ModuleSummary, SignatureSummary, TensorSummary, VariantSummary
from tests.display import page, summaries


def module(signatures: int, tensors: int, variants: int = 1) -> ModuleSummary:
    """A module whose variants differ, so that each has a table of its own."""
    return ModuleSummary(
        "m",
        tuple(
            VariantSummary(
                (f"v{variant}",),
                tuple(
                    SignatureSummary(f"s{variant}_{i}", summaries.tensors(tensors), summaries.tensors(1))
                    for i in range(signatures)
                ),
            )
            for variant in range(variants)
        ),
    )


def test_many_tensors() -> None:
    shown = text.module(module(1, MAX_TENSORS + 3))
    assert "... and 3 more inputs" in shown
    assert f"t{MAX_TENSORS - 1}" in shown
    assert f"t{MAX_TENSORS} " not in shown
    assert page.table_widths(html.module(module(1, MAX_TENSORS + 3))) == [{5}]


def test_one_more_is_singular() -> None:
    assert "... and 1 more input\n" in text.module(module(1, MAX_TENSORS + 1))


def test_exactly_as_many_as_fit_are_all_shown() -> None:
    assert "..." not in text.module(module(1, MAX_TENSORS))
    assert "..." not in text.module(module(MAX_SIGNATURES, 1))


def test_many_signatures() -> None:
    shown = page.read(html.module(module(MAX_SIGNATURES + 2, 1)))
    assert "... and 2 more signatures" in shown.texts("td")
    assert page.table_widths(html.module(module(MAX_SIGNATURES + 2, 1))) == [{5}]


def test_many_variants() -> None:
    shown = page.read(html.module(module(1, 1, MAX_TABLES + 5)))
    assert len(shown.all("table")) == MAX_TABLES
    assert "... and 5 more graph variants" in shown.texts("p")


def test_a_page_ends_after_so_many_rows() -> None:
    shown = text.module(module(4, MAX_TENSORS - 1, 6))  # 160 rows a variant
    assert shown.count("Graph variant") == 2
    assert "... and 2 more signatures" in shown
    assert "... and 4 more graph variants" in shown
    assert shown.count("float32") == MAX_ROWS


def test_variants_left_out_are_counted_one_by_one() -> None:
    """Those that would share a table too."""
    alike = module(1, 1).variants[0].signatures
    more = tuple(VariantSummary((f"more{i}",), alike) for i in range(7))
    differ = module(1, 1, MAX_TABLES + 1).variants[1:]
    assert "... and 8 more" in text.module(ModuleSummary("m", (*differ, *more, VariantSummary((), alike))))


@pytest.mark.parametrize("render", [text.module, html.module])
def test_the_largest_page(render: object) -> None:
    name = "n" * 10_000
    tensors = tuple(TensorSummary(f"{name}{i}", name, (1,) * 1000, kind=name) for i in range(100))
    signatures = tuple(SignatureSummary(f"{name}{i}", tensors, tensors) for i in range(50))
    variants = tuple(VariantSummary((f"{name}{i}",), signatures[i:]) for i in range(20))
    assert callable(render)
    assert len(render(ModuleSummary(name, variants))) < 200_000


def test_a_table_of_tensors() -> None:
    lines = text.tensor_table(summaries.tensors(MAX_TENSORS + 60)).splitlines()
    assert lines[-1] == "... and 60 more tensors"
    assert lines[0] == "name  type     shape"  # the note does not widen the column it begins in
    shown = page.read(html.tensor_table(summaries.tensors(MAX_TENSORS + 60)))
    assert len(shown.all("tr")) == 1 + MAX_TENSORS + 1
