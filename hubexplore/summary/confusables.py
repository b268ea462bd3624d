r"""Names that differ and read the same: `é` in one or in two characters, a Cyrillic `a`, a blank at the end.

Code that lists names asks here which of them need to be spelled out.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from hubexplore.errors import SignatureError

# Cyrillic and Greek letters that look like Latin ones in most fonts, from Unicode's confusables.txt.
_LOOKS: Final = str.maketrans(
    (
        "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425"
        "\u0430\u0435\u0455\u0456\u0458\u043e\u0440\u0441\u0443\u0445\u0501\u04bb\u051b\u051d"
        "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf"
        "\u03bd\u03b3"
    ),
    "ABESIJKMHOPCTYXaesijopcyxdhqwABEZHIKMNOPTYXovy",
)
_BLANKS: Final = re.compile(r"\A +| +\Z|(?<= ) +")
"""Those that a table does not show: at the ends, and all but the first of several."""


def reading(text: str) -> str:
    """What a reader takes a text for: equal for texts that look the same."""
    if text.isascii():
        return _BLANKS.sub("", text)
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text).translate(_LOOKS))


def spelled_out(text: str) -> str:
    r"""Returns `text` with what a reader cannot tell apart as escapes: `caf\xe9`, `a\x20`."""
    shown = text.encode("ascii", "backslashreplace").decode()
    return _BLANKS.sub(lambda blanks: r"\x20" * len(blanks[0]), shown)


def quoted(names: Iterable[Any], among: Iterable[Any]) -> list[str]:
    """Quotes names as `repr` does; those that read like another one, of `among` too, are spelled out."""
    listed = list(names)
    texts = {name for name in (*listed, *among) if isinstance(name, str)}
    counts = Counter(map(reading, texts))
    return [
        f"'{spelled_out(name)}'" if isinstance(name, str) and counts[reading(name)] > 1 else repr(name)
        for name in listed
    ]


def columns(frame: Any) -> dict[Any, Any]:
    """A pandas DataFrame as a dict: a column for each input.

    Raises:
      SignatureError: (a TypeError) several columns have one name, of which pandas would take all or the last.
    """
    counts = Counter(frame.columns)
    if twice := sorted(repr(name) for name, count in counts.items() if count > 1):
        raise SignatureError(
            f"The DataFrame has several columns called {', '.join(twice)}, and each input takes one column. "
            "Rename or drop the others: frame.loc[:, ~frame.columns.duplicated()] keeps the first of each."
        )
    return {name: frame[name] for name in counts}
