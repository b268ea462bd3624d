"""Names that differ and read the same are told apart; columns of one name are refused."""

from __future__ import annotations

import pandas as pd
import pytest

from hubexplore.errors import SignatureError
from hubexplore.summary.confusables import columns, quoted, reading, spelled_out

PAIRS = [
    ("caf\u00e9", "cafe\u0301"),
    ("a", "a "),
    ("a", " a"),
    ("a b", "a  b"),
    ("scope/a", "scope/\u0430"),  # Cyrillic
    ("AB", "\u0391\u0392"),  # Greek
    ("abc", "\uff41bc"),  # full width
]


@pytest.mark.parametrize("pair", PAIRS)
def test_pairs_that_read_the_same_are_spelled_out(pair: tuple[str, str]) -> None:
    first, second = pair
    assert reading(first) == reading(second)
    assert spelled_out(first) != spelled_out(second)
    listed = quoted(pair, ())
    assert len(set(listed)) == 2
    assert "".join(listed).isascii()


@pytest.mark.parametrize("pair", [("a", "A"), ("a", "b"), ("a b", "ab"), ("\u00e9", "e"), ("rn", "m")])
def test_others_do_not(pair: tuple[str, str]) -> None:
    assert reading(pair[0]) != reading(pair[1])
    assert quoted(pair, ()) == [repr(name) for name in pair]


def test_a_name_is_spelled_out_only_beside_its_double() -> None:
    assert quoted(["\u00e9", "x", 3], ["e\u0301"]) == [r"'\xe9'", "'x'", "3"]
    assert quoted(["\u00e9", "\u00e9"], ["\u00e9"]) == ["'\u00e9'", "'\u00e9'"]


def test_columns_are_by_name() -> None:
    column_names = columns(pd.DataFrame({"b": [1, 2], "a": [3, 4]}))
    assert {name: list(column) for name, column in column_names.items()} == {"b": [1, 2], "a": [3, 4]}


def test_columns_of_one_name_are_refused() -> None:
    frame = pd.DataFrame([[1, 2, 3, 4, 5]], columns=["a", "b", "a", 1, 1])
    with pytest.raises(SignatureError, match=r"several columns called 'a', 1, and each input takes one"):
        columns(frame)
    assert columns(frame.loc[:, ~frame.columns.duplicated()]).keys() == {"a", "b", 1}
