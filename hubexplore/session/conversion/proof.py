"""Whether a converted model gives what its module gives, on the same generated inputs."""

from __future__ import annotations

import base64
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ml_dtypes
import numpy as np

from hubexplore.display.wording import counted
from hubexplore.hub.servable.subject import Subject
from hubexplore.hub.servable.write import Written
from hubexplore.session.export.differences import difference
from hubexplore.session.export.reference import Reference, reference_of
from hubexplore.session.export.save_report import ComparedCall, ComparedOutput, largest
from hubexplore.session.export.verification import TwoRuns, run_twice
from hubexplore.summary.lookup import named

MOST_GIVEN: Final = 16
"""Maximum number of examples of the user that are run."""
MSG_GIVEN: Final = "on {count} of the examples in data="
MSG_FAILS: Final = "the call fails: {error}"
MSG_MISSING: Final = "the model lacks the {outputs}"
MSG_VARYING: Final = "{names} not compared: different on each run"
MSG_FILES: Final = "{names} not compared: {finding} of the module, which the model does not have"
MSG_ALL_VARYING: Final = "{outputs} different on each run"
MSG_SHAPE: Final = "{name!r} has the shape {found} instead of {expected}"
MSG_DTYPE: Final = "{name!r} is {found} instead of {expected}"
MSG_NOT_FINITE: Final = "{name!r} is NaN or infinite at {places} where the module has a number"
MSG_ORDER: Final = "{name!r} has the same rows in another order"
_FAR: Final = 1e-3
"""A difference, relative to the largest value, that rounding does not explain."""


@dataclass(frozen=True)
class ExpectedCall:
    """A call of the module, and what it gave.

    Attributes:
      signature: its name in the SavedModel that is converted.
      inputs: dense arrays by their names there.
      runs: what the module gave, twice; or why it gave nothing.
      files: outputs that have paths of files of the module.
    """

    signature: str
    inputs: Mapping[str, Any]
    runs: TwoRuns | str
    files: frozenset[str] = frozenset()


def expected_calls(
    subject: Subject,
    written: Written,
    signatures: Sequence[str],
    given: Sequence[Mapping[str, Any]] = (),
) -> list[ExpectedCall]:
    """Runs signatures of the module on examples.

    Args:
      subject: what was written.
      written: what is in the SavedModel.
      signatures: their names there.
      given: examples of the user, for all of them; without any, some are made.

    Raises:
      HubError: an example of the user does not run.
    """
    reference = reference_of(subject, written, subject.choice.serving, training=False)
    try:
        calls = []
        for key in signatures:
            name = written.signatures[key]
            effects = reference.effects(name)
            run = functools.partial(_flat, reference, name, effects.stateful)
            made: list[TwoRuns | str] = (
                [TwoRuns(dict(inputs), run(inputs), run(inputs)) for inputs in given[:MOST_GIVEN]]
                if given and not effects.outside
                else [run_twice(reference.module, name, effects, run)]
            )
            calls += [_expected(reference, key, name, runs) for runs in made]
        return calls
    finally:
        reference.close()


def _expected(reference: Reference, key: str, name: str, runs: TwoRuns | str) -> ExpectedCall:
    if isinstance(runs, str):
        return ExpectedCall(key, {}, runs)
    files = frozenset(output for output, value in runs.first.items() if reference.assets.are_in(value))
    return ExpectedCall(key, reference.dense_inputs(name, runs.inputs), runs, files)


def _flat(reference: Reference, name: str, stateful: bool, inputs: Mapping[str, Any]) -> dict[str, Any]:
    return reference.flat(name, inputs, stateful)


