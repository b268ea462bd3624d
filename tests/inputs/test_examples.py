"""Examples: what suits, what comes out, and that real modules run on them."""

from __future__ import annotations

import base64
import dataclasses
import functools
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

import hubexplore as hub
from hubexplore.errors import HubError, SignatureError
from hubexplore.inputs import pictures
from hubexplore.inputs.examples import example_search, examples
from hubexplore.inputs.external import picture_files
from hubexplore.inputs.fields import Field, fields
from hubexplore.inputs.graph_uses import Use
from hubexplore.inputs.text import nested_lists
from hubexplore.samples import files
from hubexplore.session.session import NotebookSession
from hubexplore.summary.graph.sounds import Sound
from hubexplore.summary.reading.string_inputs import Encoding, Feature
from tests.inputs.fields_of import field
from tests.session import modules

TEXT = field("string", (None,), name="text")
DIGIT = field("float32", (None, 8, 8, 1), name="digit")
PHOTO = field("uint8", (None, 16, 24, 3), name="photo")
NUMBER = field("float32", (None, 3), name="number")
PLAIN = ("Random (seed 0)", "Zeros", "Ramp")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ((TEXT,), ("Sample sentences", "Random (seed 0)")),
        ((DIGIT,), ("Sample digits", "Sample picture", *PLAIN)),
        ((PHOTO,), ("Sample picture", *PLAIN)),
        ((NUMBER,), PLAIN),
        ((TEXT, NUMBER), ("Sample sentences", *PLAIN)),
        ((), ()),
        ((NUMBER, field("resource", ())), ()),
    ],
    ids=["text", "digit", "photo", "number", "text and number", "no inputs", "resource"],
)
def test_kinds(form: tuple[Field, ...], expected: tuple[str, ...]) -> None:
    assert examples.kinds(form) == expected


def test_sentences_are_other_ones_in_each_input() -> None:
    inputs = examples.fill((TEXT, field("string", (None,), name="other")), "Sample sentences", 3)
    first, other = (set(entry.value) for entry in inputs.values())
    assert len(first) == len(other) == 3
    assert not first & other
    assert inputs["text"].words == "Sample sentences, 3 rows"


def test_sample_sentences_have_words_that_the_text_sample_knows() -> None:
    known = set((files.WEIGHTS / "text-embedding" / "vocabulary.txt").read_text("utf-8").split())
    for sentence in examples.make(TEXT, "Sample sentences", 12):
        words = sentence.decode().lower().replace(",", "").replace(".", "").split()
        assert not set(words) - known


def test_numbers() -> None:
    assert examples.make(NUMBER, "Zeros", 2).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert examples.make(NUMBER, "Ramp", 2).tolist() == pytest.approx(np.arange(6).reshape(2, 3) / 5)
    random = examples.make(NUMBER, "Random (seed 0)", 2)
    assert random.dtype == np.float32
    assert np.array_equal(random, np.random.default_rng(0).random([2, 3]).astype(np.float32))
    ids = examples.make(field("int64", (None,)), "Random (seed 0)", 100)
    assert set(ids) == {0, 1}, "ids stay inside of small vocabularies"


@pytest.mark.parametrize("kind", ["Random (seed 0)", "Ramp"])
def test_a_mask_hides_nothing(kind: str) -> None:
    ids = field("int32", (None, 8), name="input_ids")
    inputs = examples.fill((ids, field("int32", (None, 8), name="input_mask")), kind, 2)
    assert inputs["input_mask"].value.tolist() == [[1] * 8] * 2
    assert set(inputs["input_ids"].value.ravel()) == {0, 1}


def test_sequences_are_as_long_as_their_rows() -> None:
    tokens = field("string", (None, None), name="tokens")
    inputs = examples.fill((tokens, field("int32", (None,), name="sequence_len")), "Sample sentences", 2)
    assert inputs["tokens"].value[0].tolist() == [b"The", b"king", b"gave", b"bread", b"and", b"wine"]
    assert inputs["sequence_len"].value.tolist() == [6, 6]
    long = examples.fill((tokens,), "Sample sentences", 2, 16)["tokens"].value[0]
    assert long[9] == long[0]


