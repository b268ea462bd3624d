"""Names on results: of rows, classes and files, each of what it stands on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hubexplore.display import values
from hubexplore.notebook.panel.tabs.results import Pair, Results, Value


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
