"""The command `hubexplore cost PATH`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hubexplore import cli
from tests.cli.test_show import write_module

Cost = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cost(capsys: pytest.CaptureFixture[str]) -> Cost:
    """Runs the command; returns the exit code, the output and the messages."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["cost", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def module(tmp_path: Path) -> str:
    """A module that doubles rows of 4."""
    return write_module(tmp_path / "module", extra="other")


def test_text(cost: Cost, module: str) -> None:
    code, out, err = cost(module)
    assert (code, err) == (0, "")
    assert out.startswith(f"Cost of {module} · signature default")
    assert "default (1, 4)" in out


def test_json_of_a_batch(cost: Cost, module: str) -> None:
    code, out, _ = cost(module, "--batch", "8", "--signature", "other", "--json")
    plain = json.loads(out)
    assert code == 0
    assert (plain["signature"], plain["shapes"]) == ("other", {"default": [8, 4]})
    assert plain["activation_bytes"] == 8 * 4 * 4


@pytest.mark.parametrize("shape", ["3x4", "3,4", "default=3x4", "default=3x?"])
def test_shapes(cost: Cost, module: str, shape: str) -> None:
    _, out, _ = cost(module, "--shape", shape, "--json")
    assert json.loads(out)["shapes"] == {"default": [3, 4]}


def test_a_page(cost: Cost, module: str, tmp_path: Path) -> None:
    page = tmp_path / "cost.html"
    code, out, err = cost(module, "--html", str(page))
    assert (code, out) == (0, "")
    assert "Wrote" in err
    assert "<title>Cost of" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--signature", "defualt"), "Did you mean 'default'"),
        (("--shape", "1x5"), "dimension 1 is 4, not 5"),
        (("--shape", "x=1x4"), "no input 'x'"),
        (("--shape", "1xa"), "--shape takes"),
        (("--shape", "1x4?"), "--shape takes"),
        (("--shape", "1x" + "9" * 5000), "--shape takes"),
        (("--shape", "1x4", "--shape", "1x4"), "--shape takes"),
        (("--batch", "0"), "batch is a number of rows"),
        (("--tags", "gpu"), "no graph variant"),
        (("--html", ""), "FILE of --html"),
    ],
)
def test_bad_input_is_one_line(cost: Cost, module: str, arguments: tuple[str, ...], words: str) -> None:
    code, out, err = cost(module, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
