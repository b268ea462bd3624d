"""What a form asks for."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from hubexplore.inputs.fields import IMAGE_SIZE, fields
from hubexplore.inputs.input_value import Example, InputValue
from hubexplore.summary.graph.messages import MetaGraphDef
from hubexplore.summary.model import MessageSummary, SignatureSummary, VariantSummary
from tests.inputs.fields_of import field, tensor

BROUGHT = "a file, a variable, or JSON"
ROWS = "JSON rows of numbers, such as [[1, 2], [3]]"


@pytest.mark.parametrize(
    ("dtype", "shape", "kind", "asks", "hint"),
    [
        ("string", (None,), "dense", "text", "one sentence per line"),
        ("string", (), "dense", "text", "a text"),
        ("string", (None, 2), "dense", "text", "a row per line, texts separated by tabs, or JSON"),
        ("float32", (None, 10), "dense", "numbers", "10 numbers per row, a row per line"),
        ("float32", (None, 1), "dense", "numbers", "a number per line"),
        ("float32", (), "dense", "numbers", "a number"),
        ("float32_ref", (3,), "dense", "numbers", "3 numbers, separated by commas or spaces"),
        ("complex64", None, "dense", "numbers", "numbers: a row per line, or JSON"),
        ("int64", (None,), "dense", "integers", "whole numbers, separated by commas or spaces"),
        ("qint8", (None,), "dense", "integers", "whole numbers, separated by commas or spaces"),
        ("bool", (None,), "dense", "booleans", "true or false, separated by commas or spaces"),
        ("float32", (None, 64), "dense", "numbers", "64 numbers per row, a row per line"),
        ("float32", (None, 65), "dense", "array", "numbers, any by 65: a file, a variable, or JSON"),
        ("float32", (None, 2, 2), "dense", "array", "numbers, any by 2 by 2: a file, a variable, or JSON"),
        ("float32", (None, 64, 48, 3), "dense", "image", "a picture of 64 by 48 pixels, in colour"),
        ("uint8", (None, 8, 8, 1), "dense", "image", "a picture of 8 by 8 pixels, grey"),
        ("float32", (64, 48, 3), "dense", "image", "a picture of 64 by 48 pixels, in colour"),
        ("float32", (28, 28), "dense", "image", "a picture of 28 by 28 pixels, grey"),
        ("uint8", (480, 640), "dense", "image", "a picture of 480 by 640 pixels, grey"),
        ("uint8", (None, None, 1), "dense", "image", "a picture of any size, grey"),
        ("float32", (None, None, 3), "dense", "array", f"numbers, any by any by 3: {BROUGHT}"),
        ("float32", (32, 1024, 3), "dense", "array", f"numbers, 32 by 1024 by 3: {BROUGHT}"),
        ("uint8", (None, 784), "dense", "array", f"whole numbers, any by 784: {BROUGHT}"),
        ("float32", (4, 4), "dense", "numbers", "4 numbers per row, a row per line"),
        ("int32", (1, 192, 192, 3), "dense", "image", "a picture of 192 by 192 pixels, in colour"),
        ("int32", (None, 8, 8, 1), "dense", "array", f"whole numbers, any by 8 by 8 by 1: {BROUGHT}"),
        ("float32", (None, 8, 8, 4), "dense", "array", f"numbers, any by 8 by 8 by 4: {BROUGHT}"),
        ("float32", (None, 9**9, 8, 3), "dense", "array", f"numbers, any by 387420489 by 8 by 3: {BROUGHT}"),
        ("float32", (None, 5), "sparse", "sparse", f"{ROWS}, null for a missing entry"),
        ("string", (None, None), "ragged", "ragged", 'JSON rows of texts, such as [["a", "b"], ["c"]]'),
    ],
)  # fmt: skip
def test_what_is_asked_for(dtype: str, shape: Any, kind: str, asks: str, hint: str) -> None:
    built = field(dtype, shape, kind)
    assert (built.asks, built.hint, built.problem) == (asks, hint, "")
    assert hash(built) == hash(field(dtype, shape, kind)), "the form keeps boxes by their fields"


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("resource", "dense"),
        ("variant", "dense"),
        ("unknown (99)", "dense"),
        ("object", "dense"),
        ("int32", "dataset"),
    ],
)
def test_what_cannot_be_asked_for(dtype: str, kind: str) -> None:
    built = field(dtype, (), kind)
    assert built.asks == "array"
    assert "cannot be" in built.problem


def test_ragged_dimensions() -> None:
    assert field("int32", (None, None, None), "ragged", ragged=2).ragged_rank == 2
    assert field("int32", (None, None, 2), "ragged", ragged=1).ragged_rank == 1


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        (("224", "192"), (224, 192)),
        (("0", "192"), (IMAGE_SIZE, IMAGE_SIZE)),
        (("999999999999", "1"), (IMAGE_SIZE, IMAGE_SIZE)),
        (("²", "x"), (IMAGE_SIZE, IMAGE_SIZE)),
        (None, (IMAGE_SIZE, IMAGE_SIZE)),
    ],
)
def test_sides_of_an_image(sides: tuple[str, str] | None, expected: tuple[int, int]) -> None:
    names = ("default_image_size.height", "default_image_size.width")
    messages = (
        (MessageSummary("image_module_info", "ImageModuleInfo", tuple(zip(names, sides, strict=True)), 4),)
        if sides
        else ()
    )
    signature = SignatureSummary("default", (tensor("float32", (None, None, None, 3)),), ())
    (found,) = fields(signature, VariantSummary((), (signature,), messages=messages))
    assert (found.height, found.width, found.channels) == (*expected, 3)
    (fixed,) = fields(
        SignatureSummary("default", (tensor("float32", (None, 8, None, 1)),), ()),
        VariantSummary((), (signature,), messages=messages),
    )
    assert (fixed.height, fixed.width, fixed.channels) == (8, expected[1], 1), "what is fixed stays"


def test_a_name_or_the_graph_says_that_points_are_pixels() -> None:
    assert field("float32", (None, None, 3), name="input_image").is_lone
    assert field("float32", (None, None), name="image").any_size
    assert not field("float32", (None, 784), name="image").is_lone
    meta_graph = MetaGraphDef()
    meta_graph.graph_def.node.add(name="x", op="Placeholder")
    signature = SignatureSummary("default", (tensor("float32", (None, None, 3)),), ())
    variant = VariantSummary((), (signature,))
    assert fields(signature, variant, meta_graph)[0].asks == "array"
    axis = meta_graph.graph_def.node.add(name="axis", op="Const")
    axis.attr["dtype"].type = 3
    axis.attr["value"].tensor.dtype = 3
    axis.attr["value"].tensor.int_val.append(0)
    meta_graph.graph_def.node.add(name="cast", op="Cast", input=["x"])
    meta_graph.graph_def.node.add(name="rows", op="ExpandDims", input=["cast", "axis"])
    (found,) = fields(signature, variant, meta_graph)
    assert (found.asks, found.is_lone, found.any_size) == ("image", True, True)
    axis.attr["value"].tensor.int_val[0] = 2
    assert fields(signature, variant, meta_graph)[0].asks == "array"


def test_where_a_value_came_from_in_words() -> None:
    assert InputValue(1, text="one\ntwo").words == "typed: one two"
    assert InputValue(1, file="\x1b[0m" + "x" * 100).words == "file  [0m" + "x" * 36 + "…"
    assert InputValue(1, variable="x").words == "variable x"
    assert InputValue(1, picture="cube").words == "picture cube"
    assert InputValue(1, example=Example("Zeros", 1)).words == "Zeros, 1 row"
    assert InputValue(1, example=Example("Zeros", 2)).words == "Zeros, 2 rows"
    assert InputValue(1, example=Example("Zeros", 2, has_rows=False)).words == "Zeros"
    assert InputValue(1).words == ""


def test_a_form_needs_no_tensorflow() -> None:
    code = (
        "import sys\n"
        "from hubexplore.inputs.external import sources\n"
        "from hubexplore.inputs.examples import examples\n"
        "from hubexplore.inputs.text import typed_text\n"
        "from hubexplore.inputs.fields import Field\n"
        "one = Field('x', 'float32', (None, 2), 'sparse', 'sparse', '')\n"
        "text = Field('y', 'string', (None,), 'dense', 'text', '')\n"
        "found = examples.fill((one, text), 'Sample sentences', 2)\n"
        "assert typed_text.write(one, typed_text.read(one, '[[1, null]]'))\n"
        "assert sources.variables(one, {'a': [[1, 2]]}) == ['a']\n"
        "assert 'tensorflow' not in sys.modules and 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
