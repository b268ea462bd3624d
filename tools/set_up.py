"""Sets up .venv with the packages of pyproject.toml in the versions of constraints.txt, or explains why not.

    python3 tools/set_up.py lab [test] [docs]

Uses only the standard library. If it is interrupted, the next run starts again. The whole output of pip is in
.venv/set-up.log.
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
"""Name of the file that marks an environment as incomplete while it is set up."""
LOG = "set-up.log"
SMALLEST = 50_000_000
"""Free space in bytes that an environment with pip alone needs."""
PYTHON = platform.python_version()
PYTHONS = ("python3.11", "python3.12", "python3.13")
DIVERTING_SETTINGS = ("target", "prefix", "root", "dry-run", "no-deps", "require-hashes", "no-binary")
"""Settings of pip that keep packages out of .venv."""


class SetUpError(Exception):
    """Says in one line what went wrong and what to do."""


def main(extras: list[str]) -> int:
    """Creates or completes the environment; returns the exit code."""
    try:
        with alone():
            install(extras, new=create())
    except SetUpError as error:
        print(f"The setup failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("The setup was interrupted; the next run starts it again.", file=sys.stderr)
        return 130
    return 0


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Waits for another setup in this folder, as with `make lab` and `make test` in two terminals."""
    # The lock is on the folder itself, so that no lock file is left. The kernel releases it with the process.
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Waiting for another setup that is running in this folder ...", flush=True)
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def create() -> bool:
    """Creates an empty environment unless there is a complete one; returns whether it did."""
    new = not works()
    # The marker comes before anything else and goes last: whatever ends this process, even a kill, leaves an
    # environment that the next run recognises as incomplete.
    try:
        if new and (PLACE.is_file() or (PLACE.is_symlink() and not PLACE.exists())):
            PLACE.unlink()
        PLACE.mkdir(exist_ok=True)
        PLACE.joinpath(UNFINISHED).touch()
        if new:
            done = run([sys.executable, "-m", "venv", "--clear", str(PLACE)])
            PLACE.joinpath(UNFINISHED).touch()  # --clear has removed it
            if done.returncode:
                raise SetUpError(no_environment(done.stdout))
    except OSError as error:
        raise SetUpError(system_error(error)) from error
    return new


def works() -> bool:
    """Whether there is a complete environment whose Python and pip run."""
    python = PLACE / "bin" / "python"
    if PLACE.joinpath(UNFINISHED).exists() or not python.exists():
        return False
    return run([str(python), "-m", "pip", "--version"]).returncode == 0


def install(extras: list[str], *, new: bool) -> None:
    """Runs pip and logs its output. If it fails, a new environment stays marked as incomplete."""
    if reason := diverting_setting(pip("config", "list").stdout):
        raise SetUpError(reason)
    # Constraints instead of a lock file: they pin versions without forcing packages on an extra that does not
    # need them.
    done = pip("install", "--constraint", "constraints.txt", "--editable", f".[{','.join(extras)}]")
    log = PLACE / LOG
    with contextlib.suppress(OSError):  # a full disk, which is reported below
        log.write_text(done.stdout, encoding="utf-8")
    if done.returncode == 0 or not new:
        PLACE.joinpath(UNFINISHED).unlink()
    if done.returncode:
        raise SetUpError(
            f"{why(done.stdout, retry_verbosely(done.stdout))} "
            f"The whole output of pip is in {log.relative_to(ROOT)}."
        )


