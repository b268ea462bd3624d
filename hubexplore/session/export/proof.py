"""Whether a SavedModel does what its module does: outputs, gradients, and what training assigns.

The module runs in graphs and sessions of this process, as `hub.Module`. The SavedModel is loaded by
TensorFlow alone, in a new process. Both get the same generated inputs.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from hubexplore.errors import HubError
from hubexplore.hub.error_line import error_line, message_line
from hubexplore.hub.servable.callables import fields
from hubexplore.hub.servable.subject import Subject
from hubexplore.hub.servable.write import Written
from hubexplore.session.export import reload_saved_model
from hubexplore.session.export.differences import Assets, difference
from hubexplore.session.export.reference import Reference, fields_by_owner, reference_of
from hubexplore.session.export.save_report import ComparedCall
from hubexplore.session.export.verification import run_twice
from hubexplore.session.interruption import run_interruptibly
from hubexplore.summary.module_format import ASSETS_FOLDER

_ERRORS: Final = (HubError, tf.errors.OpError)
_LONGEST_PROCESS: Final = 1800.0  # seconds
MSG_VARYING: Final = "{names} not compared: different on each run"
MSG_ALL_VARYING: Final = "its outputs are different on each run"
MSG_NO_GRADIENT: Final = "no gradients: {error}"
MSG_REFUSED: Final = "gradients are refused: {error}"


@dataclass
class _Request:
    """One call to compare: what the module gives, and what the new process is asked."""

    call: str
    message: dict[str, Any]
    outputs: Mapping[str, Any]
    steady: Sequence[str]
    gradients: Mapping[str, Any] | None
    assigned: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)


def prove(subject: Subject, written: Written, path: str) -> tuple[ComparedCall, ...]:
    """Compares a SavedModel that was just written with what it was written from.

    Args:
      subject: what was written.
      written: what is in it.
      path: of its directory.
    """
    # In a thread of its own: the main thread handles no signal while it is inside TensorFlow.
    return run_interruptibly(lambda: _prove(subject, written, path))


def _prove(subject: Subject, written: Written, path: str) -> tuple[ComparedCall, ...]:
    compared: list[ComparedCall | _Request] = []
    with tempfile.TemporaryDirectory(prefix="hubexplore-") as work:
        folder = Path(work)
        files = _Files(folder)
        choice = subject.choice
        assets = Assets(())
        for training, tags in ((False, choice.serving), (True, choice.training or choice.serving)):
            reference = reference_of(subject, written, tags, training=training)
            try:
                assets = reference.assets
                names = reference.module.get_signature_names()
                exported = {own: name for name, own in written.signatures.items()}
                for name in sorted(names):
                    called = name if training else exported[name]
                    compared.append(_request(reference, name, called, training, files))
            finally:
                reference.close()
        requests = [request for request in compared if isinstance(request, _Request)]
        answers = _answers(path, folder, [request.message for request in requests]) if requests else []
        saved = Assets(os.fsencode(os.path.join(path, ASSETS_FOLDER, name)) for name in written.files)
        by_request = dict(zip(map(id, requests), answers, strict=True))
        return tuple(
            _compare(entry, by_request[id(entry)], files, assets, saved)
            if isinstance(entry, _Request)
            else entry
            for entry in compared
        )


class _Files:
    """Arrays in files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def write(self, array: Any) -> str:
        """Writes an array; returns the name of its file."""
        self._count += 1
        name = f"input_{self._count}.pb"
        (self._folder / name).write_bytes(tf.make_tensor_proto(array).SerializeToString())
        return name

    def read(self, name: str) -> Any:
        """The array in a file."""
        return tf.make_ndarray(tensor_pb2.TensorProto.FromString((self._folder / name).read_bytes()))


