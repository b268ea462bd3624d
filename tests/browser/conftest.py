"""A JupyterLab for each process that runs tests, a browser for each file, a new profile for each test."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.browser.lab import Lab, serving
from tests.browser.notebook import PATIENCE, SCREENSHOTS, WINDOW, Notebook
from tests.conftest import lacking

FLAGS = [
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
expect.set_options(timeout=PATIENCE)

# What JupyterLab itself says when a kernel is restarted, and where a widget is shown whose kernel is gone.
NOISE = ("Could not restore the debugger state: Canceled future", "Error: widget model not found")


@dataclass
class Complaints:
    """What went wrong in a page without anybody seeing it; a test ends with an empty list."""

    found: list[str] = field(default_factory=list)
    own: str = ""

    def watch(self, page: Page, own: str) -> None:
        """Listens to a page of the server at `own`."""
        self.own = own
        page.on("pageerror", lambda error: self.found.append(f"uncaught: {error}"))
        page.on("console", self.hear)
        page.on("request", self.see)

    def hear(self, message: ConsoleMessage) -> None:
        """An error on the console."""
        if message.type == "error" and not message.text.startswith(NOISE):
            self.found.append(f"console: {message.text} ({message.location['url']})")

    def see(self, request: Request) -> None:
        """A request that leaves this machine."""
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.netloc != urlsplit(self.own).netloc:
            self.found.append(f"asks another host: {request.url}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab, as long as the process runs tests."""
    with serving(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def lab(server: Lab) -> Iterator[Lab]:
    """JupyterLab with the project's notebooks in its folder; no kernel, no setting of the last test."""
    server.lay_out()
    server.forget_settings()
    yield server
    server.end_kernels()


@pytest.fixture(scope="session")
def driver() -> None:
    """Playwright's driver can start: it is a program that came by pip, and needs libraries that did not."""
    done = subprocess.run(
        [compute_driver_executable()[0], "--version"], capture_output=True, text=True, check=False
    )
    if missing := re.search(r"loading shared libraries: (\S+):", done.stderr):
        lacking(missing[1])


@pytest.fixture(scope="module")
def browser(chromium: str, driver: None) -> Iterator[Browser]:
    """Debian's Chromium. For one file: while Playwright is there, asyncio.run works in no other test."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium, args=list(FLAGS), chromium_sandbox=False
        )
        yield started
        started.close()


@pytest.fixture
def complaints() -> Complaints:
    """What went wrong in the page; a test that provokes something takes it out."""
    return Complaints()


@pytest.fixture
def page(
    browser: Browser, lab: Lab, complaints: Complaints, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page with a new profile. If the test fails, a picture of it and the server's last words are shown."""
    with browser.new_context(viewport=WINDOW, accept_downloads=True) as context:
        context.set_default_timeout(PATIENCE)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        fresh = context.new_page()
        complaints.watch(fresh, lab.url)
        failed = request.session.testsfailed
        yield fresh
        if request.session.testsfailed > failed:
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            fresh.screenshot(path=SCREENSHOTS / f"failed-{request.node.name}.png")
            print(f"{SCREENSHOTS}/failed-{request.node.name}.png\n{lab.log.read_text()[-4000:]}")
    assert not complaints.found


@pytest.fixture
def notebook(page: Page, lab: Lab) -> Notebook:
    """A person in front of JupyterLab, who has opened nothing yet."""
    return Notebook(page, lab)
