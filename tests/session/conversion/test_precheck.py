"""What is said of ops that a format lacks."""

from __future__ import annotations

import pytest

from hubexplore.session.conversion import precheck
from hubexplore.session.conversion.formats import ONNX, format_of
from hubexplore.summary.portability.cut_advice import CutAdvice
from hubexplore.summary.portability.obstacles import Obstacle


@pytest.mark.parametrize(
    ("counts", "cut", "more"),
    [
        ([1], "Cut it away", ""),
        ([2], "Cut them away", ""),
        ([1, 1], "Cut them away", ""),
        ([1] * 13, "Cut them away", "; 1 more op. Cut"),
        ([1] * 14, "Cut them away", "; 2 more ops. Cut"),
    ],
)
def test_it_agrees_in_number(counts: list[int], cut: str, more: str) -> None:
    obstacles = tuple(Obstacle(f"Op{number}", "why", count, ("x",)) for number, count in enumerate(counts))
    advice = CutAdvice({"x": "x:0"}, {"y": "y:0"}, 3, 1)
    error = precheck.refusal({"default": (obstacles, advice)}, ["default"], format_of(ONNX, ""), None)
    assert f" {cut}, and convert the rest (3 of 4 ops that compute): spec.cut(" in str(error)
    assert more in str(error)