def test_digits_and_pictures() -> None:
    digits = examples.make(DIGIT, "Sample digits", 12)
    assert digits.shape == (12, 8, 8, 1)
    assert np.array_equal(digits[0], digits[10])
    assert (digits.min(), digits.max()) == (0, 1)
    photo = examples.make(PHOTO, "Sample picture", 3)
    assert (photo.shape, photo.dtype) == ((3, 16, 24, 3), np.uint8)
    assert len(np.unique(photo)) > 50
    assert not np.array_equal(photo[0], photo[1])
    assert pictures.scene(1, 1, 1).shape == (1, 1, 1)


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [("float32", (16, 24, 3)), ("uint8", (16, 24, 1)), ("float32", (20, 20)), ("uint8", (None, None, 3))],
)
def test_one_picture_without_rows(dtype: str, shape: tuple[int | None, ...]) -> None:
    lone = field(dtype, shape)
    for kind in ("Sample picture", *PLAIN):
        entry = examples.fill((lone,), kind, 2)["x"]
        assert entry.words == kind
        expected = tuple(128 if size is None else size for size in shape)
        assert (entry.value.shape, entry.value.dtype) == (expected, np.dtype(dtype))
    assert len(np.unique(examples.make(lone, "Sample picture"))) > 50


def test_the_samples_of_one_sound_are_no_rows() -> None:
    sound = dataclasses.replace(field("float32", (None,), name="waveform"), sound=Sound(rate=8_000))
    assert examples.fill((sound,), "Sample sound", 2)["waveform"].words == "Sample sound"


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_integers_in_three_channels_are_a_picture(dtype: str) -> None:
    photo = examples.make(field(dtype, (1, None, None, 3)), "Sample picture")
    assert (photo.dtype, photo.shape) == (np.dtype(dtype), (1, 128, 128, 3))
    assert photo.max() > 100
    assert examples.kinds((field(dtype, (None, 8, 8, 1)),)) == PLAIN


def test_bytes_of_a_volume_are_brightness_and_a_column_has_whole_sentences() -> None:
    assert examples.make(field("uint8", (1, 8, 8, 8)), "Random (seed 0)").max() > 100
    assert examples.make(field("uint8", (None, 8)), "Random (seed 0)", 9).max() == 1
    assert b" " in examples.make(field("string", (None, 1), name="text"), "Sample sentences")[0, 0]


class TestNamedTexts:
    @pytest.mark.parametrize(
        ("name", "first"), [("user_id", b"1"), ("smiles", b"CCO"), ("signup_date", b"2024-01-31")]
    )
    def test_what_the_name_says_is_no_sentence(self, name: str, first: bytes) -> None:
        named = field("string", (None,), name=name)
        assert examples.kinds((named,))[0] == "Sample categories"
        assert examples.make(named, "Sample categories", 6)[0] == first

    def test_texts_of_users_and_words_of_a_vocabulary_are_as_before(self) -> None:
        assert examples.kinds((field("string", (None,), name="user_comment"),))[0] == "Sample sentences"
        known = dataclasses.replace(
            field("string", (None,), name="user_id"), use=Use(words=(b"ann", b"bob"), is_category=True)
        )
        assert examples.make(known, "Words of the vocabulary", 2).tolist() == [b"ann", b"bob"]


