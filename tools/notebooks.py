"""Runs the notebooks anew and stores their outputs, unless something is not as it was.

python tools/notebooks.py [--accept] [NOTEBOOK ...]

A notebook is refused, and left as it is, if a cell fails, if something is written to stderr (where warnings
go), if it leaves files beside itself, or if its outputs are of another structure than those stored: the kinds
of outputs of each cell, and the MIME types of each. `--accept` stores outputs of a new structure. A notebook
that was never run has no structure yet.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOKS: Final = Path(__file__).resolve().parents[1] / "notebooks"
LARGEST: Final = 400_000
"""Bytes of a stored notebook: a code host shows no larger ones, or slowly."""
PATIENCE: Final = 300
"""Seconds for a cell."""


class RefusedError(Exception):
    """What is wrong with a run."""


def code_cells(notebook: Any) -> list[Any]:
    """The cells that run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def execute(notebook: Any, folder: Path) -> Any:
    """Runs it in `folder`, in a new kernel of this Python.

    Raises:
      CellExecutionError: a cell failed.
    """
    client = NotebookClient(
        notebook,
        timeout=PATIENCE,
        # By default what a cell shows is dropped if it comes four seconds later than its end.
        startup_timeout=PATIENCE,
        iopub_timeout=PATIENCE,
        kernel_name="python3",
        record_timing=False,
        # What a widget looks like is stored beside it as HTML; its state would be large, and dead.
        store_widget_state=False,
        resources={"metadata": {"path": folder}},
    )
    return client.execute()


def structure(notebook: Any) -> list[str]:
    """What the outputs are, whatever is in them: a line for each cell."""
    return [
        f"{cell.id}: {', '.join(_kind(output) for output in cell.outputs) or 'no output'}"
        for cell in code_cells(notebook)
    ]


def _kind(output: Any) -> str:
    detail = output.get("name") or " + ".join(sorted(output.get("data", {})))
    return f"{output.output_type} ({detail})" if detail else str(output.output_type)


def complaints(notebook: Any) -> list[str]:
    """What was written to stderr."""
    return [
        output.text
        for cell in code_cells(notebook)
        for output in cell.outputs
        if output.get("name") == "stderr"
    ]


def run(file: Path, accept: bool = False) -> str:
    """Runs a notebook in a folder of its own; returns what to store.

    Raises:
      RefusedError: it is not to be stored.
    """
    stored = nbformat.read(file, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        try:
            ran = execute(nbformat.read(file, as_version=4), Path(folder))
        except CellExecutionError as error:
            raise RefusedError(f"a cell fails:\n{error}") from error
        if left := sorted(path.name for path in Path(folder).iterdir()):
            raise RefusedError(f"it leaves files beside itself: {', '.join(left)}")
    if said := complaints(ran):
        raise RefusedError("it writes to stderr:\n" + "".join(said))
    is_new = all(cell.execution_count is None for cell in code_cells(stored))
    before, now = structure(stored), structure(ran)
    if before != now and not (accept or is_new):
        lines = difflib.unified_diff(before, now, "stored", "now", lineterm="", n=0)
        raise RefusedError("its outputs have another structure (--accept stores it):\n" + "\n".join(lines))
    # What else the kernel writes there tells of the machine.
    ran.metadata["language_info"] = {"name": "python"}
    text = str(nbformat.writes(ran))
    if len(text.encode()) > LARGEST:
        raise RefusedError(f"it has {len(text.encode()):,} bytes; at most {LARGEST:,} are stored")
    return text if text.endswith("\n") else text + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 if all were stored, 1 if one was refused."""
    parser = argparse.ArgumentParser(description="Runs notebooks and stores their outputs.")
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="NOTEBOOK", help="by default all in notebooks/"
    )
    parser.add_argument("--accept", action="store_true", help="store outputs of another structure, too")
    options = parser.parse_args(arguments)
    # A kernel that another environment registered under the same name must not run instead.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    refused = False
    for file in options.files or sorted(NOTEBOOKS.glob("*.ipynb")):
        try:
            text = run(file, options.accept)
        except RefusedError as error:
            refused = True
            print(f"{file.name}: REFUSED: {error}", file=sys.stderr)
        else:
            file.write_text(text, encoding="utf-8")
            print(f"{file.name}: {len(text):,} bytes")
    return int(refused)


if __name__ == "__main__":
    sys.exit(main())
