"""The magics, in a real shell."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import hubexplore as hub
from hubexplore import errors
from hubexplore.notebook.magics.line_parser import one_line_errors
from tests.notebook.shells import Run, fails


class TestLoad:
    def test_binds_a_name_made_from_the_handle(self, run: Run) -> None:
        module = run("%hub_load sample:half-plus-two")
        assert isinstance(module, hub.Module)
        assert run("half_plus_two") is module

    def test_binds_the_name_asked_for(self, run: Run) -> None:
        assert run("%hub_load sample:half-plus-two --as half\nhalf") is run("half")
        with pytest.raises(NameError):
            run("half_plus_two")

    def test_result_can_be_assigned(self, run: Run) -> None:
        assert run("mine = %hub_load sample:half-plus-two --as half\nmine is half") is True

    def test_an_error_about_tags_says_what_to_type_here(self, run: Run) -> None:
        assert fails(run, "%hub_load sample:digits --tags trian") == (
            "The module has no graph variant with the tags ['trian']; it has [], ['train']. "
            "Nearest: --tags train. Training needs --trainable, whatever the tags."
        )
        message = fails(run, "%hub_load sample:half-plus-two --tags x")
        assert "Nearest: the one without tags, for which --tags is left out." in message

    def test_tags_and_trainable(self, run: Run) -> None:
        module = run("%hub_load sample:digits --tags train --trainable")
        assert module.tags == {"train"}
        assert module.trainable
        plain = run("%hub_load sample:digits --as plain")
        assert plain.tags == frozenset()
        assert not plain.trainable

    @pytest.mark.parametrize("quote", ["'", '"'])
    def test_quoted_path_with_spaces(self, run: Run, scale_path: Path, quote: str) -> None:
        assert " " in str(scale_path)
        run(f"%hub_load {quote}{scale_path}{quote} --as s")
        assert run("%hub_call s [1.0]") == [3.0]

    def test_path_in_a_variable(self, run: Run, scale_path: Path, shell: InteractiveShell) -> None:
        shell.user_ns["where"] = scale_path
        run('%hub_load "{where}" --as s')
        assert run("%hub_call s [1.0]") == [3.0]

    def test_a_name_that_cannot_be_a_variable(self, run: Run) -> None:
        for name in ("class", "a-b", "1x", "a.b"):
            assert f"{name!r} is not a valid one" in fails(run, f"%hub_load sample:half-plus-two --as {name}")

    @pytest.mark.parametrize("folder", ["get_ipython", "print", "hub", "In", "numbers"])
    def test_a_folder_rebinds_no_name_of_something_else(
        self, run: Run, scale_path: Path, tmp_path: Path, shell: InteractiveShell, folder: str
    ) -> None:
        run("import hubexplore as hub\nnumbers = [1.0]")
        copy = shutil.copytree(scale_path, tmp_path / folder)
        before = dict(shell.user_ns)
        assert "--as NAME" in fails(run, f"%hub_load {copy}")
        assert {name: shell.user_ns.get(name) for name in before} == before
        assert run(f"%hub_load {copy} --as mine").get_signature_names()
        assert run(f"%hub_load {copy} --as mine") is shell.user_ns["mine"]  # a module's name is free to reuse

    def test_a_variable_has_the_name_that_python_makes_of_it(self, run: Run) -> None:
        """Python reads a name whose characters look alike as one of plain letters."""
        assert run("%hub_load sample:half-plus-two --as \ufb01ne\n\ufb01ne").get_signature_names()
        for name in ("\uff49\uff46", "__debug__", "a b"):
            assert "is not a valid one" in fails(run, f"%hub_load sample:half-plus-two --as '{name}'")

    def test_what_is_not_there_is_told_in_one_line(self, run: Run, capfd: pytest.CaptureFixture[str]) -> None:
        message = fails(run, "%hub_load /not/there")
        assert "/not/there" in message
        shown = capfd.readouterr()
        assert shown.err.splitlines() == [f"UsageError: {message}"]
        assert "Traceback" not in shown.out

    def test_a_failing_load_binds_nothing(self, run: Run) -> None:
        fails(run, "%hub_load sample:half-plus-two --as x --tags nothing")
        with pytest.raises(NameError):
            run("x")

    def test_unknown_sample_and_option(self, run: Run) -> None:
        assert "half-plus-two" in fails(run, "%hub_load sample:half-plus-too")
        assert "--nothing" in fails(run, "%hub_load sample:digits --nothing")
        assert "handle" in fails(run, "%hub_load")

    def test_a_quote_that_is_not_closed(self, run: Run) -> None:
        assert "quotation mark is not closed" in fails(run, "%hub_load 'sample:digits")


class TestCall:
    def test_values(self, scale: Run) -> None:
        result = scale("%hub_call scale [1.0, 2.0]")
        assert isinstance(result, np.ndarray)
        np.testing.assert_array_equal(result, [3.0, 6.0])

    def test_expression_of_the_users_variables(self, scale: Run) -> None:
        scale("import numpy as np\nv = np.arange(3.0)")
        np.testing.assert_array_equal(scale("%hub_call scale v + 1"), [3.0, 6.0, 9.0])
        np.testing.assert_array_equal(scale("%hub_call scale [x for x in v if x > 1]"), [6.0])

    def test_result_can_be_assigned_and_is_the_last_result(self, scale: Run) -> None:
        assert scale("y = %hub_call scale [1.0]\ny") == [3.0]

    @pytest.mark.parametrize(
        "line",
        [
            "scale [1.0] --signature default --as-dict",
            "scale --signature default --as-dict [1.0]",
            "scale --as-dict [1.0] --signature 'default'",
            'scale {"x": [1.0]} --as-dict',
            "scale dict(x=[1.0]) --as-dict",
        ],
    )
    def test_options_before_and_after(self, scale: Run, line: str) -> None:
        assert scale(f"%hub_call {line}") == {"default": [3.0], "twice": [6.0]}

    @pytest.mark.parametrize("expression", ["\ud800", "'\ud800'", "- " * 100_000 + "1", "(" * 5_000])
    def test_what_python_cannot_parse(self, scale: Run, expression: str) -> None:
        assert "one Python expression" in fails(scale, f"%hub_call scale {expression}")

    def test_half_of_a_character_in_a_cell(self, scale: Run) -> None:
        assert "half of a surrogate pair" in fails(scale, "%%hub_call scale\n'\ud800'")

    def test_braces_and_dollars_are_python(self, scale: Run) -> None:
        """IPython would replace {a} and $a in the line of a magic by the variable."""
        scale("a = [5.0]")
        assert scale("%hub_call scale [float(len('$a {a}'))]") == [3.0 * len("$a {a}")]
        result = scale("%hub_call scale {'a': a, 'b': [2.0]} --signature pair --as-dict")
        assert result["sum"] == [7.0]

    def test_strings_that_look_like_options(self, run: Run) -> None:
        run("%hub_load sample:text-embedding --as embed")
        line = (
            '%hub_call embed ["a --as-dict", \'b --signature words\', "it\'s [("] --signature words --as-dict'
        )
        assert [bytes(word) for word in run(line)["words"].values[:3]] == [b"a", b"as", b"dict"]

    def test_no_inputs(self, scale: Run) -> None:
        assert scale("%hub_call scale --signature weight") == 3.0

    def test_several_inputs(self, scale: Run) -> None:
        assert scale("%hub_call scale {'a': [2.0], 'b': [3.0]} --signature pair --as-dict")["sum"] == [5.0]

    def test_signature_in_a_variable(self, scale: Run) -> None:
        assert scale("which = 'weight'\n%hub_call scale --signature {which}") == 3.0

    def test_another_variable_that_holds_the_module(self, scale: Run) -> None:
        assert scale("other = scale\n%hub_call other [1.0]") == [3.0]

    def test_a_module_made_elsewhere(self, scale: Run, scale_path: Path) -> None:
        scale(
            "import tensorflow as tf, hubexplore as hub\n"
            f"with tf.Graph().as_default(): foreign = hub.Module({str(scale_path)!r})"
        )
        assert "is not in the graph of session" in fails(scale, "%hub_call foreign [1.0]")

    def test_errors(self, scale: Run) -> None:
        assert "Did you mean 'scale'?" in fails(scale, "%hub_call scael [1.0]")
        assert "pair" in fails(scale, "%hub_call scale [1.0] --signature pear")
        assert "'x'" in fails(scale, "%hub_call scale ['text']")
        assert "'--tags'" in fails(scale, "%hub_call scale --tags [1.0]")
        assert "--signature S" in fails(scale, "%hub_call scale [1.0] --tags train")
        assert "say which module" in fails(scale, "%hub_call")

    def test_what_the_expression_raises_passes_through(self, scale: Run) -> None:
        with pytest.raises(ZeroDivisionError):
            scale("%hub_call scale [1 / 0]")
        with pytest.raises(NameError):
            scale("%hub_call scale nothing")

    def test_the_traceback_shows_the_expression(
        self, scale: Run, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shell.run_cell("%hub_call scale [1.0, nothing]")
        traceback = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
        assert "----> 1 [1.0, nothing]" in traceback
        assert "Could not get source" not in traceback

    def test_an_interrupt_shows_the_line_only(self, scale: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Frames below it would take IPython seconds to show."""

        def below(*_: Any, **__: Any) -> None:
            raise KeyboardInterrupt("What has begun goes on")

        monkeypatch.setattr("hubexplore.session.session.NotebookSession.call", below)
        with pytest.raises(KeyboardInterrupt, match="What has begun goes on") as caught:
            scale("%hub_call scale [1.0]")
        assert "below" not in [entry.name for entry in caught.traceback]
        assert caught.value.__suppress_context__

    def test_an_expression_that_is_none(self, scale: Run) -> None:
        assert "[1.0" in fails(scale, "%hub_call scale [1.0")

    def test_the_rest_of_the_cell_does_not_run(self, scale: Run) -> None:
        fails(scale, "%hub_call nothing [1.0]\nreached = True")
        with pytest.raises(NameError):
            scale("reached")


