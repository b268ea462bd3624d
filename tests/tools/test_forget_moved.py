"""An environment that no longer works is set up again; one that works, or belongs to another clone, stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "forget_moved.sh"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with a ready environment, in a folder whose name a shell could misread."""
    folder = tmp_path / "it's $HOME"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (folder / ".venv" / "ready-lab").write_text(f"{folder.resolve()}\n")
    return folder


def is_ready(clone: Path) -> bool:
    """Whether the environment is still ready after the script; if not, it is marked as unfinished."""
    done = subprocess.run([SCRIPT], cwd=clone, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    ready = (clone / ".venv" / "ready-lab").exists()
    assert (clone / ".venv" / "unfinished").exists() != ready
    return ready


def test_one_that_works_stays(clone: Path) -> None:
    assert is_ready(clone)


def test_the_environment_of_a_moved_clone_is_forgotten(clone: Path) -> None:
    assert not is_ready(clone.rename(clone.with_name("elsewhere")))


@pytest.mark.parametrize("python", ["/gone/python3.11", "/bin/false"])
def test_one_whose_python_was_removed_or_replaced_is_forgotten(clone: Path, python: str) -> None:
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
