"""The panel and cards in front ends that bring ipywidgets without JupyterLab: VS Code and Colab.

A page puts outputs into boxes as these do, in a frame, with the variables of JupyterLab's light theme that
come along with ipywidgets. The panel's own script, style and picture are the real ones.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from hubexplore.display.card.html import framed, heading
from hubexplore.display.markup import join, tag
from hubexplore.notebook.panel.browser_widgets import PanelMonitor
from hubexplore.notebook.panel.snapshot import Snapshot

LIGHT = "--jp-content-font-color1: #212121; --jp-ui-font-color1: #212121; --jp-layout-color1: white;"
PAGES = {
    "vscode light": ("<html><body class='vscode-light' data-vscode-theme-kind='vscode-light'>", "white"),
    "vscode dark": ("<html><body class='vscode-dark' data-vscode-theme-kind='vscode-dark'>", "#1e1e1e"),
    "colab light": ("<html theme='default'><body>", "white"),
    "colab dark": ("<html theme='dark'><body>", "#383838"),
    "nbclassic": ("<html><body class='notebook_app'>", "white"),
}
BOXES = {
    "vscode": "<div class='output_container'><div class='output'>{}</div></div>",
    "colab": "<div class='display_data output_subarea'>{}</div>",
    "nbclassic": "<div class='output_area'><div class='output_subarea rendered_html'>{}</div></div>",
}
# As anywidget does, without a kernel.
RENDER = """async ([script, css, picture]) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const el = document.querySelector(".monitor");
  const model = { get: () => picture, send: () => {}, on: () => {}, off: () => {} };
  window.leave = widget.render({ model, el });
}"""
# The contrast of an element's colour and the ground of the page.
CONTRAST = """node => {
  const context = document.createElement("canvas").getContext("2d");
  const light = colour => {
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const part = value => value <= 10 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map(part);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const grounds = [getComputedStyle(document.body).backgroundColor, getComputedStyle(node).color].map(light);
  return (Math.max(...grounds) + 0.05) / (Math.min(...grounds) + 0.05);
}"""


@pytest.fixture(params=PAGES)
def host(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def requests() -> list[str]:
    """What the page asks other hosts for."""
    return []


@pytest.fixture
def frame(browser: Browser, host: str, requests: list[str]) -> Iterator[Frame]:
    """The frame with the outputs of a cell: the panel, which has not started yet, and its picture."""
    fold = tag("details", tag("summary", heading("Fold")), tag("div", tag("code", "code")))
    snapshot = Snapshot(lambda: framed(tag("p", "the picture"), fold), "hubexplore-still-1")
    panel = tag("div", tag("div", class_="monitor"), tag("p", "the panel"), class_="hubexplore-panel")
    card = framed(tag("p", "the card"), fold)
    outputs = [panel, snapshot._bundle()["text/html"], card]
    start, ground = PAGES[host]
    box = BOXES[host.split(maxsplit=1)[0]]
    style = (
        f"<style>:root {{ {LIGHT} }} body {{ background: {ground}; }} "
        "details, summary { display: block; }</style>"
    )
    content = f"<!doctype html>{start}{style}{''.join(map(box.format, outputs))}"
    page: Page = browser.new_page()
    page.on("request", lambda asked: requests.append(asked.url))
    page.set_content(str(join(tag("iframe", srcdoc=content, width=800, height=500))))
    inner = page.frames[1]
    inner.wait_for_load_state()
    yield inner
    page.close()


def test_one_panel_in_readable_colours(frame: Frame, host: str, requests: list[str]) -> None:
    picture, panel, card = (frame.get_by_text(f"the {what}") for what in ("picture", "panel", "card"))
    expect(picture).to_be_visible()
    frame.evaluate(RENDER, [PanelMonitor._esm, PanelMonitor._css, "hubexplore-still-1"])
    expect(panel).to_be_visible()
    expect(picture).to_be_hidden()
    for shown in (panel, card, frame.locator(".hubexplore code:visible, .hubexplore summary:visible").first):
        assert shown.evaluate(CONTRAST) > 7, host
    # Its triangle shows that it unfolds.
    expect(card.locator("..").locator("summary")).to_have_css("display", "list-item")
    assert [url for url in requests if not url.startswith(("about:", "blob:", "data:"))] == []


@pytest.mark.parametrize("host", ["vscode dark"])
def test_the_picture_returns_when_the_panel_leaves(frame: Frame) -> None:
    frame.evaluate(RENDER, [PanelMonitor._esm, PanelMonitor._css, "hubexplore-still-1"])
    expect(frame.get_by_text("the picture")).to_be_hidden()
    frame.evaluate("document.querySelector('.hubexplore-panel').remove()")
    expect(frame.get_by_text("the picture")).to_be_visible()


@pytest.mark.parametrize("host", ["colab light"])
@pytest.mark.parametrize("name", ["", "x, body", "} body"])
def test_only_a_class_hides(name: str, frame: Frame) -> None:
    frame.evaluate(RENDER, [PanelMonitor._esm, PanelMonitor._css, name])
    expect(frame.get_by_text("the picture")).to_be_visible()
    expect(frame.get_by_text("the card")).to_be_visible()
