"""What is said of outputs that are far from those of the module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from hubexplore.session.conversion import proof
from hubexplore.session.export.save_report import ComparedCall
from hubexplore.session.export.verification import TwoRuns

BOXES = np.array([[0.0, 0.0, 1.0, 1.0], [0.2, 0.2, 0.5, 0.5], [0.6, 0.1, 0.9, 0.4]], np.float32)


def compared(expected: Any, found: Any, folder: Path) -> ComparedCall:
    outputs = {"out": np.asarray(expected)}
    call = proof.ExpectedCall("default", {}, TwoRuns({}, outputs, outputs))
    found = np.asarray(found)
    path = folder / "out"
    path.write_bytes(found.tobytes())
    answer = {"outputs": {"out": {"dtype": found.dtype.name, "shape": found.shape, "file": str(path)}}}
    (result,) = proof.compare([call], [answer], {"default": "default"}, {})
    return result


@pytest.mark.parametrize(
    ("expected", "found", "note"),
    [
        (BOXES, BOXES[[2, 0, 1]] + np.float32(1e-7), "'out' has the same rows in another order"),
        (BOXES[None], BOXES[None, [2, 0, 1]], "'out' has the same rows in another order"),
        (np.arange(4), np.array([0, 2, 1, 3]), "'out' has the same rows in another order"),
        (BOXES, BOXES[:2], "'out' has the shape (2, 4) instead of (3, 4)"),
        (BOXES, BOXES.astype(np.float64), "'out' is float64 instead of float32"),
        (
            BOXES,
            np.where(BOXES == 1, np.nan, BOXES),
            "'out' is NaN or infinite at 2 places where the module has a number",
        ),
        (
            np.array([1.0, 2.0]),
            np.array([np.inf, 2.0]),
            "'out' is NaN or infinite at 1 place where the module has a number",
        ),
        (BOXES.astype(ml_dtypes.bfloat16), BOXES, "'out' is float32 instead of bfloat16"),
        (BOXES > 1, BOXES.astype(np.int8), "'out' is int8 instead of bool"),
        (BOXES, BOXES + np.float32(0.5), ""),
        (BOXES, BOXES + np.float32(1e-6), ""),
        (np.array([b"a"]).astype("S"), np.array([1.0]), ""),
    ],
)
def test_what_the_difference_is(expected: Any, found: Any, note: str, tmp_path: Path) -> None:
    assert compared(expected, found, tmp_path).note == note


def test_an_order_is_a_difference_all_the_same(tmp_path: Path) -> None:
    call = compared(BOXES, BOXES[[2, 0, 1]], tmp_path)
    assert call.largest_difference == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("outputs", "varying", "missing", "files"),
    [
        (
            ["a"],
            "its output is different on each run",
            "the model lacks the output 'a'",
            "'a' not compared: names a file of the module",
        ),
        (
            ["a", "b"],
            "its outputs are different on each run",
            "the model lacks the outputs 'a', 'b'",
            "'a', 'b' not compared: name files of the module",
        ),
    ],
)
def test_what_is_said_agrees_in_number(outputs: list[str], varying: str, missing: str, files: str) -> None:
    def note(second: float, of_files: frozenset[str] = frozenset()) -> str:
        runs = TwoRuns({}, dict.fromkeys(outputs, np.array(1.0)), dict.fromkeys(outputs, np.array(second)))
        call = proof.ExpectedCall("default", {}, runs, of_files)
        (result,) = proof.compare([call], [{"outputs": {}}], {"default": "default"}, {})
        return result.note

    assert note(2.0) == varying
    assert note(1.0) == missing
    assert note(1.0, frozenset(outputs)).startswith(files)
