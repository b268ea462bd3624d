"""Runs the notebooks and stores their outputs, unless something has changed.

    python tools/notebooks.py [--accept] [NOTEBOOK ...]

A notebook is refused and left unchanged if a cell fails, if something is written to stderr (where warnings
go), if it leaves files in its folder, or if the structure of its outputs differs from the stored one: the
kinds of outputs of each cell, and the MIME types of each output. `--accept` stores a new structure. A
notebook that was never run has no structure to compare with.
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
"""Maximum size of a stored notebook in bytes: code hosts display larger ones slowly or not at all."""
PATIENCE: Final = 300
"""Longest time in seconds that a cell may take."""


class RefusedError(Exception):
    """A run whose outputs must not be stored; the message says why."""


def code_cells(notebook: Any) -> list[Any]:
    """Returns the code cells."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def execute(notebook: Any, folder: Path) -> Any:
    """Runs a notebook in `folder`, in a new kernel of this Python.

    Raises:
      CellExecutionError: a cell failed.
    """
    client = NotebookClient(
        notebook,
        timeout=PATIENCE,
        # By default, output that arrives more than four seconds after the end of its cell is dropped.
        startup_timeout=PATIENCE,
        iopub_timeout=PATIENCE,
        kernel_name="python3",
        record_timing=False,
        # The HTML stored with each widget shows what it looked like. Its state would be large, and useless
        # without a kernel.
        store_widget_state=False,
        resources={"metadata": {"path": folder}},
    )
    return client.execute()


def structure(notebook: Any) -> list[str]:
    """Returns the kinds of the outputs, whatever they contain: a line for each cell."""
    return [f"{cell.id}: {', '.join(_kinds(cell.outputs)) or 'no output'}" for cell in code_cells(notebook)]


def _kinds(outputs: list[Any]) -> list[str]:
    kinds = [_kind(output) for output in outputs]
    # In how many messages a text arrives is a matter of time: what follows on one stream counts once.
    return [
        kind
        for before, kind in zip(["", *kinds], kinds, strict=False)
        if kind != before or not kind.startswith("stream")
    ]


def _kind(output: Any) -> str:
    detail = output.get("name") or " + ".join(sorted(output.get("data", {})))
    return f"{output.output_type} ({detail})" if detail else str(output.output_type)


def complaints(notebook: Any) -> list[str]:
    """Returns what was written to stderr."""
    return [
        output.text
        for cell in code_cells(notebook)
        for output in cell.outputs
        if output.get("name") == "stderr"
    ]


def run(file: Path, accept: bool = False) -> str:
    """Runs a notebook in a temporary folder; returns the text to store.

    Raises:
      RefusedError: the outputs must not be stored.
    """
    # A run changes the notebook that it is given, so it gets a copy of its own.
    stored = nbformat.read(file, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        try:
            ran = execute(nbformat.read(file, as_version=4), Path(folder))
        except CellExecutionError as error:
            raise RefusedError(f"a cell fails:\n{error}") from error
        if leftovers := sorted(path.name for path in Path(folder).iterdir()):
            raise RefusedError(f"it leaves files in its folder: {', '.join(leftovers)}")
    if warnings := complaints(ran):
        raise RefusedError("it writes to stderr:\n" + "".join(warnings))
    # Only the structure is compared: times, paths and random numbers differ from run to run.
    is_new = all(cell.execution_count is None for cell in code_cells(stored))
    before, now = structure(stored), structure(ran)
    if before != now and not (accept or is_new):
        lines = difflib.unified_diff(before, now, "stored", "now", lineterm="", n=0)
        raise RefusedError("the structure of its outputs changed (--accept stores it):\n" + "\n".join(lines))
    # The other metadata from the kernel depend on the machine.
    ran.metadata["language_info"] = {"name": "python"}
    text = str(nbformat.writes(ran))
    if len(text.encode()) > LARGEST:
        raise RefusedError(f"it has {len(text.encode()):,} bytes; at most {LARGEST:,} are allowed")
    return text if text.endswith("\n") else text + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 if all notebooks were stored, 1 if one was refused."""
    parser = argparse.ArgumentParser(description="Runs notebooks and stores their outputs.")
    parser.add_argument("files", nargs="*", type=Path, metavar="NOTEBOOK", help="default: all in notebooks/")
    parser.add_argument("--accept", action="store_true", help="also store outputs whose structure changed")
    options = parser.parse_args(arguments)
    # Do not start a kernel that another environment registered under the same name.
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
