"""Words that a module does not know are a result of the run, after its outputs."""

from __future__ import annotations

import hubexplore as hub


def test_they_are_shown_after_the_outputs_and_only_if_there_are_some() -> None:
    panel = hub.explore("sample:text-embedding")
    panel.run(["the King of Xyzzy", "a letter"])
    *_, last = panel._try.results.shown["outputs"]
    assert last["name"] == "Unknown words"
    assert last["facts"] == "1 word that the vocabulary of the module does not contain"
    assert '<mark class="unknown">Xyzzy</mark>' in last["html"]
    assert last["downloads"] == []
    panel.run(["the king", "a letter"])
    assert [output["name"] for output in panel._try.results.shown["outputs"]] == ["default"]
    panel.close()
