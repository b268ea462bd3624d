"""A process of its own for a script of this package, with a time limit and its last words."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from hubexplore.errors import FailedConversionError

_SCRIPTS: Final = Path(__file__).parent / "scripts"
CONVERT: Final = _SCRIPTS / "convert_model.py"
RUN: Final = _SCRIPTS / "run_model.py"
_POLL: Final = 0.02
"""Seconds between two looks at a process; also the time that an interrupt may wait."""
_MOST_WORDS: Final = 600
"""Maximum number of characters of the last words."""
_ANSWER: Final = "answer.json"
# Lines of TensorFlow's start, which say nothing about a failure.
_NOISE: Final = re.compile(
    r"^([IWE]\d{4} |WARNING: All log messages before|\d{4}-\d\d-\d\d [\d:.,]+: [IWE] tensorflow/|\s*$)"
)

MSG_TIMEOUT: Final = (
    "{who} was stopped after {seconds:g} seconds, its time limit. Nothing was written. Give it more time: "
    "timeout={more:g}, in a terminal --timeout {more:g}.{words}"
)
MSG_DIED: Final = "{who} ended with {how} and wrote nothing. Its last words: {words}"
MSG_INTERPRETER: Final = "{who} needs a process of its own, but sys.executable does not name a Python."


class Child:
    """A script that answers one request.

    It starts at once, so that it imports what it needs while its request is being made.

    Args:
      script: file to run.
      kind: the name of a format; see `scripts`.
      folder: an empty folder for what it writes.
      who: what it is called in messages.

    Raises:
      FailedConversionError: (a ValueError) no process can be started.
    """

    def __init__(self, script: Path, kind: str, folder: Path, who: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._who = folder, who
        self._sent = time.monotonic()
        self._log = folder / "log.txt"
        if not sys.executable:
            raise FailedConversionError(MSG_INTERPRETER.format(who=who))
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - this Python, and a script of this package
                [sys.executable, "-P", str(script), kind, str(folder)],
                stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, text=True,
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"},
                # A group of its own: what it starts can be ended with it.
                start_new_session=True,
            )  # fmt: skip

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, request: Mapping[str, Any]) -> None:
        """Sends the request; one that cannot be sent is noticed by `wait`."""
        self._sent = time.monotonic()
        stream = self._process.stdin
        with contextlib.suppress(OSError):
            if stream is not None:
                stream.write(f"{json.dumps(request)}\n")
                stream.flush()

    def wait(self, seconds: float) -> dict[str, Any]:
        """Returns the answer.

        Args:
          seconds: time limit, from the moment that the request was sent.

        Raises:
          FailedConversionError: (a ValueError) it ended without an answer, or did not end in time.
        """
        end = self._sent + seconds
        while self._process.poll() is None:
            if time.monotonic() > end:
                self.close()
                words = self._words()
                raise FailedConversionError(
                    MSG_TIMEOUT.format(
                        who=self._who,
                        seconds=seconds,
                        more=seconds * 4,
                        words=words and f" Its last words: {words}",
                    )
                )
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_POLL)
        answer = self._folder / _ANSWER
        if answer.exists():
            found: dict[str, Any] = json.loads(answer.read_text("utf-8"))
            return found
        raise FailedConversionError(
            MSG_DIED.format(who=self._who, how=_how(self._process.returncode), words=self._words() or "none")
        )

    def _words(self) -> str:
        lines = self._log.read_text("utf-8", "backslashreplace").splitlines()
        return " ".join(line.strip() for line in lines if not _NOISE.match(line))[-_MOST_WORDS:]

    def close(self) -> None:
        """Ends it, and what it started."""
        process = self._process
        # While it has not been waited for, no other process can have its number.
        if process.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        with contextlib.suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"the signal {signal.Signals(-code).name}"
    except ValueError:
        return f"the signal {-code}"
