"""A setup that fails names the package and the remedy; one that was interrupted starts again."""

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
BROKEN = """
WARNING: Retrying (Retry(total=0)) after connection broken by '{}': /simple/hatchling/
ERROR: Could not find a version that satisfies the requirement hatchling (from versions: none)
ERROR: No matching distribution found for hatchling
"""
TUNNEL = BROKEN.format("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: {}'))")
EMPTY = """
Looking in indexes: https://one/simple, https://two/simple, https://one/simple
ERROR: Could not find a version that satisfies the requirement hatchling (from versions: none)
ERROR: No matching distribution found for hatchling
"""
BUILD = """
Obtaining file:///home/ann/hubexplore
  Installing build dependencies: finished with status 'error'
  error: subprocess-exited-with-error
      {}
error: subprocess-exited-with-error
"""
CHANGED = """
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated ...
    hatchling from https://one/hatchling-9.9.9-py3-none-any.whl#sha256=00:
        Expected sha256 00
"""
UNREACHABLE = (
    "The package index cannot be reached ({}). The first run needs a network connection; "
    "behind a proxy: export https_proxy=http://HOST:PORT."
)
CERTIFICATE = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in chain"
FULL = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with Python 3.11.2, which runs this, and 3.12."""
    monkeypatch.setattr(set_up, "PYTHON", "3.11.2")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("shutil.which", lambda name: name if name != "python3.13" else None)


REMEDY = "Use another Python: make PYTHON=python3.12 lab."


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("output", "message"),
    [
        (
            CONFLICT,
            (
                "beautifulsoup4 4.15.0 depends on soupsieve>=1.6.1, but constraints.txt pins "
                f"soupsieve==4.1.2, which is not available for Python 3.11.2 on x86_64. {REMEDY}"
            ),
        ),
        (
            PINNED,
            (
                "The user requested tensorflow>=2.16, but constraints.txt pins tensorflow==2.12.0, "
                f"which is not available for Python 3.11.2 on x86_64. {REMEDY}"
            ),
        ),
        (
            CONTRADICTION,
            (
                "Packages have conflicting requirements: one 1.0 depends on other<2; "
                f"two 1.0 depends on other>=2. {REMEDY}"
            ),
        ),
        (
            OFFLINE,
            (
                "The package index cannot be reached (Temporary failure in name resolution). The first "
                "run needs a network connection; behind a proxy: export https_proxy=http://HOST:PORT."
            ),
        ),
        (ABSENT, f"tensorflow>=2.16 is not available for Python 3.11.2 on x86_64. {REMEDY}"),
        (
            METADATA,
            f"h5py==3.14.0 has no wheel for Python 3.11.2 on x86_64 and could not be built. {REMEDY}",
        ),
        (
            "  ERROR: Failed building wheel for grpcio\n",
            f"grpcio has no wheel for Python 3.11.2 on x86_64 and could not be built. {REMEDY}",
        ),
        (
            CERTIFICATE,
            "pip does not trust the certificate of the package index. Name your own: export PIP_CERT=FILE.",
        ),
        (BROKEN.format("ProtocolError('Connection aborted.')"), UNREACHABLE.format("the connection broke")),
        (
            BROKEN.format('ReadTimeoutError("Read timed out. (read timeout=2.0)")'),
            UNREACHABLE.format("timed out"),
        ),
        (
            BROKEN.format("SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number'))"),
            UNREACHABLE.format("wrong version number"),
        ),
        (
            TUNNEL.format("407 Proxy Authentication Required"),
            "The proxy needs a user name and password: export https_proxy=http://USER:PASSWORD@HOST:PORT.",
        ),
        (TUNNEL.format("502 Bad Gateway"), UNREACHABLE.format("502 Bad Gateway")),
        (
            BROKEN.format("ProxyError('Cannot connect to proxy.', TimeoutError('slow'))"),
            UNREACHABLE.format("the proxy does not answer"),
        ),
        (
            EMPTY,
            (
                "https://one/simple, https://two/simple has no hatchling for Python 3.11.2 on x86_64. If "
                "this is not your package index, `pip config list` shows where the address comes from. "
                f"Otherwise: {REMEDY}"
            ),
        ),
        (
            BUILD.format(
                "ERROR: Could not install packages due to an OSError: Failed to parse: 127.0.0.1:nine"
            ),
            "127.0.0.1:nine is not the address of a proxy or index. Write http://HOST:PORT.",
        ),
        (
            BUILD.format(
                "ERROR: OSError: Could not find a suitable TLS CA certificate bundle, invalid path: /a.crt"
            ),
            "The certificate file /a.crt of pip's settings does not exist: unset PIP_CERT.",
        ),
        (BUILD.format("ERROR: Something."), "pip says: ERROR: Something."),
        (
            "Configuration file could not be loaded.\nfile: '/home/ann/pip.conf', line: 1\n",
            "pip cannot read its settings: fix or move /home/ann/pip.conf.",
        ),
        (
            CHANGED,
            (
                "hatchling was damaged in transit. Run the command again; if that does not help: "
                f"{set_up.PLACE}/bin/pip cache purge."
            ),
        ),
        ("Collecting a\nERROR: something new\nnote: more", "pip says: ERROR: something new."),
    ],
)
def test_one_line_explains_the_fault_and_the_remedy(output: str, message: str) -> None:
    assert set_up.why(output) == message


@pytest.mark.usefixtures("here")
def test_a_python_that_is_not_installed_is_not_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name if name == "python3.11" else None)
    assert "Install another Python (python3.12, python3.13)" in set_up.why(ABSENT)


@pytest.mark.parametrize(
    ("details", "message"),
    [
        (
            (
                "Could not fetch URL https://two/h/: 404 Client Error: Not Found for url: https://two/h/ - "
                "skipping\nCould not fetch URL https://one/h/: 403 Client Error: Forbidden for url: "
                "https://one/h/ - skipping"
            ),
            "403 Client Error: Forbidden for https://one/h/",
        ),
        (
            (
                "Could not fetch URL https://one/h/: Max retries exceeded with url: /h/ (Caused by "
                "ResponseError('too many 503 error responses')) - skipping"
            ),
            "error 503 for https://one/h/",
        ),
    ],
)
def test_an_index_that_refuses_is_not_taken_for_a_python_without_packages(details: str, message: str) -> None:
    assert set_up.why(EMPTY, details) == (
        f"The package index does not deliver packages ({message}). "
        "`pip config list` shows where that address comes from."
    )


def test_pip_is_asked_for_details_only_if_it_printed_none(monkeypatch: pytest.MonkeyPatch) -> None:
    downloaded: list[str] = []

    def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
        downloaded.append(arguments[-1])
        return subprocess.CompletedProcess(arguments, 1, "details")

    monkeypatch.setattr(set_up, "pip", pip)
    assert set_up.retry_verbosely(EMPTY) == "details"
    assert [set_up.retry_verbosely(OFFLINE), set_up.retry_verbosely(ABSENT), downloaded] == [
        "",
        "",
        ["hatchling"],
    ]


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ("global.target='/x'", "target = '/x', {}pip config unset global.target"),
        (":env:.no-deps='1'", "no-deps = '1', {}unset PIP_NO_DEPS"),
        ("global.index-url='https://one/simple'\n:env:.dry-run='0'\n:env:.target=''", None),
    ],
)
def test_settings_that_keep_packages_out_are_named(listed: str, message: str | None) -> None:
    between = "which keeps packages out of .venv. Undo it: "
    assert set_up.diverting_setting(listed) == (message and f"pip has the setting {message.format(between)}")


@pytest.mark.usefixtures("here")
def test_a_folder_that_cannot_hold_an_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(set_up, "ROOT", Path("/a:b c"))
    output = "Error: Refusing to create a venv in /a:b c/.venv because it contains the PATH separator :."
    monkeypatch.setattr(set_up, "PLACE", tmp_path)
    assert set_up.no_environment(output) == (
        "An environment cannot be in a folder whose path contains a colon. Move it: mv '/a:b c' ~/hubexplore"
    )


def test_two_at_once_take_turns(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """The second starts when the first one ends, here after it printed that it waits."""
    with set_up.alone():
        other = subprocess.Popen(
            [sys.executable, "-c", WAITS, str(machine.place.parent)], stdout=subprocess.PIPE, text=True
        )
        assert other.stdout
        assert other.stdout.readline() == "Waiting for another setup that is running in this folder ...\n"
        assert other.poll() is None
    assert other.communicate(timeout=60)[0] == "its turn\n"
    with set_up.alone():
        assert capsys.readouterr().out == ""


def test_a_full_disk_is_reported_with_the_free_space() -> None:
    message = set_up.why(FULL)
    assert message.startswith("No space left on the disk.")
    assert f"GB are free in {set_up.ROOT}" in message
    assert "TMPDIR" in message
    assert set_up.system_error(OSError(errno.ENOSPC, "No space left on device")) == message


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "output", ["No module named venv", "not created successfully because ensurepip is not"]
)
def test_a_python_without_venv(output: str, machine: Machine) -> None:
    machine.place.mkdir()
    message = "Python 3.11.2 cannot create environments. On Debian: apt-get install python3.11-venv"
    assert set_up.no_environment(output) == message


def test_no_space_for_an_empty_environment(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda place: SimpleNamespace(free=1_000_000))
    assert set_up.no_environment("Error: Command '-m ensurepip' failed.").startswith(
        "No space left on the disk."
    )


WAITS = """
import pathlib, sys
from tools import set_up
set_up.ROOT = pathlib.Path(sys.argv[1])
with set_up.alone():
    print("its turn")