def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the pip of the environment."""
    options = ["--no-color", "--disable-pip-version-check", "--no-input"]
    return run([str(PLACE / "bin" / "python"), "-m", "pip", *options, *arguments])


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs a program; `stdout` of the result has both of its streams."""
    return subprocess.run(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def no_environment(output: str) -> str:
    """Explains why Python's venv failed. Its output does not mention a full disk."""
    if "No space left" in output or shutil.disk_usage(PLACE).free < SMALLEST:
        return no_space()
    if re.search(r"ensurepip is not|No module named '?(venv|ensurepip)", output):
        package = f"python{PYTHON.rpartition('.')[0]}-venv"
        return f"Python {PYTHON} cannot create environments. On Debian: apt-get install {package}"
    if "PATH separator" in output:
        place = shlex.quote(str(ROOT))
        return (
            "An environment cannot be in a folder whose path contains a colon. "
            f"Move it: mv {place} ~/hubexplore"
        )
    return f"{sys.executable} -m venv .venv: {last_line(output)} {_remedy()}"


def system_error(error: OSError) -> str:
    """Explains what the operating system refused."""
    if error.errno == 28:
        return no_space()
    place = shlex.quote(str(ROOT))
    return (
        f"{error.strerror}: {error.filename}. "
        f"The folder {ROOT} must belong to you: sudo chown -R $USER {place}"
    )


def no_space() -> str:
    """Says how much space is free in the folders that need it."""
    place = PLACE if PLACE.exists() else ROOT
    places = {str(place): "", tempfile.gettempdir(): "; TMPDIR names another folder for temporary files"}
    free = [
        f"{shutil.disk_usage(place).free / 1e9:.1f} GB are free in {place}{hint}"
        for place, hint in places.items()
    ]
    return f"No space left on the disk. .venv takes 3.5 GB; {', '.join(free)}."


def diverting_setting(listed: str) -> str | None:
    """Explains which setting of pip keeps packages out of .venv; None if there is no such setting.

    Args:
      listed: the output of `pip config list`.
    """
    for section, name, value in re.findall(r"^([\w:-]+)\.([\w-]+)=(.+)$", listed, re.MULTILINE):
        if name in DIVERTING_SETTINGS and value.strip("'\"").lower() not in ("", "false", "0", "no", "off"):
            variable = f"unset PIP_{name.upper().replace('-', '_')}"
            undo = variable if section == ":env:" else f"pip config unset {section}.{name}"
            return f"pip has the setting {name} = {value}, which keeps packages out of .venv. Undo it: {undo}"
    return None


def retry_verbosely(output: str) -> str:
    """Returns pip's details on a package without any release: it prints the reason only with -vv."""
    match = re.search(r"requirement (\S+) \(from versions: none\)", output)
    if match is None or "connection broken by" in output:
        return ""
    # With -vv, the log of a whole setup would be unreadable; a download of this one package prints the
    # reason.
    with tempfile.TemporaryDirectory() as folder:
        options = ["download", "-vv", "--no-deps", "--retries", "0", "--dest", folder]
        return pip(*options, match[1]).stdout


def why(output: str, details: str = "") -> str:
    """Explains in one or two sentences which package failed and what to do.

    Args:
      output: of pip, without --quiet.
      details: from `retry_verbosely`.
    """
    if reason := _refused(details):
        return reason
    # The order matters: a full disk or a lost connection also makes pip print what the later ones look for.
    for explain in (_settings, _disk, _network, _damaged, _conflict, _absent, _build):
        if reason := explain(output):
            return reason
    return f"pip says: {last_line(output).rstrip('.')}."


def _refused(details: str) -> str | None:
    """Recognises an index that answers, but not with packages."""
    answers = re.findall(r"Could not fetch URL (\S+): (.+) - skipping", details)
    if not answers:
        return None
    # An index without the package answers 404. If there are several, another answer says more.
    url, reply = next((answer for answer in answers if not answer[1].startswith("404")), answers[0])
    repeated = re.search(r"too many (\d+) error responses", reply)
    answer = f"error {repeated[1]}" if repeated else reply.partition(" for url")[0]
    return (
        f"The package index does not deliver packages ({answer} for {url}). "
        "`pip config list` shows where that address comes from."
    )


def _settings(output: str) -> str | None:
    """Recognises settings that pip cannot read."""
    if match := re.search(
        r"Configuration file (?:could not be loaded|contains).*?([^\s']+\.(?:conf|ini))", output, re.DOTALL
    ):
        return f"pip cannot read its settings: fix or move {match[1]}."
    if match := re.search(r"TLS CA certificate bundle, invalid path: (.+)", output):
        return f"The certificate file {match[1]} of pip's settings does not exist: unset PIP_CERT."
    if match := re.search(
        r"Failed to parse: (.+)|Please check proxy URL\. It is malformed[^:]*: (.+)", output
    ):
        return f"{match[1] or match[2]} is not the address of a proxy or index. Write http://HOST:PORT."
    return None


def _disk(output: str) -> str | None:
    return no_space() if "[Errno 28]" in output or "No space left on device" in output else None


def _network(output: str) -> str | None:
    if "CERTIFICATE_VERIFY_FAILED" in output:
        return "pip does not trust the certificate of the package index. Name your own: export PIP_CERT=FILE."
    if not re.search(
        r"\(from versions: none\)|Max retries|Read timed out|ConnectionError|IncompleteRead", output
    ):
        return None
    if "407 Proxy Authentication" in output:
        return "The proxy needs a user name and password: export https_proxy=http://USER:PASSWORD@HOST:PORT."
    broken = re.search(
        r"Proxy(?:.*Tunnel connection failed: ([^')]+)|(Error))|(timed out)"
        r"|Failed to establish a new connection: (?:\[Errno -?\d+\] )?([^')]+)"
        r"|\[SSL: ([A-Z_]+)\]|(Connection (?:aborted|broken|reset)|IncompleteRead|RemoteDisconnected)",
        output,
    )
    if broken is None:
        return None
    tunnel, proxy, slow, refused, tls, _ = broken.groups()
    reason = tunnel or refused or slow or (proxy and "the proxy does not answer")
    reason = reason or (tls and tls.lower().replace("_", " ")) or "the connection broke"
    return (
        f"The package index cannot be reached ({reason}). The first run needs a network connection; "
        "behind a proxy: export https_proxy=http://HOST:PORT."
    )


def _damaged(output: str) -> str | None:
    """Recognises packages that were damaged on their way."""
    if not re.search(r"DO NOT MATCH THE HASHES|BadZipFile|has an invalid wheel|is not a zip file", output):
        return None
    match = re.search(r"^\s*(\S+) from \S+://|Wheel '([^']+)'", output, re.MULTILINE)
    name = (match[1] or match[2]) if match else "A package"
    return (
        f"{name} was damaged in transit. Run the command again; if that does not help: "
        f"{PLACE / 'bin' / 'pip'} cache purge."
    )


def _conflict(output: str) -> str | None:
    """Recognises a pin that contradicts another package, or that has no release for this Python."""
    if "ResolutionImpossible" not in output:
        return None
    pins = re.findall(r"The user requested \(constraint\) (\S+)", output)
    asks = re.findall(r"^ {4}(\S+ \S+ depends on .+|The user requested [^(\n].*)$", output, re.MULTILINE)
    for pin in pins:
        name = re.escape(pin.partition("==")[0])
        for ask in asks:
            if re.search(rf"(?:depends on|requested) {name}\b", ask, re.IGNORECASE):
                return (
                    f"{ask}, but constraints.txt pins {pin}, which is not available for {_here()}. "
                    f"{_remedy()}"
                )
    return (
        f"Packages have conflicting requirements: {'; '.join(asks + pins) or last_line(output)}. {_remedy()}"
    )


def _absent(output: str) -> str | None:
    match = re.search(r"No matching distribution found for (\S+)", output)
    if match is None:
        return None
    indexes = re.search(r"Looking in indexes: (.+)", output)
    if re.search(r"\(from versions: none\)", output) and "require a different python" not in output:
        source = ", ".join(dict.fromkeys(indexes[1].split(", "))) if indexes else "the package index"
        return (
            f"{source} has no {match[1]} for {_here()}. If this is not your package index, "
            f"`pip config list` shows where the address comes from. Otherwise: {_remedy()}"
        )
    return f"{match[1]} is not available for {_here()}. {_remedy()}"


def _build(output: str) -> str | None:
    """Recognises a package that has no wheel for this machine and could not be compiled."""
    if match := re.search(r"Failed building (?:wheel|editable) for (\S+)", output):
        name = match[1]
    elif "subprocess-exited-with-error" in output:
        # pip asked a source distribution for its requirements: the package it downloaded last.
        fetched = re.findall(r"^\s*(?:Collecting|Processing) (\S+)", output, re.MULTILINE)
        if not fetched:
            return None
        name = fetched[-1]
    else:
        return None
    return f"{name} has no wheel for {_here()} and could not be built. {_remedy()}"


def _here() -> str:
    return f"Python {PYTHON} on {platform.machine()}"


def _remedy() -> str:
    """Suggests another of the declared Pythons, preferably an installed one."""
    others = [name for name in PYTHONS if not PYTHON.startswith(f"{name[6:]}.")]
    installed = [name for name in others if shutil.which(name)]
    if installed:
        return f"Use another Python: make PYTHON={installed[0]} lab."
    return f"Install another Python ({', '.join(others)}) and name it: make PYTHON={others[0]} lab."


def last_line(output: str) -> str:
    """Returns the last line that pip marks as an error, or else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.match("error(?!: subprocess-exited)", line, re.IGNORECASE)]
    return (errors or lines or ["nothing"])[-1]


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGHUP):  # also ends pip, which would continue alone
        signal.signal(number, signal.default_int_handler)
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH"):
        os.environ.pop(name, None)
    os.environ["PIP_USER"] = "0"  # set by some users, and refused in an environment
    sys.exit(main(sys.argv[1:]))
