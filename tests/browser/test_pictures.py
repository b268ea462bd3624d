"""The pictures of the README, which `make pictures` takes from the version that it describes."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.notebook import Notebook
from tests.browser.panel import Panel

SENTENCES = (
    "The king sat on his throne.",
    "A queen ruled over the kingdom.",
    "She wrote a long letter to her sister.",
    "They had bread and wine.",
)


def test_sentences_in_the_explorer(notebook: Notebook) -> None:
    notebook.new()
    panel = Panel.open(notebook, "'sample:text-embedding'")
    panel.field("default").fill("\n".join(SENTENCES))
    panel.run()
    expect(panel.output("default").get_by_text("Most alike")).to_be_visible()
    notebook.screenshot("explorer", panel.node)


def test_a_card(notebook: Notebook) -> None:
    notebook.new()
    notebook.run("%load_ext hubexplore")
    card = notebook.output(notebook.run("%hub_show sample:digits")).first
    card.locator("summary").filter(has_text=re.compile("^Variables")).click()
    expect(card.get_by_text("logits/kernel", exact=True)).to_be_visible()
    notebook.screenshot("card", card)