def _request(
    reference: Reference, name: str, called: str, training: bool, files: _Files
) -> ComparedCall | _Request:
    """Runs a signature of the module; what could not run is a result already."""
    call = f"{name}, training=True" if training else called

    side_effects = reference.effects(name)
    runs = run_twice(
        reference.module,
        name,
        side_effects,
        lambda inputs: reference.flat(name, inputs, side_effects.stateful),
    )
    if isinstance(runs, str):
        return ComparedCall(call, 0, None, note=runs)
    inputs, first, steady = runs.inputs, runs.first, runs.steady
    request = _Request(call, {}, first, steady, None, {})
    if len(steady) < len(first):
        varying = ", ".join(repr(key) for key in first if key not in steady)
        request.notes.append(MSG_VARYING.format(names=varying) if steady else MSG_ALL_VARYING)
    differentiated = reference.differentiable(name, steady)
    try:
        request.gradients = reference.gradients(name, inputs, differentiated)
    except Exception as error:  # noqa: BLE001 - TensorFlow's gradients raise anything, even AssertionError
        request.notes.append(MSG_NO_GRADIENT.format(error=error_line(error)))
        differentiated = []
    request.assigned = reference.assigned(name, inputs) if training else {}
    request.message = _message(reference, name, called, inputs, training, files)
    request.message["differentiated"] = differentiated if request.gradients else []
    request.message["changes"] = training or side_effects.stateful
    return request


def _message(  # noqa: PLR0917 - one caller
    reference: Reference,
    name: str,
    called: str,
    inputs: Mapping[str, Any],
    training: bool,
    files: _Files,
) -> dict[str, Any]:
    infos = reference.module.get_input_info_dict(name)
    by_owner = fields_by_owner(fields(infos, parameters=True))
    arrays = reference.dense_inputs(name, inputs)
    return {
        "signature": called,
        "training": training,
        "inputs": {part: files.write(array) for part, array in arrays.items()},
        "structure": {
            owner: (infos[owner].kind, [part.name for part in parts]) for owner, parts in by_owner.items()
        },
        "outputs": {
            owner: [part.name for part in parts]
            for owner, parts in fields_by_owner(fields(reference.module.get_output_info_dict(name))).items()
        },
    }


def _answers(path: str, folder: Path, messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Asks a new process, which knows nothing of this one but the files."""
    (folder / "requests.json").write_text(json.dumps(messages))
    command = [sys.executable, "-P", str(Path(reload_saved_model.__file__)), path, str(folder)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(  # noqa: S603 - this Python, and a script of this package
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        errors="backslashreplace",
    )  # fmt: skip
    with process:
        try:
            _, errors = process.communicate(timeout=_LONGEST_PROCESS)
        except BaseException:
            process.kill()
            raise
    answers = folder / "answers.json"
    if answers.exists():
        return list(json.loads(answers.read_text()))
    lines = [line for line in errors.splitlines() if line.strip()]
    failure = lines[-1] if lines else f"the process ended with exit code {process.returncode}"
    return [{"failed": failure}] * len(messages)


def _compare(
    request: _Request, answer: Mapping[str, Any], files: _Files, assets: Assets, saved: Assets
) -> ComparedCall:
    if "failed" in answer:
        note = f"the call fails: {message_line(answer['failed'])}"
        return ComparedCall(request.call, len(request.steady), math.inf, note=note)
    outputs = {
        name: difference(request.outputs[name], files.read(answer["outputs"][name]), assets, saved)
        if name in answer["outputs"]
        else math.inf
        for name in request.steady
    }
    notes = list(request.notes)
    if "refused" in answer:
        notes.append(MSG_REFUSED.format(error=message_line(answer["refused"])))
    gradients: dict[str, float] = {}
    if request.gradients is not None and "refused" not in answer:
        gradients = _differences(request.gradients, answer["gradients"], files.read)
    changes = _differences(request.assigned, answer["variables"], files.read) if request.assigned else {}
    return ComparedCall(
        request.call,
        len(outputs),
        max(outputs.values(), default=None),
        len(gradients),
        max([*gradients.values(), *changes.values()], default=None),
        "; ".join(notes),
    )


def _differences(
    expected: Mapping[str, Any], answered: Mapping[str, str], read: Callable[[str], Any]
) -> dict[str, float]:
    """Variable -> difference. A gradient that is missing is zero."""
    found = {name.removesuffix(":0"): file for name, file in answered.items()}
    differences = {}
    for name, value in expected.items():
        other = read(found[name]) if name in found else None
        if other is None:
            differences[name] = 0.0 if value is None else difference(value, value * 0)
        else:
            differences[name] = difference(other * 0 if value is None else value, other)
    return differences
