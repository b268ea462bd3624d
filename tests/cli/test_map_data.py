"""`hubexplore map`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import hubexplore as hub
from hubexplore.cli import main
from tests.mapping import modules


@pytest.fixture(scope="module")
def lookup(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("modules") / "lookup"
    with hub.NotebookSession() as session:
        session.export(session.load(hub.create_module_spec(modules.lookup), "lookup"), path)
    return str(path)


def test_a_file_into_a_folder(lookup: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = tmp_path / "data.csv", tmp_path / "out"
    pd.DataFrame({"n": [1, 2, 3], "name": ["a", "b", "c"]}).to_csv(data, index=False)
    command = ["map", lookup, str(data), str(out), "--inputs", "id=n", "--outputs", "default=square"]
    assert main([*command, "--keep", "name", "--quiet"]) == 0
    assert capsys.readouterr().out == f"<MappedFiles {str(out)!r}: 3 rows in 1 file>\n"
    assert pd.read_parquet(out).to_dict("list") == {"name": ["a", "b", "c"], "square": [1, 4, 9]}
    # The same again is done already; another one is refused, unless it may replace it.
    assert main([*command, "--keep", "name"]) == 0
    assert main([*command, "--keep", "*"]) == 2
    assert "differs in keep" in capsys.readouterr().err
    assert main([*command, "--keep", "*", "--again", "--batch-size", "2"]) == 0
    assert list(pd.read_parquet(out).columns) == ["n", "name", "square"]


def test_failed_rows(lookup: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = tmp_path / "data.csv", tmp_path / "out"
    data.write_text("id\n1\n70\n3\n")
    assert main(["map", lookup, str(data), str(out)]) == 2
    assert f"Row 1 of {str(data)!r}: " in capsys.readouterr().err
    assert main(["map", lookup, str(data), str(out), "--errors", "collect", "--again"]) == 1
    assert "2 rows in 1 file, 1 failed" in capsys.readouterr().out


def test_bad_input(lookup: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["map", lookup, str(tmp_path / "none.csv"), str(tmp_path / "out")]) == 2
    (tmp_path / "data.csv").write_text("id\n1\n")
    words = [
        "map",
        lookup,
        str(tmp_path / "data.csv"),
        str(tmp_path / "out"),
        "--inputs",
        "id",
        "--inputs",
        "n",
    ]
    assert main(words) == 2
    assert "--inputs takes INPUT=COLUMN" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
