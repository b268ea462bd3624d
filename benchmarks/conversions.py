"""What `hub.convert` takes beside its converter.

    build/converters/bin/python -m benchmarks.conversions [HANDLE ...]

The converter by itself is a new process that converts a SavedModel, as the command line of tf2onnx does, or
as a script for the LiteRT converter has to. `hub.convert` reads a module, writes that SavedModel, converts
it, and runs both the module and the result. Both convert one signature, in turns; the best of some rounds
counts.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import hubexplore as hub

ROUNDS: Final = 3
TARGET: Final = 0.20
"""Largest share of time beside the converter's own."""
_LITERT: Final = """
import pathlib, sys
import tensorflow as tf
signatures = ["serving_default"]
converter = tf.lite.TFLiteConverter.from_saved_model(sys.argv[1], signature_keys=signatures, tags={"serve"})
pathlib.Path(sys.argv[2]).write_bytes(converter.convert())
"""
_COMMANDS: Final = {
    "onnx": ["-m", "tf2onnx.convert", "--tag", "serve", "--signature_def", "serving_default"],
    "tflite": ["-c", _LITERT],
}


def main(handles: list[str]) -> int:
    """Prints both times; returns 1 if the target is missed."""
    missed = False
    for handle in handles:
        with tempfile.TemporaryDirectory() as work:
            saved = str(hub.save(handle, Path(work, "saved"), verify=False))
            for suffix, command in _COMMANDS.items():
                alone, ours = _rounds(handle, saved, Path(work), suffix, command)
                share = ours / alone - 1
                missed |= share > TARGET
                times = f"converter {alone:6.2f} s, hub.convert {ours:6.2f} s: {share:+.0%}"
                print(f"{handle:24} {suffix:7} {times}")
    return int(missed)


def _rounds(handle: str, saved: str, work: Path, suffix: str, command: list[str]) -> tuple[float, float]:
    """The shortest times of the converter by itself, and of `hub.convert`."""
    alone = ours = math.inf
    for number in range(ROUNDS):
        begin = time.perf_counter()
        _converter(command, saved, work / f"alone.{suffix}")
        middle = time.perf_counter()
        hub.convert(handle, work / f"{number}.{suffix}", signature="default")
        alone, ours = min(alone, middle - begin), min(ours, time.perf_counter() - middle)
    return alone, ours


def _converter(command: list[str], saved: str, out: Path) -> None:
    is_module = command[0] == "-m"
    places = ["--saved-model", saved, "--output", str(out)] if is_module else [saved, str(out)]
    subprocess.run(
        [sys.executable, *command, *places], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["sample:digits"]))
