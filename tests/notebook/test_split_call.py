"""How the line of %hub_call is read."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from hubexplore.notebook.magics import split_call, variable_name

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