"""


class Machine:
    """Stands in for venv and pip: environments are empty folders, and `pip` decides what pip does."""

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
    machine = Machine(tmp_path / ".venv")
    monkeypatch.setattr(set_up, "ROOT", tmp_path)
    monkeypatch.setattr(set_up, "PLACE", machine.place)
    monkeypatch.setattr(set_up, "run", machine.run)
    return machine


def interrupt() -> int:
    raise KeyboardInterrupt


def test_an_environment_is_made_once(machine: Machine) -> None:
    assert [set_up.main(["lab"]), set_up.main(["lab", "test"])] == [0, 0]
    assert machine.made == 1
    assert (machine.place / "set-up.log").read_text() == "ERROR: what pip said"


def test_an_interrupted_setup_starts_again(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.pip = interrupt
    assert set_up.main(["lab"]) == 130
    assert capsys.readouterr().err == "The setup was interrupted; the next run starts it again.\n"
    machine.pip = lambda: 0
    assert [set_up.main(["lab"]), set_up.main(["lab"])] == [0, 0]
    assert machine.made == 2


def test_a_complete_environment_stays_if_more_cannot_be_installed(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_up.main(["lab"]) == 0
    machine.pip = lambda: 1
    assert set_up.main(["lab", "test"]) == 1
    assert capsys.readouterr().err == (
        "The setup failed: pip says: ERROR: what pip said. The whole output of pip is in .venv/set-up.log.\n"
    )
    machine.pip = lambda: 0
    assert set_up.main(["lab", "test"]) == 0
    assert machine.made == 1


def test_a_new_environment_that_pip_cannot_fill_is_created_again(machine: Machine) -> None:
    machine.pip = lambda: 1
    assert [set_up.main(["lab"]), set_up.main(["lab"])] == [1, 1]
    assert machine.made == 2


@pytest.mark.parametrize("kind", ["file", "dangling", "empty"])
def test_anything_but_an_environment_is_replaced(kind: str, machine: Machine) -> None:
    if kind == "file":
        machine.place.touch()
    elif kind == "dangling":
        machine.place.symlink_to("gone")
    else:
        machine.place.mkdir()
    assert set_up.main(["lab"]) == 0
    assert (machine.place / "bin" / "python").exists()


def test_it_needs_only_the_standard_library(tmp_path: Path) -> None:
    program = "import sys; sys.path.insert(0, 'tools'); import set_up; print(set_up.PLACE)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        cwd=set_up.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(set_up.PLACE)