class TestExport:
    def test_round_trip(self, scale: Run, tmp_path: Path) -> None:
        target = tmp_path / "out"
        assert os.fspath(scale(f"%hub_export scale {target}")) == str(target)
        scale(f"%hub_load {target} --as again")
        assert scale("%hub_call again [1.0]") == [3.0]

    def test_quoted_path_with_spaces(self, scale: Run, tmp_path: Path) -> None:
        scale(f"%hub_export scale '{tmp_path / 'two words'}'")
        assert (tmp_path / "two words" / "saved_model.pb").exists()

    def test_home(self, scale: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        assert os.fspath(scale("%hub_export scale ~/mine")) == str(tmp_path / "mine")

    def test_errors(self, scale: Run, scale_path: Path) -> None:
        assert "already holds" in fails(scale, f"%hub_export scale '{scale_path}'")
        assert "No module 'nothing'" in fails(scale, "%hub_export nothing /tmp/x")
        assert "path" in fails(scale, "%hub_export scale")


class TestSave:
    def test_a_served_version(self, scale: Run, tmp_path: Path) -> None:
        scale("%config HubMagics.verify_exports = False")
        target = tmp_path / "served"
        assert os.fspath(scale(f"%hub_save scale {target} --version 1")) == str(target / "1")
        assert (target / "1" / "saved_model.pb").exists()
        assert "already holds" in fails(scale, f"%hub_save scale {target} --version 1")
        assert "No module 'nothing'" in fails(scale, "%hub_save nothing /tmp/x")


def test_convert(scale: Run, tmp_path: Path) -> None:
    target = tmp_path / "w.npz"
    assert os.fspath(scale(f"%hub_convert scale {target}")) == str(target)
    assert (tmp_path / "w.npz.json").exists()
    assert "exists. Write to another path" in fails(scale, f"%hub_convert scale {target}")
    assert "Did you mean 'onnx'" in fails(scale, f"%hub_convert scale {tmp_path} --to onxx")


class TestCard:
    def test_a_loaded_module_runs_with_its_values(self, scale: Run) -> None:
        card = scale("%hub_card scale --title Twice")
        assert card.title == "Twice"
        assert "### Signature `default`" in card.markdown
        assert "was not run" not in card.markdown
        assert "was not run" in scale("%hub_card scale --no-examples").markdown

    def test_a_handle_without_a_session(self, run: Run, scale_path: Path) -> None:
        assert "Output `default`" in run(f"%hub_card '{scale_path}'").markdown

    def test_a_file(self, scale: Run, tmp_path: Path) -> None:
        target = tmp_path / "card.html"
        assert scale(f"%hub_card scale '{target}'") == [str(target)]
        assert "<h1>" in target.read_text()
        assert "is there already" in fails(scale, f"%hub_card scale '{target}'")
        assert scale(f"%hub_card scale '{target}' --overwrite --no-examples") == [str(target)]

    def test_errors(self, scale: Run, tmp_path: Path) -> None:
        assert "ends in .md or .html" in fails(scale, f"%hub_card scale '{tmp_path / 'card.txt'}'")
        assert "Did you mean 'scale'" in fails(scale, "%hub_card scael")


@pytest.mark.parametrize(
    "name", ["hub_load", "hub_call", "hub_export", "hub_save", "hub_convert", "hub_card"]
)
def test_help(run: Run, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(f"%{name}?")
    shown = capsys.readouterr().out
    assert f"%{name}" in shown
    assert "The equivalent Python" in shown
    assert "positional arguments" in shown


def hub_errors() -> list[type[Exception]]:
    """Every class of HubError that errors.py has."""
    return [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.HubError)
    ]


@pytest.mark.parametrize("kind", hub_errors(), ids=lambda kind: kind.__name__)
def test_every_hub_error_becomes_exactly_usage_error_in_one_line(kind: type[Exception]) -> None:
    with pytest.raises(UsageError) as caught, one_line_errors():
        raise kind("a rule,\n  what was found, \x1b[31mred")
    assert type(caught.value) is UsageError
    assert str(caught.value) == r"a rule,   what was found, \x1b[31mred"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "line",
    ["%hub_graph NAME", "%hub_session list NAME", "%hub_session NAME", "%hub_list NAME",
     "%hub_load NAME --as m", "%hub_show NAME", "%hub_load sample:digits --as NAME", "%hub_call NAME 1",
     "%hub_session use NAME", "%hub_log --replay NAME", "%%hub_module m --tags NAME:\n1",
     "%%hub_call scale\nNAME ("],
)  # fmt: skip
def test_no_message_moves_the_cursor_or_turns_the_text(scale: Run, line: str) -> None:
    message = fails(scale, line.replace("NAME", "a\u202eb\x1b[31mc\u2066"))
    assert message.isprintable()


def test_what_is_unexpected_passes_through(scale: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("our bug")

    monkeypatch.setattr("hubexplore.session.session.NotebookSession.load", broken)
    with pytest.raises(RuntimeError, match="our bug"):
        scale("%hub_load sample:half-plus-two")
