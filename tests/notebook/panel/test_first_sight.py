"""What a user sees of a module at once: the signature that computes, its main input, runs side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

import hubexplore as hub
from hubexplore.display import values
from hubexplore.notebook.panel.fields.field import FieldBox
from hubexplore.notebook.panel.fields.grid import TableBox
from hubexplore.summary.graph.sounds import Sound
from tests.notebook.panel.person import Person

tf1 = tf.compat.v1


def encoder() -> None:
    """As published encoders: one signature states where the vocabulary is."""
    hub.add_signature("a_vocabulary", {}, {"do_lower_case": tf.constant(True)})
    ids = tf1.placeholder(tf.int32, [None, None], "ids")
    hub.add_signature("tokens", {"ids": ids}, {"sum": tf.reduce_sum(ids, 1)})


def generator() -> None:
    prompt = tf1.placeholder(tf.string, [None], "prompt")
    length = tf1.placeholder_with_default(tf.constant(20), [], "length")
    warmth = tf1.placeholder_with_default(1.0, [], "warmth")
    text = tf.strings.join([prompt, tf.strings.as_string(length), tf.strings.as_string(warmth)])
    hub.add_signature("default", {"prompt": prompt, "length": length, "warmth": warmth}, text)


def pinned(person: Person, *examples: str) -> list[dict[str, Any]]:
    """Runs two examples and pins the runs; returns what is shown of the two."""
    for number, example in enumerate(examples, 1):
        person.tab._fill.value = example
        person.tab.fill()
        person.run()
        person.hear(person.tab.run_log, kind="pin", number=number, on=True)
    shown: list[dict[str, Any]] = person.tab.pinned_runs.results.shown["outputs"]
    return shown


def test_the_signature_that_computes_is_chosen_first() -> None:
    person = Person(hub.explore(hub.create_module_spec(encoder)))
    assert [field.name for field in person.tab.form.fields] == ["ids"]
    person.explorer.close()


def test_settings_follow_what_they_are_settings_of() -> None:
    person = Person(hub.explore(hub.create_module_spec(generator)))
    assert [type(part) for part in person.tab.form.children] == [FieldBox, TableBox]
    person.explorer.close()


def test_sounds_are_compared_as_sounds() -> None:
    tone = np.sin(np.arange(8000) / 20, dtype=np.float32)[None]
    noise = np.random.default_rng(0).uniform(0, 1, (1, 8000)).astype(np.float32)
    html = values.pair(tone, noise, sound=Sound()).html
    assert html.count("<audio") == 3
    # Where nothing but the numbers says that one is sound, both are drawn alike.
    html = values.pair(np.concatenate([tone, tone]), np.concatenate([noise, noise])).html
    assert ["<audio" in html, "Most alike" in html.split("Second − first")[1]] == [False, False]


def test_pinned_runs_know_what_is_sound() -> None:
    def echo() -> None:
        audio = tf1.placeholder(tf.float32, [None, 16000], "audio")
        hub.add_signature("default", {"audio": audio}, {"quieter": audio / 2})

    person = Person(hub.explore(hub.create_module_spec(echo)))
    shown = pinned(person, "Sample sound", "Random (seed 0)")
    assert [part["html"].count("<audio") for part in shown] == [6, 6]  # two rows
    person.explorer.close()


def test_many_inputs_that_differ_are_one_table_and_outputs_stay_in_sight() -> None:
    def score() -> None:
        inputs = {f"x{at}": tf1.placeholder(tf.float32, [None], f"x{at}") for at in range(30)}
        hub.add_signature("default", inputs, {"score": tf.add_n(list(inputs.values()))})

    person = Person(hub.explore(hub.create_module_spec(score)))
    shown = pinned(person, "Random (seed 0)", "Ramp")
    inputs, output = shown
    assert [inputs["name"], output["name"]] == ["Inputs", "Output score"]
    assert inputs["html"].count("<tr") == 31
    assert "Largest difference" in inputs["html"]
    person.explorer.close()


def test_pinned_runs_have_grey_pictures_as_pictures() -> None:
    def negative() -> None:
        image = tf1.placeholder(tf.uint8, [24, 32], "image")
        hub.add_signature("default", {"image": image}, {"negative": 255 - image})

    person = Person(hub.explore(hub.create_module_spec(negative)))
    shown = pinned(person, "Sample picture", "Random (seed 0)")
    # Both pictures and their difference.
    assert [part["html"].count("Brightness: ") for part in shown] == [3, 3]
    person.explorer.close()


def test_pinned_runs_have_the_labels_of_single_ones() -> None:
    def churn() -> None:
        spent = tf1.placeholder(tf.float32, [None], "spent")
        hub.add_signature("default", {"spent": spent}, {"probability": tf.sigmoid(spent)})

    person = Person(hub.explore(hub.create_module_spec(churn)))
    for text in ("-1 1", "2 3"):
        person.type("spent", text)
        person.run()
    for number in (1, 2):
        person.hear(person.tab.run_log, kind="pin", number=number, on=True)
    output = person.tab.pinned_runs.results.shown["outputs"][-1]
    assert output["name"] == "Output probability"
    # A number for each row of the input: rows, not classes.
    assert "class 0" not in output["html"]
    person.explorer.close()
