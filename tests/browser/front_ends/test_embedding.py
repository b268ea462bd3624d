"""The panel where html-manager shows it, as in VS Code and Colab: one, live, in readable colours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from playwright.sync_api import Browser, expect

from tests.browser.front_ends.embedding import EMBED, Embedding, Host
from tests.browser.front_ends.servers import CELLS
from tests.browser.lab import environment
from tests.browser.notebook import SCREENSHOTS
from tests.browser.test_hosts import CONTRAST, PAGES
from tools.front_ends import NOT_DELIVERED

_BOXES = {
    "vscode": "<div class='output_container'><div class='output content'></div></div>",
    "colab": "<div class='display_data output_subarea content'></div>",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, modules_cache: Path) -> Iterator[BlockingKernelClient]:
    """A kernel for all pages."""
    # The only part of the set-up that comes from npm, which not every network reaches.
    if not EMBED.exists() and NOT_DELIVERED.exists():
        pytest.skip(NOT_DELIVERED.read_text("utf-8"))
    if not EMBED.exists():
        message = f"{EMBED} is not there; `make test` fetches it"
        if os.environ.get("HUBEXPLORE_REQUIRE_PROGRAMS"):
            pytest.fail(message)
        pytest.skip(message)
    folder = tmp_path_factory.mktemp("kernel")
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=environment(folder, modules_cache), cwd=str(folder))
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("name", ["vscode light", "vscode dark", "colab light", "colab dark"])
def test_one_live_panel(name: str, browser: Browser, client: BlockingKernelClient) -> None:
    start, ground = PAGES[name]
    host = Host(start, ground, _BOXES[name.split(maxsplit=1)[0]])
    with browser.new_context(viewport={"width": 1000, "height": 3000}) as context:
        page = Embedding(context.new_page(), host, client)
        for cell in CELLS:
            page.run(cell)
        panels = page.frame.locator(".hubexplore-panel")
        page.until(lambda: panels.count() == 2 and panels.locator("textarea").count() == 1)
        sentences, digits = panels.nth(0), panels.nth(1)

        sentences.locator("textarea").fill("The king sat on his throne.\nA queen ruled over the kingdom.")
        sentences.get_by_role("button", name="Run", exact=True).click()
        results = sentences.get_by_role("region", name="Results", exact=True)
        page.until(lambda: results.get_attribute("data-painted") == "1")
        expect(sentences).to_contain_text("2 × 100 float32")
        digits.get_by_label("Built-in sample").select_option(label="cube")
        page.until(lambda: digits.get_by_text("What the module receives").count() == 1)
        digits.get_by_role("button", name="Run", exact=True).click()
        page.until(lambda: digits.get_by_text("1 × 10 float32").count() > 0)

        expect(page.frame.locator(".hubexplore-panel:visible")).to_have_count(2)
        expect(page.frame.locator(".hubexplore-still")).to_have_count(2)
        expect(page.frame.locator(".hubexplore-still:visible")).to_have_count(0)
        expect(page.frame.get_by_role("alert").filter(has_text="disconnected")).to_have_count(0)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.page.screenshot(path=SCREENSHOTS / f"{name.replace(' ', '-')}.png", animations="disabled")
        for what in (".hubexplore-panel .hub-title", ".hubexplore-panel textarea", ".hubexplore p.title",
                     ".hubexplore td", ".hubexplore-panel .widget-label"):  # fmt: skip
            assert page.frame.locator(what).first.evaluate(CONTRAST) > 4.5, what
        assert page.foreign == []