def request(calls: Sequence[ExpectedCall], models: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """What the script that runs the model is asked; its arrays are written into a folder.

    Args:
      calls: those that gave something.
      models: signature -> file of the model that has it.
      folder: for the arrays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "calls": [
            {
                "model": str(models[call.signature]),
                "signature": call.signature,
                "inputs": {
                    name: _written(array, folder / f"{number}_{position}")
                    for position, (name, array) in enumerate(call.inputs.items())
                },
            }
            for number, call in enumerate(calls)
        ]
    }


def _written(array: Any, path: Path) -> dict[str, Any]:
    array = np.asarray(array)
    if array.dtype.kind in "OSU":
        texts = [text if isinstance(text, bytes) else str(text).encode() for text in array.flat]
        return {"shape": array.shape, "texts": [base64.b64encode(text).decode() for text in texts]}
    path.write_bytes(np.ascontiguousarray(array).tobytes())
    return {"dtype": array.dtype.name, "shape": array.shape, "file": str(path)}


def _read(array: Mapping[str, Any]) -> Any:
    if "texts" in array:
        texts = np.empty(len(array["texts"]), object)
        texts[:] = [base64.b64decode(text) for text in array["texts"]]
        return texts.reshape(array["shape"])
    name = array["dtype"]
    dtype = np.dtype(getattr(ml_dtypes, name)) if hasattr(ml_dtypes, name) else np.dtype(name)
    return np.frombuffer(Path(array["file"]).read_bytes(), dtype).reshape(array["shape"])


def compare(
    calls: Sequence[ExpectedCall],
    answers: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    renamed: Mapping[str, Mapping[str, str]],
) -> tuple[ComparedCall, ...]:
    """Compares what a runtime gave with what the module gave.

    Args:
      calls: of the module.
      answers: of the runtime, for those of them that gave something.
      names: signature -> how the report calls it.
      renamed: signature -> output -> its other name in the model.
    """
    left = iter(answers)
    compared = [
        ComparedCall(names[call.signature], 0, None, note=call.runs)
        if isinstance(call.runs, str)
        else _compare(call, call.runs, next(left), names[call.signature], renamed.get(call.signature, {}))
        for call in calls
    ]
    by_call: dict[str, list[ComparedCall]] = {}
    for one in compared:
        by_call.setdefault(one.call, []).append(one)
    return tuple(_merged(same) for same in by_call.values())


def _merged(calls: Sequence[ComparedCall]) -> ComparedCall:
    """Several calls of one signature as one: the largest differences."""
    first = calls[0]
    if len(calls) == 1:
        return first
    by_name: dict[str, list[ComparedOutput]] = {}
    for call in calls:
        for output in call.by_output:
            by_name.setdefault(output.name, []).append(output)
    notes = dict.fromkeys([MSG_GIVEN.format(count=len(calls)), *(call.note for call in calls if call.note)])
    return ComparedCall(
        first.call,
        first.outputs,
        largest(call.largest_difference for call in calls),
        note="; ".join(notes),
        by_output=tuple(
            ComparedOutput(
                name,
                max(output.difference for output in outputs),
                largest(output.largest_value for output in outputs),
            )
            for name, outputs in by_name.items()
        ),
    )


def _compare(
    call: ExpectedCall, runs: TwoRuns, answer: Mapping[str, Any], name: str, renamed: Mapping[str, str]
) -> ComparedCall:
    steady = [key for key in runs.steady if key not in call.files]
    if "failed" in answer:
        return ComparedCall(name, len(steady), math.inf, note=MSG_FAILS.format(error=answer["failed"]))
    notes = []
    varying = ", ".join(repr(key) for key in runs.first if key not in runs.steady)
    if varying:
        notes.append(
            MSG_VARYING.format(names=varying)
            if runs.steady
            else MSG_ALL_VARYING.format(
                outputs="its output is" if len(runs.first) == 1 else "its outputs are"
            )
        )
    if call.files:
        finding = "names a file" if len(call.files) == 1 else "name files"
        notes.append(MSG_FILES.format(names=", ".join(map(repr, sorted(call.files))), finding=finding))
    outputs = []
    for key in steady:
        expected = runs.first[key]
        found = answer["outputs"].get(renamed.get(key, key))
        value = None if found is None else _read(found)
        amount = math.inf if value is None else difference(expected, value)
        output = ComparedOutput(key, amount, _largest_value(np.asarray(expected)))
        outputs.append(output)
        if value is not None and _is_far(output):
            notes += _explanation(key, np.asarray(expected), value)
    absent = [key for key in steady if renamed.get(key, key) not in answer["outputs"]]
    if absent:
        notes.append(MSG_MISSING.format(outputs=named("output", absent)))
    return ComparedCall(
        name,
        len(outputs),
        max((output.difference for output in outputs), default=None),
        note="; ".join(notes),
        by_output=tuple(outputs),
    )


def is_far(call: ComparedCall) -> bool:
    """Whether an output is further from that of the module than rounding explains."""
    return any(map(_is_far, call.by_output))


def _is_far(output: ComparedOutput) -> bool:
    return output.difference > 0 and (output.relative is None or output.relative > _FAR)


def _explanation(name: str, expected: Any, found: Any) -> list[str]:
    """Says how two arrays differ, beside the numbers; nothing if it is in the numbers alone."""
    if expected.shape != found.shape:
        return [MSG_SHAPE.format(name=name, found=found.shape, expected=expected.shape)]
    # Also those of ml_dtypes, as bfloat16, which are no numbers to NumPy.
    if expected.dtype != found.dtype and not {expected.dtype.kind, found.dtype.kind} & set("OSU"):
        return [MSG_DTYPE.format(name=name, found=found.dtype, expected=expected.dtype)]
    if expected.dtype.kind not in "fiu" or found.dtype.kind not in "fiu":
        return []
    lost = np.count_nonzero(np.isfinite(expected) & ~np.isfinite(found))
    if lost:
        return [MSG_NOT_FINITE.format(name=name, places=counted(int(lost), "place"))]
    # Along the last axis but one for boxes, along the only one for their scores.
    axis = max(expected.ndim - 2, 0)
    largest_value = _largest_value(expected)
    if expected.ndim and largest_value:
        apart = np.abs(_in_order(expected, axis) - _in_order(found, axis))
        if apart.max() <= _FAR * largest_value:
            return [MSG_ORDER.format(name=name)]
    return []


def _in_order(array: Any, axis: int) -> Any:
    """Rows along an axis in the order of their values."""
    rows = np.moveaxis(array.astype(np.float64), axis, 0)
    keys = np.round(rows.reshape(len(rows), -1), 4)
    return rows[np.lexsort(keys.T[::-1])]


def _largest_value(array: Any) -> float | None:
    # Smaller floats of ml_dtypes have the kind "V" in old versions.
    if array.dtype.kind not in "fciu" and not hasattr(ml_dtypes, array.dtype.name):
        return None
    wide = np.abs(array.astype(np.complex128 if array.dtype.kind == "c" else np.float64))
    finite = wide[np.isfinite(wide)]
    return float(finite.max()) if finite.size else None
