"""Acts as a user of a notebook in JupyterLab: clicks, types, waits and reads what is displayed.

Every wait is for a state of the page, of the document or of the kernel, never for a fixed time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser.lab import Lab

SCREENSHOTS: Final = Path(__file__).resolve().parents[2] / "build" / "screenshots"
WINDOW: Final[ViewportSize] = {"width": 1280, "height": 900}
# On a busy machine with two cores, seconds become tens of seconds.
PATIENCE: Final = 60_000
THEMES: Final = {
    "light": "JupyterLab Light",
    "dark": "JupyterLab Dark",
    "high contrast": "JupyterLab Dark High Contrast",
}

# The active notebook.
_PANEL: Final = "const panel = window.jupyterapp.shell.currentWidget;"
_READY: Final = f"""() => {{
  {_PANEL}
  return Boolean(panel?.context?.isReady && panel.sessionContext?.isReady
    && panel.sessionContext.session?.kernel?.status === 'idle');
}}"""
# Counts in `window.ended` how often each cell has ended: its prompt gets a number whenever the kernel is done
# with it. The number itself is of no use, since it restarts with each kernel.
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
_NO_KERNEL: Final = f"() => {{ {_PANEL} return !panel.sessionContext.session?.kernel; }}"
_SAVED: Final = f"() => {{ {_PANEL} return !panel.context.model.dirty; }}"

# What a test leaves in the kernel. Modules stay imported.
EMPTY: Final = """
import ipywidgets
ipywidgets.Widget.close_all()
get_ipython().run_line_magic("unload_ext", "hubexplore")
get_ipython().run_line_magic("reset", "-f")
"""
# Runs code in the kernel of the active notebook, if it has one that can; returns whether it could.
_EMPTY_KERNEL: Final = """async code => {
  const kernel = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel;
  if (kernel?.status !== 'idle') return false;
  const answer = await kernel.requestExecute({ code, silent: true, store_history: false }).done;
  return answer.content.status === 'ok';
}"""
_CLOSE_ALL: Final = """() => {
  const { shell } = window.jupyterapp;
  shell.expandLeft();
  for (const widget of [...shell.widgets('main')]) widget.dispose();
}"""


class Notebook:
    """The active notebook of a user. Cells are counted from 0, from the top."""

    def __init__(self, page: Page, lab: Lab) -> None:
        self.page = page
        self.lab = lab

    # Opening and closing.

    def open(self, path: str) -> None:
        """Opens a file of the server's folder by its address, with its kernel."""
        self._visit(path)
        self.wait_for_kernel()

    def open_without_kernel(self, path: str) -> None:
        """Opens a file, and shuts down the kernel that JupyterLab starts for every notebook."""
        self.open(path)
        self.menu("Kernel", "Shut Down Kernel")
        self.page.wait_for_function(_NO_KERNEL, timeout=PATIENCE)

    def open_by_hand(self, name: str) -> None:
        """Opens a file of the server's folder by a double click in the list of files."""
        self._visit("")
        self.page.get_by_role("listitem", name=re.compile(f"Name: {re.escape(name)}")).dblclick()
        self.wait_for_kernel()

    def new(self) -> None:
        """Clicks on the notebook in the launcher.

        The kernel is new in the first test of a file, and after `start_over`. Otherwise it is the one of the
        last test: JupyterLab takes a kernel that is running for a file of the same name.
        """
        launcher = self.page.locator(".jp-LauncherCard[data-category='Notebook']").first
        if not launcher.is_visible():
            self._visit("")
        launcher.click()
        self.wait_for_kernel()

    def tidy_up(self) -> None:
        """Leaves the page and the kernel as a test expects them: empty, in the light theme."""
        # Only the kernel of the active notebook can be emptied. Another one would stay as it is until the end
        # of the file, with half a gigabyte, and a notebook of the same name would get it.
        is_only = len(self.lab.call("GET", "sessions")) == 1
        if is_only and self.page.evaluate(_EMPTY_KERNEL, EMPTY):
            self.switch_theme("light")
            self.page.evaluate(_CLOSE_ALL)
        else:
            self.start_over()

    def start_over(self) -> None:
        """Ends all kernels and leaves the page: the next notebook is that of a user who has just come."""
        self.lab.end_kernels()
        self.page.goto("about:blank")

    def _visit(self, path: str) -> None:
        self.page.goto(self.lab.address(path))
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0, timeout=PATIENCE)
        self.page.wait_for_function("() => Boolean(window.jupyterapp)", timeout=PATIENCE)

    def wait_for_kernel(self) -> None:
        """Waits until the active notebook has a kernel that is ready."""
        expect(self.panel).to_be_visible(timeout=PATIENCE)
        self.page.wait_for_function(_READY, timeout=PATIENCE)

    def save(self) -> None:
        """Saves with the menu and waits until the file is written."""
        self.menu("File", "Save Notebook")
        self.page.wait_for_function(_SAVED, timeout=PATIENCE)

    def close(self) -> None:
        """Closes the notebook's tab and ends its kernel."""
        self.menu("File", "Close and Shut Down Notebook…")
        self.accept("Ok")
        expect(self.panel).to_have_count(0)

    # Menus and dialogs.

    def menu(self, name: str, *labels: str) -> None:
        """Selects an item of the menu bar by its labels, through submenus if there are several."""
        self.page.get_by_role("menubar").get_by_role("menuitem", name=name, exact=True).click()
        for depth, label in enumerate(labels):
            text = self.page.locator(".lm-Menu-itemLabel").get_by_text(label, exact=True)
            item = self.page.locator(".lm-Menu").nth(depth).locator(".lm-Menu-item", has=text)
            item.hover() if depth < len(labels) - 1 else item.click()

    def accept(self, button: str) -> None:
        """Answers the open dialog with the button that has this text."""
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("button").filter(has_text=re.compile(f"^{button}$")).click()
        expect(dialog).to_have_count(0)

    # Cells.

    @property
    def panel(self) -> Locator:
        """The panel of the notebook."""
        return self.page.locator(".jp-NotebookPanel:visible")

    def cell(self, index: int) -> Locator:
        """A cell with its outputs."""
        return self.panel.locator(f".jp-Cell[data-windowed-list-index='{index}']")

    def output(self, index: int) -> Locator:
        """All outputs of a code cell."""
        return self.cell(index).locator(".jp-OutputArea-output")

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """The outputs of a code cell as the document stores them."""
        outputs: list[dict[str, Any]] = self.page.evaluate(_OUTPUTS, index)
        return outputs

    def code_cells(self) -> list[int]:
        """The indexes of the code cells."""
        indexes: list[int] = self.page.evaluate(_CODE_CELLS)
        return indexes

    def write(self, source: str) -> int:
        """Types source into the last cell, which is always empty, without running it; returns its index."""
        index = self.page.locator(".jp-Notebook .jp-Cell:visible").count() - 1
        editor = self.cell(index).locator(".cm-content")
        editor.click()
        # Inserted as if pasted: typing would close brackets and complete names.
        self.page.keyboard.insert_text(source)
        expect(editor).to_have_text(re.compile(re.escape(source.splitlines()[-1])))
        return index

    def run(self, source: str) -> int:
        """Types source into the last cell, runs it and waits until the kernel is done; returns its index.

        Raises:
          AssertionError: the cell failed.
        """
        index = self.write(source)
        self.run_cell(index)
        errors = [output["evalue"] for output in self.outputs(index) if output["output_type"] == "error"]
        assert not errors, errors
        return index

    def rewrite(self, index: int, source: str) -> None:
        """Replaces the source of a cell, runs it and waits until the kernel is done."""
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)
        self.run_cell(index)

    def run_cell(self, index: int) -> None:
        """Presses Shift+Enter in a cell and waits until the kernel is done with it."""
        self.cell(index).locator(".cm-content").click()
        self.wait_for([index], lambda: self.page.keyboard.press("Shift+Enter"))

    def run_all(self) -> list[int]:
        """Runs all cells with the menu, until all are done or one fails; returns their indexes."""
        cells = self.code_cells()
        self.wait_for(cells, lambda: self.menu("Run", "Run All Cells"))
        return cells

    def wait_for(self, cells: list[int], act: Callable[[], None]) -> None:
        """Calls `act`, which starts these cells, and waits until the kernel is done with them."""
        self.page.evaluate(_WATCH)
        act()
        self.page.wait_for_function(_ENDED, arg=cells, timeout=2 * PATIENCE)

    def restart_kernel(self) -> None:
        """Restarts the kernel with the menu and waits for the new one."""
        self.menu("Kernel", "Restart Kernel…")
        self.accept("Restart")
        self.page.wait_for_function(_READY, timeout=PATIENCE)

    # How it looks.

    def theme(self, name: str) -> None:
        """Changes to the theme `light`, `dark` or `high contrast` by the menu."""
        self.menu("Settings", "Theme", THEMES[name])
        self.page.wait_for_function(
            "name => document.body.dataset.jpThemeName === name", arg=THEMES[name], timeout=PATIENCE
        )

    def switch_theme(self, name: str) -> None:
        """Changes to a theme without the menu."""
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", THEMES[name]
        )
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=THEMES[name])

    def both_themes(self) -> Iterator[str]:
        """Yields the light or the dark theme, whichever it is, and then changes to the other one.

        It does not change back: JupyterLab fails to remove a style sheet that it is still loading.
        """
        names = ["light", "dark"]
        if self.page.evaluate("() => document.body.dataset.jpThemeLight === 'false'"):
            names.reverse()
        yield names[0]
        self.switch_theme(names[1])
        yield names[1]

    def zoom(self, percent: int) -> None:
        """As the browser's own zoom: as if the window had fewer and larger pixels."""
        self._resize(100 * WINDOW["width"] // percent, 100 * WINDOW["height"] // percent)

    def narrow(self, width: int) -> None:
        """Makes the window narrow enough that the outputs of cells are `width` pixels wide."""
        size = self.page.viewport_size or WINDOW
        output = self.panel.locator(".jp-OutputArea-output").first.bounding_box()
        assert output is not None
        self._resize(int(size["width"] - output["width"] + width), WINDOW["height"])

    def _resize(self, width: int, height: int) -> None:
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.wait_for_function("width => document.body.clientWidth === width", arg=width)

    def hide_files(self) -> None:
        """Hides the file browser beside the notebook with Ctrl+B."""
        self.page.keyboard.press("Control+b")
        expect(self.page.locator("#jp-left-stack")).to_be_hidden()

    def screenshot(self, name: str, what: Locator | None = None, style: str | None = None) -> Path:
        """Writes a picture of the window, or of a whole element, to the build folder; style is CSS for it."""
        path = SCREENSHOTS / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if what is None:
            self.page.screenshot(path=path, animations="disabled")
            return path
        size, box = self.page.viewport_size or WINDOW, what.bounding_box()
        assert box is not None
        # JupyterLab scrolls inside the window, so that a higher element would be cut off.
        self._resize(size["width"], max(size["height"], int(box["height"]) + 400))
        what.screenshot(path=path, animations="disabled", style=style)
        self._resize(size["width"], size["height"])
        return path
