"""Magics over a cell, in a real shell: values, text, tables, graphs and modules of one's own."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

import hubexplore as hub
from hubexplore.session.session import NotebookSession
from tests.notebook.shells import Run, fails

MODULE = """%%hub_module line {options}
x = tf.compat.v1.placeholder(tf.float32, [None])
w = tf.compat.v1.get_variable("w", initializer=float({factor}))
hub.add_signature(inputs=x, outputs=w * x)
"""


@pytest.fixture
def line(run: Run) -> Run:
    """A shell in which the module `line`, w * x for w = 2, was made."""
    run(MODULE.format(options="", factor=2))
    return run


def line_of_error(run: Run, source: str, kind: type[Exception]) -> int | None:
    """The line of the cell, counted from the magic, that an error points at."""
    with pytest.raises(kind) as caught:
        run(source)
    return [frame.lineno for frame in traceback.extract_tb(caught.value.__traceback__)][-1]


class TestCallOverCell:
    def test_an_expression_over_several_lines(self, scale: Run) -> None:
        np.testing.assert_array_equal(
            scale("%%hub_call scale\n\n[1.0,  # one\n 2.0]\n+ [3.0]"), [3.0, 6.0, 9.0]
        )

    def test_options(self, scale: Run) -> None:
        cell = "%%hub_call scale --signature pair --as-dict --out kept\n{'a': [1.0],\n 'b': [2.0]}"
        assert scale(cell) == {"sum": [3.0], "product": [2.0]}
        assert scale("kept") == {"sum": [3.0], "product": [2.0]}

    @pytest.mark.parametrize("first", ["scale kept <<", "kept << scale"])
    def test_capture_shows_nothing(self, scale: Run, first: str) -> None:
        assert scale(f"%%hub_call {first}\n[1.0]") is None
        assert scale("kept") == [3.0]

    def test_fetch_and_batches(self, scale: Run) -> None:
        values, fetched = scale("%%hub_call scale --fetch w\n[1.0]")
        assert (values, fetched) == ([3.0], {"w": 3.0})
        np.testing.assert_array_equal(
            scale("%%hub_call scale --batch-size 2\n[1.0, 2.0, 3.0]"), [3.0, 6.0, 9.0]
        )

    def test_the_setting_of_batches_is_used(self, scale: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        seen = []
        original_call = NotebookSession.call

        def call(*arguments: Any, **options: Any) -> Any:
            seen.append((options["batch_size"], options["progress"]))
            return original_call(*arguments, **options)

        monkeypatch.setattr("hubexplore.session.session.NotebookSession.call", call)
        scale("%hub_call scale [1.0]")
        scale("%config HubMagics.batch_size = 2\n%config HubMagics.show_progress = False")
        scale("%hub_call scale [1.0]")
        scale("%hub_call scale [1.0] --batch-size 1")
        assert seen == [(None, None), (2, False), (1, False)]

    def test_lines(self, run: Run) -> None:
        run("%hub_load sample:text-embedding --as embed")
        assert run("%%hub_call embed --lines\nbread\n\n it's [silver\n").shape == (2, 100)

    def test_await_is_refused(self, scale: Run) -> None:
        assert "await" in fails(scale, "%%hub_call scale\n(await x)")
        assert "await" in fails(scale, "%hub_call scale await x")

    def test_what_is_no_expression(self, scale: Run) -> None:
        assert "one Python expression" in fails(scale, "%%hub_call scale\nx = 1\nx")
        assert "not both" in fails(scale, "%%hub_call scale --lines --csv\n1")
        assert "%%hub_call" in fails(scale, "%hub_call scale --lines")

    def test_errors_point_at_the_line(self, scale: Run) -> None:
        assert line_of_error(scale, "%%hub_call scale\n[1.0,\n 1 / 0]", ZeroDivisionError) == 3


class TestCsv:
    @pytest.mark.parametrize("cell", ["1\n2", "1.0\n\n2", "x\n1\n2", "height\n1\n2", " x \n 1\n 2 "])
    def test_one_column(self, scale: Run, cell: str) -> None:
        np.testing.assert_array_equal(scale(f"%%hub_call scale --csv\n{cell}"), [3.0, 6.0])

    def test_columns_by_name(self, scale: Run) -> None:
        result = scale("%%hub_call scale --csv --signature pair --as-dict\nb, a\n1, 2\n3, 4")
        np.testing.assert_array_equal(result["product"], [2.0, 12.0])

    def test_rows_fill_the_shape_of_the_input(self, run: Run) -> None:
        run("%hub_load sample:digits")
        row = ",".join(["0.5"] * 64)
        assert run(f"%%hub_call digits --csv\n{row}\n{row}").shape == (2, 10)
        assert "do not fill" in fails(run, "%%hub_call digits --csv\n1,2,3")

    @pytest.mark.parametrize(
        ("cell", "message"),
        [
            ("a,bb\n1,2", "'bb' is not an input of this signature. Did you mean 'b'?"),
            ("1,2\n3,4", "several inputs"),
            ("a,b\n1,2\n3", "row 3 has 1"),
            ("a,b\n1,x", "Input 'b', row 1: found 'x', expected a number such as 1.5 (float32)."),
            ("a,b\n", "no rows below its row of names"),
            ("\n \n", "no rows"),
            (f'a,b\n1,"{"2" * 200_000}"', "The cell is not a table that can be read"),
        ],
    )
    def test_errors(self, scale: Run, cell: str, message: str) -> None:
        assert message in fails(scale, f"%%hub_call scale --csv --signature pair\n{cell}")


class TestModule:
    def test_loads_what_it_makes(self, line: Run) -> None:
        assert isinstance(line("line"), hub.Module)
        np.testing.assert_array_equal(line("%hub_call line [1.0, 2.0]"), [2.0, 4.0])

    def test_result_is_a_spec(self, run: Run) -> None:
        assert isinstance(run(MODULE.format(options="", factor=2)), hub.ModuleSpec)

    def test_names_stay_inside_and_tf_and_hub_are_given(self, line: Run) -> None:
        for name in ("x", "w", "tf", "hub"):
            with pytest.raises(NameError):
                line(name)

    def test_the_users_names_win(self, run: Run) -> None:
        run("factor = 5")
        run(MODULE.format(options="", factor="factor"))
        assert run("%hub_call line [1.0]") == [5.0]

    def test_graph_variants(self, run: Run) -> None:
        spec = run(
            MODULE.format(options="--tags train+gpu:k=3,s='a,b' none:k=2,s='c'", factor="k if s else 0")
        )
        assert sorted(map(sorted, spec.get_tags())) == [[], ["gpu", "train"]]
        assert run("%hub_call line [1.0]") == [2.0]

    def test_without_a_variant_without_tags_the_first_is_loaded(self, run: Run) -> None:
        run(MODULE.format(options="--tags train", factor=2))
        assert run("line").tags == {"train"}

    def test_strings_over_lines_keep_their_spaces(self, run: Run) -> None:
        cell = '%%hub_module line\nassert """a\n  b""" == "a\\n  b"\n'
        run(cell + MODULE.format(options="", factor=2).split("\n", 1)[1])

    def test_running_it_again_replaces(self, line: Run) -> None:
        line(MODULE.format(options="", factor=7))
        assert line("%hub_call line [1.0]") == [7.0]

    def test_errors_point_at_the_line(self, run: Run) -> None:
        assert line_of_error(run, "%%hub_module bad\n\nx = 1\n1 / 0", ZeroDivisionError) == 4
        with pytest.raises(SyntaxError) as caught:
            run("%%hub_module bad\nx = 1\ny = = 2")
        assert caught.value.lineno == 3

    def test_what_hubexplore_raises_is_one_line(self, run: Run) -> None:
        assert fails(run, "%%hub_module bad\nx = 1\nhub.add_signature(inputs=3)").startswith(
            "Line 3 of the cell"
        )
        assert "no signature" in fails(run, "%%hub_module bad\nx = 1")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ("line --tags train:k", "does not have this form"),
            ("line --tags train:k=print(1)", "does not have this form"),
            ("line --tags train:k=1 none:j=1", "same arguments"),
            ("line --tags train train", "twice"),
            ("2x", "name of a variable"),
            ("", "name"),
            ("line --tag x", "Did you mean '--tags'"),
        ],
    )
    def test_bad_options(self, run: Run, options: str, message: str) -> None:
        body = MODULE.split("\n", 1)[1].format(factor=1)
        assert message in fails(run, f"%%hub_module {options}\n{body}")

    def test_needs_a_cell(self, run: Run) -> None:
        assert "%%hub_module" in fails(run, "%hub_module line")
        assert "empty" in fails(run, "%%hub_module line\n# nothing")


class TestGraph:
    def test_trains_a_loaded_module(self, run: Run) -> None:
        run("import tensorflow as tf")
        run(MODULE.format(options="", factor=2))
        value = run(
            "%%hub_graph\n"
            "v = tf.compat.v1.get_variable('v', initializer=1.0)\n"
            "loss = tf.square(v * line(tf.constant([2.0])) - 8.0)\n"
            "train = tf.compat.v1.train.GradientDescentOptimizer(0.01).minimize(loss)\n"
            "for _ in range(200): tf.compat.v1.get_default_session().run(train)\n"
            "v.eval()"
        )
        assert abs(value - 2.0) < 1e-3
        assert run("v.graph is loss.graph") is True

    def test_value_magics_and_semicolon(self, line: Run) -> None:
        assert line("%%hub_graph\nfound = %hub_call line [1.0]\nfound") == [2.0]
        assert line("%%hub_graph\n1 + 1;") is None
        assert line("%%hub_graph\nkept = 3") is None
        assert line("kept") == 3

    def test_outside_all_is_as_before(self, line: Run) -> None:
        line("import tensorflow as tf")
        line("%%hub_graph\nt = tf.constant(1.0)")
        assert line("tf.executing_eagerly()") is True

    def test_errors_point_at_the_line(self, line: Run) -> None:
        assert line_of_error(line, "%%hub_graph\n\na = 1\n1 / 0", ZeroDivisionError) == 4
        assert line_of_error(line, "%%hub_graph\na = 1\n1 / 0\na", ZeroDivisionError) == 3
        assert "Line 3 of the cell" in fails(line, "%%hub_graph\na = 1\nline(3, signature='pear')")
        assert "await" in fails(line, "%%hub_graph\nawait x")

    def test_the_cell_can_be_run_again(self, line: Run, shell: InteractiveShell) -> None:
        for _ in range(2):
            assert line("%%hub_graph\nline([1.0]).eval()[0]") == 2.0
