"""A user clicks on the badge: the image that `binder/` describes, its index, and the quickstart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.binder import Image, Prescription, Server, opened, report
from tests.browser.lab import Lab
from tests.browser.notebook import PATIENCE, Notebook
from tests.browser.panel import Panel

pytestmark = pytest.mark.timeout(900)
MEMORY = 2_000_000_000
INDEX = "notebooks/00_index.ipynb"


@pytest.fixture(scope="module")
def prescribed() -> Prescription:
    return Prescription.read()


@pytest.fixture(scope="module")
def image(prescribed: Prescription, tmp_path_factory: pytest.TempPathFactory) -> Image:
    return Image.make(tmp_path_factory.mktemp("image"), prescribed)


@pytest.fixture(scope="module")
def started(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Lab]]:
    with opened(image, tmp_path_factory.mktemp("started")) as both:
        yield both


@pytest.fixture
def lab(started: tuple[Server, Lab]) -> Lab:
    """Replaces the server of the other tests."""
    return started[1]


def test_the_steps_of_repo2docker(prescribed: Prescription) -> None:
    assert prescribed.packages == ("graphviz",)  # which has `dot`
    assert [step for step in prescribed.steps if "chmod" not in step] == [
        '${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r "binder/requirements.txt"',
        "./binder/postBuild",
    ]
    assert prescribed.start == "binder/start"


def test_the_index_and_the_quickstart(
    image: Image, started: tuple[Server, Lab], notebook: Notebook, lab: Lab
) -> None:
    server, _ = started
    times = {"server start -> server answers": server.seconds()}
    # Without a path, as from the badge.
    notebook.page.goto(f"{lab.url}?token={lab.token}")
    expect(notebook.panel.get_by_role("heading", name="Which notebook do I need?")).to_be_visible(
        timeout=PATIENCE
    )
    times["server start -> index on screen"] = server.seconds()
    notebook.wait_for_kernel()
    first = notebook.code_cells()[0]
    notebook.run_cell(first)
    panel = Panel(notebook, first)
    panel.field("default").fill("A module's answer to my own sentence.\nAnd another one.")
    panel.run()
    expect(panel.output("default")).to_contain_text("2 × 100 float32")
    times["server start -> a module's answer to a typed sentence"] = server.seconds()
    notebook.screenshot("binder-index")

    notebook.open("notebooks/01_quickstart.ipynb")
    for index in notebook.run_all():
        kinds = [(output["output_type"], output.get("name")) for output in notebook.outputs(index)]
        assert ("stream", "stderr") not in kinds
        assert "error" not in dict(kinds)
    notebook.screenshot("binder-quickstart")
    memory = server.memory()
    report(image, times, memory)
    assert len([name for name in memory if name.startswith("kernel")]) == 2
    assert sum(memory.values()) < MEMORY
