"""Tags that somebody typed, and the variant that is meant."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from hubexplore import cli
from hubexplore.display.rich.summaries import displayable
from hubexplore.summary.tags import Tags, chosen
from tests.summary import saved_models

KNOWN = [(), ("serve",), ("serve", "train"), (" a",), ("a", "b "), ("x,y",), ("\n",), (" ",)]


@pytest.mark.parametrize(
    ("tags", "meant"),
    [
        ("", ()),
        ((), ()),
        (" serve ", ("serve",)),
        ("train, serve", ("serve", "train")),
        (["train", " serve"], ("serve", "train")),
        (" a", (" a",)),
        ("a,b ", ("a", "b ")),
        ("b ,a", ("a", "b ")),
        ("x,y", ("x,y",)),
        ("y,x", ("x", "y")),
        (["x,y"], ("x,y",)),
        ("\n", ("\n",)),
        (" ", (" ",)),
        ("  ", ()),
        ("a", ("a",)),
    ],
)
def test_what_is_meant(tags: str | list[str], meant: Tags) -> None:
    assert chosen(tags, KNOWN) == meant


@pytest.mark.parametrize("tag", [" a", "a ", "\ta", "a,b", " "])
def test_every_tag_can_be_chosen(tmp_path: Path, tag: str) -> None:
    folder = saved_models.write(tmp_path / "m", saved_models.meta_graph(), saved_models.meta_graph(tag))
    summary = displayable(saved_models.summary_of(folder))
    assert summary.variant(tag).tags == summary.variant([tag]).tags == (tag,)
    assert "Relu" in repr(summary.graph(tags=tag))
    assert summary.compare("", tag).replaceable
    shown = io.StringIO()
    with redirect_stdout(shown):
        assert cli.main(["show", str(folder), "--tags", tag, "--json"]) == 0
    assert shown.getvalue().count('"tags"') == 1
