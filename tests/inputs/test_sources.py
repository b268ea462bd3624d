"""Files and variables as values."""

from __future__ import annotations

import base64
import contextlib
import io
import zipfile
from typing import Any

import numpy as np
import pandas as pd
import PIL.Image
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from hubexplore.errors import HubError, SignatureError
from hubexplore.inputs.external import npy_files, sources
from hubexplore.inputs.fields import Field
from hubexplore.inputs.text import tf_examples
from hubexplore.summary.reading.string_inputs import Encoding, Feature
from tests.inputs.fields_of import field

PAIRS = field("float32", (None, 2))
TEXTS = field("string", (None,))
EXAMPLES = Field("x", "string", (None,), "dense", "text", "rows as JSON",
                 encoding=Encoding("example", (Feature("a", "string"), Feature("n", "int64"))))  # fmt: skip


def npy(array: Any, allow_pickle: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=allow_pickle)
    return file.getvalue()


def header(text: str, body: bytes = b"") -> bytes:
    """A `.npy` file with any header."""
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + body


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


ARRAYS = {
    "as it is": np.array([[1, 2], [3, 4]], np.float32),
    "columns together": np.asfortranarray(np.array([[1, 2], [3, 4]], np.float32)),
    "big endian": np.array([[1, 2], [3, 4]], ">f8"),
    "integers": np.array([[1, 2], [3, 4]], np.int16),
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_npy(array: Any) -> None:
    value = sources.read_file(PAIRS, "x.npy", npy(array))
    assert value.value.tolist() == [[1, 2], [3, 4]]
    assert value.value.dtype == np.float32
    assert value.value.dtype.isnative
    assert value.value.flags.c_contiguous
    assert value.value.flags.writeable
    assert value.file == "x.npy"
    assert value.words == "file x.npy"


def test_npy_of_texts() -> None:
    assert sources.read_file(TEXTS, "x", npy(np.array(["ü", "b"]))).value.tolist() == ["ü".encode(), b"b"]
    assert sources.read_file(TEXTS, "x", npy(np.array([b"a", b"b"]))).value.tolist() == [b"a", b"b"]


def test_grey_pictures_without_a_channel() -> None:
    grey = field("float32", (None, 8, 8, 1))
    assert sources.read_file(grey, "x.npy", npy(np.zeros([8, 8]))).value.shape == (1, 8, 8, 1)
    assert sources.read_file(grey, "x.npy", npy(np.zeros([3, 8, 8]))).value.shape == (3, 8, 8, 1)


def test_npz() -> None:
    one, other = npy(np.array([[1.0, 2.0]])), npy(np.array([[5.0, 6.0]]))
    assert sources.read_file(PAIRS, "x.npz", zipped(any=one)).value.tolist() == [[1, 2]]
    assert sources.read_file(PAIRS, "x.npz", zipped(y=one, x=other)).value.tolist() == [[5, 6]]
    with pytest.raises(SignatureError, match=r"holds 2 arrays: 'y', 'z'.*np\.save"):
        sources.read_file(PAIRS, "x.npz", zipped(y=one, z=other))


HUGE = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000000,)}"
EMPTY = "{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000000000,)}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (npy(np.array([{}], object), allow_pickle=True), "Python objects, which only pickle can read"),
        (header(HUGE), "1000000000000000 entries of 4 bytes, and 0 bytes follow"),
        (header(EMPTY), "truncated or damaged"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"), "truncated or damaged"),
        (header(HUGE.replace("(10", "(0, 10" + "0" * 30)), "not an array that NumPy"),
        (header("(" * 9000), "cannot be read as a .npy file"),
        (header("__import__('os').abort()"), "cannot be read as a .npy file"),
        (npy(np.zeros([2, 2]))[:-1], "truncated"),
        (npy(np.zeros(2, [("a", "f4")])), "expected numbers or strings"),
        (npy(np.zeros([2], "M8[s]")), "expected numbers or strings"),
        (npy(np.zeros([2, 3])), r"2 rows of 3, expected the shape \(\?, 2\)"),
        (npy(np.full([1, 2], 1e300)), "a number that is too large"),
        (npy(np.array([["a", "b"]])), "values of dtype str"),
        (b"PK\x03\x04 and nothing more", "cannot be read as a .npz"),
        (zipped(x=b"no array"), "which is not an array"),
        (zipped(), "is empty"),
        (b"\xff\xfe\0", "nor text in UTF-8"),
        (b"\0" * 25_000_001, "the limit for a file is 25 MB"),
    ],
    ids=lambda text: "" if isinstance(text, bytes) else None,
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(content: bytes, words: str) -> None:
    with pytest.raises(SignatureError, match=words) as caught:
        sources.read_file(PAIRS, "\x1b[0m\u202e" + "x" * 10_000, content)
    assert len(str(caught.value)) < 500


def test_an_archive_that_unpacks_to_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npy_files, "MAX_UNPACKED", 1_000_000)
    with pytest.raises(SignatureError, match="unpacks to more than the limit, 1 MB"):
        sources.read_file(PAIRS, "x.npz", zipped(x=npy(np.zeros([130_000, 2], np.float32))))


