"""Tests in environments of their own: the oldest and newest TensorFlow, the system's Python, the package.

    nox --noxfile tools/environments.py [--session NAME ...]

nox creates each environment from scratch in build/environments/, continues after a failure, and prints at the
end what passed and how long it took.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

import nox

ROOT: Final = Path(__file__).resolve().parents[1]
PLACE: Final = ROOT / "build" / "environments"
# The ends of the range that pyproject.toml declares and the README promises; releases in between are not
# tested one by one.
OLDEST: Final = "tensorflow==2.16.*"
NEWEST: Final = "tensorflow==2.21.*"
SYSTEM: Final = "/usr/bin/python3"
LARGEST_WHEEL: Final = 5_000_000
PINNED: Final = ("--constraint", "constraints.txt")
PYTEST: Final = ("python", "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile")

nox.options.envdir = str(PLACE)
nox.options.default_venv_backend = "venv"


@nox.session
def index(session: nox.Session) -> None:
    """An index has all that constraints.txt pins, for the lowest release of each declared Python."""
    session.chdir(ROOT)
    session.install("packaging")
    words = "from tools import pins; print(*pins.declared_pythons(), ','.join(pins.extras()))"
    *pythons, extras = str(session.run("python", "-c", words, silent=True)).split()
    # A dry run into an empty folder: pip resolves for another Python without having one, which it allows only
    # for wheels and with a target.
    options = ["--dry-run", "--ignore-installed", "--only-binary", ":all:", "--target", str(_empty(session))]
    for python in pythons:
        session.install(*options, "--python-version", python, *PINNED, f".[{extras}]")
        session.log(f"constraints.txt can be installed on Python {python}")


@nox.session
def oldest(session: nox.Session) -> None:
    """All tests on the oldest TensorFlow, with what else pip finds for it."""
    _test(session, OLDEST)


@nox.session
def newest(session: nox.Session) -> None:
    """All tests on the newest TensorFlow, in the versions of constraints.txt."""
    _test(session, NEWEST, *PINNED)


@nox.session(venv_backend="none")
def system(session: nox.Session) -> None:
    """`make test` in a clone of HEAD, with the Python that the system brings."""
    clone = str(_empty(session))
    # `--no-local` copies through the git protocol, so the clone shares no files with this tree.
    session.run("git", "clone", "--quiet", "--no-local", str(ROOT), clone)
    modules = os.environ.get("HUBEXPLORE_REAL_MODULES", str(ROOT.parent / "shared" / "real-modules"))
    session.chdir(clone)
    session.run("make", "test", f"PYTHON={SYSTEM}", env={"HUBEXPLORE_REAL_MODULES": modules})


@nox.session
def package(session: nox.Session) -> None:
    """The wheel, built from the source distribution and installed alone, passes the quickstart."""
    files = _empty(session)
    session.run(sys.executable, "-m", "build", "--outdir", str(files), str(ROOT), external=True)
    (wheel,) = files.glob("*.whl")
    size = wheel.stat().st_size
    if size > LARGEST_WHEEL:
        session.error(f"{wheel.name} has {size:,} bytes")
    session.chdir(ROOT)
    session.install(*PINNED, f"{wheel}[lab]")
    # Away from the source tree, which Python would otherwise import in place of the wheel.
    session.chdir(files)
    session.run("hubexplore", "show", "sample:half-plus-two")
    convert = ["python", "-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir", str(files)]
    quickstart = str(ROOT / "notebooks" / "01_quickstart.ipynb")
    session.run(*convert, quickstart, env={"JUPYTER_PREFER_ENV_PATH": "1"})
    session.log(f"{wheel.name}: {size / 1e6:.1f} MB")


def _test(session: nox.Session, *requirements: str) -> None:
    session.chdir(ROOT)
    session.install(*requirements, "--editable", ".[lab,test]")
    environment = {"JUPYTER_PREFER_ENV_PATH": "1"}
    session.run(*PYTEST, env=environment)
    # A second process: TF2 behaviour can only be disabled before TensorFlow is used.
    session.run(*PYTEST, "tests/hub", env=environment | {"HUBEXPLORE_TEST_TF1": "1"})


def _empty(session: nox.Session) -> Path:
    """A folder beside the environment, with nothing of an earlier run in it."""
    place = PLACE / f"{session.name}-files"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place
