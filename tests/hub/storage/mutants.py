"""Damaging modules: what to change in their files, and a process that tries the result."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import psutil
from tensorflow.core.protobuf import saved_model_pb2

ROOT: Final = Path(__file__).parents[3]
# A case that computes for longer hangs. On a busy machine it waits, so that a deadlock has more time.
CPU_SECONDS: Final = 60.0
SECONDS: Final = 240.0


@dataclass(frozen=True)
class Edit:
    """One change of a file.

    Attributes:
      kind: `flip` a bit, `set` bytes, `insert` bytes, `delete` bytes, or `cut` the rest.
      place: where, as a fraction of the file's size times 2**32.
      data: the bytes to write; for `flip` the bit is that of the first byte modulo 8, for `delete` only
        their number counts.
    """

    kind: str
    place: int
    data: bytes


def damaged(content: bytes, edits: Iterable[Edit]) -> bytes:
    """The content of a file after the edits."""
    changed = bytearray(content)
    for edit in edits:
        position = (edit.place * len(changed)) >> 32
        match edit.kind:
            case "flip" if changed:
                changed[position] ^= 1 << (edit.data[0] % 8)
            case "set":
                changed[position : position + len(edit.data)] = edit.data
            case "insert":
                changed[position:position] = edit.data
            case "delete":
                del changed[position : position + len(edit.data)]
            case "cut":
                del changed[position:]
    return bytes(changed)


_NUMBERS: Final = (0, 1, -1, -2, 2, 3, 100, 255, 1 << 20, (1 << 31) - 1, -(1 << 31), 1 << 40, -(1 << 63))


def altered(content: bytes, seed: int) -> bytes:
    """The content of a `saved_model.pb` in which one to three fields have other values.

    Bytes changed at random mostly make a file that cannot be parsed; this gets behind the parser.
    """
    random = Random(seed)
    message = saved_model_pb2.SavedModel.FromString(content)
    for _ in range(random.choice([1, 1, 2, 3])):
        meta_graph = random.choice(message.meta_graphs)
        graph = meta_graph.graph_def
        names = [text for node in graph.node for text in (node.name, node.op, f"{node.name}:0")] or ["x"]
        start = random.choice(
            [
                meta_graph,
                random.choice(graph.node or [graph]),
                random.choice(graph.library.function or [graph]),
            ]
        )
        with contextlib.suppress(ValueError, TypeError):  # a value of another range: the field stays
            _alter(start, random, names)
    return bytes(message.SerializeToString())


def _alter(message: Any, random: Random, names: list[str]) -> None:
    """Goes down to a field at random, and changes it or takes it away."""
    while fields := message.ListFields():
        field, value = random.choice(fields)
        if random.random() < 0.05:
            message.ClearField(field.name)
            return
        if hasattr(value, "keys"):
            key = random.choice(sorted(value))
            if random.random() < 0.1 or not hasattr(value[key], "ListFields"):
                del value[key]
                return
            message = value[key]
        elif hasattr(value, "append"):
            number = random.randrange(len(value))
            if random.random() < 0.1:
                del value[number]
                return
            if not hasattr(value[number], "ListFields"):
                value[number] = _other(value[number], random, names)
                return
            message = value[number]
        elif hasattr(value, "ListFields"):
            message = value
        else:
            setattr(message, field.name, _other(value, random, names))
            return


def _other(value: Any, random: Random, names: list[str]) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return random.choice([*_NUMBERS, value ^ (1 << random.randrange(8))])
        case float():
            return random.choice([0.0, float("nan"), float("inf"), -1.0])
        case str():
            forms = [
                "",
                f"{value}:1",
                f"{value}:-1",
                f"^{value}",
                value[:-1],
                ":0",
                "\0",
                *random.sample(names, 3),
            ]
            return random.choice(forms)
        case _:
            return random.choice([b"", value[:-1], value + b"\0", b"\xff\xfe", b"loc:@nowhere"])


def copy_with(original: Path, target: Path, file: str, content: bytes) -> None:
    """A copy of a module in which one file has another content; the other files are links."""
    shutil.rmtree(target, ignore_errors=True)
    for source in original.rglob("*"):
        copy = target / source.relative_to(original)
        if source.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
        elif str(source.relative_to(original)) == file:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, copy)


def _answers(process: subprocess.Popen[str]) -> bool:
    """Waits until a process writes or ends; returns False if it hangs."""
    assert process.stdout is not None
    observed = psutil.Process(process.pid)
    spent = sum(observed.cpu_times()[:2])
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        ready, _, _ = select.select([process.stdout], [], [], 1.0)
        if ready:
            return True
        if sum(observed.cpu_times()[:2]) - spent > CPU_SECONDS:
            return False
    return False


class Worker:
    """A process of `mutant_worker`, started when needed and again whenever it died."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[str] | None = None

    def attempt(self, request: dict[str, Any]) -> dict[str, str]:
        """The outcome of a case: that of `mutant_worker`, or `died` or `hung`."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        ready = _answers(process)
        line = process.stdout.readline() if ready else ""
        if line:
            outcome: dict[str, str] = json.loads(line)
            return outcome
        if not ready:
            process.kill()
        code = process.wait()
        self.close()
        last = self._log.read_text(errors="replace")[-1500:]
        return {"outcome": "died" if ready else "hung", "why": f"exit code {code}: {last}"}

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        with self._log.open("w") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.hub.storage.mutant_worker"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
