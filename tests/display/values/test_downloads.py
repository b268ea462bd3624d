"""The files that values are downloaded as."""

import csv
import io
import re
import zipfile
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from hubexplore.display import values
from tests.display.values.composites import deep, ragged

RANDOM = np.random.default_rng(1)


def given(value: object, form: str) -> tuple[str, bytes]:
    """The file of a value that has one."""
    download = values.download(value, "out", form)
    assert download is not None
    return download


@pytest.mark.parametrize("array", [RANDOM.normal(size=(2, 3)), np.arange(4), np.array([True])], ids=range(3))
def test_npy(array: "np.ndarray[Any, Any]") -> None:
    name, content = given(array, "npy")
    assert name == "out.npy"
    np.testing.assert_array_equal(np.load(io.BytesIO(content), allow_pickle=False), array)


def test_npy_of_texts_needs_no_pickle() -> None:
    _, content = given(np.array([b"a", "é".encode()], object), "npy")
    assert np.load(io.BytesIO(content), allow_pickle=False).tolist() == ["a", "é"]


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, ml_dtypes.float8_e5m2, ml_dtypes.int4])
def test_npy_of_types_that_numpy_does_not_know(dtype: type) -> None:
    _, content = given(np.array([1, 2]).astype(dtype), "npy")
    array = np.load(io.BytesIO(content), allow_pickle=False)
    assert array.dtype == np.float32
    assert array.tolist() == [1, 2]


def test_composites_are_archives() -> None:
    name, content = given(ragged(), "npy")
    assert name == "out.npz"
    assert sorted(zipfile.ZipFile(io.BytesIO(content)).namelist()) == [
        "flat_values.npy",
        "row_splits_0.npy",
    ]


def test_one_long_text_does_not_fill_the_memory() -> None:
    uneven = np.array([b"x" * 10_000_000] + [b"y"] * 1000, object)
    assert [form for form, _ in values.forms(uneven)] == ["csv"]
    assert values.download(uneven, "out", "npy") is None
    assert [form for form, _ in values.forms(np.array([b"x"], object))] == ["npy", "csv"]


def test_what_no_spreadsheet_opens_is_no_csv() -> None:
    assert [form for form, _ in values.forms(np.zeros(6_000_000, np.float32))] == ["npy"]


def test_csv() -> None:
    assert given(np.array([[1.5, 2], [3, 4]]), "csv")[1] == b"1.5,2.0\n3.0,4.0\n"
    assert given(ragged(), "csv")[1] == b"0,0.0,1.0,2.0\n1\n2,3.0,4.0,5.0,6.0\n"
    assert given(deep(), "csv")[1] == b"0,1,2\n0\n1,3\n"
    assert given(np.arange(4).reshape(2, 1, 2), "csv")[1] == b"0,0,0,1\n1,0,2,3\n"
    assert given(np.zeros((1, 0)), "csv")[1] == b""


@pytest.mark.parametrize("text", ["=2+2", "+1", "-1", "@x", "\t=1", "＝1"])  # noqa: RUF001 - a wide sign
def test_a_text_is_no_formula(text: str) -> None:
    content = given(np.array([text.encode()], object), "csv")[1].decode()
    assert next(csv.reader(io.StringIO(content))) == [f"'{text}"]


def test_a_negative_number_stays_one() -> None:
    assert given(np.array([-1.5]), "csv")[1] == b"-1.5\n"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a b/c:0", "", "<script>", "n" * 999, ".hidden", "-rf"])
def test_names_are_safe(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,59}", values.file_stem(name))


@pytest.mark.parametrize(
    "blank", ["", " ", "\u00a0", "\ufeff", "\u200b", "\u2060", "\t", "\r", "\n", "\u3000 \u00ad"]
)
@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", "\ufe661"])
def test_no_formula_behind_blanks(blank: str, formula: str) -> None:
    content = given(np.array([f"{blank}{formula}".encode(), b"x"], object), "csv")[1].decode()
    rows = list(csv.reader(io.StringIO(content, newline="")))
    assert rows[0][0].startswith("'")
    assert rows[0][0].replace("'", "") == f"{blank}{formula}"
    assert rows[1] == ["x"]


@pytest.mark.parametrize("text", ["a;=1", "a;b; =1", "a;\ufeff=1", ";;=1", "a\n=1", "a\r\n;\t@x", "1;-2"])
def test_no_formula_where_semicolons_separate(text: str) -> None:
    content = given(np.array([text.encode()], object), "csv")[1].decode()
    for cell in re.split(r"[;\t\r\n]", content):
        assert not re.match(r"[\s\ufeff\"]*[=+@-]", cell), content


def test_what_is_no_formula_stays() -> None:
    for text in ("a = 1", "a-b", "x; y", "", " ", "a;b;c", "mail@example.org", "\u00e9;\u00fc", "'quoted'"):
        content = given(np.array([text.encode()], object), "csv")[1].decode()
        assert next(csv.reader(io.StringIO(content))) == [text] or text == ""


def test_a_lone_carriage_return_is_quoted() -> None:
    content = given(np.array([[b"a\rb", b"c\nd"], [b"e\r\nf", b"g"]], object), "csv")[1]
    assert content == b'"a\rb","c\nd"\n"e\r\nf",g\n'


def test_long_blanks_take_no_time() -> None:
    """Every blank is looked at once: with a new search from each of them this would take hours."""
    text = "\t; " * 300_000
    assert len(given(np.array([text.encode()], object), "csv")[1]) >= len(text)
