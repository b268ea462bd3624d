"""A person at a notebook in JupyterLab: what they click and type, what they wait for and what they see.

Nothing here waits for a time: every wait is for a state of the page, of the document or of the kernel.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab

SCREENSHOTS: Final = Path(__file__).resolve().parents[2] / "build" / "screenshots"
# A machine with two cores that does something else as well: seconds become tens of seconds.
PATIENCE: Final = 120_000
THEMES: Final = {
    "light": "JupyterLab Light",
    "dark": "JupyterLab Dark",
    "high contrast": "JupyterLab Dark High Contrast",
}

# The notebook that is in front.
_PANEL: Final = "const panel = window.jupyterapp.shell.currentWidget;"
_READY: Final = f"""() => {{
  {_PANEL}
  return Boolean(panel?.context?.isReady && panel.sessionContext?.isReady
    && panel.sessionContext.session?.kernel?.status === 'idle');
}}"""
# From now on each cell tells in `window.ended` how often it ended: its prompt gets a number whenever its
# kernel is done with it. The number itself tells nothing, since it starts anew with each kernel.
_WATCH: Final = f"""() => {{
  {_PANEL}
  window.ended = panel.content.widgets.map(() => 0);
  panel.content.widgets.forEach((cell, index) => {{
    cell.model.stateChanged.connect((_, change) => {{
      if (change.name === 'executionCount' && change.newValue) window.ended[index] += 1;
    }});
  }});
}}"""
_ENDED: Final = f"""indexes => {{
  {_PANEL}
  const idle = panel.sessionContext.session?.kernel?.status === 'idle';
  const empty = index => !panel.content.widgets[index].model.sharedModel.source.trim();
  const ended = index => window.ended[index] > 0 || empty(index);
  const failed = index => window.ended[index] > 0
    && panel.content.widgets[index].model.outputs.toJSON().some(output => output.output_type === 'error');
  return idle && (indexes.every(ended) || indexes.some(failed));
}}"""
_CODE_CELLS: Final = f"""() => {{
  {_PANEL}
  return panel.content.widgets.flatMap((cell, index) => cell.model.type === 'code' ? [index] : []);
}}"""
_OUTPUTS: Final = f"index => {{ {_PANEL} return panel.content.widgets[index].model.outputs.toJSON(); }}"
_SAVED: Final = f"() => {{ {_PANEL} return !panel.context.model.dirty; }}"


class Notebook:
    """The notebook in front of a person. Cells are counted from 0, from the top."""

    def __init__(self, page: Page, lab: Lab) -> None:
        self.page = page
        self.lab = lab

    # Opening and closing.

    def open(self, path: str, *, kernel: bool = True) -> None:
        """Opens a file of the server's folder by its address; without `kernel`, none is started for it."""
        self._visit(path)
        if not kernel:
            self._choose_no_kernel()
        self._wait_for_document(kernel)

    def open_by_hand(self, name: str) -> None:
        """Opens a file of the server's folder by a double click in the list of files."""
        self._visit("")
        self.page.get_by_role("listitem", name=re.compile(f"Name: {re.escape(name)}")).dblclick()
        self._wait_for_document(kernel=True)

    def new(self) -> None:
        """Clicks on the notebook in the launcher."""
        self._visit("")
        launcher = self.page.locator(".jp-LauncherCard[data-category='Notebook']").first
        launcher.click()
        self._wait_for_document(kernel=True)

    def _visit(self, path: str) -> None:
        self.page.goto(self.lab.address(path))
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0, timeout=PATIENCE)
        self.page.wait_for_function("() => Boolean(window.jupyterapp)", timeout=PATIENCE)

    def _choose_no_kernel(self) -> None:
        self.page.wait_for_function(
            f"() => {{ {_PANEL} return Boolean(panel?.sessionContext?.isReady); }}", timeout=PATIENCE
        )
        self.page.evaluate(f"async () => {{ {_PANEL} await panel.sessionContext.shutdown(); }}")

    def _wait_for_document(self, kernel: bool) -> None:
        expect(self.panel).to_be_visible(timeout=PATIENCE)
        if kernel:
            self.page.wait_for_function(_READY, timeout=PATIENCE)

    def save(self) -> None:
        """Ctrl+S, until the file is written."""
        self.menu("File", re.compile("^Save Notebook$"))
        self.page.wait_for_function(_SAVED, timeout=PATIENCE)

    def close(self) -> None:
        """Closes the notebook's tab and ends its kernel."""
        self.menu("File", re.compile("^Close and Shut Down Notebook"))
        self.accept(re.compile("^Shut Down|^Ok$"))
        expect(self.panel).to_have_count(0)

    # Menus and dialogs.

    def menu(self, name: str, *items: re.Pattern[str]) -> None:
        """Picks an item of a menu of the menu bar; several: of its submenus."""
        self.page.get_by_role("menubar").get_by_role("menuitem", name=name, exact=True).click()
        for depth, item in enumerate(items):
            opened = self.page.locator(".lm-Menu").nth(depth)
            entry = opened.get_by_role("menuitem", name=item)
            entry.hover() if depth < len(items) - 1 else entry.click()

    def accept(self, button: re.Pattern[str]) -> None:
        """Answers the dialog that is open."""
        dialog = self.page.locator(".jp-Dialog")
        dialog.get_by_role("button", name=button).click()
        expect(dialog).to_have_count(0)

    # Cells.

    @property
    def panel(self) -> Locator:
        """All of the notebook."""
        return self.page.locator(".jp-NotebookPanel:visible")

    def cell(self, index: int) -> Locator:
        """A cell with its outputs."""
        return self.panel.locator(f".jp-Cell[data-windowed-list-index='{index}']")

    def output(self, index: int) -> Locator:
        """All outputs of a code cell."""
        return self.cell(index).locator(".jp-OutputArea-output")

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """The outputs of a code cell as they are in the document."""
        found: list[dict[str, Any]] = self.page.evaluate(_OUTPUTS, index)
        return found

    def code_cells(self) -> list[int]:
        """Where the code cells are."""
        found: list[int] = self.page.evaluate(_CODE_CELLS)
        return found

    def write(self, source: str) -> int:
        """Types a cell, without running it, into the last cell, which is left empty; returns which it is."""
        index = self.page.locator(".jp-Notebook .jp-Cell:visible").count() - 1
        editor = self.cell(index).locator(".cm-content")
        editor.click()
        # As pasting does: typing would have brackets closed and names completed.
        self.page.keyboard.insert_text(source)
        expect(editor).to_have_text(re.compile(re.escape(source.splitlines()[-1])))
        return index

    def run(self, source: str) -> int:
        """Types a cell into the last one, runs it and waits until the kernel is done; returns which it is."""
        index = self.write(source)
        self.run_cell(index)
        return index

    def run_cell(self, index: int) -> None:
        """Shift+Enter in a cell, and waits until the kernel is done with it."""
        self.cell(index).locator(".cm-content").click()
        self.wait_for([index], lambda: self.page.keyboard.press("Shift+Enter"))

    def run_all(self) -> list[int]:
        """Runs all cells, by the menu, until all are done or one fails; returns where the code cells are."""
        cells = self.code_cells()
        self.wait_for(cells, lambda: self.menu("Run", re.compile("^Run All Cells$")))
        return cells

    def wait_for(self, cells: list[int], act: Callable[[], None]) -> None:
        """Waits until the kernel is done with these cells, which run because of what `act` does."""
        self.page.evaluate(_WATCH)
        act()
        self.page.wait_for_function(_ENDED, arg=cells, timeout=2 * PATIENCE)

    def restart_kernel(self) -> None:
        """By the menu; waits until the new kernel is there."""
        self.menu("Kernel", re.compile("^Restart Kernel"))
        self.accept(re.compile("^Restart"))
        self.page.wait_for_function(_READY, timeout=PATIENCE)

    # How it looks.

    def theme(self, name: str) -> None:
        """Changes to the theme `light`, `dark` or `high contrast` by the menu."""
        self.menu("Settings", re.compile("^Theme$"), re.compile(f"^{THEMES[name]}$"))
        self.page.wait_for_function(
            "name => document.body.dataset.jpThemeName === name", arg=THEMES[name], timeout=PATIENCE
        )

    def zoom(self, percent: int) -> None:
        """As the browser's own zoom: the page gets fewer, larger pixels."""
        session = self.page.context.new_cdp_session(self.page)
        size = self.page.viewport_size
        assert size is not None
        scale = percent / 100
        session.send(
            "Emulation.setDeviceMetricsOverride",
            {
                "width": int(size["width"] / scale),
                "height": int(size["height"] / scale),
                "deviceScaleFactor": scale,
                "mobile": False,
            },
        )

    def narrow(self, width: int) -> None:
        """Makes the window as wide that a cell's output has `width` pixels."""
        self.page.set_viewport_size({"width": width + 130, "height": 900})

    def screenshot(self, name: str, what: Locator | None = None) -> Path:
        """Leaves a picture of the window, or of an element of it, in the build folder."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        (what or self.page).screenshot(path=path, animations="disabled")
        return path