def test_whole_numbers_only() -> None:
    ids = field("int8", (None,))
    assert sources.read_file(ids, "x", npy(np.array([1.0, -128.0]))).value.tolist() == [1, -128]
    for wrong in (1.5, 128, np.nan, np.inf):
        with pytest.raises(SignatureError):
            sources.read_file(ids, "x", npy(np.array([wrong])))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("height,width\r\n1,2\r\n", [[1, 2]]),
        ("1,5;2,5\n", [[1.5, 2.5]]),
        ("\ufeff1\t2", [[1, 2]]),
        ('"1","2"\n\n', [[1, 2]]),
    ],
)
def test_csv(text: str, expected: Any) -> None:
    assert sources.read_file(PAIRS, "x.CSV", text.encode()).value.tolist() == expected


def test_csv_that_does_not_fit() -> None:
    for text, words in (("1,2\n3", "row 2"), ("1,2\n3,x", "row 2: found 'x'"), ("a,b\nc,d", "found 'a'")):
        with pytest.raises(SignatureError, match=words):
            sources.read_file(PAIRS, "x.csv", text.encode())
    with pytest.raises(SignatureError, match="not a table"):
        sources.read_file(TEXTS, "x.csv", b'"' + b"a" * 200_000)


def test_text_files() -> None:
    assert sources.read_file(TEXTS, "x.txt", b"one\r\ntwo\n").value.tolist() == [b"one", b"two"]
    assert sources.read_file(TEXTS, "x.csv", b'"a, b"\nc\n').value.tolist() == [b"a, b", b"c"]
    assert sources.read_file(PAIRS, "x.json", b"[[1, 2]]").value.tolist() == [[1, 2]]
    assert len(sources.read_file(TEXTS, "x.txt", b"word\n" * 300_000).value) == 300_000


def test_a_file_that_the_graph_parses_is_taken_whole() -> None:
    content = tf_examples.serialized({"a": [b"x"]})
    assert sources.read_file(EXAMPLES, "x", content).value.tolist() == [content]
    picture = picture_of("red")
    for in_base64, expected in ((False, picture), (True, base64.urlsafe_b64encode(picture))):
        encoding = Encoding("image", picture="PNG", base64=in_base64)
        one = Field("x", "string", (None,), "dense", "text", "", encoding=encoding)
        assert sources.read_file(one, "x", picture).value.tolist() == [expected]


def test_rows_for_examples() -> None:
    """A table has a heading of features; JSON has a row per line; TFRecord has messages."""
    expected = [tf_examples.serialized({"a": [b"x"], "n": [1]}), tf_examples.serialized({"n": [2]})]
    for name, content in (
        ("x.csv", b"n,a\n1,x\n2,\n"), ("x.tsv", b" n\ta\n1\tx\n2\t\n"),
        ("x.jsonl", b'{"n": 1, "a": "x"}\n{"n": 2, "a": null}\n'), ("x.json", b'[{"n":1,"a":"x"},{"n":2}]'),
    ):  # fmt: skip
        assert sources.read_file(EXAMPLES, name, content).value.tolist() == expected, name
    for name, content, words in (
        ("x.csv", b"n,b\n1,x", "row 1: there is no feature 'b'"), ("x.csv", b"n,a\n", "no rows below"),
        ("x.csv", b"n,a\n1", r"row 2: found 1 cell, expected 2"), ("x", b"\xff\xfe\x00", "nor text in UTF-8"),
        ("x.csv", b"n\n1.5", "row 1, feature 'n': found '1.5', expected a whole number"),
        ("x", b"", "is empty"),
    ):  # fmt: skip
        with pytest.raises(SignatureError, match=words):
            sources.read_file(EXAMPLES, name, content)


def test_rows_of_the_notebook_for_examples() -> None:
    namespace = {
        "frame": pd.DataFrame({"n": [1, 2], "a": ["x", None]}), "gaps": pd.DataFrame({"n": [1.0, np.nan]}),
        "rows": [{"n": 1, "a": np.str_("x")}, {"n": np.int64(2)}], "row": {"n": 1}, "strings": [b"\n\0"],
        "others": pd.DataFrame({"b": [1]}), "numbers": [1, 2], "empty": [], "mixed": [{"n": 1}, 2],
        "half": pd.DataFrame({"n": [1.5]}), "objects": [{"n": Hostile()}],
    }  # fmt: skip
    assert sources.variables(EXAMPLES, namespace) == ["empty", "frame", "gaps", "row", "rows", "strings"]
    both = [tf_examples.serialized({"a": [b"x"], "n": [1]}), tf_examples.serialized({"n": [2]})]
    for name, expected in (
        ("frame", both), ("rows", both), ("row", [tf_examples.serialized({"n": [1]})]),
        ("gaps", [tf_examples.serialized({"n": [1]}), tf_examples.serialized({})]), ("strings", [b"\n\0"]),
    ):  # fmt: skip
        assert sources.from_variable(EXAMPLES, namespace, name).value.tolist() == expected, name
    with pytest.raises(SignatureError, match=r"Variable 'others': .*no feature 'b'"):
        sources.from_variable(EXAMPLES, namespace, "others")


