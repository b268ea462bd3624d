"""Tests in environments of their own: the oldest and newest TensorFlow, the system's Python, the package.

    python -m tools.environments [NAME ...]

Each environment is made anew in build/environments/. What ran is told at the end; the exit code is 1 if
something failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tools import pins

ROOT: Final = Path(__file__).resolve().parents[1]
PLACE: Final = ROOT / "build" / "environments"
OLDEST: Final = "tensorflow==2.16.*"
NEWEST: Final = "tensorflow==2.21.*"
SYSTEM: Final = "/usr/bin/python3"
LARGEST_WHEEL: Final = 5_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs some or all; returns the exit code."""
    parser = argparse.ArgumentParser(description="Tests in environments of their own.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(RUNS)}; by default all")
    names = parser.parse_args(arguments).names or list(RUNS)
    if unknown := set(names) - set(RUNS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(RUNS)}")
    said = []
    for name in names:
        began = time.monotonic()
        print(f"== {name}", flush=True)
        try:
            RUNS[name](PLACE / name)
        except (subprocess.CalledProcessError, AssertionError) as error:
            said.append(f"{name}: FAILED after {time.monotonic() - began:.0f} s: {error}")
        else:
            said.append(f"{name}: passed in {time.monotonic() - began:.0f} s")
    print("\n".join(["", *said]))
    return int(any("FAILED" in line for line in said))


def oldest(place: Path) -> None:
    """All tests on the oldest TensorFlow, with what else pip finds for it."""
    _test(_environment(place, "--editable", ".[lab,test]", OLDEST))


def newest(place: Path) -> None:
    """All tests on the newest TensorFlow, in the versions of constraints.txt."""
    _test(_environment(place, "--constraint", "constraints.txt", "--editable", ".[lab,test]", NEWEST))


def package(place: Path) -> None:
    """The wheel, built from the source distribution and installed alone, passes the quickstart."""
    target = place.with_name("package-files")
    shutil.rmtree(target, ignore_errors=True)
    _run([sys.executable, "-m", "build", "--outdir", str(target), str(ROOT)])
    (wheel,) = target.glob("*.whl")
    assert wheel.stat().st_size < LARGEST_WHEEL, f"{wheel.name} has {wheel.stat().st_size:,} bytes"
    python = _environment(place, "--constraint", "constraints.txt", f"{wheel}[lab]")
    _run([str(python.with_name("hubexplore")), "show", "sample:half-plus-two"], cwd=target)
    quickstart = ROOT / "notebooks" / "01_quickstart.ipynb"
    convert = ["-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir", str(target)]
    _run([str(python), *convert, str(quickstart)], cwd=target)
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")


def system(place: Path) -> None:
    """`make test` in a clone of HEAD, with the Python that the system brings."""
    assert Path(SYSTEM).exists(), f"there is no {SYSTEM}"
    shutil.rmtree(place, ignore_errors=True)
    _run(["git", "clone", "--quiet", "--no-local", str(ROOT), str(place)])
    modules = os.environ.get("HUBEXPLORE_REAL_MODULES", str(ROOT.parent / "shared" / "real-modules"))
    _run(["make", "test", f"PYTHON={SYSTEM}"], cwd=place, HUBEXPLORE_REAL_MODULES=modules)


def index(place: Path) -> None:
    """An index has all that constraints.txt pins, for the lowest release of each declared Python."""
    for python in pins.declared_pythons():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--disable-pip-version-check", "--only-binary", ":all:", "--python-version", python]
        command += [
            "--target",
            str(place),
            "--constraint",
            "constraints.txt",
            f".[{','.join(pins.extras())}]",
        ]
        _run(command)
        print(f"constraints.txt can be installed on Python {python}", flush=True)


RUNS: Final[dict[str, Callable[[Path], None]]] = {
    "index": index,
    "oldest": oldest,
    "newest": newest,
    "system": system,
    "package": package,
}


def _environment(place: Path, *requirements: str) -> Path:
    """Makes it; returns its Python."""
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])
    return python


def _test(python: Path) -> None:
    pytest = [str(python), "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile"]
    _run(pytest)
    _run([*pytest, "tests/hub"], HUBEXPLORE_TEST_TF1="1")


def _run(command: Sequence[str], cwd: Path = ROOT, **variables: str) -> None:
    environment = os.environ | {"JUPYTER_PREFER_ENV_PATH": "1"} | variables
    subprocess.run(command, cwd=cwd, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main())
