"""Downloads and extractions that are killed: nothing of them is used, and nothing stays."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.hub.resolve.conftest import Archives, Server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="locks and signals of Linux")

PROGRAM = Path(__file__).with_name("killing.py")


def killed(handle: str, *more: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, PROGRAM, handle, *more], capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def expect_whole(result: dict[str, Any], archives: Archives) -> None:
    """Whenever it was killed, after the next use there is one entry, whole, and nothing else."""
    (state,) = result["states"]
    entry = next(name for name in state if f"{name}/saved_model.pb" in state)
    inside = [name for name in state if name.startswith(f"{entry}/")]
    assert {f"{entry}/{name}" for name in archives.MODULE} <= set(inside)
    assert all(name.endswith((".json", ".archive")) for name in set(state) - {entry, *inside})


@pytest.mark.parametrize("damaged", [[], ["assets/words.txt"]])
def test_an_extraction(damaged: list[str], tmp_path: Path, archives: Archives) -> None:
    (tmp_path / "m.tar.gz").write_bytes(archives.tar_gz())
    result = killed(str(tmp_path / "m.tar.gz"), *damaged)
    assert result["killed"] > 20
    expect_whole(result, archives)


def test_a_download(server: Server, archives: Archives) -> None:
    result = killed(server.give("/m", archives.tar_gz()))
    assert result["killed"] > 20
    expect_whole(result, archives)
