"""The command `hubexplore trust`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hubexplore import cli
from hubexplore.trust import trusted
from tests.trust.modules import write_harmless, write_hostile

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command; returns exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = cli.main(list(map(str, arguments)))
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else -1
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    return write_hostile(tmp_path / "hostile", tmp_path / "canary")


def test_add_list_forget(command: Command, hostile: Path) -> None:
    assert command("trust", "list") == (0, "No modules are trusted.\n", "")
    code, out, _ = command("trust", "add", hostile)
    assert code == 0
    assert out.startswith("Trusted from now on:\n")
    (module,) = trusted.modules()
    code, out, _ = command("trust", "list")
    assert f"{module.digest[:12]}  {module.date}  {hostile}\n    {module.findings[0]}" in out
    assert json.loads(command("trust", "list", "--json")[1])[0]["digest"] == module.digest
    code, out, _ = command("trust", "forget", module.digest[:8])
    assert (code, out.splitlines()[0]) == (0, "No longer trusted:")
    assert trusted.modules() == ()


def test_a_harmless_module_need_not_be_trusted(command: Command, tmp_path: Path) -> None:
    code, out, _ = command("trust", "add", write_harmless(tmp_path / "harmless"))
    assert (code, trusted.modules()) == (0, ())
    assert "has no dangers" in out


def test_errors_are_one_line(command: Command, tmp_path: Path) -> None:
    code, _, err = command("trust", "forget", "0123456789")
    assert code == 2
    assert err.startswith("hubexplore: No trusted module is called '0123456789'. `hubexplore trust list`")
    assert command("trust", "add", tmp_path / "absent")[0] == 2
    trusted.path().parent.mkdir(parents=True, exist_ok=True)
    trusted.path().write_text("{")
    code, _, err = command("trust", "list")
    assert code == 2
    assert "is damaged" in err
    assert err.count("\n") == 1


def test_titles_of_strangers_are_escaped(command: Command) -> None:
    trusted.add("a1" * 32, "\x1b[31mred", ("\x1b[2J",))
    assert "\x1b" not in command("trust", "list")[1]


def test_convert_asks(command: Command, hostile: Path, tmp_path: Path) -> None:
    code, _, err = command("convert", hostile, tmp_path / "out", "--to", "hub")
    assert code == 2
    assert "hubexplore convert --trust PATH OUT" in err
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "canary").exists()
    assert command("convert", hostile, tmp_path / "out", "--to", "hub", "--trust")[0] == 0
    assert trusted.modules()[0].title == str(hostile)
