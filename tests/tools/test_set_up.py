"""A set-up that fails says which package and what to do; one that was interrupted is made anew."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import set_up

CONFLICT = """
Collecting beautifulsoup4
ERROR: Cannot install beautifulsoup4==4.15.0 because these package versions have conflicting dependencies.

The conflict is caused by:
    beautifulsoup4 4.15.0 depends on soupsieve>=1.6.1
    The user requested (constraint) soupsieve==4.1.2

To fix this you could try to:
1. loosen the range of package versions you've specified

ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/
"""
PINNED = """
The conflict is caused by:
    The user requested tensorflow>=2.16
    The user requested (constraint) tensorflow==2.12.0

ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/
"""
CONTRADICTION = """
The conflict is caused by:
    one 1.0 depends on other<2
    two 1.0 depends on other>=2

ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/
"""
OFFLINE = """
WARNING: Retrying after connection broken by 'NewConnectionError('<object>: Failed to establish a new \
connection: [Errno -3] Temporary failure in name resolution')': /simple/hatchling/
ERROR: Could not find a version that satisfies the requirement hatchling (from versions: none)
ERROR: No matching distribution found for hatchling
"""
ABSENT = """
ERROR: Could not find a version that satisfies the requirement tensorflow>=2.16 (from versions: 2.22.0rc0)
ERROR: No matching distribution found for tensorflow>=2.16
"""
METADATA = """
Collecting one==1.0
Collecting h5py==3.14.0 (from one)
  Downloading h5py-3.14.0.tar.gz (420 kB)
  error: subprocess-exited-with-error

  x Preparing metadata (pyproject.toml) did not run successfully.
error: metadata-generation-failed
"""
CERTIFICATE = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in chain"
FULL = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with Python 3.11.2, which runs this, and 3.12."""
    monkeypatch.setattr(set_up, "PYTHON", "3.11.2")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("shutil.which", lambda name: name if name != "python3.13" else None)


REMEDY = "Take another Python: make PYTHON=python3.12 lab."


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            CONFLICT,
            (
                "beautifulsoup4 4.15.0 depends on soupsieve>=1.6.1, but soupsieve==4.1.2, "
                "which constraints.txt "
                f"pins, cannot be had for Python 3.11.2 on x86_64. {REMEDY}"
            ),
        ),
        (
            PINNED,
            (
                "The user requested tensorflow>=2.16, but tensorflow==2.12.0, which constraints.txt pins, "
                f"cannot be had for Python 3.11.2 on x86_64. {REMEDY}"
            ),
        ),
        (
            CONTRADICTION,
            "Packages contradict each other: one 1.0 depends on other<2; two 1.0 depends on other>=2. "
            + REMEDY,
        ),
        (
            OFFLINE,
            (
                "The package index cannot be reached (Temporary failure in name "
                "resolution). The first run needs "
                "a network; behind a proxy: export https_proxy=http://HOST:PORT."
            ),
        ),
        (ABSENT, f"There is no tensorflow>=2.16 for Python 3.11.2 on x86_64. {REMEDY}"),
        (
            METADATA,
            f"h5py==3.14.0 has no wheel for Python 3.11.2 on x86_64, and could not be built. {REMEDY}",
        ),
        (
            "  ERROR: Failed building wheel for grpcio\n",
            f"grpcio has no wheel for Python 3.11.2 on x86_64, and could not be built. {REMEDY}",
        ),
        (
            CERTIFICATE,
            "The package index has a certificate that pip does not trust. Name yours: export PIP_CERT=FILE.",
        ),
        ("Collecting a\nERROR: something new\nnote: more", "pip says: ERROR: something new."),
    ],
)
def test_one_line_says_what_and_what_to_do(said: str, told: str) -> None:
    assert set_up.why(said) == told


