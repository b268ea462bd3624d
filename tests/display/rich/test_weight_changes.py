"""Changes of weights as text, HTML, data frame, series and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from hubexplore.display.rich import weight_change_view as view
from hubexplore.display.rich import weight_changes as subject
from hubexplore.display.rich.comparison_view import ShownComparison
from hubexplore.display.rich.weight_changes import ShownWeightChanges, displayable
from hubexplore.display.theme import STYLE
from hubexplore.errors import HubError
from hubexplore.summary.compare.weights.records import (
    Uncompared,
    VariableChange,
    WeightChanges,
    by_change,
)
from tests.display import page
from tests.display.test_hostile import HOSTILE

Golden = Callable[[str, str], None]


def change(name: str, relative: float, first_norm: float = 2.0, count: int = 8) -> VariableChange:
    norm = relative * first_norm
    return VariableChange(
        name, "float32", (count,), count, 4 * count, count if relative else 0,
        norm, first_norm, first_norm + norm, relative, 1 - relative / 10,
    )  # fmt: skip


def changes(*variables: VariableChange, uncompared: tuple[Uncompared, ...] = ()) -> WeightChanges:
    return WeightChanges("models/old", "models/new", tuple(sorted(variables, key=by_change)), uncompared)


LAYERS = [
    change(f"encoder/layer_{layer}/{part}/{name}", 0.01 * layer * (2 if part == "output" else 1))
    for layer in range(4)
    for part in ("attention", "output")
    for name in ("kernel", "bias")
]
ODD = changes(
    replace(change("from_zero", 0.5), relative=None, cosine=None, first_norm=0.0, note="zero before"),
    replace(change("head/nan", 0.25), nans=(0, 3), infs=(1, 0)),
    VariableChange(
        "all_nan", "float32", (2,), 2, 8, 2, nans=(0, 2), note="no number is finite on both sides"
    ),
    VariableChange("words", "string", (4,), 4, 30, 1, note="texts"),
    VariableChange("many", "string", (9,), 9, 90, note="more than 4 texts: not compared"),
    replace(change("broken", 0.0), damaged=(False, True)),
    VariableChange("empty", "float32", (0,), 0, 0, 0, note="no elements"),
    change("same", 0.0),
    uncompared=(
        Uncompared("gone", "float32 (3,)", None, "only in first"),
        Uncompared("wide", "float32 (3,)", "float32 (4,)", "other shape"),
    ),
)
ALL = {
    "layers": changes(*LAYERS),
    "odd": ODD,
    "same": changes(change("a", 0.0), change("b", 0.0)),
    "one": changes(change("a", 0.0)),
    "nothing": changes(),
}
every = pytest.mark.parametrize(("name", "found"), ALL.items(), ids=ALL)


@every
def test_golden(name: str, found: WeightChanges, golden: Golden) -> None:
    golden(f"weight_changes_{name}.txt", repr(displayable(found)))
    golden(f"weight_changes_{name}.html", subject.markup(found).replace(STYLE, ""))


@every
def test_json_and_frame_have_all(name: str, found: WeightChanges) -> None:
    shown = displayable(found)
    data = json.loads(shown.to_json())
    assert [item["name"] for item in data["variables"]] == [item.name for item in found.variables]
    assert list(shown.df["name"]) == [item.name for item in found.variables]
    assert data["same"] == found.same
    assert data["scopes"][0]["name"] == ""
    assert shown.to_html().startswith("<!doctype html>")


def test_columns_of_the_frame() -> None:
    assert list(displayable(ODD).df.columns) == [
        "name", "dtype", "shape", "count", "bytes", "changed", "share", "norm", "first_norm", "second_norm",
        "relative", "cosine", "first_nans", "second_nans", "first_infs", "second_infs", "first_damaged",
        "second_damaged", "note",
    ]  # fmt: skip
    frame = displayable(changes(*LAYERS)).scopes(1).df
    assert list(frame["name"]) == ["", "encoder"]
    assert frame["variables"].tolist() == [16, 16]


def test_scopes_show_themselves() -> None:
    scopes = displayable(changes(*LAYERS)).scopes(2)
    assert "encoder/layer_3" in repr(scopes)
    assert "encoder/layer_3" in " ".join(page.read(scopes._repr_html_() or "").texts("code"))


def test_series_for_colours() -> None:
    shown = displayable(changes(change("a/kernel", 0.5), change("a/bias", 0.0), *ODD.variables))
    series = shown.series()
    assert series.name == "relative change"
    assert series["a/kernel"] == 0.5
    # sqrt(1) of sqrt(4 + 4).
    assert series["a"] == pytest.approx(1 / math.sqrt(8))
    assert "from_zero" not in series
    assert "" not in series
    assert shown.series("share")["words"] == 0.25
    with pytest.raises(HubError, match=r"one of 'relative', .*Got 'relativ'. Did you mean 'relative'"):
        shown.series("relativ")


def test_a_scope_and_a_variable_of_one_name() -> None:
    series = displayable(changes(change("a", 0.5), change("a/b", 0.25))).series()
    assert series.to_dict() == {"a": 0.25, "a/b": 0.25}


def test_infinite_numbers_are_text_in_json() -> None:
    found = changes(replace(change("a", 0.5), norm=math.inf, first_norm=math.inf))
    (variable,) = json.loads(displayable(found).to_json())["variables"]
    assert (variable["norm"], variable["relative"]) == ("inf", 0.5)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names(name: str) -> None:
    found = WeightChanges(
        f"models/{name}",
        name,
        (replace(change(name, 0.5), damaged=(True, False)), change(f"{name}/{name}", 0.25), *LAYERS),
        (Uncompared(name, "float32 scalar", None, "only in first"),),
    )
    html = subject.markup(found)
    page.read(html)
    text = repr(displayable(found))
    assert all(character.isprintable() or character == "\n" for character in text)
    displayable(found).to_json()
    displayable(found).scopes()._repr_html_()


def test_a_large_model_stays_small() -> None:
    found = changes(*(change(f"s{at % 50}/t{at % 7}/v{at}", 1 / (at + 1)) for at in range(20_000)))
    assert len(subject.markup(found)) < 250_000
    assert len(repr(displayable(found)).splitlines()) < 80


def test_deep_names_fold_to_a_limit() -> None:
    found = changes(*(change(f"{'s/' * 300}v{at}", 0.5) for at in range(20)))
    assert subject.markup(found).count("<details") <= view.MAX_FOLDS + 1


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (1.0, "1.0000"), (1 - 2e-5, "1 - 2.0e-05"), (-1 + 2e-5, "-1 + 2.0e-05"), (0.5, "0.5000")],
)
def test_cosines(value: float | None, text: str) -> None:
    assert view._cosine(value) == text


def test_in_a_comparison() -> None:
    shown = ShownComparison("models/old", "models/new", (), weights=displayable(ODD))
    assert isinstance(shown.weights, ShownWeightChanges)
    assert "Relative changes, largest first" in repr(shown)
    assert "from_zero" in page.read(shown._repr_html_() or "").texts("code")
    assert shown.to_dict()["weights"]["uncompared"][0]["name"] == "gone"
    assert "weights" not in ShownComparison("a", "b", ()).to_dict()


def test_headings_that_are_names_may_be_broken() -> None:
    uncompared = (Uncompared("x", "float32 (1,)", None, "only in first"),)
    long = "models/of/somebody/with/a/long/name/old"
    html = displayable(replace(changes(uncompared=uncompared), first=long)).to_html()
    assert '<th scope="col" class="long">models/of' in html
    assert '<th scope="col" class="long">models/new' not in html
    assert "thead th.long" in STYLE
