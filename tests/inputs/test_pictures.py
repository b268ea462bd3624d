"""The public pictures: what they are called, what they need, and that written code uses nothing else."""

from __future__ import annotations

import ast
import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hubexplore as hub
from hubexplore.inputs import pictures
from hubexplore.inputs.code.expressions import Expressions
from hubexplore.inputs.examples import example_kinds, examples
from hubexplore.inputs.external import picture_arrays, picture_files
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue
from hubexplore.summary.reading.string_inputs import Encoding
from tests.inputs.fields_of import field

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "api" / "explore.md"
COLOR = field("float32", (None, 16, 24, 3))
DIGIT = field("float32", (None, pictures.DIGIT_SIDE, pictures.DIGIT_SIDE, 1))
FILES = dataclasses.replace(field("string", (None,)), encoding=Encoding("image"))


def sample_value(kind: str) -> InputValue:
    files = list(pictures.samples().items())
    match kind:
        case "sample pictures":
            return picture_arrays.read_pictures(COLOR, files, picture_arrays.ImageChoice())
        case "sample files":
            return picture_files.read(FILES, files)
        case _:
            inputs: Field = DIGIT if kind == example_kinds.DIGITS else COLOR
            return examples.fill((inputs,), kind)["x"]


def test_the_module_is_in_the_reference() -> None:
    """Its names are public: those that exist stay, and a new one is added here."""
    assert hub.pictures.__all__ == pictures.__all__ == ["DIGIT_SIDE", "digit", "film", "samples", "scene"]
    assert f".. automodule:: {hub.pictures.__name__}\n" in REFERENCE.read_text("utf-8")


@pytest.mark.parametrize(
    "kind", ["sample pictures", "sample files", example_kinds.DIGITS, example_kinds.PICTURE]
)
def test_written_code_imports_nothing_else_of_the_package(kind: str) -> None:
    expressions = Expressions()
    expression = expressions.write(sample_value(kind))
    program = "\n".join([*expressions.before, expression])
    imports = [node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Import | ast.ImportFrom)]
    package = [ast.unparse(node) for node in imports if "hubexplore" in ast.unparse(node)]
    assert package == ["from hubexplore import pictures"]
    used = {
        node.attr
        for node in ast.walk(ast.parse(program))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pictures"
    }
    assert used
    assert used <= set(pictures.__all__)


def test_nothing_heavy_is_loaded() -> None:
    heavy = ["IPython", "ipywidgets", "pandas", "tensorflow"]
    program = (
        "import sys; from hubexplore import pictures; "
        "pictures.digit(3), pictures.scene(8, 8, 3), pictures.samples(); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_values_stay_the_same() -> None:
    """Code that was written for a run gives the values of that run, in later versions as well."""
    np.testing.assert_array_equal(pictures.digit(1)[1], [0, 0, 0, 0.6, 1, 1, 0, 0])
    scene = pictures.scene(8, 12, 3, 1)
    assert scene.shape == (8, 12, 3)
    assert scene.dtype == np.float64
    np.testing.assert_allclose(scene[0, 0], [0.753125, 0.2259375, 0.51061875], rtol=1e-9)
    np.testing.assert_allclose(scene[4, 7], [0.17750756, 0.59169185, 0.31833022], rtol=1e-7)
    grey = scene @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(pictures.scene(8, 12, 1, 1)[:, :, 0], grey, atol=1e-12)
    with pytest.raises(TypeError):
        pictures.samples()["cube"] = b""  # type: ignore[index]  # read-only
