"""An environment that cannot work any more is made again; one that can, or is not the clone's own, stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "forget_moved.sh"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone in a folder with a name that a shell could take apart, with an environment that is ready."""
    made = tmp_path / "it's $HOME"
    (made / ".venv" / "bin").mkdir(parents=True)
    (made / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (made / ".venv" / "ready-lab").write_text(f"{made.resolve()}\n")
    return made


def is_ready(clone: Path) -> bool:
    """Whether it still is, after the script; what is not is marked as half made."""
    done = subprocess.run([SCRIPT], cwd=clone, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    ready = (clone / ".venv" / "ready-lab").exists()
    assert (clone / ".venv" / "unfinished").exists() != ready
    return ready


def test_one_that_works_stays(clone: Path) -> None:
    assert is_ready(clone)


def test_that_of_a_clone_that_was_moved_is_forgotten(clone: Path) -> None:
    assert not is_ready(clone.rename(clone.with_name("elsewhere")))


@pytest.mark.parametrize("python", ["/gone/python3.11", "/bin/false"])
def test_one_whose_python_is_gone_or_another_is_forgotten(clone: Path, python: str) -> None:
    link = clone / ".venv" / "bin" / "python"
    link.unlink()
    link.symlink_to(python)
    assert not is_ready(clone)


def test_a_link_to_an_environment_is_left_alone(clone: Path) -> None:
    linked = clone.with_name("linked")
    linked.mkdir()
    (linked / ".venv").symlink_to(clone / ".venv")
    assert is_ready(linked)


def test_without_an_environment_nothing_happens(tmp_path: Path) -> None:
    subprocess.run([SCRIPT], cwd=tmp_path, check=True)
    assert not list(tmp_path.iterdir())
