"""The environment of the front ends, and a page that knows what each of them does by itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Complaints
from tests.browser.front_ends.servers import FRONT_ENDS, PYTHON, FrontEnd, serving
from tests.browser.notebook import PATIENCE, SCREENSHOTS


@pytest.fixture(params=FRONT_ENDS)
def name(request: pytest.FixtureRequest) -> str:
    """The name of a front end."""
    return str(request.param)


@pytest.fixture
def front_end(name: str) -> FrontEnd:
    """A front end, if it is installed."""
    if not PYTHON.with_name("python").exists() or not (PYTHON.parents[1] / "ready").exists():
        message = f"{PYTHON.parents[1]} is not there; `make test` makes it"
        if os.environ.get("HUBEXPLORE_REQUIRE_PROGRAMS"):
            pytest.fail(message)
        pytest.skip(message)
    return FRONT_ENDS[name]


@pytest.fixture
def url(front_end: FrontEnd, tmp_path: Path, modules_cache: Path) -> Iterator[str]:
    """The address of its server."""
    folder = tmp_path / "server"
    folder.mkdir()
    with serving(front_end, folder, modules_cache) as address:
        yield address


@pytest.fixture
def page(
    browser: Browser, front_end: FrontEnd, url: str, complaints: Complaints, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page that is high enough for all cells, and complains of what the front end does not do by itself."""
    with browser.new_context(viewport={"width": 1280, "height": 3000}, color_scheme="light") as context:
        context.set_default_timeout(PATIENCE)
        fresh = context.new_page()
        complaints.begin(url)
        complaints.watch(fresh)
        failed = request.session.testsfailed
        yield fresh
        if request.session.testsfailed > failed:
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            fresh.screenshot(path=SCREENSHOTS / f"failed-{request.node.name}.png")
    own = (*front_end.noise, *(f"request to another host: {start}" for start in front_end.foreign))
    assert [message for message in complaints.messages if not message.startswith(own)] == []