@pytest.mark.usefixtures("here")
def test_a_python_that_is_not_there_is_not_named_as_one_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name if name == "python3.11" else None)
    assert "Install another Python (python3.11, python3.12, python3.13)" in set_up.why(ABSENT)


def test_a_full_disk_says_where_there_is_how_much_room() -> None:
    told = set_up.why(FULL)
    assert told.startswith("No space left on the disk.")
    assert f"GB are free in {set_up.ROOT}" in told
    assert "TMPDIR" in told
    assert set_up.of_system(OSError(errno.ENOSPC, "No space left on device")) == told


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "said", ["No module named venv", "not created successfully because ensurepip is not"]
)
def test_a_python_without_venv(said: str, machine: Machine) -> None:
    machine.place.mkdir()
    told = "Python 3.11.2 cannot make environments. On Debian: apt-get install python3.11-venv"
    assert set_up.no_environment(said) == told


def test_no_room_for_an_empty_environment(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda place: SimpleNamespace(free=1_000_000))
    assert set_up.no_environment("Error: Command '-m ensurepip' failed.").startswith(
        "No space left on the disk."
    )


class Machine:
    """In place of venv and pip: environments are folders, and pip does what it is told."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.made = 0
        self.pip: Callable[[], int] = lambda: 0

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        code = 0
        if command[1:3] == ["-m", "venv"]:
            assert "--clear" in command
            self.made += 1
            (self.place / "bin").mkdir(exist_ok=True)
            (self.place / "bin" / "python").touch()
        elif "install" in command:
            code = self.pip()
        return subprocess.CompletedProcess(command, code, "ERROR: what pip said")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine(tmp_path / ".venv")
    monkeypatch.setattr(set_up, "ROOT", tmp_path)
    monkeypatch.setattr(set_up, "PLACE", found.place)
    monkeypatch.setattr(set_up, "run", found.run)
    return found


def interrupt() -> int:
    raise KeyboardInterrupt


def test_an_environment_is_made_once(machine: Machine) -> None:
    assert [set_up.main(["lab"]), set_up.main(["lab", "test"])] == [0, 0]
    assert machine.made == 1
    assert (machine.place / "set-up.log").read_text() == "ERROR: what pip said"


def test_one_that_was_interrupted_is_made_anew(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.pip = interrupt
    assert set_up.main(["lab"]) == 130
    assert capsys.readouterr().err == "The set-up was interrupted; the next run makes .venv anew.\n"
    machine.pip = lambda: 0
    assert [set_up.main(["lab"]), set_up.main(["lab"])] == [0, 0]
    assert machine.made == 2


def test_one_that_was_whole_stays_when_more_cannot_be_had(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_up.main(["lab"]) == 0
    machine.pip = lambda: 1
    assert set_up.main(["lab", "test"]) == 1
    assert capsys.readouterr().err == (
        "The set-up failed: pip says: ERROR: what pip said. All that pip said is in .venv/set-up.log.\n"
    )
    machine.pip = lambda: 0
    assert set_up.main(["lab", "test"]) == 0
    assert machine.made == 1


def test_a_new_one_that_pip_cannot_fill_is_made_anew(machine: Machine) -> None:
    machine.pip = lambda: 1
    assert [set_up.main(["lab"]), set_up.main(["lab"])] == [1, 1]
    assert machine.made == 2


@pytest.mark.parametrize("kind", ["file", "dangling", "empty"])
def test_what_is_no_environment_is_replaced(kind: str, machine: Machine) -> None:
    if kind == "file":
        machine.place.touch()
    elif kind == "dangling":
        machine.place.symlink_to("gone")
    else:
        machine.place.mkdir()
    assert set_up.main(["lab"]) == 0
    assert (machine.place / "bin" / "python").exists()


def test_it_runs_on_its_own_with_python_alone(tmp_path: Path) -> None:
    program = "import sys; sys.path.insert(0, 'tools'); import set_up; print(set_up.PLACE)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        cwd=set_up.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(set_up.PLACE)
