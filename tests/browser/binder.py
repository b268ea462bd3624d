"""Binder without a container engine: performs repo2docker's steps in an environment and home of its own.

The environment stays in `build/binder`, and is emptied when what it is made of changes: it takes 3 GB.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from tests.browser.lab import BASE, Lab

ROOT: Final = Path(__file__).resolve().parents[2]
REPORT: Final = ROOT / "build" / "binder.txt"
ENVIRONMENT: Final = ROOT / "build" / "binder"
INGREDIENTS: Final = ("binder/*", "constraints.txt", "pyproject.toml")
"""What decides which packages an environment has, and what else is done with it."""
PATIENCE: Final = 120.0
# Files that a checkout does not contain.
UNTRACKED: Final = (".git", ".venv", "build", "dist", ".hypothesis", ".*_cache", "__pycache__")
# Variables that tell pip where packages come from and how to reach them.
NETWORK: Final = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_", "REQUESTS_CA_")


@dataclass(frozen=True)
class Prescription:
    """The steps that repo2docker derives from `binder/`.

    Attributes:
      packages: Debian packages.
      steps: shell commands that build the image, in order.
      start: script that runs whenever the image starts, with the server's command line; relative to the home.
    """

    packages: tuple[str, ...]
    steps: tuple[str, ...]
    start: str

    @staticmethod
    def read() -> Prescription:
        """Asks repo2docker.

        Raises:
          AssertionError: it prints a warning or an error.
        """
        command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert not re.search(r"warn|error|deprecat|unspecified", done.stderr, re.IGNORECASE), done.stderr
        assert "python=3.11" in done.stderr
        before, after = done.stdout.split("# Copy stuff.")
        (packages,) = re.findall(r"apt-get install --yes --no-install-recommends (.+?) &&", before)
        (start,) = re.findall(r'^ENV R2D_ENTRYPOINT="\$\{REPO_DIR\}/(.+)"$', after, re.MULTILINE)
        steps = re.findall(r"^RUN (.+)$", after, re.MULTILINE)
        return Prescription(tuple(packages.split()), tuple(steps), start)


@dataclass(frozen=True)
class Image:
    """An environment built by these steps.

    Attributes:
      home: the folder of the project, which is also the home folder of the user.
      variables: environment variables of its processes.
      start: script that takes the server's command line.
      seconds: duration of each step.
    """

    home: Path
    variables: dict[str, str]
    start: Path
    seconds: dict[str, float]

    @staticmethod
    def make(folder: Path, prescribed: Prescription) -> Image:
        """Performs the steps in a home with only the project, and an environment without other packages.

        Raises:
          AssertionError: a step fails.
        """
        home, prefix = folder / "home", ENVIRONMENT
        shutil.copytree(ROOT, home, ignore=shutil.ignore_patterns(*UNTRACKED))
        made_of, ingredients = prefix / "made-of.txt", _ingredients(prescribed)
        if not made_of.exists() or made_of.read_text() != ingredients:
            venv.create(prefix, clear=True, with_pip=True)
        # An environment is only kept if all steps succeed.
        made_of.unlink(missing_ok=True)
        variables = {
            "HOME": str(home),
            "REPO_DIR": str(home),
            "KERNEL_PYTHON_PREFIX": str(prefix),
            "NB_PYTHON_PREFIX": str(prefix),
            "PATH": os.pathsep.join([str(prefix / "bin"), os.defpath, "/usr/local/bin"]),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
        }
        network = {name: value for name, value in os.environ.items() if name.upper().startswith(NETWORK)}
        seconds = {}
        for step in prescribed.steps:
            began = time.monotonic()
            done = subprocess.run(
                ["/bin/bash", "-c", step], cwd=home, env=variables | network, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{step}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
            seconds[step.replace("${KERNEL_PYTHON_PREFIX}/bin/", "")] = time.monotonic() - began
        made_of.write_text(ingredients)
        return Image(home, variables, home / prescribed.start, seconds)


def _ingredients(prescribed: Prescription) -> str:
    """What an environment is made of, except for hubexplore, which is installed again each time."""
    files = [file for pattern in INGREDIENTS for file in sorted(ROOT.glob(pattern)) if file.is_file()]
    contents = [file.read_text("utf-8") for file in files]
    return "\n".join([str(ENVIRONMENT), sys.version, *prescribed.steps, *contents])


class Server:
    """A server as Binder starts it: below a prefix, and protected by a token."""

    def __init__(self, image: Image, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.token = secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{port}{BASE}"
        self.log = log
        self.began = time.monotonic()
        command = [
            str(image.start), "jupyter", "lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={port}", f"--ServerApp.base_url={BASE}",
            f"--IdentityProvider.token={self.token}", "--LabApp.expose_app_in_browser=True",
        ]  # fmt: skip
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, cwd=image.home, env=image.variables, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    def wait(self) -> None:
        """Waits until the server answers."""
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < self.began + PATIENCE:
            if self._process.poll() is not None:
                raise RuntimeError(f"The server ended:\n{self.log.read_text()[-4000:]}")
            with contextlib.suppress(OSError), direct.open(f"{self.url}api/status?token={self.token}"):
                return
            time.sleep(0.05)
        raise TimeoutError(f"The server does not answer:\n{self.log.read_text()[-4000:]}")

    def seconds(self) -> float:
        """Seconds since the server was started."""
        return time.monotonic() - self.began

    def memory(self) -> dict[str, int]:
        """Memory of each of its processes in bytes; shared memory is divided among its users (PSS)."""
        server = psutil.Process(self._process.pid)
        sizes = {}
        for process in (server, *server.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                words = " ".join(process.cmdline())
                kind = "kernel" if "ipykernel" in words else "server" if "lab" in words else process.name()
                sizes[f"{kind} {process.pid}"] = int(process.memory_full_info().pss)
        return sizes

    def end(self) -> None:
        """Ends the server and its kernels, as the end of a container does."""
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        for process in (*children, self._process):
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                process.kill()
        self._process.wait()


@contextlib.contextmanager
def opened(image: Image, folder: Path) -> Iterator[tuple[Server, Lab]]:
    """Starts a server with the project, and ends it afterwards."""
    server = Server(image, folder / "server.log")
    try:
        server.wait()
        yield server, Lab(server.url, server.token, image.home, server.log)
    finally:
        server.end()


def report(image: Image, times: dict[str, float], memory: dict[str, int]) -> None:
    """Writes the measurements to the files that `make binder` prints."""
    lines = [
        *(f"{what:<55}{seconds:8.1f} s" for what, seconds in (image.seconds | times).items()),
        *(f"{'memory of ' + what:<55}{size / 1e6:8.0f} MB" for what, size in memory.items()),
        f"{'memory of all':<55}{sum(memory.values()) / 1e6:8.0f} MB",
    ]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text("\n".join(lines) + "\n")
    REPORT.with_suffix(".json").write_text(json.dumps({"times": times, "memory": memory}))
