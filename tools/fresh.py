"""Follows the README on a new Debian: `make lab` and `make test`, as a user without root.

    python3 -m tools.fresh [--suite trixie] [--lab-only] [--programs] [--keep]

Creates a minimal Debian in build/fresh, with only the packages that the README names and a clone of HEAD.
`make lab` has to serve the quickstart, the quickstart has to run, and `make test` has to pass. pip gets
packages from the same sources as on this machine. Needs root, debootstrap and unshare, but no .venv.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

REPOSITORY: Final = Path(__file__).resolve().parents[1]
ROOT: Final = REPOSITORY / "build" / "fresh"
HOME: Final = ROOT / "home" / "ann"
CLONE: Final = HOME / "hubexplore"
QUICKSTART: Final = "notebooks/01_quickstart.ipynb"
INSIDE: Final = "HUBEXPLORE_FRESH_INSIDE"
"""Environment variable that is set once mounts and processes end with this program."""
SOURCES: Final = frozenset({
    "index-url", "extra-index-url", "find-links", "no-index", "constraint", "cert", "client-cert", "proxy",
    "trusted-host", "timeout", "retries",
})  # fmt: skip
"""The settings of pip that determine where packages come from."""
PATIENCE: Final = 120.0
"""Longest time in seconds from the address that a server prints to its first answer, on a busy machine."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs both commands; returns the exit code."""
    parser = argparse.ArgumentParser(description="Runs make lab and make test on a new Debian.")
    parser.add_argument("--suite", default="bookworm", help="the Debian release")
    parser.add_argument("--lab-only", action="store_true", help="leave out make test")
    parser.add_argument(
        "--programs",
        action="store_true",
        help="also install what `make programs` does; no test may be skipped",
    )
    parser.add_argument("--keep", action="store_true", help="keep the root folder, some gigabytes")
    options = parser.parse_args(arguments)
    if requirements := missing():
        print(f"make fresh needs {', '.join(requirements)}.", file=sys.stderr)
        return 2
    # In mount and PID namespaces of its own, the end of this program also ends all mounts and processes in
    # the root folder: nothing of this machine stays mounted where it could be deleted.
    if INSIDE not in os.environ:
        isolated = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            sys.executable,
            "-m",
            "tools.fresh",
        ]
        same = list(arguments) if arguments is not None else sys.argv[1:]
        return subprocess.run(
            [*isolated, *same], cwd=REPOSITORY, env=os.environ | {INSIDE: "1"}, check=False
        ).returncode
    try:
        make_root(options.suite)
        with served():
            as_user(f".venv/bin/jupyter nbconvert --to notebook --execute --output-dir /tmp {QUICKSTART}")
            report(f"{QUICKSTART} ran")
        if not options.lab_only:
            test(programs=options.programs)
    except (subprocess.CalledProcessError, OSError) as error:
        report(f"FAILED: {error}")
        return 1
    finally:
        if not options.keep:
            remove_root()
    report("passed")
    return 0


def missing() -> list[str]:
    """Returns what this machine lacks, with the remedy."""
    privileges = [] if os.geteuid() == 0 else ["root (sudo make fresh)"]
    packages = {"debootstrap": "debootstrap", "unshare": "util-linux", "git": "git"}
    absent = [name for name in packages if not shutil.which(name)]
    return privileges + [f"{name} (apt-get install {packages[name]})" for name in absent]


def readme_packages() -> list[str]:
    """Returns the packages that the README names as prerequisites on Debian."""
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    match = re.search(r"\(on Debian: `apt-get install ([a-z0-9. -]+)`\)", readme)
    assert match, "the README no longer says what to install on Debian"
    return match[1].split()


def make_root(suite: str) -> None:
    """Creates a minimal Debian with the README's packages, a user, this machine's pip settings, a clone."""
    start = time.monotonic()
    remove_root()
    ROOT.parent.mkdir(exist_ok=True)
    run("debootstrap", "--variant=minbase", suite, str(ROOT), *mirror(suite), quiet=True)
    run("mount", "-t", "proc", "proc", str(ROOT / "proc"))
    run("mount", "--rbind", "/dev", str(ROOT / "dev"))
    shutil.copy("/etc/resolv.conf", ROOT / "etc" / "resolv.conf")
    (ROOT / "etc" / "hosts").write_text("127.0.0.1 localhost\n")  # as an installer writes it
    inside("apt-get update")
    install = "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends"
    inside(f"{install} {' '.join(readme_packages())}")
    inside("useradd --create-home --shell /bin/bash ann")
    take_over_sources()
    run("git", "clone", "--quiet", "--no-local", str(REPOSITORY), str(CLONE))
    inside("chown --recursive ann:ann /home/ann")
    report(f"Debian {suite} with {' '.join(readme_packages())}", start)


def remove_root() -> None:
    """Removes the root folder, but no folder of this machine that is mounted in it."""
    for place in mounts():
        subprocess.run(["umount", "--lazy", place], check=False)
    if remaining := mounts():
        raise OSError(f"still mounted, so not removed: {', '.join(remaining)}")
    shutil.rmtree(ROOT, ignore_errors=True)


