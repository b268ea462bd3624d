"""Loads a SavedModel and runs it. A script for a process of its own, which needs nothing but TensorFlow.

`python reload_saved_model.py MODEL FOLDER` reads `FOLDER/requests.json`, a list of calls, and writes
`FOLDER/answers.json`. Arrays are TensorProto messages in files of the folder, which both name.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2


def weights(shape: tuple[int, ...]) -> Any:
    """What an output is multiplied with before it is summed up, so that no gradient is zero by symmetry."""
    return np.cos(np.arange(int(np.prod(shape)), dtype=np.float64)).reshape(shape)


def _read(path: Path) -> tf.Tensor:
    return tf.constant(tf.make_ndarray(tensor_pb2.TensorProto.FromString(path.read_bytes())))


def _write(path: Path, value: Any) -> None:
    array = value.numpy()
    # A scalar of text is bytes, which NumPy would cut at a zero byte.
    shape = getattr(array, "shape", ())
    proto = tf.make_tensor_proto(array, value.dtype, shape, allow_broadcast=False)
    path.write_bytes(proto.SerializeToString())


def _message(error: BaseException) -> str:
    return str(error).strip() or type(error).__name__


def _assembled(parts: list[tf.Tensor], kind: str) -> Any:
    if kind == "sparse":
        return tf.SparseTensor(*parts)
    if kind == "ragged":
        return tf.RaggedTensor.from_nested_row_splits(parts[0], parts[1:], validate=False)
    return parts[0]


def _call(model: Any, request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    values = {name: _read(folder / file) for name, file in request["inputs"].items()}
    if not request["training"]:
        return dict(model.signatures[request["signature"]](**values))
    inputs = {
        name: _assembled([values[part] for part in parts], kind)
        for name, (kind, parts) in request["structure"].items()
    }
    argument = next(iter(inputs.values()), None) if len(inputs) < 2 else inputs
    results = model(argument, training=True, signature=request["signature"], as_dict=True)
    flat: dict[str, Any] = {}
    for name, names in request["outputs"].items():
        parts = tf.nest.flatten(results[name], expand_composites=True)
        flat.update(zip(names, parts, strict=True))
    return flat


def _answer(model: Any, request: Mapping[str, Any], folder: Path, number: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"outputs": {}, "gradients": {}, "variables": {}}
    before = [variable.numpy() for variable in model.variables] if request["changes"] else []
    results = _call(model, request, folder)
    for position, (name, value) in enumerate(results.items()):
        answer["outputs"][name] = f"{number}_output_{position}.pb"
        _write(folder / answer["outputs"][name], value)
    for position, name in enumerate(_restore(model, before, folder, number)):
        answer["variables"][name] = f"{number}_variable_{position}.pb"
    if request["differentiated"]:
        try:
            gradients = _gradients(model, request, folder)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            answer["refused"] = _message(error)
            gradients = []
        for position, (name, gradient) in enumerate(gradients):
            answer["gradients"][name] = f"{number}_gradient_{position}.pb"
            _write(folder / answer["gradients"][name], gradient)
        _restore(model, before)
    return answer


def _gradients(model: Any, request: Mapping[str, Any], folder: Path) -> list[tuple[str, Any]]:
    # A call of its own: a function without a gradient fails under a tape, and not only when it is asked for.
    with tf.GradientTape() as tape:
        results = _call(model, request, folder)
        loss = tf.add_n(
            [
                tf.reduce_sum(tf.cast(results[name], tf.float64) * weights(tuple(results[name].shape)))
                for name in request["differentiated"]
            ]
        )
    variables = list(model.trainable_variables)
    gradients = tape.gradient(loss, variables)
    return [
        (variable.name, tf.convert_to_tensor(gradient))
        for variable, gradient in zip(variables, gradients, strict=True)
        if gradient is not None
    ]


def _restore(model: Any, before: list[Any], folder: Path | None = None, number: int = 0) -> list[str]:
    """Takes back what a call assigned; writes and names the variables that it changed."""
    changed: list[str] = []
    for value, variable in zip(before, model.variables, strict=False):
        if variable.numpy().tobytes() != value.tobytes():
            if folder is not None:
                _write(folder / f"{number}_variable_{len(changed)}.pb", variable.read_value())
            changed.append(variable.name)
            variable.assign(value)
    return changed


def main(path: str, work: str) -> None:
    """Answers all requests of a folder."""
    folder = Path(work)
    requests = json.loads((folder / "requests.json").read_text())
    model = tf.saved_model.load(path)
    answers = []
    for number, request in enumerate(requests):
        try:
            answers.append(_answer(model, request, folder, number))
        except Exception as error:  # noqa: BLE001 - as above
            answers.append({"failed": _message(error)})
    (folder / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
