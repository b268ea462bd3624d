"""What is said of ops that a format lacks."""

from __future__ import annotations

from itertools import count

import pytest

from hubexplore.session.conversion import precheck
from hubexplore.session.conversion.formats import ONNX, format_of
from hubexplore.summary.portability.cut_advice import CutAdvice
from hubexplore.summary.portability.obstacles import Obstacle, SignatureGraph


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


def test_cuts_that_each_strand_another_op_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = SignatureGraph({"x": None}, {}, {}, (), None)
    tried: list[set[str]] = []
    strands = count()

    def advise(_: SignatureGraph, anchors: set[str]) -> CutAdvice:
        tried.append({*anchors})
        return CutAdvice({}, {}, 1, 1)

    monkeypatch.setattr(precheck, "advise", advise)
    monkeypatch.setattr(precheck, "_stranded", lambda *_: [f"op_{next(strands)}"])
    assert precheck._advice(graph, {"first"}, format_of(ONNX, "")) is None
    assert 2 < len(tried) < 20
    assert tried[2] == {"first", "op_0", "op_1"}
    monkeypatch.setattr(precheck, "_stranded", lambda *_: [])
    assert precheck._advice(graph, {"first"}, format_of(ONNX, "")) == CutAdvice({}, {}, 1, 1)
