"""What the report of a conversion says first."""

from __future__ import annotations

import math

import pytest

from hubexplore.session.conversion.report import ConversionReport
from hubexplore.session.export.save_report import ComparedCall

REASON = (
    "the call fails: Type Error: Type parameter (T) of Optype (MatMul) bound to different types in the node"
)


@pytest.mark.parametrize(
    ("difference", "compares", "expected"),
    [
        (math.inf, "outputs", f"it does not do the same: default: {REASON}."),
        (None, "outputs", f"nothing could be compared: {REASON}."),
        (math.inf, "variables", f"does not read the same numbers in it: {REASON}."),
    ],
)
def test_the_reason_is_not_cut(difference: float | None, compares: str, expected: str) -> None:
    call = ComparedCall("default", 1, difference, note=REASON)
    report = ConversionReport("model.onnx", "onnx", (), (call,), runtime="Runtime 1", compares=compares)
    assert expected in repr(report).splitlines()[0]
