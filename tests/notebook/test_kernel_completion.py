"""In a real kernel: what the tab key inserts means the name, and runs nothing of it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from tests.notebook.test_completion import HOSTILE, UNTYPEABLE
from tests.notebook.test_kernel import PATIENCE, Kernel, kernel, reply, value

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

__all__ = ["kernel"]

BEGIN = """
%load_ext hubexplore
import os, hubexplore as hub, tensorflow as tf
os.chdir({folder!r})
secret = "leaked"
names = {names!r}
def module_fn():
    for name in names:
        hub.add_signature(name, {{}}, {{"default": tf.constant(name)}})
spec = hub.create_module_spec(module_fn)
%hub_load spec --as m
"""


def inserted(client: BlockingKernelClient, line: str, cursor: int | None = None) -> list[str]:
    """The lines that a front end makes of the kernel's answer."""
    content = client.complete(line, cursor, reply=True, timeout=PATIENCE)["content"]
    assert content["status"] == "ok"
    begin, end = line[: content["cursor_start"]], line[content["cursor_end"] :]
    return [f"{begin}{match}{end}" for match in content["matches"]]


def test_hostile_names(kernel: Kernel, tmp_path: Path) -> None:
    _, client = kernel
    names = [*HOSTILE, *UNTYPEABLE]
    folder = tmp_path / "folder"
    folder.mkdir()
    assert reply(client, BEGIN.format(folder=str(folder), names=names))["status"] == "ok"
    for typed, behind in (("aa", ""), ("'aa", "'")):  # the editor has closed the quote
        line = f"y = 1\nx = %hub_call m --signature {typed}{behind}"
        values = []
        for cell in inserted(client, line, len(line) - len(behind)):
            assert reply(client, cell)["status"] == "ok", cell
            values.append(ast.literal_eval(value(client, "x.decode()")))
        assert sorted(values) == sorted(HOSTILE)
    assert list(folder.iterdir()) == []

    for name in HOSTILE:
        (folder / name).mkdir()
    # Shows what the line is read as; nothing of the folder is opened.
    reply(
        client, "import hubexplore.hub.summarize as reading\nreading.summarize = lambda source, **_: source"
    )
    found = []
    for cell in inserted(client, "%hub_show aa"):
        assert reply(client, f"x = {cell}")["status"] == "ok", cell
        found.append(ast.literal_eval(value(client, "os.path.relpath(x)")))
    assert sorted(found) == sorted(HOSTILE)
    assert sorted(path.name for path in folder.iterdir()) == sorted(HOSTILE)
