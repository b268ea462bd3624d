"""Runs the tests in separate environments: oldest and newest TensorFlow, the system's Python, the package.

    python -m tools.environments [NAME ...]

Creates each environment from scratch in build/environments/ and prints a summary at the end. The exit code is
1 if something failed.
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
FOLDER: Final = ROOT / "build" / "environments"
OLDEST: Final = "tensorflow==2.16.*"
NEWEST: Final = "tensorflow==2.21.*"
SYSTEM: Final = "/usr/bin/python3"
LARGEST_WHEEL: Final = 5_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs some or all of them; returns the exit code."""
    parser = argparse.ArgumentParser(description="Runs the tests in separate environments.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(RUNS)}; default: all")
    names = parser.parse_args(arguments).names or list(RUNS)
    if unknown := set(names) - set(RUNS):
        parser.error(f"unknown NAME {', '.join(sorted(unknown))}; choose from {', '.join(RUNS)}")
    results = []
    for name in names:
        began = time.monotonic()
        print(f"== {name}", flush=True)
        try:
            RUNS[name](FOLDER / name)
        except (subprocess.CalledProcessError, AssertionError) as error:
            results.append(f"{name}: FAILED after {time.monotonic() - began:.0f} s: {error}")
        else:
            results.append(f"{name}: passed in {time.monotonic() - began:.0f} s")
    print("\n".join(["", *results]))
    return int(any("FAILED" in line for line in results))


def oldest(folder: Path) -> None:
    """Runs all tests on the oldest TensorFlow, with the other packages that pip finds for it."""
    _test(_environment(folder, "--editable", ".[lab,test]", OLDEST))


def newest(folder: Path) -> None:
    """Runs all tests on the newest TensorFlow, in the versions of constraints.txt."""
    _test(_environment(folder, "--constraint", "constraints.txt", "--editable", ".[lab,test]", NEWEST))


def package(folder: Path) -> None:
    """Runs the quickstart with the wheel, built from the source distribution and installed alone."""
    target = folder.with_name("package-files")
    # `build` makes the wheel from the source distribution, which shows that nothing is missing in that one.
    shutil.rmtree(target, ignore_errors=True)
    _run([sys.executable, "-m", "build", "--outdir", str(target), str(ROOT)])
    (wheel,) = target.glob("*.whl")
    assert wheel.stat().st_size < LARGEST_WHEEL, f"{wheel.name} has {wheel.stat().st_size:,} bytes"
    python = _environment(folder, "--constraint", "constraints.txt", f"{wheel}[lab]")
    _run([str(python.with_name("hubexplore")), "show", "sample:half-plus-two"], cwd=target)
    quickstart = ROOT / "notebooks" / "01_quickstart.ipynb"
    convert = ["-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir", str(target)]
    _run([str(python), *convert, str(quickstart)], cwd=target)
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")


def system(folder: Path) -> None:
    """Runs `make test` in a clone of HEAD, with the system's Python."""
    assert Path(SYSTEM).exists(), f"{SYSTEM} does not exist"
    shutil.rmtree(folder, ignore_errors=True)
    # A clone has only committed files; --no-local copies them instead of linking.
    _run(["git", "clone", "--quiet", "--no-local", str(ROOT), str(folder)])
    modules = os.environ.get("HUBEXPLORE_REAL_MODULES", str(ROOT.parent / "shared" / "real-modules"))
    _run(["make", "test", f"PYTHON={SYSTEM}"], cwd=folder, HUBEXPLORE_REAL_MODULES=modules)


def index(folder: Path) -> None:
    """Checks that the index has every pinned release for the lowest release of each declared Python."""
    for python in pins.declared_pythons():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--disable-pip-version-check", "--only-binary", ":all:", "--python-version", python]
        command += [
            "--target",
            str(folder),
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


def _environment(folder: Path, *requirements: str) -> Path:
    """Creates an environment; returns its Python."""
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])
    return python


def _test(python: Path) -> None:
    pytest = [str(python), "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile"]
    _run(pytest)
    _run([*pytest, "tests/hub"], HUBEXPLORE_TEST_TF1="1")


def _run(command: Sequence[str], cwd: Path = ROOT, **variables: str) -> None:
    # Jupyter prefers kernels of the user over those of an environment, which would run another Python.
    environment = os.environ | {"JUPYTER_PREFER_ENV_PATH": "1"} | variables
    subprocess.run(command, cwd=cwd, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main())
