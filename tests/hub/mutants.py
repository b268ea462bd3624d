"""Damaging modules: what to change in their files, and a process that tries the result."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
SECONDS: Final = 60.0


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
        ready, _, _ = select.select([process.stdout], [], [], SECONDS)
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
                [sys.executable, "-m", "tests.hub.mutant_worker"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
