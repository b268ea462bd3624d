"""A process that fetches a model with the package of a service, and is ended when it fetches too much.

A package has no limits of its own, and nothing can stop it safely from within: an exception raised in one of
its threads may leave locks behind. A process can be ended at any time. It is ended at a limit, at Ctrl+C, and
with this process, however that ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Final, Self

from hubexplore.hub.resolve import retries
from hubexplore.hub.resolve.services import download_limits, download_program

if TYPE_CHECKING:
    from tqdm import tqdm as tqdm_type

# This process shows how far a download is; the packages' own bars and steps would come on top of that.
_OWN: Final = {"TQDM_DISABLE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "PYTHONIOENCODING": "utf-8"}
# What users may set. Who loads a model did not ask for statistics of it to be sent.
_DEFAULTS: Final = {"KAGGLEHUB_VERBOSITY": "warning", "HF_HUB_DISABLE_TELEMETRY": "1"}
_LONGEST_PART: Final = 1 << 14

# What is done with a line that the process has written; returns the answer if it is one.
_Act = Callable[[bytes], "str | Refusal | None"]


@dataclass(frozen=True)
class Refusal:
    """Why a package has not fetched a model.

    Attributes:
      status: what the service answered; None if it is no answer of it.
      retry_after: how long the service asks to wait, as it says so; "" if it does not.
      kind: the name of the error's class.
      kinds: the names of all classes of the error, and of the errors that led to it.
      text: the first line of its message.
    """

    status: int | None
    retry_after: str
    kind: str
    kinds: frozenset[str]
    text: str

    def is_one(self, *names: str) -> bool:
        """Says whether it is of one of these classes, or was caused by such an error."""
        return not self.kinds.isdisjoint(names)


class NoPackageError(Exception):
    """The process cannot import the package; the message is the reason.

    Attributes:
      is_absent: whether it is not installed.
    """

    def __init__(self, reason: str, is_absent: bool) -> None:
        super().__init__(reason)
        self.is_absent = is_absent


class StartError(Exception):
    """The system does not start another process; the message is the reason."""


class DownloadProcess:
    """A process that fetches models into a folder; a context manager that ends it."""

    def __init__(self, folder: Path, is_silent: bool) -> None:
        """Prepares the process.

        Args:
          folder: where the package writes; need not exist. Nobody else should write there meanwhile.
          is_silent: whether no progress is shown.
        """
        self._limits = download_limits.Limits()
        self._growth = download_limits.Growth(folder, self._limits)
        self._is_silent = is_silent
        self._bar = self._new_bar(None)
        self._heard: queue.SimpleQueue[tuple[_Act, bytes]] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._readers: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Starts it.

        Raises:
          StartError: the system does not allow it.
        """
        try:
            self._process = _start()
            for pipe, act in ((self._process.stdout, self._take), (self._process.stderr, self._show)):
                reader = threading.Thread(target=self._read, args=(pipe, act), daemon=True)
                reader.start()
                self._readers.append(reader)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        # Only now that nobody writes any more.
        if isinstance(error, download_limits.LimitError):
            self._growth.remove()

    def download(self, request: Mapping[str, Any]) -> str | Refusal:
        """Returns the folder of a model, or why there is none.

        Args:
          request: see `download_program`; the limits are added.

        Raises:
          LimitError: a limit was passed, or will be, as the service has announced. What was fetched since the
            process began is removed when it ends.
          NoPackageError: the package cannot be imported.
        """
        self._send(
            {
                **request,
                "paths": [path for path in sys.path if path],
                "most_bytes": self._limits.size,
                "most_files": self._limits.files,
                "longest_file": self._growth.longest,
            }
        )
        answer: str | Refusal | None = None
        due = 0.0
        while answer is None:
            with contextlib.suppress(queue.Empty):
                act, line = self._heard.get(timeout=self._growth.pause)
                answer = act(line)
            if time.monotonic() >= due:
                self._measure()
                due = time.monotonic() + self._growth.pause
        # Also after an error, which may be that a file cannot be longer.
        self._measure()
        return answer

    def wait(self, seconds: float) -> None:
        """Waits before the next try, and says so."""
        if seconds >= 1:
            self._bar.set_description(f"Waiting {seconds:.0f} s for the server")
        retries.sleep(seconds)
        self._bar.set_description("Downloading", refresh=False)

    def _measure(self) -> None:
        self._bar.update(max(self._growth.check() - self._bar.n, 0))

    def _send(self, request: Mapping[str, Any]) -> None:
        pipe = self._process.stdin if self._process else None
        if pipe is None:
            raise RuntimeError("the process runs inside of a `with` statement only")
        # If it has ended, its output ends as well, which is what is waited for.
        with contextlib.suppress(BrokenPipeError):
            pipe.write(json.dumps(request).encode() + b"\n")
            pipe.flush()

    def _read(self, pipe: IO[bytes], act: _Act) -> None:
        """Queues what the process writes, for the thread that waits for it; b"" at the end."""
        for line in iter(lambda: pipe.readline(_LONGEST_PART if act == self._show else -1), b""):
            self._heard.put((act, line))
        self._heard.put((act, b""))

    def _take(self, line: bytes) -> str | Refusal | None:
        """Takes a message, see `download_program`; returns the answer if it is one."""
        # A line without its end is what a process was writing when it was killed.
        if not line.endswith(b"\n"):
            return self._failure()
        message = json.loads(line)
        if "announced" in message:
            self._limits.check(*message["announced"])
        elif "expected" in message:
            # A bar whose total becomes known later shows wrong proportions in a notebook.
            self._bar.close()
            self._bar = self._new_bar(message["expected"])
        elif "missing" in message:
            raise NoPackageError(message["missing"], message["is_absent"])
        elif "folder" in message:
            return str(message["folder"])
        else:
            refusal = message["refusal"]
            return Refusal(**{**refusal, "kinds": frozenset(refusal["kinds"])})
        return None

    def _show(self, line: bytes) -> None:
        """Shows what a package prints, such as a warning; a notebook shows it below the cell that waits."""
        if line and sys.stderr is not None:
            self._bar.write(line.decode("utf-8", "replace"), file=sys.stderr, end="")

    def _failure(self) -> Refusal:
        """Describes that the process has ended without an answer."""
        code = self._process.wait() if self._process else 0
        how = f"exit code {code}"
        if code < 0:
            how = f"signal {-code}"
            with contextlib.suppress(ValueError):
                how = signal.Signals(-code).name
        text = f"the process that fetches it has ended with {how}"
        return Refusal(None, "", "ProcessError", frozenset(), text)

    def _end(self) -> None:
        """Ends the process and those that it has started, at once."""
        process = self._process
        if process is not None:
            _kill(process)
            process.wait()
            self._process = None
            for reader in self._readers:
                reader.join()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    # What was not sent is not needed any more.
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()
        while not self._heard.empty():
            act, line = self._heard.get()
            if act == self._show:
                act(line)
        self._bar.close()

    def _new_bar(self, total: int | None) -> tqdm_type[Any]:
        from tqdm.auto import tqdm

        # Without the argument, the environment decides.
        silence: dict[str, Any] = {"disable": True} if self._is_silent else {}
        bar: tqdm_type[Any] = tqdm(
            desc="Downloading", total=total, unit="B", unit_scale=True, delay=1, leave=False, **silence
        )
        return bar


def _start() -> subprocess.Popen[bytes]:
    # -P: nothing is imported from the current directory. -u: what packages print comes at once.
    command = [sys.executable, "-P", "-u", str(Path(download_program.__file__))]
    try:
        return subprocess.Popen(  # noqa: S603 - this Python, and a program of this package
            command,
            env={**_DEFAULTS, **os.environ, **_OWN},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A group of its own, which can be ended as a whole; Ctrl+C in a terminal does not reach it.
            start_new_session=True,
        )
    except OSError as error:
        raise StartError(str(error)) from error


def _kill(process: subprocess.Popen[bytes]) -> None:
    # Once it has been waited for, its number may be that of another process.
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
