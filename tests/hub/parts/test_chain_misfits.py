"""Modules that `hub.chain` cannot join: the message says why, and what would fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import (
    HandleError,
    MissingModuleError,
    NoSuchSignatureError,
    NoSuchVariantError,
    ScopeNameError,
    SignatureError,
)
from hubexplore.hub.parts.likely import likeliest
from tests.hub import modules
from tests.hub.parts.models import count_words, made, values, weigh, widen

tf1 = tf.compat.v1


@pytest.fixture
def wide(tmp_path: Path) -> str:
    return made(widen, tmp_path / "wide")


@pytest.fixture
def double() -> hub.ModuleSpec:
    return hub.create_module_spec(modules.double)


def offering(**signatures: tuple[Any, Any]) -> hub.ModuleSpec:
    """A module that doubles: name of a signature -> dtype and shape of its input and output."""

    def module_fn() -> None:
        for name, (dtype, shape) in signatures.items():
            x = tf1.placeholder(dtype, shape, name=name)
            hub.add_signature(name, inputs={"x": x}, outputs=tf.identity(x))

    return hub.create_module_spec(module_fn)


def message(*given: Any, **options: Any) -> str:
    with pytest.raises(SignatureError) as caught:
        hub.chain(*given, **options)
    return str(caught.value)


def test_another_dtype(tmp_path: Path, vocabulary: str, double: hub.ModuleSpec) -> None:
    words = made(count_words, tmp_path / "words", vocabulary=vocabulary)
    text = message(words, double)
    assert text.startswith(
        f"Output 'default' of {words!r} (signature 'default') does not fit input 'default' of"
    )
    assert text.endswith("it is int64, and the input float32. To convert the numbers, add cast=True.")
    assert values(hub.chain(words, double, cast=True), ["b"])["default"].tolist() == [2.0]


def test_texts_are_not_converted(double: hub.ModuleSpec) -> None:
    text = message(offering(default=(tf.string, [None])), double, cast=True)
    assert "it is string, and the input float32" in text
    assert "cast" not in text


def test_another_rank(wide: str, double: hub.ModuleSpec) -> None:
    text = message(wide, double)
    assert "its shape (?, 3) has 2 dimensions, and that of the input, (?,), has 1." in text
    assert f"where f calls hub.Module({wide!r}), changes its output" in text


def test_a_scalar(wide: str, double: hub.ModuleSpec) -> None:
    text = message(wide, offering(default=(tf.float32, [])))
    assert "its shape is (?, 3), and the input is a scalar." in text
    text = message(offering(default=(tf.float32, [])), double)
    assert "it is a scalar, and the shape of the input is (?,)." in text


def test_another_size(wide: str) -> None:
    text = message(wide, offering(default=(tf.float32, [None, 4])))
    assert "its shape is (?, 3), and that of the input (?, 4)" in text


def test_another_kind(tmp_path: Path, vocabulary: str) -> None:
    words = made(count_words, tmp_path / "words", vocabulary=vocabulary)
    text = message((words, "ragged"), offering(default=(tf.string, [None, None])))
    assert "it is ragged, and the input dense" in text
    assert "These signatures fit" not in text


def test_a_signature_that_would_fit_is_named(wide: str) -> None:
    other = offering(default=(tf.float32, [None]), matrix=(tf.float32, [None, 3]))
    text = message(wide, other)
    assert text.endswith(f"These signatures fit: {wide!r}, (module_made_by_module_fn, 'matrix').")


def test_an_output_that_would_fit_is_named(wide: str) -> None:
    weighing = hub.create_module_spec(weigh)
    text = message(weighing, wide, connect={"x": "seen"})
    assert text.endswith("This output fits: connect={'x': 'default'}.")


def test_an_input_that_would_fit_is_named(double: hub.ModuleSpec) -> None:
    def two() -> None:
        a, b = tf1.placeholder(tf.float32, [2, 2]), tf1.placeholder(tf.float32, [None])
        hub.add_signature(inputs={"a": a, "b": b}, outputs=b)

    text = message(double, hub.create_module_spec(two), connect={"a": "default"})
    assert text.endswith("It fits another input: connect={'b': 'default'}.")


def test_open_sizes_fit_any(double: hub.ModuleSpec) -> None:
    anything = offering(default=(tf.float32, None))
    assert values(hub.chain(double, anything), [1.0])["default"].tolist() == [2.0]


def test_what_goes_where_must_be_clear(wide: str) -> None:
    text = message(wide, hub.create_module_spec(weigh))
    assert "It is not clear which output" in text
    assert "there is the output 'default' and the inputs 'scale', 'values'" in text
    assert text.endswith("connect={'values': 'default'}.")


def test_what_is_proposed_fits(wide: str) -> None:
    def several() -> None:
        x = tf1.placeholder(tf.float32, [None, 3])
        outputs = {"a": tf.reduce_sum(x), "b": tf.strings.as_string(x), "c": tf.cast(x, tf.int32)}
        hub.add_signature(inputs=x, outputs=outputs)

    # The outputs 'a' and 'b' do not fit; 'c' does if it is converted.
    other = offering(default=(tf.float32, [None, 3]))
    text = message(hub.create_module_spec(several), other)
    assert text.endswith("Say it: connect={'x': 'c'}, cast=True.")


NUMBERS = (tf.float32, [None, 3])
OTHERS = {"text": (tf.string, [None]), "narrow": (tf.float32, [None, 2])}


def with_outputs(**outputs: tuple[Any, Any]) -> hub.ModuleSpec:
    """A module without inputs: name of an output -> its dtype and shape."""

    def module_fn() -> None:
        hub.add_signature(
            outputs={
                name: tf.zeros([size or 1 for size in shape], dtype)
                for name, (dtype, shape) in outputs.items()
            }
        )

    return hub.create_module_spec(module_fn)


def with_inputs(**inputs: tuple[Any, Any]) -> hub.ModuleSpec:
    """A module without variables: name of an input -> its dtype and shape."""

    def module_fn() -> None:
        given = {name: tf1.placeholder(*made, name=name) for name, made in inputs.items()}
        hub.add_signature(inputs=given, outputs={name: tf.identity(each) for name, each in given.items()})

    return hub.create_module_spec(module_fn)


@pytest.mark.parametrize(
    ("outputs", "inputs", "proposed"),
    [
        # Names of what stands beside a result come last, wherever they are.
        (["logvar", "mean"], ["z"], "connect={'z': 'mean'}"),
        (
            ["a", "imageFeatures", "embedding"],
            ["image_features"],
            "connect={'image_features': 'imageFeatures'}",
        ),
        (["features_std", "features_all", "mean"], ["features"], "connect={'features': 'features_all'}"),
        (
            ["a", "default", "mean"],
            ["scale", "size"],
            "connect={'scale': 'default'} or connect={'size': 'default'}",
        ),
        (["a", "mask", "b"], ["z"], "connect={'z': 'a'} or connect={'z': 'b'}"),
        (["logvar", "scale_2"], ["scale_1"], "connect={'scale_1': 'scale_2'}"),
        # All inputs that outputs are named after.
        (["ids_out", "mask_out"], ["ids", "mask"], "connect={'ids': 'ids_out', 'mask': 'mask_out'}"),
        (["a", "b", "c", "d"], ["z"], "connect={'z': 'a'} or connect={'z': 'b'} or connect={'z': 'c'}"),
    ],
)
def test_what_is_proposed_is_likely(outputs: list[str], inputs: list[str], proposed: str) -> None:
    first = with_outputs(**OTHERS, **dict.fromkeys(outputs, NUMBERS))
    text = message(first, with_inputs(**dict.fromkeys(inputs, NUMBERS)))
    assert text.endswith(f" Say it: {proposed}.")
    alone = message(
        with_outputs(**dict.fromkeys(outputs, NUMBERS)), with_inputs(**dict.fromkeys(inputs, NUMBERS))
    )
    assert alone.endswith(f". All fit. Say it: {proposed}.")
    listed = ", ".join(map(repr, sorted(outputs)))
    assert f" Input {inputs[0]!r} can take the outputs {listed}. " in text


def test_of_many_inputs_the_first_ones_are_listed_and_the_others_counted() -> None:
    text = message(with_outputs(**OTHERS, a=NUMBERS), with_inputs(**dict.fromkeys("vwxyz", NUMBERS)))
    assert " Input 'x' can take the output 'a'. (2 more) Say it: " in text
    text = message(with_outputs(**OTHERS, a=NUMBERS), with_inputs(**dict.fromkeys("vwx", NUMBERS)))
    assert " Input 'x' can take the output 'a'. Say it: " in text


def test_the_same_name_is_likely_in_any_script() -> None:
    assert likeliest(["长度", "向量"], "向量") == ["向量"]
    assert likeliest([]) == []


def test_all_outputs_that_fit_in_place_of_another_are_named() -> None:
    first = with_outputs(**OTHERS, b=NUMBERS, a=NUMBERS, logvar=NUMBERS)
    text = message(first, with_inputs(z=NUMBERS), connect={"z": "text"})
    assert text.endswith("The outputs 'a', 'b', 'logvar' fit: connect={'z': 'a'} or connect={'z': 'b'}.")
    text = message(
        with_outputs(**OTHERS),
        with_inputs(x=NUMBERS, y=OTHERS["narrow"], z=OTHERS["narrow"]),
        connect={"x": "narrow"},
    )
    assert text.endswith("It fits the inputs 'y', 'z': connect={'y': 'narrow'} or connect={'z': 'narrow'}.")


def test_no_output_fits_any_input(wide: str) -> None:
    def several() -> None:
        x = tf1.placeholder(tf.float32, [None, 3])
        outputs = {name: tf.strings.as_string(x) for name in ("a", "b", "c", "d")}
        hub.add_signature(inputs=x, outputs=outputs)
        hub.add_signature("column", inputs=x, outputs=x[:, 0])

    text = message(hub.create_module_spec(several), wide)
    assert text.startswith("No output of 'module made by several'")
    assert "'a' into 'x': it is string, and the input float32." in text
    assert "'c' into 'x'" in text
    assert "(1 more)" in text
    assert text.endswith(f"These signatures fit: (module_made_by_several, 'column'), {wide!r}.")


def test_an_output_of_another_signature_is_named(wide: str) -> None:
    def two() -> None:
        x = tf1.placeholder(tf.float32, [None])
        hub.add_signature(inputs=x, outputs={"a": x})
        hub.add_signature("second", inputs=x, outputs={"b": x})

    text = message(hub.create_module_spec(two), wide, connect={"x": "b"})
    assert text.endswith("Signature 'second' has it: pass (module_made_by_two, 'second').")


def test_nothing_to_connect(double: hub.ModuleSpec) -> None:
    def constant() -> None:
        hub.add_signature(outputs=tf.constant([1.0]))
        hub.add_signature("other", inputs=tf1.placeholder(tf.float32, [None]), outputs=tf.constant([1.0]))

    text = message(double, hub.create_module_spec(constant))
    assert "has no inputs, so nothing can be connected to it" in text
    assert text.endswith("Take another signature: (module_made_by_constant, 'other').")


@pytest.mark.parametrize(
    ("connect", "expected"),
    [
        ({"vals": "default"}, "connect= names 'vals', which is no input of"),
        ({"values": "defalt"}, "Did you mean 'default'?"),
        ({}, "with at least one; got {}"),
        ("values", "one dict, or None, for each pair of neighbours: 1 in a list; got 'values'"),
        ([None, None], "for each pair of neighbours: 1 in a list"),
    ],
)
def test_connect_names_what_is_there(connect: Any, expected: str, wide: str) -> None:
    assert expected in message(wide, hub.create_module_spec(weigh), connect=connect)


def test_variants_that_do_not_go_together(double: hub.ModuleSpec) -> None:
    first = hub.create_module_spec(widen, [((), {}), ({"train"}, {})])
    second = hub.create_module_spec(weigh, [({"a"}, {}), ({"b"}, {})])
    with pytest.raises(NoSuchVariantError, match=r"no graph variant in common: .* has \[\], \['train'\]; .*"):
        hub.chain(first, second, connect={"values": "default"})


def test_a_variant_without_the_signature_is_left_out(wide: str) -> None:
    def sometimes(extra: bool) -> None:
        widen()
        if extra:
            hub.add_signature(
                "extra", inputs=tf1.placeholder(tf.float32, [None, 3]), outputs=tf.constant(1.0)
            )

    spec = hub.create_module_spec(sometimes, [((), {"extra": True}), ({"train"}, {"extra": False})])
    assert hub.chain(wide, (spec, "extra")).get_tags() == [frozenset()]


def test_a_signature_that_is_not_there(wide: str, double: hub.ModuleSpec) -> None:
    with pytest.raises(
        NoSuchSignatureError, match=r"no signature 'defualt'; it has .*Did you mean 'default'"
    ):
        hub.chain((wide, "defualt"), double)
    several = offering(one=(tf.float32, [None]), two=(tf.float32, [None]))
    with pytest.raises(NoSuchSignatureError, match=r"Write it as in \(module_made_by_module_fn, 'one'\)"):
        hub.chain(double, several)


def test_what_is_no_module(double: hub.ModuleSpec, tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match=r"two or more modules, as in hub.chain\(first, second\); got 1"):
        hub.chain(double)
    with pytest.raises(SignatureError, match=r"one name for each part, in order: 2 of them; got 1 name\."):
        hub.chain(double, double, names=["one"])
    with pytest.raises(HandleError, match="got a int"):
        hub.chain(double, 3)
    with pytest.raises(SignatureError, match="name of a signature, a str; got 3"):
        hub.chain(double, (double, 3))
    with pytest.raises(MissingModuleError):
        hub.chain(double, tmp_path / "nothing")
    with tf.Graph().as_default():
        live = hub.Module(double)
    with pytest.raises(HandleError, match=r"Pass module.spec for the published weights"):
        hub.chain(double, live)


@pytest.mark.parametrize(
    ("names", "error"),
    [
        (("a",), SignatureError),
        ("ab", SignatureError),
        (("a", "a/b"), ScopeNameError),
        (("a", "A"), ScopeNameError),
        (("_a", "b"), ScopeNameError),
        (("a", 3), ScopeNameError),
    ],
)
def test_names_that_variables_cannot_begin_with(names: Any, error: Any, double: hub.ModuleSpec) -> None:
    with pytest.raises(error):
        hub.chain(double, double, names=names)
