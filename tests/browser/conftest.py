"""One JupyterLab per test process; one browser, page and kernel per file, tidied up after each test.

A page takes five seconds of a processor to load JupyterLab, and a kernel eight to import TensorFlow.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.browser.lab import Lab, serving
from tests.browser.notebook import PATIENCE, SCREENSHOTS, WINDOW, Notebook
from tests.conftest import CHROMIUM_FLAGS, lacking

expect.set_options(timeout=PATIENCE)

# Errors of JupyterLab itself: when a kernel restarts, and when it displays a widget whose kernel has ended.
NOISE = ("Could not restore the debugger state: Canceled future", "Error: widget model not found")


@dataclass
class Complaints:
    """Errors of a page that nobody would see. The list has to be empty at the end of a test."""

    messages: list[str] = field(default_factory=list)
    url: str = ""

    def begin(self, url: str) -> None:
        """Begins a test, whose pages are of the server at `url`."""
        self.messages.clear()
        self.url = url

    def watch(self, page: Page) -> None:
        """Listens to a page."""
        page.on("pageerror", lambda error: self.messages.append(f"uncaught: {error}"))
        page.on("console", self.hear)
        page.on("request", self.see)

    def hear(self, message: ConsoleMessage) -> None:
        """Collects an error on the console."""
        if message.type == "error" and not message.text.startswith(NOISE):
            self.messages.append(f"console: {message.text} ({message.location['url']})")

    def see(self, request: Request) -> None:
        """Collects a request that leaves this machine."""
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.netloc != urlsplit(self.url).netloc:
            self.messages.append(f"request to another host: {request.url}")


@pytest.fixture(scope="session")
def modules_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of modules of all servers, since a process with TensorFlow builds each sample."""
    return tmp_path_factory.mktemp("modules-cache")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, modules_cache: Path) -> Iterator[Lab]:
    """JupyterLab, for all tests of the process."""
    with serving(tmp_path_factory.mktemp("lab"), modules_cache) as lab:
        yield lab


@pytest.fixture(scope="module")
def kernels(server: Lab) -> Iterator[None]:
    """The kernels of a file end with it."""
    yield
    server.end_kernels()


@pytest.fixture
def lab(server: Lab, kernels: None) -> Lab:
    """JupyterLab with the project's notebooks, and without files and settings of the last test."""
    server.lay_out()
    server.forget_settings()
    return server


@pytest.fixture(scope="session")
def driver() -> None:
    """Checks that Playwright's driver starts: pip installed this program, but not the libraries it needs."""
    done = subprocess.run(
        [compute_driver_executable()[0], "--version"], capture_output=True, text=True, check=False
    )
    if missing := re.search(r"loading shared libraries: (\S+):", done.stderr):
        lacking(missing[1])


@pytest.fixture(scope="module")
def browser(chromium: str, driver: None) -> Iterator[Browser]:
    """Debian's Chromium. It ends with the file: while Playwright runs, asyncio.run fails in other tests."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium, args=list(CHROMIUM_FLAGS), chromium_sandbox=False
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def complaints() -> Complaints:
    """Errors of the pages of a file. A test that provokes one removes it from the list."""
    return Complaints()


@pytest.fixture(scope="module")
def window(browser: Browser, complaints: Complaints) -> Iterator[Page]:
    """A page with a new profile, for all tests of a file."""
    with browser.new_context(viewport=WINDOW, accept_downloads=True) as context:
        context.set_default_timeout(PATIENCE)
        shared = context.new_page()
        complaints.watch(shared)
        yield shared


@pytest.fixture
def page(window: Page, lab: Lab, complaints: Complaints, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page of the file, tidied up. A failed test leaves a screenshot and the end of the server's log."""
    window.set_viewport_size(WINDOW)
    window.context.clear_permissions()
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    complaints.begin(lab.url)
    failed = request.session.testsfailed
    yield window
    notebook = Notebook(window, lab)
    if request.session.testsfailed > failed:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        window.screenshot(path=SCREENSHOTS / f"failed-{request.node.name}.png")
        print(f"{SCREENSHOTS}/failed-{request.node.name}.png\n{lab.log.read_text()[-4000:]}")
        notebook.start_over()
    else:
        notebook.tidy_up()
    assert not complaints.messages


@pytest.fixture
def notebook(page: Page, lab: Lab) -> Notebook:
    """A user of JupyterLab who has not opened a notebook yet."""
    return Notebook(page, lab)
