"""The classes that users hold: tuples and dataclasses for code, cards and tables for people."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from hubexplore.display import records
from hubexplore.display.card import html, text
from hubexplore.display.rich.containers import ShownDict, ShownList
from hubexplore.display.rich.summaries import Summary, Variant, displayable
from hubexplore.errors import HandleError, HubError, NoSuchVariantError
from hubexplore.summary.model import (
    UNNEEDED,
    ModuleSummary,
    OpSummary,
    VariableSummary,
    VariantSummary,
)
from tests.display import page, summaries

RICH = displayable(summaries.RICH)


def test_a_summary_is_the_same_facts() -> None:
    assert isinstance(RICH, ModuleSummary)
    assert (RICH.title, RICH.format, RICH.digest) == (
        summaries.RICH.title,
        summaries.RICH.format,
        RICH.digest,
    )
    assert RICH.variants[0].ops == summaries.RICH.variants[0].ops
    assert records.to_dict(RICH) == records.to_dict(summaries.RICH)


def test_to_dress_twice_changes_nothing() -> None:
    assert displayable(RICH) is RICH


def test_a_summary_shows_itself() -> None:
    assert repr(RICH) == text.module(summaries.RICH)
    assert RICH._repr_html_() == html.module(summaries.RICH)
    assert RICH.to_html() == html.page(summaries.RICH)


def test_a_variant_shows_itself() -> None:
    shown = RICH.variants[1]
    assert isinstance(shown, Variant)
    assert repr(shown).startswith("Graph variant: train\n")
    assert "AssignSub" in (shown._repr_html_() or "")


def test_lists_are_tuples() -> None:
    first: OpSummary = RICH.variants[0].ops[0]
    assert first.op == "Const"
    assert len(RICH.variables) == 18
    assert [op.op for op in RICH.ops] == ["Const", "Conv2D", "MyOp", "AssignSub"]
    assert RICH.losses == ("net/loss:0",)
    assert RICH.update_ops == ("net/update_mean", "net/update_variance")


def test_lists_show_themselves() -> None:
    assert repr(RICH.assets).startswith("Assets: 2, 2.0 kB\n  File")
    shown = page.read(RICH.assets._repr_html_() or "")
    assert "tokens.txt" in shown.texts("code")
    assert repr(RICH.variants).startswith("Graph variants: 2\n")
    assert repr(RICH.files).startswith("Files: 2, 1.2 MB\n")
    assert repr(displayable(summaries.EMPTY).update_ops) == "no update ops"


def test_lists_can_be_copied() -> None:
    for again in (copy.deepcopy(RICH.ops), pickle.loads(pickle.dumps(RICH.ops))):
        assert again == RICH.ops
        assert repr(again) == repr(RICH.ops)


def test_a_variant_by_its_tags() -> None:
    assert RICH.variant("") is RICH.variants[0]
    assert RICH.variant(["train"]) is RICH.variant("train") is RICH.variants[1]
    assert displayable(summaries.TWO_TABLES).variant("train, gpu").tags == ("gpu", "train")


def test_tags_that_no_variant_has() -> None:
    with pytest.raises(
        NoSuchVariantError, match=r"\['trian'\]; it has \[\], \['train'\]\. Nearest: tags=\['train'\]\."
    ):
        RICH.variant("trian")


def test_variants_are_compared() -> None:
    assert RICH.compare("", "") == RICH.compare([], ())
    assert "AssignSub" in repr(RICH.compare("", "train"))
    assert "words" in repr(RICH.compare(displayable(summaries.TWO_TABLES)))


@pytest.mark.parametrize(
    "compare",
    [
        lambda summary: summary.compare("train"),
        lambda summary: summary.compare(summary, "train"),
        lambda summary: summary.compare("train", summary),
    ],
)
def test_what_cannot_be_compared(compare: Callable[[Summary], object]) -> None:
    with pytest.raises(HandleError, match=r"the tags of two graph variants.*or one other summary"):
        compare(RICH)


def test_statistics_need_weights() -> None:
    with pytest.raises(HubError, match="checkpoint"):
        RICH.variables.stats()


def test_json() -> None:
    written = json.loads(RICH.to_json(indent=2))
    assert written == RICH.to_dict()
    assert written["schema"] == 1
    assert "source" not in written
    first = written["variants"][0]
    assert first["tags"] == []
    assert first["parameters"] == 315_425
    assert first["signatures"][0]["inputs"][0]["shape"] == [None, 224, 224, 3]
    assert first["variables"][0] == {
        "name": "global_step", "dtype": "int64", "shape": [], "trainable": False, "node": "", "key": "",
        "stored": 8, "partitions": [], "kind": "global", "parameters": 1, "bytes": 8,
    }  # fmt: skip


def test_the_keys_of_json_are_a_contract() -> None:
    written = RICH.to_dict()
    assert set(written) == {
        "schema", "tensorflow_version", "title", "variants", "format", "size", "files", "digest", "unclaimed",
        "warnings", "notes", "live", "capabilities",
    }  # fmt: skip
    assert set(written["variants"][0]) == {
        "tags", "signatures", "variables", "collections", "tables", "assets", "messages", "losses",
        "update_ops", "functions", "ops", "nodes", "tensorflow_version", "initializer", "parameters",
    }  # fmt: skip


def _one(_: Any) -> list[VariableSummary]:
    return [VariableSummary("kernel", "float32", (2, 3), trainable=True)]


def test_a_dict_that_shows_itself_is_a_dict() -> None:
    shown = ShownDict({"kernel": 1}, _one)
    assert shown == {"kernel": 1}
    assert isinstance(shown, dict)
    assert repr(shown).startswith("Variables: 1, 6 parameters, 24 bytes, all trainable\n")
    assert "kernel" in page.read(shown._repr_html_() or "").texts("code")


def test_a_list_that_shows_itself_is_a_list() -> None:
    shown = ShownList([1], _one)
    assert shown == [1]
    assert isinstance(shown, list)
    assert repr(shown).startswith("Variables: 1")
    assert "kernel" in page.read(shown._repr_html_() or "").texts("code")


def test_hooks_forgive_and_direct_calls_raise() -> None:
    def broken(_: Any) -> list[VariableSummary]:
        raise ValueError("broken")

    with pytest.warns(RuntimeWarning, match="ShownDict is shown as text"):
        assert ShownDict({}, broken)._repr_html_() is None
    with pytest.raises(ValueError, match="broken"):
        repr(ShownDict({}, broken))


def test_a_card_that_cannot_be_made_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "module_card", lambda summary: 1 / 0)
    with pytest.warns(RuntimeWarning, match="Summary is shown as text"):
        assert RICH._repr_html_() is None
    with pytest.raises(ZeroDivisionError):
        RICH.to_html()


def test_slots_of_an_optimizer_are_no_parameters_of_the_model() -> None:
    kernel = VariableSummary("kernel", "float32", (2, 3), trainable=True)
    slot = VariableSummary("Adam/kernel/m", "float32", (2, 3), trainable=False, kind=UNNEEDED)
    summary = ModuleSummary("model", (VariantSummary((), (), variables=(slot, kernel)),))
    assert "6 parameters" in str(displayable(summary)).splitlines()[1]
