"""Notebook 7, nbclassic, Voila and marimo, each with a notebook of its own, and how a user opens it there."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect

from tests.browser.lab import PATIENCE, SERVE, environment, running
from tests.conftest import ROOT

PYTHON: Final = ROOT / "build" / "front-ends" / "bin" / "python"
CELLS: Final = (
    "import hubexplore as hub",
    'hub.summarize("sample:text-embedding")',
    'sentences = hub.explore("sample:text-embedding")\nsentences',
    'digits = hub.explore("sample:digits")\ndigits',
    'hub.summarize("sample:digits").variables',
)
_STARTS: Final = 3
"""How often all cells are run until the page takes it."""
_JUPYTER: Final = (
    *("--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port={port}"),
    *("--IdentityProvider.token=", "--ServerApp.terminals_enabled=False", "--LabApp.news_url=None"),
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)


@dataclass(frozen=True)
class FrontEnd:
    """A front end in which a notebook is opened and run.

    Attributes:
      arguments: of its program; `{port}` is where it listens.
      path: of the page with the notebook.
      run: runs all cells of an opened page.
      darken: changes an opened page to a dark theme.
      foreign: beginnings of addresses that pages of this front end ask for by themselves.
      noise: beginnings of errors that it writes to the console by itself.
    """

    arguments: tuple[str, ...]
    path: str
    run: Callable[[Page], None]
    darken: Callable[[Page], None] | None
    foreign: tuple[str, ...] = ()
    noise: tuple[str, ...] = ()


def _run_menu(page: Page) -> None:
    prompts = page.locator(".jp-Notebook .jp-InputPrompt")
    for _ in range(_STARTS):
        page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
        menu(page, "Run", "Run All Cells")
        expect(prompts.filter(has_text="[*]")).to_have_count(0, timeout=2000 * PATIENCE)
        # In its first seconds the page says that it is ready, and drops the cells that it was told to run.
        if not prompts.filter(has_text="[ ]").count():
            return


def menu(page: Page, name: str, *labels: str) -> None:
    """Selects an item of the menu bar of Notebook 7."""
    page.get_by_role("menubar").get_by_role("menuitem", name=name, exact=True).click()
    for depth, label in enumerate(labels):
        text = page.locator(".lm-Menu-itemLabel").get_by_text(label, exact=True)
        item = page.locator(".lm-Menu").nth(depth).locator(".lm-Menu-item", has=text)
        item.hover() if depth < len(labels) - 1 else item.click()


def _run_classic(page: Page) -> None:
    page.wait_for_function("window.Jupyter?.notebook?.kernel?.widget_manager")
    # Until ipywidgets has asked the kernel for its widgets, new ones may lose their updates. It asks when the
    # page is opened: an answer to the same question comes after that.
    page.wait_for_function("Jupyter.notebook.kernel.widget_manager._loadFromKernel().then(() => true)")
    page.get_by_role("link", name="Cell", exact=True).click()
    page.get_by_role("menuitem", name="Run All", exact=True).click()


def _run_marimo(page: Page) -> None:
    page.locator(".cm-content").nth(len(CELLS) - 1).wait_for()
    # The kernel has looked at the cells.
    page.locator("[data-status='idle'], .needs-run").first.wait_for()
    page.get_by_test_id("run-button").last.click()


_DARK: Final = "body[data-jp-theme-light='false']"


def _darken_notebook(page: Page) -> None:
    menu(page, "Settings", "Theme", "JupyterLab Dark")
    page.locator(_DARK).wait_for(state="attached")


def _darken_voila(page: Page) -> None:
    page.goto(f"{page.url}?theme=dark")
    page.locator(_DARK).wait_for(state="attached")


def _darken_marimo(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.locator("body.dark").wait_for()


FRONT_ENDS: Final = {
    "notebook": FrontEnd(
        ("notebook", *_JUPYTER),
        "notebooks/journey.ipynb",
        _run_menu,
        _darken_notebook,
        noise=("uncaught: Cannot read properties of undefined (reading 'schema')",),
    ),
    "nbclassic": FrontEnd(
        ("nbclassic", *_JUPYTER),
        "nbclassic/notebooks/journey.ipynb",
        _run_classic,
        None,
        # It looks for extensions of other packages that are for Notebook 7 only.
        noise=("console: Failed to load ", "console: Refused to execute script "),
    ),
    "voila": FrontEnd(
        ("voila", "journey.ipynb", "--no-browser", "--Voila.ip=127.0.0.1", "--port={port}"),
        "",
        lambda page: None,
        _darken_voila,
        # Icons of its template.
        foreign=("https://cdn.jsdelivr.net/npm/@fortawesome/",),
        noise=("console: Failed to load resource", "console: Error: The getter for the shared module"),
    ),
    "marimo": FrontEnd(
        ("marimo", "edit", "journey.py", "--headless", "--no-token", "--skip-update-check",
         "--host", "127.0.0.1", "--port", "{port}"),
        "",
        _run_marimo,
        _darken_marimo,
    ),
}  # fmt: skip


@contextlib.contextmanager
def serving(front_end: FrontEnd, folder: Path, modules: Path) -> Iterator[str]:
    """Serves a folder with the notebook in it; yields the address of the server."""
    root, log = folder / "root", folder / "server.log"
    root.mkdir()
    _write_notebooks(root)
    variables = environment(folder, modules)
    variables["PATH"] = os.pathsep.join([str(PYTHON.parent), variables["PATH"]])
    port = str(_free_port())
    arguments = [argument.replace("{port}", port) for argument in front_end.arguments]
    # -P: the folder of serve.py has a file notebook.py.
    with running([str(PYTHON), "-P", str(SERVE), *arguments], root, variables, log) as process:
        url = f"http://127.0.0.1:{port}/"
        _wait(process, url, log)
        yield url


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Waits until a server answers, whatever it answers."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    # An address that makes no server do anything, such as run a notebook.
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended with {process.returncode}:\n{log.read_text()[-4000:]}")
        try:
            direct.open(f"{url}favicon.ico", timeout=30).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"The server does not answer:\n{log.read_text()[-4000:]}")


def _write_notebooks(root: Path) -> None:
    """Writes the cells as a notebook of Jupyter and of marimo."""
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "id": f"cell-{index}", "metadata": {}, "source": source, "outputs": [],
         "execution_count": None}
        for index, source in enumerate(CELLS)
    ]  # fmt: skip
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}
    (root / "journey.ipynb").write_text(json.dumps(notebook), "utf-8")
    functions = [
        "\n    ".join(
            [
                f"def _({'hub' if index else ''}):",
                *source.splitlines(),
                "return" if index else "return (hub,)",
            ]
        )
        for index, source in enumerate(CELLS)
    ]
    text = "\n\n".join(["import marimo\n\napp = marimo.App()", *(f"@app.cell\n{one}" for one in functions)])
    (root / "journey.py").write_text(f"{text}\n", "utf-8")
    (root / ".marimo.toml").write_text('[display]\ntheme = "system"\n', "utf-8")
