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


def _first(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


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
    flat = {}
    for name, names in request["outputs"].items():
        parts = tf.nest.flatten(results[name], expand_composites=True)
        flat.update(zip(names, parts, strict=True))
    return flat


def _answer(model: Any, request: Mapping[str, Any], folder: Path, number: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"outputs": {}, "gradients": {}, "variables": {}}
    before = [variable.numpy() for variable in model.variables] if request["changes"] else []
    with tf.GradientTape() as tape:
        results = _call(model, request, folder)
        terms = [
            tf.reduce_sum(tf.cast(results[name], tf.float64) * weights(tuple(results[name].shape)))
            for name in request["differentiated"]
        ]
        loss = tf.add_n(terms) if terms else None
    for position, (name, value) in enumerate(results.items()):
        answer["outputs"][name] = f"{number}_output_{position}.pb"
        _write(folder / answer["outputs"][name], value)
    for position, value in enumerate(before):
        variable = model.variables[position]
        if variable.numpy().tobytes() != value.tobytes():
            answer["variables"][variable.name] = f"{number}_variable_{position}.pb"
            _write(folder / answer["variables"][variable.name], variable.read_value())
            variable.assign(value)
    if loss is not None:
        try:
            gradients = tape.gradient(loss, list(model.trainable_variables))
        except Exception as error:
            answer["refused"] = _first(error)
            return answer
        for position, (variable, gradient) in enumerate(zip(model.trainable_variables, gradients, strict=True)):
            if gradient is not None:
                answer["gradients"][variable.name] = f"{number}_gradient_{position}.pb"
                _write(folder / answer["gradients"][variable.name], tf.convert_to_tensor(gradient))
    return answer


def main(path: str, work: str) -> None:
    """Answers all requests of a folder."""
    folder = Path(work)
    requests = json.loads((folder / "requests.json").read_text())
    model = tf.saved_model.load(path)
    answers = []
    for number, request in enumerate(requests):
        try:
            answers.append(_answer(model, request, folder, number))
        except Exception as error:
            answers.append({"failed": _first(error)})
    (folder / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