class TestFeatures:
    FEATURES = (
        Feature("review_text", "string"),
        Feature("colour", "string", 2),
        Feature("user/id", "string"),
        Feature("photo", "string", picture="PNG"),
        Feature("size", "float32"),
    )

    def feature(self, name: str, kind: str) -> list[bytes]:
        one = Field("x", "string", (None,), "dense", "text", "", encoding=Encoding("example", self.FEATURES))
        assert examples.kinds((one,)) == ("Sample picture", *PLAIN)
        rows = [tf.train.Example.FromString(row) for row in examples.make(one, kind, 2)]
        return [content for row in rows for content in row.features.feature[name].bytes_list.value]

    def test_texts_categories_and_pictures(self) -> None:
        assert self.feature("review_text", "Sample picture")[0].startswith(b"The king gave bread")
        assert self.feature("colour", "Sample picture") == [b"alpha", b"beta", b"beta", b"gamma"]
        assert self.feature("user/id", "Sample picture") == [b"1", b"2"]
        assert self.feature("colour", "Random (seed 0)") != self.feature("colour", "Sample picture")
        assert self.feature("colour", "Zeros") == [b""] * 4

    @pytest.mark.parametrize("kind", ["Sample picture", *PLAIN])
    def test_every_kind_has_pictures_that_can_be_decoded(self, kind: str) -> None:
        photos = [Image.open(io.BytesIO(file)) for file in self.feature("photo", kind)]
        assert {photo.format for photo in photos} == {"PNG"}
        assert any(np.asarray(photo).any() for photo in photos) == (kind != "Zeros")

    def test_pictures_in_base64(self) -> None:
        features = (Feature("photo", "string", picture="PNG", base64=True),)
        one = Field("x", "string", (None,), "dense", "text", "", encoding=Encoding("example", features))
        (row,) = examples.make(one, "Sample picture", 1)
        (content,) = tf.train.Example.FromString(row).features.feature["photo"].bytes_list.value
        assert Image.open(io.BytesIO(base64.urlsafe_b64decode(content))).format == "PNG"

    def test_the_kind_is_called_by_what_it_has(self) -> None:
        for features, kind in (
            (self.FEATURES[:2], "Sample sentences"),
            (self.FEATURES[1:2], "Sample categories"),
        ):
            one = Field("x", "string", (None,), "dense", "text", "", encoding=Encoding("example", features))
            assert examples.kinds((one,)) == (kind, *PLAIN)

    def test_a_kind_is_offered_once(self) -> None:
        one = Field("x", "string", (None,), "dense", "text", "", encoding=Encoding("example", self.FEATURES))
        photo = field("float32", (None, 8, 8, 3), name="photo")
        assert examples.kinds((one, photo)) == ("Sample picture", *PLAIN)


class TestCategories:
    AGE = field("float32", (None, 1), name="age")
    FLAG = field("bool", (None,), name="smoker")
    CITY = field("string", (None, 1), name="city")

    def test_texts_in_a_table_with_numbers_are_categories(self) -> None:
        form = (self.AGE, self.FLAG, self.CITY)
        assert examples.kinds(form)[0] == "Sample categories"
        assert examples.fill(form, "Sample categories", 3)["city"].value.tolist() == [
            [b"alpha"], [b"beta"], [b"gamma"],
        ]  # fmt: skip
        random = examples.fill(form, "Random (seed 0)", 40)["city"].value
        assert set(random.ravel()) == {b"alpha", b"beta", b"gamma", b"delta"}

    def test_texts_that_are_read_are_sentences(self) -> None:
        form = (self.AGE, self.FLAG, self.CITY, field("string", (None,), name="review_text"))
        assert examples.kinds(form)[0] == "Sample sentences"
        entries = examples.fill(form, "Sample sentences", 2)
        assert entries["city"].value.tolist() == [[b"alpha"], [b"beta"]]
        assert len(entries["review_text"].value[0].split()) > 4
        # A table of texts alone is not one of categories.
        texts = tuple(field("string", (None,), name=name) for name in "abc")
        assert examples.kinds(texts)[0] == "Sample sentences"

    def test_what_the_module_knows_comes_first(self) -> None:
        known = dataclasses.replace(self.CITY, use=Use(words=(b"Bonn", b"Ulm"), is_category=True))
        form = (self.AGE, self.FLAG, known)
        assert examples.kinds(form) == ("Words of the vocabulary", *PLAIN)
        assert examples.fill(form, "Words of the vocabulary", 3)["city"].value.ravel().tolist() == [
            b"Bonn", b"Ulm", b"Bonn",
        ]  # fmt: skip
        mixed = (*form, field("string", (None,), name="street"))
        entries = examples.fill(mixed, examples.kinds(mixed)[0], 2)
        assert entries["street"].value.tolist() == [b"alpha", b"beta"]
        assert entries["city"].value.ravel().tolist() == [b"Bonn", b"Ulm"]

    def test_what_texts_are_compared_with_is_what_they_may_be(self) -> None:
        def module_fn() -> None:
            city = tf.compat.v1.placeholder(tf.string, [None], "city")
            hub.add_signature(inputs=city, outputs=tf.equal(city, ["Bonn", "Ulm"]))

        summary = hub.summarize(hub.create_module_spec(module_fn))
        assert summary.source is not None
        (variant,) = summary.variants
        (found,) = fields(variant.signatures[0], variant, summary.source.meta_graphs[()])
        assert examples.make(found, examples.kinds((found,))[0], 2).tolist() == [b"Bonn", b"Ulm"]


