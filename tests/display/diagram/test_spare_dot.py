"""A `dot` that has started before it is needed draws what another one draws."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from hubexplore.display.diagram import graphviz_svg as svg
from hubexplore.display.diagram.spare_dot import SpareDot
from hubexplore.errors import DiagramError

pytestmark = pytest.mark.skipif(shutil.which("dot") is None, reason="dot is not installed")
GRAPH = 'digraph { a -> b [label=<<B>one</B> "two">] }'


@pytest.fixture
def spare() -> Iterator[SpareDot]:
    spare = SpareDot()
    yield spare
    spare.close()


def drawn(drawing: bytes) -> str:
    """A drawing as it is shown."""
    return svg.cleaned(drawing, "title", ["a", "b"], "serif", numbered=True)


def test_it_draws_the_same_and_once(spare: SpareDot) -> None:
    assert spare.svg(GRAPH, 10) is None
    spare.start()
    process = spare._process
    spare.start()
    assert process is not None
    assert spare._process is process
    assert drawn(svg.render(GRAPH, "svg", spare)) == drawn(svg.render(GRAPH, "svg"))
    assert process.returncode == 0
    assert spare.svg(GRAPH, 10) is None


def test_a_graph_with_a_mistake_is_reported_as_without_it(spare: SpareDot) -> None:
    spare.start()
    with pytest.raises(DiagramError) as of_spare:
        svg.render("digraph {", "svg", spare)
    with pytest.raises(DiagramError) as of_another:
        svg.render("digraph {", "svg")
    assert str(of_spare.value) == str(of_another.value)


@pytest.mark.parametrize("source", ["", "digraph { a } digraph {"])
def test_what_is_not_one_graph_has_no_drawing(spare: SpareDot, source: str) -> None:
    spare.start()
    assert spare.svg(source, 10) is None


def test_one_that_has_ended_is_replaced(spare: SpareDot) -> None:
    spare.start()
    assert spare._process is not None
    spare._process.kill()
    spare._process.wait()
    assert b"<svg" in svg.render(GRAPH, "svg", spare)


def test_one_that_takes_too_long_is_ended(spare: SpareDot) -> None:
    spare.start()
    process = spare._process
    assert process is not None
    with pytest.raises(subprocess.TimeoutExpired):
        spare.svg(GRAPH, 0)
    assert process.returncode is not None


def test_png_is_not_drawn_by_it(spare: SpareDot) -> None:
    spare.start()
    assert svg.render(GRAPH, "png", spare).startswith(b"\x89PNG")
    assert spare._process is not None


def test_without_the_program_nothing_starts(spare: SpareDot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    spare.start()
    assert spare._process is None


def test_text_that_looks_like_a_drawing_is_text(spare: SpareDot) -> None:
    spare.start()
    drawing = spare.svg("digraph { a [label=<&lt;?xml &lt;svg&gt;>] }", 10)
    assert drawing is not None
    assert re.search(r"&lt;\?xml", drawn(drawing))
