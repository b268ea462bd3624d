"""Two processes that make the same module write the same bytes and say the same, whatever Python's hashes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_two_processes(tmp_path: Path) -> None:
    for number in range(4):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "words.txt").write_text(f"word {number}\n")
    targets = [tmp_path / "one", tmp_path / "two"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.hub.storage.export_worker", str(target), str(tmp_path)],
            env=os.environ | {"PYTHONHASHSEED": str(number), "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number, target in enumerate(targets)
    ]
    outputs = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    written = [
        {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}
        for target in targets
    ]
    assert "again/saved_model.pb" in written[0]
    assert [name for name in written[0] if written[0][name] != written[1].get(name)] == []
    assert written[0].keys() == written[1].keys()
    assert outputs[0][0] == outputs[1][0]
