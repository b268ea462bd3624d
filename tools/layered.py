"""Makes an environment that adds packages to those of the one that runs this."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tools import set_up


def make(place: Path, packages: Path, what: str) -> int:
    """Makes the environment anew; returns the exit code of pip.

    Args:
      place: its folder.
      packages: a list of requirements with their versions. All are named, so that pip has nothing to choose,
        and leaves alone what this environment has.
      what: the packages in words, for the message of a failure.
    """
    venv.create(place, clear=True)
    own = sysconfig.get_path("purelib")
    # As code, which also follows the editable installation of hubexplore.
    Path(purelib(place), "venv.pth").write_text(f"import site; site.addsitedir({own!r})\n", "utf-8")
    done = set_up.run(
        [sys.executable, "-m", "pip", "--no-color", "--disable-pip-version-check", "--no-input",
         "--python", str(place / "bin" / "python"), "install", "--no-deps", "--only-binary", ":all:",
         "--requirement", str(packages)]
    )  # fmt: skip
    if done.returncode:
        print(f"{what} could not be installed: {set_up.why(done.stdout)}", file=sys.stderr)
    return done.returncode


def purelib(place: Path) -> str:
    """The folder of an environment for packages."""
    return subprocess.run(
        [place / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
