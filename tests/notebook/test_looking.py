"""%hub_show, %hub_compare, %hub_list, %hub_log, %hub_samples, %hub_session, and help, in a real shell."""

from __future__ import annotations

from pathlib import Path

import pytest

import hubexplore as hub
from hubexplore.display.diagram import Diagram
from hubexplore.display.rich.comparison_view import ShownComparison
from hubexplore.display.rich.summaries import Summary, Variant
from hubexplore.notebook.panel.explorer import Explorer
from hubexplore.session.session import NotebookSession
from tests.notebook.shells import MAGICS, Run, fails


@pytest.fixture
def digits(run: Run) -> Run:
    """A shell in which `digits` is loaded."""
    run("%hub_load sample:digits")
    return run


class TestShow:
    @pytest.mark.parametrize("what", ["digits", "sample:digits", "other", "place", "'{place}'"])
    def test_variables_names_and_handles(self, digits: Run, what: str) -> None:
        digits("other = digits\nplace = 'sample:digits'")
        shown = digits(f"%hub_show {what}")
        assert isinstance(shown, Summary)
        assert shown.signatures

    def test_a_name_whose_variable_is_taken(self, digits: Run) -> None:
        digits("digits = 3")
        assert isinstance(digits("%hub_show digits"), Summary)

    def test_variant_and_diagram(self, digits: Run) -> None:
        variant = digits("%hub_show sample:digits --tags train")
        assert isinstance(variant, Variant)
        assert variant.tags == ("train",)
        for options in ("--graph", "--signature default", "--graph --tags train"):
            assert isinstance(digits(f"%hub_show sample:digits {options}"), Diagram)

    def test_an_object_with_a_method_summary_is_no_module(self, digits: Run) -> None:
        digits("class Net:\n    def summary(self): raise AssertionError\nnet = Net()")
        assert "Nothing is called 'net'" in fails(digits, "%hub_show net")

    def test_errors(self, digits: Run) -> None:
        assert "Did you mean 'digits'?" in fails(digits, "%hub_show digit")
        assert "train" in fails(digits, "%hub_show sample:digits --tags trian")
        assert "default" in fails(digits, "%hub_show digits --signature defualt")
        assert "/not/there" in fails(digits, "%hub_show /not/there")
        assert "required" in fails(digits, "%hub_show")


class TestTry:
    def test_a_loaded_module_runs_in_its_session(self, digits: Run) -> None:
        explorer = digits("%hub_try digits --signature image_feature_vector")
        assert isinstance(explorer, Explorer)
        assert explorer._subject.name == "digits"
        assert explorer._subject.where(())[1] is digits("digits")

    def test_a_handle_is_loaded_apart(self, digits: Run) -> None:
        explorer = digits("%hub_try sample:digits --tags train")
        assert explorer._selector.variant.tags == ("train",)
        assert explorer._subject.name is None

    def test_errors(self, digits: Run) -> None:
        assert "Did you mean 'digits'?" in fails(digits, "%hub_try digit")
        assert "default" in fails(digits, "%hub_try digits --signature defualt")
        assert "train" in fails(digits, "%hub_try sample:digits --tags trian")


class TestCompare:
    def test_modules(self, digits: Run, tmp_path: Path) -> None:
        digits(f"%hub_export digits {tmp_path / 'copy'}")
        assert isinstance(digits(f"%hub_compare digits {tmp_path / 'copy'}"), ShownComparison)
        assert not digits("%hub_compare digits sample:half-plus-two").same

    @pytest.mark.parametrize(
        "sides", ["sample:digits@ sample:digits@train", "sample:digits sample:digits@train"]
    )
    def test_variants(self, run: Run, sides: str) -> None:
        shown = run(f"%hub_compare {sides}")
        assert isinstance(shown, ShownComparison)
        assert not shown.same
        assert (shown.first, shown.second) == ("no tags", "train")

    def test_errors(self, run: Run) -> None:
        assert "train" in fails(run, "%hub_compare sample:digits@ sample:digits@trian")
        assert "required" in fails(run, "%hub_compare sample:digits")


def test_list(digits: Run) -> None:
    digits("%hub_load sample:digits --as trained --tags train --trainable")
    listed = digits("%hub_list")
    assert [row[:3] for row in listed] == [("digits", "no tags", "no"), ("trained", "train", "yes")]
    assert list(listed.df["Name"]) == ["digits", "trained"]
    assert "<table>" in listed._repr_html_()


def test_list_of_nothing_makes_no_session(run: Run) -> None:
    assert "nothing is loaded yet" in repr(run("%hub_list"))
    assert run("%hub_session list")[0][2] == "not yet"


def test_log(run: Run) -> None:
    run("%hub_load sample:half-plus-two --as half")
    first = run("%hub_call half [1.0, 2.0]")
    assert len(run("%hub_log")) == 1
    assert list(run("%hub_log --replay 1")) == list(first)
    assert "number 9" in fails(run, "%hub_log --replay 9")
    assert "Did you mean '--replay'?" in fails(run, "%hub_log --repaly 1")


def test_samples(run: Run) -> None:
    assert [row[0] for row in run("%hub_samples")] == [f"sample:{name}" for name in hub.samples.names()]
    assert all(row[1].endswith(".") for row in run("%hub_samples"))


class TestSession:
    def test_is_the_python_twin(self, digits: Run) -> None:
        session = digits("session = %hub_session\nsession")
        assert isinstance(session, NotebookSession)
        assert session.names == ["digits"]

    def test_several(self, digits: Run) -> None:
        assert digits("%hub_session new other").names == []
        assert "nothing is loaded" in fails(digits, "%hub_call digitz [1.0]")
        assert "is not in the graph of session" in fails(digits, "%hub_call digits [1.0]")
        assert [row[:2] for row in digits("%hub_session list")] == [("default", ""), ("other", "yes")]
        assert digits("%hub_session use default").names == ["digits"]
        assert [row[0] for row in digits("%hub_session close other")] == ["default"]

    def test_reset(self, digits: Run) -> None:
        assert digits("%hub_session reset").names == []
        assert digits("%hub_load sample:digits").name == "digits"

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("rest", "Did you mean 'reset'?"),
            ("new", "needs a name"),
            ("use nothing", "There is no session 'nothing'"),
            ("use x --target grpc://h:1", "%hub_session new"),
            ("list x", "takes no name"),
            ("new default", "already"),
            ("close x y", "takes no argument 'y'"),
        ],
    )
    def test_errors(self, digits: Run, line: str, message: str) -> None:
        assert message in fails(digits, f"%hub_session {line}")


@pytest.mark.parametrize("name", MAGICS)
def test_help_is_returned_and_nothing_happens(
    run: Run, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = repr(run(f"text = %{name} --help\ntext"))
    assert f"%{name}" in shown
    assert "The equivalent Python" in shown
    assert capsys.readouterr().out.count("The equivalent Python") == 1


@pytest.mark.parametrize("name", MAGICS)
def test_an_option_that_is_none(run: Run, name: str) -> None:
    kind = "%%" if name in ("hub_module", "hub_graph") else "%"
    message = fails(run, f"{kind}{name} --hlep\n1")
    assert f"%{name} has no option '--hlep'. Did you mean '--help'?" in message
