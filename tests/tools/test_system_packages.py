"""System packages are installed if that needs no password; otherwise one line names them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "system_packages.sh"


class Machine:
    """A machine whose programs are lines of shell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("sh", "grep"):
            path = shutil.which(name)
            assert path
            (folder / name).symlink_to(path)

    def has(self, name: str, does: str = ":") -> None:
        program = self.folder / name
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(0o755)

    def asks(self, *names: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCRIPT, *names], env={"PATH": str(self.folder)}, capture_output=True, text=True, check=False
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_nothing_is_printed_if_all_are_installed(machine: Machine) -> None:
    machine.has("dot")
    done = machine.asks("dot", "libc.so.6")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_root_one_line_names_all(machine: Machine) -> None:
    machine.has("apt-get", "exit 1")
    machine.has("id", "echo 1000")
    done = machine.asks("dot", "chromium", "libnothing.so.9", "libc.so.6")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Missing: graphviz chromium libnothing.so.9. "
        "Install with: sudo apt-get install graphviz chromium libnothing.so.9\n"
    )


def test_without_apt_other_package_managers_are_named(machine: Machine) -> None:
    done = machine.asks("dot")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "conda install graphviz" in done.stderr


@pytest.mark.parametrize("user", ["0", "1000"])
def test_with_root_or_sudo_it_is_installed(user: str, machine: Machine) -> None:
    """A fresh machine has no package lists: they are fetched, and then the installation works."""
    log, lists = machine.folder / "log", machine.folder / "lists"
    machine.has("id", f"echo {user}")
    machine.has("sudo", 'shift; "$@"')
    machine.has("true")
    machine.has(
        "apt-get",
        f'echo "$*" >> {log}; [ "$1" = update ] && echo > {lists} && exit 0; [ -e {lists} ]',
    )
    done = machine.asks("dot")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Installing graphviz ...\n", "")
    install = "install --yes --no-install-recommends graphviz"
    assert log.read_text().splitlines() == [install, "update", install]
