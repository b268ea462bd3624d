"""Makes .venv of what pyproject.toml names, in the versions of constraints.txt; or says in one line why not.

    python3 tools/set_up.py lab [test] [docs]

Uses nothing but Python's own library. What was interrupted is made anew by the next run. All that pip says is
in .venv/set-up.log.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".venv"
UNFINISHED = "unfinished"
"""The file that is in an environment as long as it is being made."""
LOG = "set-up.log"
SMALLEST = 50_000_000
"""Bytes, less than which an environment with pip alone does not fit."""
PYTHON = platform.python_version()
PYTHONS = ("python3.11", "python3.12", "python3.13")


class SetUpError(Exception):
    """What went wrong, and what to do, in one line."""


def main(extras: list[str]) -> int:
    """Makes or completes it; returns the exit code."""
    try:
        install(extras, new=create())
    except SetUpError as error:
        print(f"The set-up failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("The set-up was interrupted; the next run makes .venv anew.", file=sys.stderr)
        return 130
    return 0


def create() -> bool:
    """Makes an empty environment, unless there is one that is whole; returns whether it did."""
    new = not works()
    try:
        if new and (PLACE.is_file() or (PLACE.is_symlink() and not PLACE.exists())):
            PLACE.unlink()
        PLACE.mkdir(exist_ok=True)
        PLACE.joinpath(UNFINISHED).touch()
        if new:
            done = run([sys.executable, "-m", "venv", "--clear", str(PLACE)])
            PLACE.joinpath(UNFINISHED).touch()
            if done.returncode:
                raise SetUpError(no_environment(done.stdout))
    except OSError as error:
        raise SetUpError(of_system(error)) from error
    return new


def works() -> bool:
    """Whether there is an environment that was not left half made, and whose Python and pip run."""
    python = PLACE / "bin" / "python"
    if PLACE.joinpath(UNFINISHED).exists() or not python.exists():
        return False
    return run([str(python), "-m", "pip", "--version"]).returncode == 0


def install(extras: list[str], *, new: bool) -> None:
    """Runs pip, and keeps what it says. If it fails, only what was whole before is kept."""
    command = [str(PLACE / "bin" / "python"), "-m", "pip", "install", "--no-color", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "--no-input", "--constraint", "constraints.txt"]
    done = run([*command, "--editable", f".[{','.join(extras)}]"])
    log = PLACE / LOG
    with contextlib.suppress(OSError):  # A full disk, of which is told below.
        log.write_text(done.stdout, encoding="utf-8")
    if done.returncode == 0 or not new:
        PLACE.joinpath(UNFINISHED).unlink()
    if done.returncode:
        raise SetUpError(f"{why(done.stdout)} All that pip said is in {log.relative_to(ROOT)}.")


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs a program; what it says on both streams is in `stdout`."""
    return subprocess.run(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def no_environment(said: str) -> str:
    """Why Python's venv failed. It does not tell what the disk said."""
    if "No space left" in said or shutil.disk_usage(PLACE).free < SMALLEST:
        return no_space()
    if re.search(r"ensurepip is not|No module named '?(venv|ensurepip)", said):
        package = f"python{PYTHON.rpartition('.')[0]}-venv"
        return f"Python {PYTHON} cannot make environments. On Debian: apt-get install {package}"
    return f"{sys.executable} -m venv .venv: {last_line(said)} {_remedy()}"


def of_system(error: OSError) -> str:
    """What the operating system refused."""
    if error.errno == 28:
        return no_space()
    return f"{error.strerror}: {error.filename}. The folder {ROOT} has to be yours: chown -R $USER {ROOT}"


def no_space() -> str:
    """The places that have to have room."""
    place = PLACE if PLACE.exists() else ROOT
    places = {str(place): "", tempfile.gettempdir(): "; TMPDIR names another folder for temporary files"}
    free = [
        f"{shutil.disk_usage(place).free / 1e9:.1f} GB are free in {place}{hint}"
        for place, hint in places.items()
    ]
    return f"No space left on the disk. .venv takes 3.2 GB; {', '.join(free)}."


def why(said: str) -> str:
    """One sentence or two: which package, and what to do. `said` is what pip said, without --quiet."""
    for found in (_disk, _network, _conflict, _absent, _build):
        if reason := found(said):
            return reason
    return f"pip says: {last_line(said)}."


def _disk(said: str) -> str | None:
    return no_space() if "[Errno 28]" in said or "No space left on device" in said else None


def _network(said: str) -> str | None:
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return (
            "The package index has a certificate that pip does not trust. Name yours: export PIP_CERT=FILE."
        )
    broken = re.search(
        r"Failed to establish a new connection: (?:\[Errno -?\d+\] )?([^')]+)|(ProxyError)|(timed out)", said
    )
    if broken is None or not re.search(
        r"\(from versions: none\)|Max retries|Read timed out|ConnectionError", said
    ):
        return None
    reason = broken[1] or ("the proxy does not answer" if broken[2] else broken[3])
    return (
        f"The package index cannot be reached ({reason}). The first run needs a network; "
        "behind a proxy: export https_proxy=http://HOST:PORT."
    )


def _conflict(said: str) -> str | None:
    """A pin against what another package asks for, or one whose release this Python cannot have."""
    if "ResolutionImpossible" not in said:
        return None
    pins = re.findall(r"The user requested \(constraint\) (\S+)", said)
    asks = re.findall(r"^ {4}(\S+ \S+ depends on .+|The user requested [^(\n].*)$", said, re.MULTILINE)
    for pin in pins:
        name = re.escape(pin.partition("==")[0])
        for ask in asks:
            if re.search(rf"(?:depends on|requested) {name}\b", ask, re.IGNORECASE):
                return (
                    f"{ask}, but {pin}, which constraints.txt pins, cannot be had for {_here()}. {_remedy()}"
                )
    return f"Packages contradict each other: {'; '.join(asks + pins) or last_line(said)}. {_remedy()}"


def _absent(said: str) -> str | None:
    match = re.search(r"No matching distribution found for (\S+)", said)
    return f"There is no {match[1]} for {_here()}. {_remedy()}" if match else None


def _build(said: str) -> str | None:
    """A package that has no wheel for this machine and could not be compiled."""
    if match := re.search(r"Failed building (?:wheel|editable) for (\S+)", said):
        name = match[1]
    elif (
        "subprocess-exited-with-error" in said
    ):  # While it was asked what it needs: the last that was fetched.
        fetched = re.findall(r"^\s*(?:Collecting|Processing|Obtaining) (\S+)", said, re.MULTILINE)
        name = fetched[-1] if fetched else "A package"
    else:
        return None
    return f"{name} has no wheel for {_here()}, and could not be built. {_remedy()}"


def _here() -> str:
    return f"Python {PYTHON} on {platform.machine()}"


def _remedy() -> str:
    """Another of the declared Pythons, if one is there."""
    others = [name for name in PYTHONS if shutil.which(name) and not PYTHON.startswith(f"{name[6:]}.")]
    if others:
        return f"Take another Python: make PYTHON={others[0]} lab."
    return f"Install another Python ({', '.join(PYTHONS)}) and name it: make PYTHON={PYTHONS[0]} lab."


def last_line(said: str) -> str:
    """The last line that pip calls an error, else the last of all."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.upper().startswith("ERROR")]
    return (errors or lines or ["nothing"])[-1]


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    sys.exit(main(sys.argv[1:]))
