"""Converts a TF2 SavedModel by tf2onnx or by the LiteRT converter. See the docstring of the folder.

The request has `model`, `tag`, `jobs` (each with `signatures` and the file to write, `out`), `quantize` and
`data`, the files of the representative data set. The answer has the `seconds` of all jobs together, and the
`errors` of those that failed, by their number.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Job = Mapping[str, Any]


def _onnx() -> Callable[[Mapping[str, Any], Job], None]:
    from tf2onnx import convert

    errors = _Errors(logging.ERROR)
    logging.getLogger().addHandler(errors)

    def run(request: Mapping[str, Any], job: Job) -> None:
        errors.unsupported.clear()
        (signature,) = job["signatures"]
        # The command line is the documented way to convert a SavedModel.
        sys.argv = [
            "tf2onnx", "--saved-model", request["model"], "--tag", request["tag"],
            f"--signature_def={signature}", "--output", job["out"],
        ]  # fmt: skip
        if job["output_names"]:
            sys.argv.append(f"--rename-outputs={','.join(job['output_names'])}")
        try:
            convert.main()
        except SystemExit as error:
            raise RuntimeError(f"tf2onnx ended with exit code {error.code}") from error
        except Exception as error:
            raise RuntimeError("\n".join([*errors.unsupported, str(error)])) from error
        if errors.unsupported:
            # It writes such a model all the same, which no runtime can load.
            raise RuntimeError("\n".join(errors.unsupported))

    return run


class _Errors(logging.Handler):
    """Keeps what was logged as an error, which names the ops that cannot be converted."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.unsupported: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if "not supported" in message or "Unsupported" in message:
            self.unsupported.append(message)


def _litert() -> Callable[[Mapping[str, Any], Job], None]:
    import tensorflow as tf

    # The classes behind the lazy names of tf.lite are part of what is imported while nobody waits.
    converters, optimize = tf.lite.TFLiteConverter, tf.lite.Optimize.DEFAULT

    def run(request: Mapping[str, Any], job: Job) -> None:
        converter = converters.from_saved_model(
            request["model"], signature_keys=list(job["signatures"]), tags={request["tag"]}
        )
        quantize = request["quantize"]
        if quantize is not None:
            converter.optimizations = [optimize]
        if quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if quantize == "int8":
            converter.representative_dataset = lambda: _representatives(request["data"], job["signatures"])
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        Path(job["out"]).write_bytes(converter.convert())

    return run


def _representatives(data: Mapping[str, Sequence[Sequence[Any]]], signatures: Sequence[str]) -> Iterator[Any]:
    """The representative data set, as the converter takes it: (signature, values by name)."""
    for signature in signatures:
        for example in data[signature]:
            yield signature, {name: np.load(path, allow_pickle=False) for name, path in example}


def _answer(run: Callable[[Mapping[str, Any], Job], None], request: Mapping[str, Any]) -> dict[str, Any]:
    seconds, errors = 0.0, {}
    for number, job in enumerate(request["jobs"]):
        begin = time.monotonic()
        try:
            run(request, job)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            errors[number] = str(error) or type(error).__name__
        seconds += time.monotonic() - begin
    return {"seconds": seconds, "errors": errors}


def _end_with_the_caller() -> None:
    sys.stdin.read()
    os._exit(1)


def main(kind: str, folder: str) -> None:
    """Answers the one request."""
    run = {"onnx": _onnx, "tflite": _litert}[kind]()
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_caller, daemon=True).start()
    answer = _answer(run, request)
    unfinished = Path(folder, "answer.json.part")
    unfinished.write_text(json.dumps(answer), "utf-8")
    unfinished.replace(Path(folder, "answer.json"))


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of the converter, and the one that waits for the caller, must not keep the process.
    os._exit(0)
