"""A user tries two modules in each front end: one live panel for each cell, and no picture of it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.front_ends.servers import FrontEnd
from tests.browser.notebook import PATIENCE, SCREENSHOTS
from tests.browser.test_hosts import CONTRAST


def panels(page: Page) -> tuple[Locator, Locator]:
    """The panels for sentences and for digits."""
    both = page.locator(".hubexplore-panel")
    expect(both).to_have_count(2, timeout=2 * PATIENCE)
    for title, panel in zip(("sample:text-embedding", "sample:digits"), both.all(), strict=True):
        expect(panel.get_by_role("heading", name=title)).to_be_visible()
        expect(panel.get_by_role("button", name="Run", exact=True)).to_be_visible()
    return both.nth(0), both.nth(1)


def run(panel: Locator) -> None:
    """Clicks Run, and waits until the result is painted."""
    panel.get_by_role("button", name="Run", exact=True).click()
    results = panel.get_by_role("region", name="Results", exact=True)
    expect(results).to_have_attribute("data-painted", "1", timeout=2 * PATIENCE)
    expect(results.get_by_role("img").first).to_be_visible()


def test_one_live_panel(page: Page, url: str, front_end: FrontEnd, name: str) -> None:
    page.goto(f"{url}{front_end.path}", timeout=2 * PATIENCE)
    front_end.run(page)
    sentences, digits = panels(page)

    field = sentences.get_by_role("textbox", name="default")
    field.fill("The king sat on his throne.\nA queen ruled over the kingdom.")
    run(sentences)
    expect(sentences).to_contain_text("2 × 100 float32")

    digits.get_by_label("Built-in sample").select_option(label="cube")
    expect(digits).to_contain_text("What the module receives")
    run(digits)
    expect(digits).to_contain_text("1 × 10 float32")
    sentences.get_by_role("tab", name="Graph").click()
    expect(sentences.locator(".hub-graph svg")).to_be_visible()
    sentences.get_by_role("tab", name="Try").click()

    expect(page.locator(".hubexplore-still:visible")).to_have_count(0)
    _judge(page, name, "light")
    if front_end.darken is not None:
        front_end.darken(page)
        panels(page)
        _judge(page, name, "dark")
    # Its tabs are not those of ipywidgets.
    if name == "marimo":
        _walk_by_keys(page, sentences)


def _walk_by_keys(page: Page, sentences: Locator) -> None:
    """Moves between tabs, and runs."""
    sentences.get_by_role("tab", name="Try").focus()
    page.keyboard.press("ArrowLeft")
    expect(sentences.get_by_role("tab", name="Overview")).to_be_focused()
    expect(sentences.get_by_role("tabpanel")).to_contain_text("Signatures")
    page.keyboard.press("ArrowRight")
    field = sentences.get_by_role("textbox", name="default")
    field.fill("one\ntwo")
    field.press("Shift+Enter")
    results = sentences.get_by_role("region", name="Results", exact=True)
    expect(results).to_have_attribute("data-painted", "2", timeout=2 * PATIENCE)


def _judge(page: Page, name: str, theme: str) -> None:
    """Takes a picture; what is written in cards and panels can be read."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}-{theme}.png", animations="disabled")
    for what in (
        page.locator(".hubexplore-panel .hub-title").first,
        page.locator(".hubexplore-panel textarea").first,
        page.locator(".hubexplore p.title").first,
        page.locator(".hubexplore td").first,
    ):
        assert what.evaluate(CONTRAST) > 4.5, f"{name} {theme}: {what}"
