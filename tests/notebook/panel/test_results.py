"""Names on results: of rows, classes and files, each of what it stands on."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import numpy as np
import pytest

from hubexplore.display import values
from hubexplore.display.values.together.scene import Member, Picture, Scene
from hubexplore.display.values.views import lists
from hubexplore.notebook.panel.tabs.results import Pair, Results, Value, items_of


@pytest.mark.parametrize(
    "names",
    [
        ["logits/a", "logits_a", "Logits/A", "logits:a"],
        ["猫", "犬", "value"],
        ["x" * 70 + "a", "x" * 70 + "b", "x" * 60],
        ["a", "a_2", "a/", "A"],
    ],
)
def test_files_of_different_outputs_have_different_names(
    names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    results, sent = Results(), []
    monkeypatch.setattr(results, "send", lambda content, buffers: sent.append((content["name"], buffers[0])))
    results.show("", None, [Value(name, np.array([at])) for at, name in enumerate(names)])
    for at in reversed(range(len(names))):
        results._on_message({"kind": "download", "output": at, "form": "csv"}, [])
    assert len({name.lower() for name, _ in sent}) == len(names)
    assert [content for _, content in reversed(sent)] == [f"{at}\n".encode() for at in range(len(names))]
    assert sent[-1][0] == f"{values.file_stem(names[0])}.csv"


def test_a_slider_redraws_its_output_only() -> None:
    shape = (None,)
    members = (
        Member("detection_boxes", np.array([[[0.1, 0.2, 0.5, 0.6], [0.3, 0.3, 0.9, 0.5]]])),
        Member("detection_scores", np.array([[0.9, 0.5]])),
        Member("other", np.array([1.5]), shape=shape),
    )
    picture = Picture(np.zeros((8, 8, 3), np.uint8), (8, 8))
    results = Results()
    results.show("", 1, items_of(Scene(members, pictures=(picture,))))
    boxes, other = results.shown["outputs"]
    assert [control["value"] for control in boxes["controls"]] == [0.3]
    assert (boxes["name"], other["controls"]) == ("detection_boxes, detection_scores", [])
    for bad in ({"value": 2.0}, {"value": True}, {"value": "0.5"}, {"value": 0.6, "key": "opacity"}):
        results._on_message({"kind": "setting", "output": 0, "key": "threshold", **bad}, [])
    assert results.shown["outputs"][0] is boxes
    results._on_message({"kind": "setting", "output": 0, "key": "threshold", "value": 0.6}, [])
    redrawn, untouched = results.shown["outputs"]
    assert "1 of 2 boxes with a score of at least 0.6" in redrawn["html"]
    assert untouched is other
    # The next run keeps it.
    results.show("", 2, items_of(Scene(members, pictures=(picture,))))
    assert [control["value"] for control in results.shown["outputs"][0]["controls"]] == [0.6]


def test_each_output_of_a_group_can_be_seen_alone_and_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    members = (Member("ids", np.array([3, 1])), Member("scores", np.array([0.5, 0.25])))
    results, sent = Results(), []
    monkeypatch.setattr(results, "send", lambda content, buffers: sent.append((content["name"], buffers[0])))
    results.show("", 1, items_of(Scene(members)))
    (group,) = results.shown["outputs"]
    assert group["views"] == ["Ranking", "Only ids", "Only scores"]
    results._on_message({"kind": "view", "output": 0, "view": "Only scores"}, [])
    assert results.shown["outputs"][0]["view"] == "Only scores"
    results._on_message({"kind": "download", "output": 0, "form": "npz"}, [])
    ((name, content),) = sent
    assert name == "ids_scores.npz"
    with np.load(io.BytesIO(content)) as saved:
        assert saved["scores"].tolist() == [0.5, 0.25]


def shown(item: Any) -> str:
    return str(item.render("Table").html)


def test_sentences_name_the_rows_of_what_has_as_many() -> None:
    sentences, other = ("good", "bad"), np.arange(6.0).reshape(3, 2)
    assert all(word in shown(Value("out", other[:2], sentences)) for word in sentences)
    assert not any(word in shown(Value("out", other, sentences)) for word in sentences)
    assert not any(word in shown(Pair("out", other, other[:2], sentences)) for word in sentences)


def test_classes_of_one_name_are_told_apart() -> None:
    scores = np.array([[0.5, 0.2, 0.3]])
    rendered = values.render(scores, "Scores", labels=("crane", "ant", "crane"))
    assert [word in rendered.html for word in ("crane (0)", "crane (2)", "ant (")] == [True, True, False]


def test_a_slider_belongs_to_a_view() -> None:
    volume = np.random.default_rng(0).uniform(size=(1, 12, 8, 8, 2))
    results = Results()
    results.show("", 1, [Value("volume", volume)])
    assert [control["value"] for control in results.shown["outputs"][0]["controls"]] == [6]
    results._on_message({"kind": "setting", "output": 0, "key": "slice", "value": 11}, [])
    assert "Slice 11 of 12" in results.shown["outputs"][0]["html"]
    results._on_message({"kind": "view", "output": 0, "view": "Table"}, [])
    assert results.shown["outputs"][0]["controls"] == []
    results._on_message({"kind": "view", "output": 0, "view": "Slices"}, [])
    # The next volume has fewer slices.
    results.show("", 2, [Value("volume", volume[:, :5])])
    (control,) = results.shown["outputs"][0]["controls"]
    assert (control["value"], control["high"]) == (4, 4)


def test_what_nobody_sees_at_first_follows_the_pictures() -> None:
    results = Results()
    value = Value("pixels", np.zeros((1, 4, 4, 3), np.uint8))

    async def body() -> None:
        results.show("", 1, [value])
        (output,) = results.shown["outputs"]
        assert output["tips"] == [True]
        assert "<img" in output["html"]
        assert "<td" not in output["html"]
        assert results.rest == []
        # What is stored in the notebook is complete.
        assert "<td" in results.static_html()
        results._rest.do_now()
        (rest,) = results.rest
        assert "<td" in rest["numbers"]
        assert rest["hovers"][0]["values"].count("0, 0, 0") == 16
        # What follows is never that of an earlier value.
        results.show("", 2, [])
        assert results.rest == []
        results._rest.do_now()
        assert results.rest == []

    asyncio.run(body())


def test_numbers_that_cannot_be_drawn_are_said_in_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise ValueError("no such number")

    monkeypatch.setattr(lists, "value_grid", fails)
    results = Results()
    results.show("", 1, [Value("x", np.zeros((1, 4, 4, 3), np.uint8))])
    (rest,) = results.rest
    assert "no such number" in rest["numbers"]
    assert rest["hovers"] == []
