"""Long expressions are broken where an author would break them, and give the same value."""

from __future__ import annotations

import ast
import random
from typing import Any

import pytest

from hubexplore.inputs.code.line_breaks import WIDTH, broken


def value(generator: random.Random, depth: int) -> Any:
    """A value of lists, tuples, dicts, texts and numbers."""
    kind = generator.randrange(8) if depth else 0
    if kind < 3:
        texts = "a b\\'\"\n%s" % ("x y" * generator.randrange(40)), b"\x00 \\'" * generator.randrange(30)
        return generator.choice([generator.random(), generator.randrange(10**6), *texts, None, True])
    items = [value(generator, depth - 1) for _ in range(generator.randrange(9))]
    return items if kind < 5 else tuple(items) if kind < 6 else dict(enumerate(items))


def test_any_value_stays_the_same() -> None:
    generator = random.Random(0)
    for _ in range(500):
        made = value(generator, 4)
        assert ast.literal_eval(broken(repr(made))) == made


BASE64 = "ab+/" * 30
NINES = "9" * 60
WHERE = (
    ("f(x)", "f(x)"),
    (
        f"np.load(io.BytesIO(base64.b64decode('{BASE64}')))",
        f"np.load(io.BytesIO(base64.b64decode(\n    '{BASE64[:82]}'\n    '{BASE64[82:]}'\n)))",
    ),
    (
        f"(np.arange(30) / {NINES}).reshape((30,))",
        f"(\n    np.arange(30) / {NINES}\n).reshape((30,))",
    ),
    (
        repr({"name": [0.5] * 18, "b": [1]}),
        "{\n    'name': [\n        " + "0.5, " * 15 + "0.5,\n        0.5, 0.5,\n    ],\n    'b': [1],\n}",
    ),
    (
        f"f('{'word ' * 20}', 1)",
        f"f(\n    (\n        '{'word ' * 15}'\n        '{'word ' * 5}'\n    ),\n    1,\n)",
    ),
    (
        f"[f(number) for number in range(10)] + {[1000] * 12}",
        f"[f(number) for number in range(10)] + [\n    {', '.join(['1000'] * 12)},\n]",
    ),
)


@pytest.mark.parametrize(("expression", "expected"), WHERE, ids=range(len(WHERE)))
def test_where(expression: str, expected: str) -> None:
    found = broken(expression)
    assert found == expected
    assert ast.dump(ast.parse(found)) == ast.dump(ast.parse(expression))
    assert max(map(len, found.splitlines())) <= WIDTH


def test_what_precedes_the_first_line_counts() -> None:
    assert broken("[1, 2]", taken=WIDTH - 3) == "[\n    1, 2,\n]"
    assert broken("[1, 2]", taken=WIDTH - 6) == "[1, 2]"
