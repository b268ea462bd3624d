"""Whether a converted model gives what its module gives, on the same generated inputs."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ml_dtypes
import numpy as np

from hubexplore.hub.servable.subject import Subject
from hubexplore.hub.servable.write import Written
from hubexplore.session.export.differences import difference
from hubexplore.session.export.reference import reference_of
from hubexplore.session.export.save_report import ComparedCall, ComparedOutput
from hubexplore.session.export.verification import TwoRuns, run_twice

MSG_FAILS: Final = "the call fails: {error}"
MSG_MISSING: Final = "the model has no outputs {names}"
MSG_VARYING: Final = "{names} not compared: different on each run"
MSG_ALL_VARYING: Final = "its outputs are different on each run"


@dataclass(frozen=True)
class ExpectedCall:
    """A call of the module, and what it gave.

    Attributes:
      signature: its name in the SavedModel that is converted.
      inputs: dense arrays by their names there.
      runs: what the module gave, twice; or why it gave nothing.
    """

    signature: str
    inputs: Mapping[str, Any]
    runs: TwoRuns | str


def expected_calls(subject: Subject, written: Written, signatures: Sequence[str]) -> list[ExpectedCall]:
    """Runs signatures of the module on examples that are made for them.

    Args:
      subject: what was written.
      written: what is in the SavedModel.
      signatures: their names there.
    """
    reference = reference_of(subject, written, subject.choice.serving, training=False)
    try:
        calls = []
        for key in signatures:
            name = written.signatures[key]
            effects = reference.effects(name)
            runs = run_twice(
                reference.module,
                name,
                effects,
                # Bound now: the call comes before the next turn, but linters cannot know.
                lambda inputs, name=name, stateful=effects.stateful: reference.flat(name, inputs, stateful),
            )
            inputs = {} if isinstance(runs, str) else reference.dense_inputs(name, runs.inputs)
            calls.append(ExpectedCall(key, inputs, runs))
        return calls
    finally:
        reference.close()


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
    calls: Sequence[ExpectedCall], answers: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> tuple[ComparedCall, ...]:
    """Compares what a runtime gave with what the module gave.

    Args:
      calls: of the module.
      answers: of the runtime, for those of them that gave something.
      names: signature -> how the report calls it.
    """
    left = iter(answers)
    return tuple(
        ComparedCall(names[call.signature], 0, None, note=call.runs)
        if isinstance(call.runs, str)
        else _compare(call, call.runs, next(left), names[call.signature])
        for call in calls
    )


def _compare(call: ExpectedCall, runs: TwoRuns, answer: Mapping[str, Any], name: str) -> ComparedCall:
    del call
    steady = runs.steady
    if "failed" in answer:
        return ComparedCall(name, len(steady), math.inf, note=MSG_FAILS.format(error=answer["failed"]))
    notes = []
    if len(steady) < len(runs.first):
        varying = ", ".join(repr(key) for key in runs.first if key not in steady)
        notes.append(MSG_VARYING.format(names=varying) if steady else MSG_ALL_VARYING)
    outputs = []
    for key in steady:
        expected = np.asarray(runs.first[key])
        found = answer["outputs"].get(key)
        amount = math.inf if found is None else difference(expected, _read(found))
        outputs.append(ComparedOutput(key, amount, _largest_value(expected)))
    absent = [repr(key) for key in steady if key not in answer["outputs"]]
    if absent:
        notes.append(MSG_MISSING.format(names=", ".join(absent)))
    return ComparedCall(
        name,
        len(outputs),
        max((output.difference for output in outputs), default=None),
        note="; ".join(notes),
        by_output=tuple(outputs),
    )


def _largest_value(array: Any) -> float | None:
    # Smaller floats of ml_dtypes have the kind "V" in old versions.
    if array.dtype.kind not in "fciu" and not hasattr(ml_dtypes, array.dtype.name):
        return None
    wide = np.abs(array.astype(np.complex128 if array.dtype.kind == "c" else np.float64))
    finite = wide[np.isfinite(wide)]
    return float(finite.max()) if finite.size else None
