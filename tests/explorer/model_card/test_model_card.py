"""`hub.card`: the card that goes with a published model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.display.values.together.scene import Member
from hubexplore.errors import CardError, GraphError, PathError, UntrustedModuleError
from hubexplore.explorer.model_card.markdown_card import value_lines
from hubexplore.session.session import NotebookSession
from tests.display.card.test_markdown import shown
from tests.display.strangers import RUN, hostile_module
from tests.trust.modules import write_hostile

QUESTIONS = ("Intended use", "Training data", "Evaluation", "Limits", "Licence and citation")


@pytest.fixture(scope="module")
def digits() -> Any:
    return hub.card("sample:digits")


def test_it_has_all_that_is_known(digits: Any) -> None:
    text = digits.markdown
    assert text.startswith("---\nlibrary_name: tensorflow\n")
    assert "\n# sample:digits\n" in text
    assert "21,858 parameters" in text
    assert "hub.eval_function_for_module('sample:digits')" in text
    assert "| `image_feature_vector` | input | `images` | float32 | (?, 8, 8, 1) |" in text
    assert "### Signature `image_feature_vector`" in text
    assert "Output `probabilities`: 3 × 10 float32" in text
    assert "346 k multiply-adds" in text.split("## Cost")[1]
    assert "reads and writes no files" in text
    assert f"| SHA-256 of graphs, weights and assets | {hub.summarize('sample:digits').digest} |" in text


def test_the_cost_is_that_of_an_input_of_real_size() -> None:
    def sounds() -> None:
        waveform = tf.compat.v1.placeholder(tf.float32, [None], name="waveform")
        frames = tf.signal.frame(waveform, 400, 160)
        hub.add_signature(inputs={"waveform": waveform}, outputs=tf.matmul(frames, tf.ones([400, 8])))

    text = hub.card(hub.create_module_spec(sounds), title="Sounds").markdown
    # One second of sound, which is the example: 98 frames. A single number would have none.
    size = text.split("Input `waveform`: ")[1].split(" ")[0]
    assert size == "16,000"
    cost = text.split("## Cost")[1]
    assert "Of the call of the signature default above" in cost
    assert "Inputs: waveform (16000,)" in cost
    assert "314 k multiply-adds" in cost


def test_what_only_a_person_knows_is_asked(digits: Any) -> None:
    for page in (digits.markdown.replace("**", ""), digits.html.replace("</b>", "")):
        assert page.count("To be written.") == len(QUESTIONS)
        assert all(question in page for question in QUESTIONS)
    assert "# license:" in digits.markdown


def test_values_are_shown_in_words(digits: Any) -> None:
    text = hub.card("sample:text-embedding").markdown
    inputs = text.split("Input `sentences`")[1].split("Output")[0]
    assert inputs.count("\n") > 4
    assert "float32" in text.split("Output `default`")[1]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([0.5, 1.2345e-5, 0.25], "[    0.5 1.2e-05    0.25]"),
        ([1.2345e-5, 0.00067891], "[1.234e-05 0.0006789]"),
        ([[1e-7, 0.0], [-2.0, 0.001]], "[[1e-07     0]\n [   -2 0.001]]"),
        ([12.0, -4e-9], "[    12 -4e-09]"),
        # Ordinary rows are as short as they were.
        ([0.0005, 0.9995], "[0.0005 0.9995]"),
        ([0.0, 1.0, 0.25], "[0.   1.   0.25]"),
        ([0.0, 0.0], "[0. 0.]"),
        ([], "[]"),
    ],
)
def test_small_numbers_keep_their_digits(numbers: Any, expected: str) -> None:
    for dtype in (np.float32, np.float64):
        assert "\n".join(value_lines(Member("x", np.array(numbers, dtype)))) == expected


def test_small_numbers_of_other_kinds_keep_their_digits() -> None:
    assert value_lines(Member("x", np.array(1e-6))) == ["1e-06"]
    assert value_lines(Member("x", np.array([1e-6, np.nan, np.inf]))) == ["[1e-06   nan   inf]"]
    assert value_lines(Member("x", np.array([1e-6 + 1e-6j, 2.0]))) == ["[1e-06+1e-06j         2+0j]"]
    assert value_lines(Member("x", np.array([1e-6, 0.5], ml_dtypes.bfloat16))) == ["[1e-06   0.5]"]
    # Not those of the middle, which are left out.
    middle = np.full(100, 0.5)
    middle[50] = 1e-6
    assert value_lines(Member("x", middle)) == ["[0.5 0.5 0.5 ... 0.5 0.5 0.5]"]
    assert "1e-06" in value_lines(Member("x", middle[48:]))[0]


def test_classes_have_their_names(tmp_path: Path) -> None:
    spec = hub.head(("sample:digits", "image_feature_vector"), [f"digit {n}" for n in range(10)], seed=1)
    text = hub.card(spec, title="Reader").markdown
    assert "\n# Reader\n" in text
    assert "digit 6 0.495, digit 7 0.292, digit 4 0.0561" in text
    assert "`labels.txt`" in text


def test_paths_of_this_machine_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "secret folder" / "my_model" / "2"
    hub.load_module_spec("sample:half-plus-two").export(path)
    card = hub.card(path, examples=False)
    for page in (card.markdown, card.html):
        assert "secret folder" not in page
        assert "path/to/my_model/2" in page
    assert card.title == "my_model/2"


def test_without_examples_nothing_runs() -> None:
    program = (
        "import sys, hubexplore as hub; card = hub.card(sys.argv[1], examples=False); card.html; "
        "print(card.markdown.count('was not run'), 'tensorflow' in sys.modules)"
    )
    path = hub.resolve("sample:digits")
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]


def test_a_module_with_dangers_is_not_run(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    hostile = write_hostile(tmp_path / "hostile", canary)
    with pytest.raises(UntrustedModuleError, match=r"hub.card\(..., trust=True\).*examples=False"):
        hub.card(hostile)
    text = hub.card(hostile, examples=False).markdown
    assert "**Danger:**" in text
    assert not canary.exists()
    assert "Output `default`" in hub.card(hostile, trust=True).markdown
    assert canary.exists()


def test_a_signature_that_fails_is_one_without_an_example() -> None:
    def module_fn() -> None:
        x = tf.compat.v1.placeholder(tf.float32, [None])
        hub.add_signature("broken", inputs=x, outputs=tf.debugging.check_numerics(x / 0.0, "never"))
        hub.add_signature("fine", inputs=x, outputs=x * 2.0)

    text = hub.card(hub.create_module_spec(module_fn)).markdown
    broken, fine = text.split("### Signature `broken`")[1].split("### Signature `fine`")
    assert "No example of it ran:" in broken
    assert "never" in broken
    assert "Output `default`" in fine


def test_a_module_in_a_graph_is_not_run() -> None:
    with tf.Graph().as_default():
        card = hub.card(hub.Module("sample:half-plus-two"))
    assert "a Module in a graph" in card.markdown


def test_a_module_in_a_session_is_run() -> None:
    with NotebookSession() as session, NotebookSession() as other:
        module = session.load("sample:half-plus-two")
        text = hub.card(module, session=session).markdown
        with pytest.raises(GraphError, match="does not hold the module 'half_plus_two'"):
            hub.card(module, session=other)
        # It stays loaded.
        assert session.call(module, [2.0]).tolist() == [3.0]
    assert "Output `default`" in text
    assert "was not run" not in text


def test_a_module_in_a_session_has_its_own_variant() -> None:
    with NotebookSession() as session:
        module = session.load("sample:digits", tags={"train"})
        text = hub.card(module, session=session, examples=False).markdown
    assert "Cost of sample:digits · tags train · signature default" in text


@pytest.mark.usefixtures("dot")
def test_save_markdown_with_its_picture(digits: Any, tmp_path: Path) -> None:
    file = tmp_path / "READ ME.md"
    assert digits.save(file) == [str(file), str(tmp_path / "READ ME.graph.svg")]
    assert "![What the signature default runs](READ%20ME.graph.svg)" in file.read_text()
    assert (tmp_path / "READ ME.graph.svg").read_text().startswith("<svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["READ ME.graph.svg", "READ ME.md"]


def test_save_without_graphviz(digits: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    card = hub.card("sample:half-plus-two", examples=False)
    assert card.save(tmp_path / "README.md") == [str(tmp_path / "README.md")]
    assert "(output); float32" in (tmp_path / "README.md").read_text()
    assert "(output); float32" in card.html


def test_save_a_page(digits: Any, tmp_path: Path) -> None:
    assert digits.save(tmp_path / "card.HTML") == [str(tmp_path / "card.HTML")]
    page = (tmp_path / "card.HTML").read_text()
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert 'src="http' not in page


def test_nothing_is_replaced_unasked(digits: Any, tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("mine")
    with pytest.raises(CardError, match=r"is there already.*overwrite=True"):
        digits.save(file)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
    file.unlink()
    (tmp_path / "README.graph.svg").write_text("mine")
    with pytest.raises(FileExistsError, match=r"README\.graph\.svg"):
        digits.save(file)
    assert [path.name for path in tmp_path.iterdir()] == ["README.graph.svg"]
    digits.save(file, overwrite=True)
    assert "# sample:digits" in file.read_text()


@pytest.mark.parametrize(
    ("name", "error", "expected"),
    [
        ("card.txt", CardError, "ends in .md or .html"),
        ("README", CardError, "ends in"),
        ("", PathError, "empty"),
    ],
)
def test_files_that_are_no_cards(digits: Any, name: str, error: Any, expected: str, here: Path) -> None:
    with pytest.raises(error, match=expected):
        digits.save(name)
    assert list(here.iterdir()) == []


def test_a_folder_is_no_file(digits: Any, tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"is a directory. Name a file in it, such as .*README.md"):
        digits.save(tmp_path)


def test_names_that_strangers_chose_stay_text(tmp_path: Path) -> None:
    card = hub.card(hostile_module(tmp_path), title=f"<script>{RUN}</script>", examples=False)
    body = card.markdown.split("---\n", 2)[2]
    elements = set(shown(body).elements)
    assert elements <= {
        "h1", "h2", "h3", "p", "strong", "code", "pre", "ul", "li", "blockquote", "br",
        "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert "<script>" not in card.html
    assert len(card.html) < 800_000


def test_it_shows_itself(digits: Any) -> None:
    assert repr(digits).startswith("<ModelCard 'sample:digits': What it is, Intended use,")
    assert "<h1>sample:digits</h1>" in digits._repr_html_()


def test_it_is_the_same_each_time() -> None:
    first, second = (hub.card("sample:half-plus-two") for _ in range(2))
    assert first.markdown == second.markdown
    assert first.html == second.html
