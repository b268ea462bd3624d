"""The command `hubexplore compare A B`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore import cli
from tests.cli.test_show import write_module
from tests.hub.modules import export

v1 = tf.compat.v1
Compare = Callable[..., tuple[int, str, str]]


@pytest.fixture
def compare(capfd: pytest.CaptureFixture[str]) -> Compare:
    """Runs the command; returns exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.main(["compare", *arguments])
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        out, err = capfd.readouterr()
        return code, out, err

    return run


def module(path: Path, factor: float) -> str:
    """A module with the variable `dense/kernel`, 1 to 4, times a factor."""

    def build() -> None:
        x = v1.placeholder(tf.float32, [None, 2])
        values = np.array([[1, 2], [3, 4]], np.float32) * np.float32(factor)
        hub.add_signature(inputs=x, outputs=tf.matmul(x, v1.get_variable("dense/kernel", initializer=values)))

    return export(hub.create_module_spec(build), path)


@pytest.fixture
def two(tmp_path: Path) -> tuple[str, str]:
    return module(tmp_path / "old", 1), module(tmp_path / "new", 1.5)


def test_weights(compare: Compare, two: tuple[str, str]) -> None:
    code, out, _ = compare(*two, "--weights")
    assert code == 0
    assert "1 of 1 variable changed from 'old' to 'new': relative change 0.5, cosine 1.0000." in out
    assert "checksum" not in out
    # Without them only the checksums are compared.
    assert "checksum" in compare(*two)[1]


def test_other_forms(compare: Compare, two: tuple[str, str], tmp_path: Path) -> None:
    _, out, _ = compare(*two, "--weights", "--json")
    (variable,) = json.loads(out)["weights"]["variables"]
    assert (variable["name"], variable["relative"]) == ("dense/kernel", pytest.approx(0.5))
    assert "weights" not in json.loads(compare(*two, "--json")[1])
    compare(*two, "--weights", "--html", str(tmp_path / "changes.html"))
    assert "dense/<wbr>kernel" in (tmp_path / "changes.html").read_text()


def test_damage(compare: Compare, two: tuple[str, str]) -> None:
    (data,) = Path(two[1], "variables").glob("*.data-*")
    data.write_bytes(bytes(len(data.read_bytes())))
    code, out, _ = compare(*two, "--weights")
    assert code == cli.DIFFERENT
    assert "the stored values of 'dense/kernel' are damaged: they do not have their checksum" in out
    # The checksums of the index are equal, so that only the values tell.
    code, out, _ = compare(two[1], two[1], "--weights")
    assert code == cli.DIFFERENT
    assert "undamaged" not in out
    data.write_bytes(b"")
    code, out, err = compare(*two, "--weights")
    assert (code, out) == (cli.BAD_INPUT, "")
    assert "is truncated: it has 0 bytes and needs at least 16" in err


def test_the_same_as_show(compare: Compare, two: tuple[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    _, expected, _ = compare(*two, "--weights")
    assert cli.main(["show", two[0], "--compare", two[1], "--weights"]) == 0
    assert capfd.readouterr().out == expected


def test_bad_input(compare: Compare, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    plain = write_module(tmp_path / "plain")
    code, _, err = compare(plain)
    assert (code, "required: B" in err) == (cli.BAD_INPUT, True)
    with pytest.raises(SystemExit):
        cli.main(["show", plain, "--weights"])
    assert "name the other one with --compare OTHER" in capfd.readouterr().err


def test_modules_without_variables(compare: Compare, tmp_path: Path) -> None:
    plain = write_module(tmp_path / "plain")
    code, out, _ = compare(plain, plain, "--weights")
    assert code == 0
    assert "No weights to compare" in out


def test_without_tensorflow(two: tuple[str, str]) -> None:
    import subprocess

    code = (
        "import sys\nfrom hubexplore import cli\n"
        f"cli.main(['compare', {two[0]!r}, {two[1]!r}, '--weights'])\n"
        "print([name for name in ('tensorflow', 'pandas', 'IPython') if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert output.endswith("\n[]\n")
