"""Makes .venv of what pyproject.toml names, in the versions of constraints.txt; or says in one line why not.

    python3 tools/set_up.py lab [test] [docs]

Uses nothing but Python's own library. What was interrupted is made anew by the next run. All that pip says is
in .venv/set-up.log.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
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
ELSEWHERE = ("target", "prefix", "root", "dry-run", "no-deps", "require-hashes", "no-binary")
"""Settings of pip with which packages do not get into .venv."""


class SetUpError(Exception):
    """What went wrong, and what to do, in one line."""


def main(extras: list[str]) -> int:
    """Makes or completes it; returns the exit code."""
    try:
        with alone():
            install(extras, new=create())
    except SetUpError as error:
        print(f"The set-up failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("The set-up was interrupted; the next run makes .venv anew.", file=sys.stderr)
        return 130
    return 0


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Waits while another set-up works here, as of `make lab` and `make test` in two terminals."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Waiting for another set-up, which is at work here ...", flush=True)
            with contextlib.suppress(OSError):  # A file system without locks.
                fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


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
    if reason := elsewhere(pip("config", "list").stdout):
        raise SetUpError(reason)
    done = pip("install", "--constraint", "constraints.txt", "--editable", f".[{','.join(extras)}]")
    log = PLACE / LOG
    with contextlib.suppress(OSError):  # A full disk, of which is told below.
        log.write_text(done.stdout, encoding="utf-8")
    if done.returncode == 0 or not new:
        PLACE.joinpath(UNFINISHED).unlink()
    if done.returncode:
        raise SetUpError(
            f"{why(done.stdout, asked_again(done.stdout))} All that pip said is in {log.relative_to(ROOT)}."
        )


def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the pip of the environment."""
    options = ["--no-color", "--disable-pip-version-check", "--no-input"]
    return run([str(PLACE / "bin" / "python"), "-m", "pip", *options, *arguments])


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
    if "PATH separator" in said:
        place = shlex.quote(str(ROOT))
        return f"No environment can be in a folder whose path has a colon. Move it: mv {place} ~/hubexplore"
    return f"{sys.executable} -m venv .venv: {last_line(said)} {_remedy()}"


def of_system(error: OSError) -> str:
    """What the operating system refused."""
    if error.errno == 28:
        return no_space()
    place = shlex.quote(str(ROOT))
    return (
        f"{error.strerror}: {error.filename}. The folder {ROOT} has to be yours: sudo chown -R $USER {place}"
    )


def no_space() -> str:
    """The places that have to have room."""
    place = PLACE if PLACE.exists() else ROOT
    places = {str(place): "", tempfile.gettempdir(): "; TMPDIR names another folder for temporary files"}
    free = [
        f"{shutil.disk_usage(place).free / 1e9:.1f} GB are free in {place}{hint}"
        for place, hint in places.items()
    ]
    return f"No space left on the disk. .venv takes 3.2 GB; {', '.join(free)}."


def elsewhere(listed: str) -> str | None:
    """Which setting, of what `pip config list` says, keeps packages out of .venv, and how to take it back."""
    for section, name, value in re.findall(r"^([\w:-]+)\.([\w-]+)=(.+)$", listed, re.MULTILINE):
        if name in ELSEWHERE and value.strip("'\"").lower() not in ("", "false", "0", "no", "off"):
            variable = f"unset PIP_{name.upper().replace('-', '_')}"
            back = variable if section == ":env:" else f"pip config unset {section}.{name}"
            return f"pip is set to {name} = {value}, with which it cannot fill .venv. Take that back: {back}"
    return None


def asked_again(said: str) -> str:
    """Why pip found no release at all of a package: it tells that only if asked for details."""
    match = re.search(r"requirement (\S+) \(from versions: none\)", said)
    if match is None or "connection broken by" in said:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        options = ["download", "-vv", "--no-deps", "--retries", "0", "--dest", folder]
        return pip(*options, match[1]).stdout


def why(said: str, details: str = "") -> str:
    """One sentence or two: which package, and what to do.

    Args:
      said: what pip said, without --quiet.
      details: what `asked_again` found.
    """
    if reason := _refused(details):
        return reason
    for found in (_settings, _disk, _network, _damaged, _conflict, _absent, _build):
        if reason := found(said):
            return reason
    return f"pip says: {last_line(said).rstrip('.')}."


def _refused(details: str) -> str | None:
    """An index that answers, but not with packages."""
    answers = re.findall(r"Could not fetch URL (\S+): (.+) - skipping", details)
    if not answers:
        return None
    # An index that lacks the package says 404; of several, another tells more.
    url, said = next((answer for answer in answers if not answer[1].startswith("404")), answers[0])
    many = re.search(r"too many (\d+) error responses", said)
    answer = f"error {many[1]}" if many else said.partition(" for url")[0]
    return (
        f"The package index does not give packages ({answer} for {url}). "
        "pip config list says where that address comes from."
    )