def test_sparse_and_ragged() -> None:
    sparse = examples.make(field("float32", (None, 3), "sparse"), "Random (seed 0)", 4)
    assert sparse.indices.tolist() == [[0, 0], [1, 1], [2, 2], [3, 0]]
    assert sparse.dense_shape.tolist() == [4, 3]
    rows = examples.make(field("string", (None, None), "ragged"), "Sample sentences", 2, 3)
    assert [len(row) for row in rows] == [3, 2]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(
        SignatureError, match=r"'Random \(seed 0\)', 'Zeros', 'Ramp'; got 'Zero'.*mean 'Zeros'"
    ):
        examples.fill((NUMBER,), "Zero", 2)
    with pytest.raises(SignatureError, match="nothing: one of them cannot be entered"):
        examples.fill((field("resource", ()),), "Zeros", 2)
    large = field("float32", (None, 1000, 1000, 3))
    with pytest.raises(SignatureError, match="At most 10 rows would fit"):
        examples.fill((large,), "Zeros", 10_000)
    for kind, dtype in (("dense", "float32"), ("sparse", "int8"), ("ragged", "string"), ("dense", "string")):
        with pytest.raises(SignatureError, match="the limit is 256 MB"):
            examples.make(field(dtype, (None, 10**15), kind), "Random (seed 0)", 1)


def test_examples_are_parsed_by_tensorflow() -> None:
    features = (Feature("text", "string"), Feature("id", "int64", 2), Feature("x", "float32", 3))
    one = Field("x", "string", (None,), "dense", "text", "", encoding=Encoding("example", features))
    for kind in PLAIN:
        for each in examples.make(one, kind, 2):
            found = tf.train.Example.FromString(each).features.feature
            assert bool(found["text"].bytes_list.value[0]) == (kind != "Zeros")
            assert len(found["id"].int64_list.value) == 2
            assert len(found["x"].float_list.value) == 3
            assert (list(found["x"].float_list.value) == [0, 0.5, 1]) == (kind == "Ramp")


@pytest.mark.parametrize("format_name", picture_files.FORMATS)
def test_files_of_pictures(format_name: str) -> None:
    one = Field("x", "string", (None,), "dense", "text", "", encoding=Encoding("image", picture=format_name))
    for kind in examples.kinds((one,)):
        with Image.open(io.BytesIO(examples.make(one, kind, 1)[0])) as picture:
            assert picture.format == format_name


SHAPES = st.none() | st.lists(st.none() | st.integers(0, 5) | st.just(10**12), max_size=5).map(tuple)


