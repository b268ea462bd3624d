"""Makes build/front-ends: Notebook 7, nbclassic, Voila and marimo, which the browser tests open.

    .venv/bin/python -m tools.front_ends

They are not in .venv, because JupyterLab would load what they bring along. The environment adds them to the
packages of .venv, so that its kernels have the same hubexplore and the same TensorFlow.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Final

from tools import set_up

ROOT: Final = Path(__file__).resolve().parents[1]
PLACE: Final = ROOT / "build" / "front-ends"
PACKAGES: Final = Path(__file__).with_suffix(".txt")


def main() -> int:
    """Makes the environment anew; returns the exit code."""
    venv.create(PLACE, clear=True)
    _share(PLACE)
    # All versions are named, so that pip has nothing to choose, and leaves alone what .venv has.
    done = set_up.run(
        [sys.executable, "-m", "pip", "--no-color", "--disable-pip-version-check", "--no-input",
         "--python", str(PLACE / "bin" / "python"), "install", "--no-deps", "--only-binary", ":all:",
         "--requirement", str(PACKAGES)]
    )  # fmt: skip
    if done.returncode:
        print(f"The front ends could not be installed: {set_up.why(done.stdout)}", file=sys.stderr)
    return done.returncode


def _share(place: Path) -> None:
    """Gives an environment the packages of this one, and what they tell Jupyter."""
    own = sysconfig.get_path("purelib")
    theirs = subprocess.run(
        [place / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    # As code, which also follows the editable installation of hubexplore.
    Path(theirs, "venv.pth").write_text(f"import site; site.addsitedir({own!r})\n", "utf-8")
    # Copies, as Voila serves no links.
    for folder in ("share/jupyter", "etc/jupyter"):
        shutil.copytree(Path(sys.prefix, folder), place / folder, dirs_exist_ok=True)


if __name__ == "__main__":
    sys.exit(main())