def mirror(suite: str) -> list[str]:
    """Returns the address from which this machine gets that release, in a list; empty if it has none."""
    if not shutil.which("apt-get"):
        return []
    command = [
        "apt-get",
        "indextargets",
        "--format",
        "$(RELEASE) $(COMPONENT) $(REPO_URI)",
        "Created-By: Packages",
    ]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    return [line.split()[2] for line in lines if line.startswith(f"{suite} main ")][:1]


def take_over_sources() -> None:
    """Writes /etc/pip.conf, and provides the files and folders that it names."""
    settings = sources(pip_config())
    lines = [f"{name} = {' '.join(value.split())}" for name, value in settings.items()]
    (ROOT / "etc" / "pip.conf").write_text(
        "\n".join(["[global]", "disable-pip-version-check = true", *lines, ""])
    )
    # pip inside the new root would look for local certificates, indexes and wheels at the same paths.
    for location in " ".join(settings.values()).split():
        address = urlsplit(location)
        if address.scheme not in ("", "file") or not address.path.startswith("/"):
            continue
        path = Path(address.path)
        copy = ROOT / path.relative_to("/")
        if path.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        elif path.is_dir():  # the pages of an index name files beside it
            shared = path.parent if address.scheme else path
            copy = ROOT / shared.relative_to("/")
            copy.mkdir(parents=True, exist_ok=True)
            run("mount", "--bind", "-o", "ro", str(shared), str(copy))


def pip_config() -> str:
    """Returns the output of `pip config list` on this machine."""
    for python in (sys.executable, str(REPOSITORY / ".venv" / "bin" / "python")):
        with contextlib.suppress(OSError):
            done = subprocess.run(
                [python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
            )
            if done.returncode == 0:
                return done.stdout
    return ""


def sources(listed: str) -> dict[str, str]:
    """Selects the settings that determine where packages come from; variables override files.

    Args:
      listed: the output of `pip config list`.
    """
    settings: dict[str, str] = {}
    for line in sorted(listed.splitlines(), key=lambda line: line.startswith(":env:")):
        match = re.fullmatch(r"(?:global|install|:env:)\.(?:default-)?([a-z-]+)=('.*'|\".*\")", line)
        if match and match[1] in SOURCES:
            settings[match[1]] = ast.literal_eval(match[2])
    return settings


@contextlib.contextmanager
def served() -> Iterator[None]:
    """Runs `make lab` until its server delivers the quickstart; stops it afterwards."""
    start = time.monotonic()
    command = user_command("make lab LAB_ARGS=--no-browser")
    # JupyterLab logs to standard error, where its address with the token appears.
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if match := re.search(r"(http://(?:localhost|127\.0\.0\.1):(\d+)/)\S*\?token=(\w+)", line):
                    server, port, token = match.groups()
                    break
                print(f"   {line}", end="", flush=True)
            else:
                raise subprocess.CalledProcessError(process.wait(), "make lab")
            answer(server, token)
            report(f"make lab serves the quickstart; .venv has {size(CLONE / '.venv')}", start)
            yield
            as_user(f".venv/bin/jupyter lab stop {port}")
        finally:
            process.kill()


def answer(server: str, token: str) -> None:
    """Waits until the server delivers the quickstart. It may print its address before it listens.

    Raises:
      OSError: the server refuses the notebook, or does not answer in time.
    """
    # Without a proxy, which this machine may need for the internet and which cannot reach this server.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with direct.open(f"{server}api/contents/{QUICKSTART}?token={token}", timeout=30) as reply:
                assert json.load(reply)["type"] == "notebook"
                return
        except urllib.error.HTTPError:
            raise
        except OSError as error:  # URLError, ConnectionResetError, TimeoutError
            if time.monotonic() > deadline:
                raise TimeoutError(f"{server} does not answer") from error
            time.sleep(0.2)


def test(*, programs: bool) -> None:
    """Runs `make test`; with all programs, no test that needs one may be skipped."""
    start = time.monotonic()
    if programs:
        inside("make -C /home/ann/hubexplore programs")
    as_user(f"HUBEXPLORE_REQUIRE_PROGRAMS={int(programs) or ''} make test")
    report(f"make test passed; .venv has {size(CLONE / '.venv')}", start)


def user_command(command: str) -> list[str]:
    return ["chroot", str(ROOT), "su", "-", "ann", "-c", f"cd hubexplore && {command}"]


def as_user(command: str) -> None:
    run(*user_command(command))


def inside(command: str) -> None:
    """Runs a shell command as root, inside the new root folder."""
    run("chroot", str(ROOT), "sh", "-c", command, quiet=True)


def run(*command: str, quiet: bool = False) -> None:
    """Runs a command; `quiet` hides its standard output."""
    # A clean environment: variables of this machine, such as PIP_* or PYTHONPATH, would hide what is missing.
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL if quiet else None)


def mounts() -> list[str]:
    """Returns what is mounted below the root folder, the deepest first."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return sorted((place for place in places if place.startswith(f"{ROOT}/")), reverse=True)


def size(folder: Path) -> str:
    """Returns the size of a folder on disk."""
    printed = subprocess.run(
        ["du", "-s", "-B1", str(folder)], capture_output=True, text=True, check=True
    ).stdout
    return f"{int(printed.split()[0]) / 1e9:.2f} GB"


def report(text: str, start: float | None = None) -> None:
    print(f"== {text}" + (f" ({time.monotonic() - start:.0f} s)" if start is not None else ""), flush=True)


if __name__ == "__main__":
    sys.exit(main())