@given(
    st.sampled_from(
        ["float32", "bfloat16", "int64", "int4", "uint8", "bool", "string", "complex64", "resource"]
    ),
    SHAPES,
    st.sampled_from(["dense", "sparse", "ragged"]),
    st.integers(1, 4),
)
@example("string", (0, 10**12, 10**12), "dense", 1)
@example("int64", (0, 10**12, 10**12), "dense", 1)
def test_any_field_gets_examples_of_its_shape_or_a_hub_error(
    dtype: str, shape: Any, kind: str, rows: int
) -> None:
    one = field(dtype, shape, kind)
    for each in examples.kinds((one,)):
        try:
            value = examples.make(one, each, rows)
        except HubError:
            assert shape is not None
            assert any(size is not None and size > 5 for size in shape)
            continue
        sizes = np.shape(value) if kind == "dense" else tuple(getattr(value, "dense_shape", ()))
        assert kind == "ragged" or nested_lists.fits(shape, sizes)


def test_sizes_are_tried_until_it_runs() -> None:
    seen = []

    def run(values: Mapping[str, Any]) -> None:
        seen.append(values["x"].shape)
        if values["x"].shape != (1, 8):
            raise ValueError("eight are wanted, of one row")

    inputs = example_search.find_example((field("float32", (None, None)),), run)
    assert inputs["x"].value.shape == (1, 8)
    assert seen[0] == (2, 2)
    with pytest.raises(
        SignatureError,
        match=r"runs: 4 were tried in .* came closest \(number \[2, 3\]\) failed: no",
    ):
        example_search.find_example((NUMBER,), lambda _: (_ for _ in ()).throw(ValueError("no")).__next__())
    assert example_search.find_example((), lambda values: None) == {}


def run_all(spec: hub.ModuleSpec) -> None:
    """Finds an example for every signature of every variant."""
    summary = spec.summary()
    assert summary.source is not None
    for variant in summary.variants:
        with NotebookSession() as session:
            module = session.load(spec, "it", variant.tags)
            for signature in variant.signatures:
                form = fields(signature, variant, summary.source.meta_graphs[variant.tags])
                run = functools.partial(session.call, module, signature=signature.name, as_dict=True)
                inputs = example_search.find_example(form, run)
                kinds = {entry.example.kind for entry in inputs.values() if entry.example is not None}
                assert kinds <= set(examples.kinds(form)[:1]), "the best kind runs"


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("vae3dshapes", None),
        ("dm21", None),
        ("half-plus-two-savedmodel", []),
        ("taxi-estimator-savedmodel", ["summaries"]),
        ("deep-image-savedmodel", ["summaries", "train_op"]),
    ],
)
def test_every_signature_of_real_modules_gets_an_example_that_runs(
    real_modules: Path, name: str, dropped: list[str] | None
) -> None:
    path = str(real_modules / name)
    run_all(
        hub.load_module_spec(path)
        if dropped is None
        else hub.create_module_spec_from_saved_model(path, drop_collections=dropped)
    )


@pytest.mark.parametrize("module_fn", [modules.scale, modules.kinds, modules.layered, modules.composites])
def test_other_modules_get_an_example_that_runs(module_fn: Any) -> None:
    run_all(hub.create_module_spec(module_fn))


def test_the_sample_reads_the_sample_digits() -> None:
    with NotebookSession() as session:
        module = session.load("sample:digits", "digits")
        scores = session.call(module, examples.make(DIGIT, "Sample digits", 10))
    assert np.argmax(scores, axis=1).tolist() == list(range(10))


def test_rows_of_ids_are_long_and_use_the_whole_table() -> None:
    asked = dataclasses.replace(field("int32", (None, None)), use=Use(below=5000))
    ids = examples.make(asked, "Random (seed 0)")
    assert ids.shape == (2, 8)
    assert len(set(ids.reshape(-1).tolist())) > 12
    assert 1000 < ids.max() < 5000
