"""`%hub_map` and `%%hub_map`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from IPython.core.error import UsageError

from tests.notebook.shells import Run


def test_a_variable(scale: Run) -> None:
    scale(
        "import pandas as pd; frame = pd.DataFrame({'n': [1.0, 2.0], 'label': ['a', 'b']}, index=['p', 'q'])"
    )
    result = scale("%hub_map scale frame --inputs x=n --outputs twice --keep label")
    assert result.to_dict() == {"label": {"p": "a", "q": "b"}, "twice": {"p": 6.0, "q": 12.0}}


def test_a_cell_is_an_expression(scale: Run) -> None:
    result = scale("%%hub_map scale --outputs default --out rows\n[\n    1.0,\n    2.0,\n]")
    assert result == [{"default": 3.0}, {"default": 6.0}]
    assert scale("rows") == result


def test_a_file_into_a_folder(scale: Run, tmp_path: Path) -> None:
    pd.DataFrame({"x": [1.0, 2.0]}).to_parquet(tmp_path / "data.parquet")
    for _ in range(2):
        files = scale(f"%hub_map scale {tmp_path}/data.parquet --to {tmp_path}/out --batch-size 1")
        assert files.to_pandas()["default"].tolist() == [3.0, 6.0]
    with pytest.raises(UsageError, match="differs in batch_size"):
        scale(f"%hub_map scale {tmp_path}/data.parquet --to {tmp_path}/out")
    assert scale(f"%hub_map scale {tmp_path}/data.parquet --to {tmp_path}/out --again").rows == 2


def test_failed_rows(scale: Run) -> None:
    result, failed = scale("%%hub_map scale --collect\n[1.0, 'x', 3.0]")
    assert [row["default"] for row in result] == [3.0, 9.0]
    assert failed["row"].tolist() == [1]


def test_a_handle(run: Run, scale_path: Path) -> None:
    assert run(f"%%hub_map '{scale_path}' --outputs twice\n[1.0]") == [{"twice": 6.0}]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%hub_map scale", "needs data"),
        ("%%hub_map scale frame\n[1.0]", "takes the data from the cell"),
        ("%hub_map scale nothing", "no file or folder at 'nothing'"),
        ("%hub_map sclae nothing", "sclae"),
    ],
)
def test_bad_input(cell: str, words: str, scale: Run) -> None:
    with pytest.raises(UsageError, match=words):
        scale(cell)
