"""How the line of %hub_call is read."""

from __future__ import annotations

from typing import Any

import pytest
from IPython.core.error import UsageError

from hubexplore.notebook.magics import HubMagics
from hubexplore.notebook.magics.line_parser import read_call, words
from hubexplore.summary.files.handle_names import variable_name

AS_DICT, PLAIN = True, False


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("m", ("m", "", None, PLAIN)),
        ("m x", ("m", "x", None, PLAIN)),
        ("  m   x  ", ("m", "x", None, PLAIN)),
        ("m(x)", ("m", "(x)", None, PLAIN)),
        ("m ['a', 'b c']", ("m", "['a', 'b c']", None, PLAIN)),
        ("m --as-dict", ("m", "", None, AS_DICT)),
        ("m --signature s", ("m", "", "s", PLAIN)),
        ("m x --signature {s}", ("m", "x", "{s}", PLAIN)),
        ("m {'a --signature {b}'}", ("m", "{'a --signature {b}'}", None, PLAIN)),
        ("m --signature=s", ("m", "", "s", PLAIN)),
        ("m x --signature s --as-dict", ("m", "x", "s", AS_DICT)),
        ("m x --as-dict --signature s", ("m", "x", "s", AS_DICT)),
        ("m --signature s --as-dict x", ("m", "x", "s", AS_DICT)),
        ("m --as-dict x --signature s", ("m", "x", "s", AS_DICT)),
        ("m --signature 'a b' [1, 2]", ("m", "[1, 2]", "a b", PLAIN)),
        ('m [1, 2] --signature "a b"', ("m", "[1, 2]", "a b", PLAIN)),
        ("m {'a': [1], 'b': x[0]}", ("m", "{'a': [1], 'b': x[0]}", None, PLAIN)),
        ("m [' --as-dict ']", ("m", "[' --as-dict ']", None, PLAIN)),
        ("m ' --as-dict'", ("m", "' --as-dict'", None, PLAIN)),
        ("m ['use --signature b']", ("m", "['use --signature b']", None, PLAIN)),
        ("m 'x --signature b'", ("m", "'x --signature b'", None, PLAIN)),
        ("m ['--as-dict'] --as-dict", ("m", "['--as-dict']", None, AS_DICT)),
        ("m -x", ("m", "-x", None, PLAIN)),
        ("m x - -y", ("m", "x - -y", None, PLAIN)),
        ("m x.max(axis=-1)", ("m", "x.max(axis=-1)", None, PLAIN)),
        ("größe x", ("größe", "x", None, PLAIN)),
    ],
)
def test_parts(line: str, expected: tuple[str, str, str | None, bool]) -> None:
    assert split_call(line) == expected


def split_call(line: str, over_cell: bool = False) -> tuple[str, str, str | None, bool]:
    options = read(line, over_cell)
    return options.name, options.expression, options.signature, options.as_dict


def read(line: str, over_cell: bool = False) -> Any:
    return read_call(vars(HubMagics.hub_call)["parser"], line, over_cell)


def test_further_options() -> None:
    options = read("m x --fetch conv1/Relu:0 --batch-size 8 --fetch b --out y")
    assert (options.expression, options.fetch, options.batch_size, options.out) == (
        "x", ["conv1/Relu:0", "b"], 8, "y",
    )  # fmt: skip
    assert not options.silent


@pytest.mark.parametrize(
    ("line", "over_cell"),
    [("y << m x", False), ("m y <<", True), ("y << m", True), ("m --as-dict y <<", True)],
)
def test_capture(line: str, over_cell: bool) -> None:
    options = read(line, over_cell)
    assert (options.name, options.out, options.silent) == ("m", "y", True)


def test_a_shift_is_an_expression() -> None:
    options = read("m x << 2")
    assert (options.expression, options.out, options.silent) == ("x << 2", None, False)


def test_a_semicolon_at_the_end_is_not_part_of_the_expression() -> None:
    assert split_call("m x;") == ("m", "x", None, False)


@pytest.mark.parametrize(("line", "message"), [
    ("m x --batch-size many", "invalid int value"),
    ("m x --out 2x", "name of a variable"),
    ("m --singature s", "Did you mean '--signature'"),
])  # fmt: skip
def test_bad_options(line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(line)


def test_no_expression_beside_a_cell() -> None:
    with pytest.raises(UsageError, match="goes into the cell"):
        read("m [1.0]", over_cell=True)


def test_words() -> None:
    assert words("""a 'b c' --as="d e" k='v w' """) == ["a", "b c", "--as=d e", "k='v w'"]


@pytest.mark.parametrize("line", ["", "   ", "--as-dict"])
def test_a_name_is_needed(line: str) -> None:
    with pytest.raises(UsageError, match="say which module"):
        split_call(line)


def test_an_option_that_is_none() -> None:
    with pytest.raises(UsageError, match="no option '--tags'"):
        split_call("m --tags x")


@pytest.mark.parametrize(
    ("handle", "name"),
    [
        ("sample:text-embedding", "text_embedding"),
        ("/modules/vae3dshapes/", "vae3dshapes"),
        ("half_plus_two_v1.tar.gz", "half_plus_two_v1"),
        ("C:\\modules\\net.tgz", "net"),
        ("https://example.org/nnlm-en-dim50/1?tf-hub-format=compressed", "module_1"),
        ("/a/größe", "gr__e"),
        ("/a/class", "class_"),
        ("/a/2cool", "module_2cool"),
        ("/", "module"),
        ("...", "module"),
    ],
)
def test_default_name_of_the_variable(handle: str, name: str) -> None:
    assert variable_name(handle) == name
    assert name.isidentifier()