def _settings(said: str) -> str | None:
    """pip cannot read its own settings."""
    if match := re.search(
        r"Configuration file (?:could not be loaded|contains).*?([^\s']+\.(?:conf|ini))", said, re.DOTALL
    ):
        return f"pip cannot read its settings: mend or move {match[1]}."
    if match := re.search(r"TLS CA certificate bundle, invalid path: (.+)", said):
        return f"There is no {match[1]}, which pip was told to take certificates from: unset PIP_CERT."
    if match := re.search(r"Failed to parse: (.+)|Please check proxy URL\. It is malformed[^:]*: (.+)", said):
        return f"{match[1] or match[2]} is no address of a proxy or index. Write http://HOST:PORT."
    return None


def _disk(said: str) -> str | None:
    return no_space() if "[Errno 28]" in said or "No space left on device" in said else None


def _network(said: str) -> str | None:
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return (
            "The package index has a certificate that pip does not trust. Name yours: export PIP_CERT=FILE."
        )
    if not re.search(
        r"\(from versions: none\)|Max retries|Read timed out|ConnectionError|IncompleteRead", said
    ):
        return None
    if "407 Proxy Authentication" in said:
        return "The proxy asks who you are. Name both: export https_proxy=http://USER:PASSWORD@HOST:PORT."
    broken = re.search(
        r"Proxy(?:.*Tunnel connection failed: ([^')]+)|(Error))|(timed out)"
        r"|Failed to establish a new connection: (?:\[Errno -?\d+\] )?([^')]+)"
        r"|\[SSL: ([A-Z_]+)\]|(Connection (?:aborted|broken|reset)|IncompleteRead|RemoteDisconnected)",
        said,
    )
    if broken is None:
        return None
    tunnel, proxy, slow, refused, tls, _ = broken.groups()
    reason = tunnel or refused or slow or (proxy and "the proxy does not answer")
    reason = reason or (tls and tls.lower().replace("_", " ")) or "the connection broke"
    return (
        f"The package index cannot be reached ({reason}). The first run needs a network; "
        "behind a proxy: export https_proxy=http://HOST:PORT."
    )


def _damaged(said: str) -> str | None:
    """What arrived is not what was sent."""
    if not re.search(r"DO NOT MATCH THE HASHES|BadZipFile|has an invalid wheel|is not a zip file", said):
        return None
    match = re.search(r"^\s*(\S+) from \S+://|Wheel '([^']+)'", said, re.MULTILINE)
    name = (match[1] or match[2]) if match else "A package"
    return (
        f"{name} arrived damaged. Run it again; if that does not help: {PLACE / 'bin' / 'pip'} cache purge."
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
    if match is None:
        return None
    indexes = re.search(r"Looking in indexes: (.+)", said)
    if re.search(r"\(from versions: none\)", said) and "require a different python" not in said:
        where = ", ".join(dict.fromkeys(indexes[1].split(", "))) if indexes else "the package index"
        return (
            f"{where} has no {match[1]} for {_here()}. If that is not where your packages come from, "
            f"pip config list says where the address comes from; else: {_remedy()}"
        )
    return f"There is no {match[1]} for {_here()}. {_remedy()}"


def _build(said: str) -> str | None:
    """A package that has no wheel for this machine and could not be compiled."""
    if match := re.search(r"Failed building (?:wheel|editable) for (\S+)", said):
        name = match[1]
    elif (
        "subprocess-exited-with-error" in said
    ):  # While it was asked what it needs: the last that was fetched.
        fetched = re.findall(r"^\s*(?:Collecting|Processing) (\S+)", said, re.MULTILINE)
        if not fetched:
            return None
        name = fetched[-1]
    else:
        return None
    return f"{name} has no wheel for {_here()}, and could not be built. {_remedy()}"


def _here() -> str:
    return f"Python {PYTHON} on {platform.machine()}"


def _remedy() -> str:
    """Another of the declared Pythons, if one is there."""
    others = [name for name in PYTHONS if not PYTHON.startswith(f"{name[6:]}.")]
    there = [name for name in others if shutil.which(name)]
    if there:
        return f"Take another Python: make PYTHON={there[0]} lab."
    return f"Install another Python ({', '.join(others)}) and name it: make PYTHON={others[0]} lab."


def last_line(said: str) -> str:
    """The last line that pip calls an error, else the last of all."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if re.match("error(?!: subprocess-exited)", line, re.IGNORECASE)]
    return (errors or lines or ["nothing"])[-1]


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGHUP):  # Ends pip too, which would go on alone.
        signal.signal(number, signal.default_int_handler)
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH"):
        os.environ.pop(name, None)
    os.environ["PIP_USER"] = "0"  # Which some have in their settings, and which no environment admits.
    sys.exit(main(sys.argv[1:]))