def picture_of(color: str) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGB", (4, 3), color).save(file, "PNG")
    return file.getvalue()


class Hostile:
    """Fails whatever is asked of it."""

    def __repr__(self) -> str:
        raise AssertionError("nobody may show it")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    __str__ = __len__ = __array__ = __iter__ = __bool__ = __repr__


def loop() -> list[Any]:
    found: list[Any] = [1]
    found.append(found)
    return found


def bomb() -> Any:
    found: Any = [1.0, 2.0]
    for _ in range(30):
        found = [found, found]
    return found


NAMESPACE: dict[str, Any] = {
    "fits": np.ones([3, 2]),
    "row": [1, 2],
    "rows": [[1, 2], (3, 4)],
    "frame": pd.DataFrame({"a": [1, 2], "b": [3.5, 4]}),
    "mixed": pd.DataFrame({"a": pd.array([1, 2], "Int64"), "b": [3.5, 4]}),
    "eager": tf.constant([[1.0, 2.0]]),
    "_hidden": np.ones([3, 2]),
    "In": ["a"],
    "wide": np.ones([3, 3]),
    "words": ["a", "b"],
    "series": pd.Series(["a", "b"]),
    "hostile": Hostile(),
    "hostiles": [Hostile()],
    "loop": loop(),
    "bomb": bomb(),
    "nothing": None,
    "module": np,
    "ragged": tf.ragged.constant([[1, 2], [3]]),
    "sparse": tf.sparse.from_dense([[0, 7]]),
}


FIT = ["eager", "fits", "frame", "mixed"]


@pytest.mark.parametrize(
    ("one", "names"),
    [
        (PAIRS, [*FIT, "row", "rows"]),
        (TEXTS, ["series", "words"]),
        (field("float32", (None, 2), "sparse"), [*FIT, "ragged", "row", "rows", "sparse"]),
        (field("int32", (None, None), "ragged"), ["eager", "fits", "ragged", "row", "rows", "wide"]),
        (field("resource", ()), []),
    ],
    ids=["numbers", "texts", "sparse", "ragged", "resource"],
)
def test_variables(one: Field, names: list[str]) -> None:
    assert sources.variables(one, {**NAMESPACE, 5: 5}) == names  # type: ignore[dict-item]  # who knows
    for name in names:
        sources.from_variable(one, NAMESPACE, name)


def test_from_variable() -> None:
    found = sources.from_variable(PAIRS, NAMESPACE, "fits")
    assert found.words == "variable fits"
    own = {"same": np.ones([3, 2], np.float32)}
    copied = sources.from_variable(PAIRS, own, "same").value
    assert not np.shares_memory(copied, own["same"]), "what is changed later must not change the log"
    assert sources.from_variable(PAIRS, NAMESPACE, "mixed").value.tolist() == [[1, 3.5], [2, 4]]
    sparse = sources.from_variable(field("int32", (None, 2), "sparse"), NAMESPACE, "sparse").value
    assert [value.tolist() for value in sparse] == [[[0, 1]], [7], [1, 2]]
    with pytest.raises(SignatureError, match=r"no variable 'fit'\. Did you mean 'fits'"):
        sources.from_variable(PAIRS, NAMESPACE, "fit")
    for name in ("hostile", "hostiles", "loop", "bomb", "wide", "nothing", "module", "ragged"):
        with pytest.raises(SignatureError, match="ariable"):
            sources.from_variable(PAIRS, NAMESPACE, name)


@given(
    st.sampled_from(
        [PAIRS, TEXTS, field("int8", None), field("bool", ()), field("float32", (None, 2), "sparse"),
         field("int32", (None, None), "ragged"), field("complex64", (3,)), field("bfloat16", (None, 8, 8, 1))]
    ),
    st.sampled_from(["x", "x.csv", "x.npy", "x.tsv", "x.json"]),
    st.binary(max_size=300)
    | st.binary(max_size=100).map(lambda tail: b"\x93NUMPY\x01\x00" + tail)
    | st.text("{}'()[],: <fiOSU0123456789descrshapefortran_order", max_size=80).map(header)
    | st.binary(max_size=100).map(lambda tail: b"PK\x03\x04" + tail)
    | st.text("0123456789,;\t\n\"ae.-", max_size=60).map(str.encode),
)  # fmt: skip
def test_any_file_is_a_value_or_a_hub_error(one: Field, name: str, content: bytes) -> None:
    with contextlib.suppress(HubError):
        sources.read_file(one, name, content)


@given(st.sampled_from([npy(ARRAYS["as it is"]), zipped(x=npy(ARRAYS["as it is"]))]), st.data())
def test_a_damaged_file_is_a_value_or_a_hub_error(content: bytes, data: st.DataObject) -> None:
    broken = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(HubError):
        sources.read_file(PAIRS, "x", bytes(broken[: data.draw(st.integers(0, len(broken)))]))
