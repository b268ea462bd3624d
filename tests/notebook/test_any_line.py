"""Lines of the magics, at random: a value, or one clear line that is safe to print, whatever is typed.

HUBEXPLORE_MUTATIONS=100 tries a hundred times as many as a usual run.
"""

from __future__ import annotations

import contextlib
import os
from random import Random
from typing import Final

import pytest
import tensorflow as tf
from IPython.core.error import UsageError

from tests.notebook.shells import MAGICS, Run

_MORE: Final = float(os.environ.get("HUBEXPLORE_MUTATIONS", "1"))
# Calls have the most to get wrong. Magics that write would put files wherever a random line says.
_WRITERS: Final = ("hub_card", "hub_convert", "hub_export", "hub_save")
_MAGICS: Final = (*(name for name in MAGICS if name not in _WRITERS), "hub_call", "hub_call")
_WORDS: Final = (
    *(
        "scale",
        "scale",
        "scale",
        "m",
        "''",
        "'a b'",
        "[1.0]",
        "[1.0",
        "1e999",
        "None",
        "[2**70]",
        "{'x': [1]}",
    ),
    *("--as", "--as=", "--as m", "--tags", "--tags='a,b'", "--tags :", "--signature", "--signature=pair"),
    *(
        "--signature '--'",
        "--as-dict",
        "--batch-size 2",
        "--batch-size=-1",
        "--batch-size 9999999999999999999",
    ),
    *(
        "--fetch",
        "--fetch ':'",
        "--fetch 'add:99999999999999999999'",
        "--out x",
        "--out 1",
        "--lines",
        "--csv",
    ),
    *(
        "--graph",
        "--trainable",
        "--replay 1",
        "--replay -1",
        "--help",
        "-h",
        "--",
        "-",
        "---",
        "=",
        "<<",
        "x <<",
    ),
    *(
        "{",
        "}",
        "{1/0}",
        "{scale}",
        "$scale",
        "$",
        "$$",
        "'",
        '"',
        "\\",
        "?",
        ";",
        "#",
        "!ls",
        "@",
        "scale@x",
    ),
    *(
        "~",
        "~nobody",
        ".",
        "..",
        "\0",
        "sample:",
        "sample:x",
        "http://",
        "https://[",
        "file:",
        "gs://x/y",
        "a:b",
    ),
    *(
        "\u202e",
        "\x1b[31m",
        "\ud800",
        "é",
        "list",
        "new a",
        "use a",
        "--target x",
        "9" * 30,
        "a" * 5000,
        "[" * 300,
    ),
)
_CELLS: Final = (
    *(
        "",
        "[1.0]",
        "1.0\n2.0",
        "x\n1.0",
        '"a\nb',
        "[1.0",
        "x,x\n1,2",
        ",\n,",
        "\ufeffx\n1",
        "\ud800",
        "return 1",
    ),
    *("1e999\nnan", "x\n" + "9" * 5000, "await x", "hub.add_signature(1)", "%hub_list", "pass"),
)


def _line(random: Random) -> str:
    words = [random.choice(_WORDS) for _ in range(random.choice([0, 1, 2, 2, 3, 3, 4, 6]))]
    line = f"{random.choice(_MAGICS)} {random.choice([' ', ' ', '  ', '']).join(words)}"
    match random.randrange(5):
        case 0:
            return f"%%{line}\n{random.choice(_CELLS)}"
        case 1:
            return f"x = %{line}"
    return f"%{line}"


@pytest.mark.filterwarnings("ignore")
def test_any_line(scale: Run) -> None:
    for seed in range(int(150 * _MORE)):
        line = _line(Random(seed))
        # SyntaxError and NameError: code of the user's that stands in the line or the cell.
        with contextlib.suppress(tf.errors.OpError, SyntaxError, NameError, ZeroDivisionError):
            try:
                scale(line)
            except UsageError as error:
                text = str(error)
                assert text.isprintable(), f"seed {seed}: {line!r}"
                assert text.strip() or " " not in line, f"seed {seed}: {line!r}"
            except TypeError as error:
                if "operand" not in str(error):  # an operator of the user's, as in `scale @ x`
                    raise
