"""Strangers choose the names in a module: JupyterLab runs none of them as code."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.notebook import Notebook
from tests.browser.panel import Panel
from tests.display.strangers import ATTACKS, hostile_module


def ran(page: Page) -> bool:
    """Whether an attack has marked the root element of the page."""
    return bool(page.evaluate("document.documentElement.hasAttribute('data-ran')"))


def test_an_attack_succeeds_where_nothing_is_escaped(notebook: Notebook) -> None:
    """Otherwise the tests below would prove nothing."""
    notebook.new()
    notebook.run(f"from IPython.display import HTML\nHTML({ATTACKS[1]!r})")
    notebook.page.wait_for_function("document.documentElement.hasAttribute('data-ran')")
    notebook.start_over()  # the page is marked


def test_the_card(notebook: Notebook, lab: Lab) -> None:
    (lab.root / "module").mkdir()
    hostile_module(lab.root / "module")
    notebook.new()
    notebook.run("%load_ext hubexplore")
    shown = notebook.run("%hub_show module")
    card = notebook.output(shown)
    expect(card.get_by_text("Signatures").first).to_be_visible()
    for fold in card.locator("summary").all():
        fold.click()
    expect(card.get_by_text("onerror=").first).to_be_visible()
    notebook.screenshot("hostile")
    assert not ran(notebook.page)


def test_the_panel(notebook: Notebook, lab: Lab) -> None:
    (lab.root / "module").mkdir()
    hostile_module(lab.root / "module")
    notebook.new()
    panel = Panel.open(notebook, "'module'")
    variants = panel.node.get_by_label("Graph variant", exact=True)
    tagged = next(
        at for at, tags in enumerate(variants.locator("option").all_inner_texts()) if tags != "no tags"
    )
    variants.select_option(index=tagged)
    names = panel.node.get_by_label("Signature", exact=True).locator("option")
    expect(names.filter(has_text="onerror=").first).to_be_attached()
    at = next(at for at, name in enumerate(names.all_inner_texts()) if "onerror=" in name)
    panel.node.get_by_label("Signature", exact=True).select_option(index=at)
    expect(panel.node.locator(".hub-field")).to_contain_text("onerror=")
    for attack in ATTACKS[:3]:
        for box in panel.node.get_by_role("textbox").all():
            box.fill(attack)
        # The module cannot be loaded: the error says so, with names that strangers chose.
        panel.run_button.click()
        expect(panel.error).to_be_visible()
    for tab in panel.tabs[1:]:
        panel.tab(tab)
        for fold in panel.node.locator("summary:visible").all():
            fold.click()
        notebook.screenshot(f"hostile-{tab.lower()}", panel.node)
    panel.tab("Graph")
    expect(panel.node.locator(".hub-graph [aria-label*='onerror=']").first).to_be_visible()
    panel.node.get_by_role("searchbox", name="Search").fill("o")
    expect(panel.node.get_by_role("listbox").get_by_role("option").first).to_be_visible()
    notebook.page.keyboard.press("Enter")
    expect(panel.node.locator(".hub-graph-said")).not_to_be_empty()
    assert not ran(notebook.page)
