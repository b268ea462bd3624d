"""Code of runs whose inputs are files: uploads, and tables for all columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hubexplore as hub
from hubexplore.explorer import run_code
from hubexplore.explorer.runs import RunRequest
from hubexplore.explorer.subject import Subject
from hubexplore.inputs import fields
from hubexplore.inputs.external import sources
from hubexplore.inputs.tables import loading, table_sources
from hubexplore.inputs.tables.columns import layout
from hubexplore.inputs.tables.sheet import Sheet
from tests.explorer.copied_code import compare, file_of
from tests.notebook.shells import Run

pytestmark = pytest.mark.usefixtures("folder")


def uploaded(paths: Mapping[str, Path], signature: str, name: str, content: bytes) -> RunRequest:
    """A request with a file that was chosen in the browser, which does not say where it is."""
    summary = hub.summarize(str(paths["many"]))
    found = next(each for each in summary.variants[0].signatures if each.name == signature)
    (field,) = fields.fields(found, summary.variants[0])
    return RunRequest((), signature, {field.name: sources.read_file(field, name, content)})


ROWS = np.random.default_rng(1).random((500, 3))
UPLOADS: Mapping[str, tuple[str, str, bytes, str]] = {
    "npy": (
        "numbers",
        "my 'rows'.npy",
        file_of(np.save, ROWS),
        """np.load("my 'rows'.npy").astype('float32')""",
    ),
    "npz": (
        "numbers",
        "rows.npz",
        file_of(np.savez, numbers=ROWS, b=ROWS[:2]),
        "np.load('rows.npz')['numbers']",
    ),
    "csv": (
        "numbers",
        "rows.csv",
        file_of(np.savetxt, ROWS, delimiter=",", header="a,b,c", comments=""),
        "np.loadtxt('rows.csv', delimiter=',', skiprows=1, ndmin=2)",
    ),
    "one column": (
        "line",
        "rows.csv",
        file_of(np.savetxt, ROWS[:, 0]),
        "np.loadtxt('rows.csv', delimiter=',', ndmin=1)",
    ),
    "text": (
        "texts",
        "lines.txt",
        "\n".join(f"Sentence {at} é" for at in range(900)).encode(),
        "pathlib.Path('lines.txt').read_text('utf-8').splitlines()",
    ),
}


@pytest.mark.parametrize("kind", UPLOADS)
def test_uploads(run: Run, paths: Mapping[str, Path], folder: Path, kind: str) -> None:
    """A file that lies beside the notebook is read there; any other one is saved there."""
    signature, name, content, expected = UPLOADS[kind]
    request = uploaded(paths, signature, name, content)
    subject = Subject(str(paths["many"]))
    (first, *_) = run_code.codes(subject, request, folder)
    assert [(file.name, file.content) for file in first.files.values()] == [(name, content)]
    assert expected in first.text
    compare(run, subject, request)
    assert (folder / name).read_bytes() == content
    assert not run_code.codes(subject, request, folder)[0].files
    # A different file of the name stays as it is.
    (folder / name).write_bytes(b"mine")
    compare(run, subject, request)
    assert (folder / name).read_bytes() == b"mine"
    stem, _, end = name.rpartition(".")
    assert (folder / f"{stem}-2.{end}").read_bytes() == content


def test_a_short_upload_is_written_out(run: Run, paths: Mapping[str, Path], folder: Path) -> None:
    request = uploaded(paths, "numbers", "rows.csv", b"1,2,3\n4,5,6\n")
    subject = Subject(str(paths["many"]))
    assert "[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]" in compare(run, subject, request)
    assert not list(folder.iterdir())
    (folder / "rows.csv").write_bytes(b"1,2,3\n4,5,6\n")
    assert "np.loadtxt('rows.csv'" in compare(run, subject, request)


PEOPLE = pd.DataFrame({
    "age": np.random.default_rng(2).uniform(0, 90, 200).astype(np.float32).round(2),
    "city": ["Köln, Rhein", "Ulm"] * 100, "member": [True, False] * 100, "place {x}": ["1 2.5", "3 4"] * 100,
    "extra": 1,
})  # fmt: skip
TABLES: Mapping[str, tuple[bytes, str]] = {
    "people.csv": (PEOPLE.to_csv(index=False).encode(), "[row['age'] for row in table]"),
    "people.tsv": (PEOPLE.to_csv(index=False, sep="\t").encode(), "csv.DictReader(file, delimiter='\\t')"),
    "windows.csv": (PEOPLE.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"), "csv.DictReader"),
    "bare.csv": (PEOPLE.iloc[:, :4].to_csv(index=False, header=False).encode(), "[row[0] for row in table]"),
    "people.json": (PEOPLE.to_json(orient="records").encode(), "json.loads(pathlib.Path('people.json')"),
    "lines.jsonl": (PEOPLE.to_json(orient="records", lines=True).encode(), ".splitlines()"),
}


def table_request(module: Path, name: str, content: bytes) -> RunRequest:
    """A request with a table that was dropped for all columns."""
    summary = hub.summarize(str(module))
    signature = next(each for each in summary.variants[0].signatures if each.name == "people")
    assert summary.source is not None
    meta_graph = summary.source.meta_graphs[()]
    form = layout(fields.fields(signature, summary.variants[0], meta_graph), signature, meta_graph)
    sheet, table = Sheet(form), table_sources.read_file(form, name, content)
    assert isinstance(table, table_sources.Table)
    loading.load(sheet, table)
    return RunRequest((), "people", sheet.entries())


@pytest.mark.parametrize("name", TABLES)
def test_a_table_for_all_columns_is_read_from_its_file(
    run: Run, paths: Mapping[str, Path], folder: Path, name: str
) -> None:
    content, expected = TABLES[name]
    request = table_request(paths["many"], name, content)
    text = compare(run, Subject(str(paths["many"])), request)
    assert expected in text
    assert text.count(repr(name)) == 1  # read once for all columns
    assert (folder / name).read_bytes() == content


def test_parquet_for_all_columns(run: Run, paths: Mapping[str, Path], folder: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    content = PEOPLE.to_parquet(index=False)
    text = compare(run, Subject(str(paths["many"])), table_request(paths["many"], "people.parquet", content))
    assert "pyarrow.parquet.read_table('people.parquet').to_pydict()" in text


def test_a_table_that_numpy_reads_otherwise_is_written_out(
    run: Run, paths: Mapping[str, Path], folder: Path
) -> None:
    """Decimal commas; and a short table that is not beside the notebook."""
    content = b"age;city;member;place {x}\n1,5;Ulm;true;1 2\n"
    text = compare(run, Subject(str(paths["many"])), table_request(paths["many"], "a.csv", content))
    assert "[1.5]" in text
    assert not list(folder.iterdir())
    (folder / "a.csv").write_bytes(content)
    text = compare(run, Subject(str(paths["many"])), table_request(paths["many"], "a.csv", content))
    assert "[1.5]" in text
    assert "[row['city'] for row in table]" in text
