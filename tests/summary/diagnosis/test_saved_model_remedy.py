"""What is printed for a TF1 SavedModel runs as it is printed: where it is, and what has to be left out."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub

tf1 = tf.compat.v1


def _code(open_it: Callable[[], object]) -> str:
    """The code that the error prints, which ends the message."""
    with pytest.raises(ValueError, match=r"hub\.") as caught:
        open_it()
    match = re.search(
        r"hub\.(Module|create_module_spec_from_saved_model)\(.*\Z", str(caught.value), re.DOTALL
    )
    assert match, caught.value
    return match[0]


def _run(code: str) -> Any:
    with tf.Graph().as_default():
        return eval(code, {"hub": hub})  # as a person would paste it


def _saved_model(path: Path, tag_sets: Sequence[Sequence[str]], collections: Sequence[Sequence[str]]) -> str:
    """x -> 2 x in each meta graph, with collections that modules cannot carry."""
    builder = tf1.saved_model.Builder(str(path))
    for number, (tags, names) in enumerate(zip(tag_sets, collections, strict=True)):
        with tf.Graph().as_default(), tf1.Session() as session:
            x = tf1.placeholder(tf.float32, [None], name="x")
            y = tf.multiply(x, 2.0)
            tf1.get_variable("v", initializer=1.0)
            for name in names:
                tf1.add_to_collection(name, y)
            session.run(tf1.global_variables_initializer())
            signature = {"default": tf1.saved_model.predict_signature_def({"x": x}, {"default": y})}
            if number:
                builder.add_meta_graph(list(tags), signature)
            else:
                builder.add_meta_graph_and_variables(session, list(tags), signature)
    builder.save()
    return str(path)


@pytest.mark.parametrize(
    ("tag_sets", "collections", "tags", "dropped"),
    [
        ([["serve"]], [["mine"]], ["serve"], ["mine"]),
        ([["train"], ["serve"]], [["b", "a'\"\\"], ["c"]], ["serve"], ["a'\"\\", "b", "c"]),
        ([["train"], ["gpu", "serve"]], [[], []], ["gpu", "serve"], []),
        ([["tr'ain\"\n\\"]], [[]], ["tr'ain\"\n\\"], []),
        ([[]], [["x"]], [], ["x"]),
    ],
    ids=["drop", "several", "none-plain", "hostile", "untagged"],
)
@pytest.mark.parametrize("folder", ["model", 'it\'s "a" {model} [1]\\n%s'])
def test_odd_ones(  # noqa: PLR0917 - pytest passes them by name
    tmp_path: Path,
    folder: str,
    tag_sets: list[list[str]],
    collections: list[list[str]],
    tags: list[str],
    dropped: list[str],
) -> None:
    path = _saved_model(tmp_path / "plain", tag_sets, collections)
    path = str(shutil.move(path, tmp_path / folder))
    above = str(Path(path).parent)
    module = _run(_code(lambda: hub.load_module_spec(above)))
    assert module.tags == frozenset(tags)
    note = "".join(hub.load_module_spec(path).notes)
    assert ", ".join(map(repr, dropped)) in note
    assert bool(note) == bool(dropped)
    if dropped:
        spec = _run(_code(lambda: hub.create_module_spec_from_saved_model(path)))
        assert spec.get_tags()
        one_more = _code(lambda: hub.create_module_spec_from_saved_model(path, ["other"]))
        assert f"drop_collections={sorted([*dropped, 'other'])!r}" in one_more
        assert _run(one_more).get_tags()


def test_one_level_too_high(tmp_path: Path) -> None:
    _saved_model(tmp_path / "above" / "1", [["serve"]], [["mine"]])
    assert _run(_code(lambda: hub.load_module_spec(str(tmp_path / "above")))).tags == {"serve"}
