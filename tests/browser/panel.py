"""Acts as a user of the explorer panel; finds its parts by labels and roles, as a screen reader does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Locator, expect

from tests.browser.notebook import PATIENCE, Notebook

# The elements that the Tab key has to reach, in the order of the page.
TAB_STOPS: Final = """panel => {
  const shown = node => node.checkVisibility({visibilityProperty: true}) && !node.disabled;
  const kinds = 'a[href], button, input, select, textarea, summary, audio[controls], [tabindex]';
  // Chromium's Tab also stops at what scrolls, unless something in it can have the focus.
  const scrolls = node => ['auto', 'scroll'].includes(getComputedStyle(node).overflowX)
    && (node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight)
    && !node.querySelector(kinds);
  const stops = node => node.isContentEditable
    || (node.matches(kinds) ? node.matches('audio') || node.tabIndex >= 0 : scrolls(node));
  // A grid is one stop: Escape and Tab leave it.
  window.places = [...panel.querySelectorAll('*')].filter(node => shown(node)
    && (node.matches('[role=grid]') || (!node.closest('[role=grid]') && stops(node))));
  return window.places.length;
}"""
_FOCUS: Final = """panel => {
  const node = document.activeElement;
  if (!panel.contains(node)) return null;
  const style = getComputedStyle(node);
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  const grid = node.closest('[role=grid]');
  const place = window.places.indexOf(grid ?? node);
  return {place, inGrid: Boolean(grid), seen: outlined || style.boxShadow !== 'none',
          what: node.outerHTML.slice(0, 200), top: Math.round(node.getBoundingClientRect().top + scrollY)};
}"""
# The elements that extend beyond the right edge of the panel: text would be cut, or a second scroll bar
# appear.
HANGS_OVER: Final = """panel => {
  const edge = panel.getBoundingClientRect().right + 1;
  const scrolls = node => node.closest('.hub-scroll, svg, .hub-graph, .cm-editor, pre, [role=table], table');
  return [...panel.querySelectorAll('*')].filter(node => node.checkVisibility() && !scrolls(node)
    && node.getBoundingClientRect().right > edge).map(node => node.outerHTML.slice(0, 120));
}"""
# Texts whose colour is too near to that of their ground: less than 4.5 to 1, the limit of WCAG.
FAINT: Final = """panel => {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const pixel = colour => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const over = ([red, green, blue, alpha], ground) =>
    [red, green, blue].map((part, at) => (part * alpha + ground[at] * (255 - alpha)) / 255);
  const groundOf = node => {
    if (!node) return [255, 255, 255];
    const colour = pixel(getComputedStyle(node).backgroundColor);
    return colour[3] === 255 ? colour.slice(0, 3) : over(colour, groundOf(node.parentElement));
  };
  const part = value => value <= 10 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([red, green, blue]) => 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
  const hasText = node => [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
  const isDisabled = node => Boolean(node.closest(':disabled, [aria-disabled=true]'));
  return [...panel.querySelectorAll('*')]
    .filter(node => hasText(node) && node.checkVisibility() && node.offsetWidth > 1 && !isDisabled(node))
    .flatMap(node => {
      const ground = groundOf(node);
      const lights = [light(ground), light(over(pixel(getComputedStyle(node).color), ground))];
      const contrast = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
      return contrast < 4.5 ? [`${contrast.toFixed(1)}: ${node.outerHTML.slice(0, 160)}`] : [];
    });
}"""


class Panel:
    """The panel that a cell of a notebook shows.

    Args:
      notebook: the notebook that contains it.
      cell: index of the cell that displays it, from 0.
    """

    def __init__(self, notebook: Notebook, cell: int) -> None:
        self.notebook = notebook
        self.page = notebook.page
        self.cell = cell
        self.node = notebook.cell(cell).locator(".hubexplore-panel")
        self.results = self.node.get_by_role("region", name="Results", exact=True)
        self.status = self.node.locator(".hub-try .hub-status").get_by_role("status")
        self.error = self.node.locator(".hub-try").get_by_role("alert")

    @staticmethod
    def open(notebook: Notebook, what: str) -> Panel:
        """Runs `hubexplore.explore(what)` in a cell and waits until the panel is displayed."""
        cell = notebook.run(f"import hubexplore\npanel = hubexplore.explore({what})\npanel")
        panel = Panel(notebook, cell)
        expect(panel.run_button).to_be_visible(timeout=PATIENCE)
        return panel

    @staticmethod
    def open_in(notebook: Notebook, what: str) -> Panel:
        """As `open`, but always in the first cell, whose earlier panel is closed."""
        notebook.rewrite(0, f"import hubexplore\nhubexplore.explore({what})")
        panel = Panel(notebook, 0)
        expect(panel.run_button).to_be_visible(timeout=PATIENCE)
        return panel

    # The form.

    @property
    def run_button(self) -> Locator:
        """The Run button."""
        return self.node.get_by_role("button", name="Run", exact=True)

    def field(self, name: str) -> Locator:
        """The text box, or the number box, of an input."""
        label = re.compile(rf"^{re.escape(name)}\b")
        box = self.node.get_by_role("textbox", name=label)
        return box.or_(self.node.get_by_role("spinbutton", name=label)).first

    def table_cell(self, name: str, row: int) -> Locator:
        """A cell by the heading of its column and the number of its row, as a screen reader finds it."""
        grid = self.node.get_by_role("grid")
        heading = grid.get_by_role("columnheader").filter(has=self.page.get_by_text(name, exact=True))
        index = heading.get_attribute("aria-colindex")
        return grid.locator(f"[aria-rowindex='{row + 1}'] [role=gridcell][aria-colindex='{index}']")

    def choose(self, label: str, option: str) -> None:
        """Selects an option in the list with this label."""
        self.node.get_by_label(label, exact=True).select_option(label=option)

    def fill(self, example: str, rows: int) -> None:
        """Puts an example into the form."""
        self.choose("Fill with", example)
        self.node.get_by_label("Rows", exact=True).fill(str(rows))
        self.node.get_by_role("button", name="Fill in").click()

    def upload(self, *files: Path) -> None:
        """Selects files for the first input that takes files."""
        self.node.locator("input[type=file]").first.set_input_files(files)

    @property
    def tabs(self) -> list[str]:
        """The titles of the tabs, from left to right."""
        return [title.strip() for title in self.node.get_by_role("tab").all_inner_texts()]

    def tab(self, name: str) -> None:
        """Opens a tab."""
        tab = self.node.get_by_role("tab", name=name, exact=True)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")

    # Runs.

    def run(self) -> int:
        """Clicks Run and waits until the result is painted; returns the number of the run."""
        number = self.runs + 1
        self.run_button.click()
        self.wait_for_run(number)
        return number

    @property
    def runs(self) -> int:
        """The number of runs in the log."""
        return self.log.locator("tbody tr").count()

    def wait_for_run(self, number: int) -> None:
        """Waits until the results of a run are painted, and the log, which follows them, has the run."""
        expect(self.results).to_have_attribute("data-painted", str(number), timeout=2 * PATIENCE)
        expect(self.log.locator(f"tr[data-number='{number}']")).to_have_count(1)

    def wait_for_error(self, words: str | re.Pattern[str]) -> None:
        """Waits until the panel displays an error with these words."""
        expect(self.error).to_contain_text(words, timeout=2 * PATIENCE)

    # Results.

    def output(self, name: str) -> Locator:
        """The region of an output."""
        return self.results.get_by_role("region", name=name, exact=True)

    def view(self, output: str, view: str) -> None:
        """Selects the view of an output."""
        self.output(output).get_by_label("View").select_option(label=view)

    @property
    def log(self) -> Locator:
        """The table of the runs."""
        return self.node.locator("table.hub-log")

    def put_back(self, number: int) -> None:
        """Puts the inputs of a run back."""
        self.log.get_by_role("button", name=f"Run {number}: restore its inputs").click()

    def pin(self, number: int) -> None:
        """Pins a run."""
        self.log.get_by_label(f"Pin run {number} to compare it").check()

    def copy_code(self, kind: str) -> str:
        """Copies the code of the current inputs; returns the text in the clipboard."""
        self.node.get_by_label("Copy as").select_option(label=kind)
        self.node.get_by_role("button", name="Copy the code").click()
        expect(self.node.locator(".hub-code").get_by_role("status")).to_have_text(
            re.compile(r"^Copied($|\. Saved .* beside the notebook$)")
        )
        return str(self.page.evaluate("navigator.clipboard.readText()"))

    def wait_for_still(self, words: str) -> None:
        """Waits until the static picture in the document contains these words."""
        self.page.wait_for_function(
            """([index, words]) => window.jupyterapp.shell.currentWidget.content.widgets[index].model.outputs
              .toJSON().some(output => JSON.stringify(output.data?.['text/html'] ?? '').includes(words))""",
            arg=[self.cell, words],
        )

    def value(self, expression: str = "panel.value") -> str:
        """Prints an expression in a cell; returns the text."""
        cell = self.notebook.run(f"print({expression})")
        # Without stderr: TensorFlow logs the end of a cancelled run whenever it comes, into any cell.
        outputs = self.notebook.outputs(cell)
        return "".join(str(output.get("text", "")) for output in outputs if output.get("name") == "stdout")


def walk(panel: Panel) -> list[dict[str, Any]]:
    """Presses Tab from the first element until the focus leaves the panel; returns the focused elements.

    A grid counts as one, and so does a player, through whose parts the focus goes.
    """
    count = panel.node.evaluate(TAB_STOPS)
    panel.node.evaluate("() => window.places[0].focus({focusVisible: true})")
    seen: list[dict[str, Any]] = []
    presses = 0
    while (place := panel.node.evaluate(_FOCUS)) is not None:
        if not seen or place["place"] != seen[-1]["place"]:
            seen.append(place)
        presses += 1
        assert presses <= 3 * count, "the focus goes round in circles"
        if place["inGrid"]:
            panel.page.keyboard.press("Escape")
        panel.page.keyboard.press("Tab")
    return seen
