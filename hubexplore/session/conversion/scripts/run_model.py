"""Runs a converted model in ONNX Runtime or LiteRT. See the docstring of the folder.

The request is a list of calls: the `model`, the `signature` in it, and the `inputs` by name. The answer is a
list of `outputs` by name, or what `failed`. An array is its `dtype`, its `shape`, and a `file` of its bytes,
or its `texts` in base64.
"""

from __future__ import annotations

import base64
import functools
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Arrays = dict[str, Any]


def _dtype(name: str) -> Any:
    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))


def _read(array: Mapping[str, Any]) -> Any:
    if "texts" in array:
        texts = [base64.b64decode(text) for text in array["texts"]]
        return np.array(texts, object).reshape(array["shape"])
    data = Path(array["file"]).read_bytes()
    # A copy: LiteRT refuses arrays that cannot be written.
    return np.frombuffer(data, _dtype(array["dtype"])).reshape(array["shape"]).copy()


def _written(array: Any, path: Path) -> dict[str, Any]:
    array = np.asarray(array)
    if array.dtype.kind in "OSU":
        texts = [text if isinstance(text, bytes) else str(text).encode() for text in array.flat]
        return {
            "dtype": "string",
            "shape": array.shape,
            "texts": [base64.b64encode(text).decode() for text in texts],
        }
    path.write_bytes(np.ascontiguousarray(array).tobytes())
    return {"dtype": array.dtype.name, "shape": array.shape, "file": str(path)}


def _onnx() -> Callable[[str, str, Arrays], Arrays]:
    import onnxruntime

    @functools.cache
    def session(model: str) -> Any:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # warnings of the graph's optimizer are of no use here
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(model: str, signature: str, inputs: Arrays) -> Arrays:
        del signature  # one file for each
        opened = session(model)
        taken = {one.name for one in opened.get_inputs()}
        names = [one.name for one in opened.get_outputs()]
        # An input that no output depends on is not in the model.
        fed = {name: _for_onnx(value) for name, value in inputs.items() if name in taken}
        return dict(zip(names, opened.run(names, fed), strict=True))

    return run


def _for_onnx(array: Any) -> Any:
    if array.dtype != object:
        return array
    texts = [text.decode("utf-8", "surrogateescape") for text in array.flat]
    return np.array(texts, object).reshape(array.shape)


def _litert() -> Callable[[str, str, Arrays], Arrays]:
    from ai_edge_litert.interpreter import Interpreter

    @functools.cache
    def interpreter(model: str) -> Any:
        return Interpreter(model_path=model)

    def run(model: str, signature: str, inputs: Arrays) -> Arrays:
        opened = interpreter(model)
        taken = opened.get_signature_list()[signature]["inputs"]
        runner = opened.get_signature_runner(signature)
        return dict(runner(**{name: value for name, value in inputs.items() if name in taken}))

    return run


def _first(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


def _end_with_the_caller() -> None:
    sys.stdin.read()
    os._exit(1)


def main(kind: str, folder: str) -> None:
    """Answers the one request."""
    run = {"onnx": _onnx, "tflite": _litert}[kind]()
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_caller, daemon=True).start()
    answers: list[dict[str, Any]] = []
    for number, call in enumerate(request["calls"]):
        try:
            inputs = {name: _read(array) for name, array in call["inputs"].items()}
            outputs = run(call["model"], call["signature"], inputs)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            answers.append({"failed": _first(error)})
            continue
        written = {
            name: _written(value, Path(folder, f"output_{number}_{position}"))
            for position, (name, value) in enumerate(outputs.items())
        }
        answers.append({"outputs": written})
    unfinished = Path(folder, "answer.json.part")
    unfinished.write_text(json.dumps({"calls": answers}), "utf-8")
    unfinished.replace(Path(folder, "answer.json"))


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a thread of a runtime must not keep the process
