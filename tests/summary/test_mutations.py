"""Modules with other fields, at random: a summary or an error with a message, whatever is asked of them.

HUBEXPLORE_MUTATIONS=100 tries a hundred times as many as a usual run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from google.protobuf import text_format

from hubexplore import create_module_spec_from_saved_model, load_module_spec
from hubexplore.display.rich.summaries import Summary, displayable
from hubexplore.errors import HubError
from hubexplore.summary.graph.messages import SavedModel
from tests.summary import mutated_modules, saved_models
from tests.summary.exercise import exercise
from tests.summary.saved_models import summary_of

_MORE: Final = float(os.environ.get("HUBEXPLORE_MUTATIONS", "1"))

pytestmark = pytest.mark.timeout(300 + 60 * _MORE)

_LARGEST: Final = (1 << 63) - 1
_LINES: Final = (
    *(b"unknown_field: 5", b"nested { " * 200, b"}", b"name: 'x", b"size: 99999999999999999999999"),
    *(b"size: -1", b"dtype: DT_FOO", b'name: "\\xff"', b"size: 0x" + b"f" * 5_000, b"size: " + b"9" * 5_000),
)


def _of_text(content: bytes, seed: int) -> bytes:
    """The text form of a saved model in which up to three lines are others."""
    random = Random(seed)
    lines = text_format.MessageToString(SavedModel.FromString(content)).encode().split(b"\n")
    for _ in range(random.choice([1, 2, 3])):
        at = random.randrange(len(lines))
        match random.randrange(4):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, random.choice(lines))
            case 2:
                lines[at] = lines[at].partition(b":")[0] + b":" + random.choice(_LINES).partition(b":")[2]
            case _:
                lines[at] = random.choice(_LINES)
    return b"\n".join(lines)


@pytest.mark.parametrize("kind", ["graph", "objects", "index", "definition", "text"])
def test_other_fields(tmp_path: Path, kind: str) -> None:
    base = mutated_modules.rich(tmp_path / "base", objects=kind == "objects")
    other = displayable(summary_of(base))
    content = (base / "saved_model.pb").read_bytes()
    module = tmp_path / "module"
    shutil.copytree(base, module)
    summaries = 0
    for seed in range(int(15 * _MORE)):
        match kind:
            case "index":
                (module / "variables/variables.index").write_bytes(mutated_modules.altered_index(seed))
            case "definition":
                (module / "tfhub_module.pb").write_bytes(mutated_modules.several(b"\x08\x03\x12\x01x", seed))
            case "text":
                (module / "saved_model.pb").unlink(missing_ok=True)
                (module / "saved_model.pbtxt").write_bytes(_of_text(content, seed))
            case _:
                (module / "saved_model.pb").write_bytes(mutated_modules.several(content, seed))
        report = exercise(module, other, tmp_path)
        assert report is None or report.strip(), f"{kind}, seed {seed}"
        summaries += report is None
    assert summaries


# ---- what once was wrong


def _shown(tmp_path: Path, graph: Any, other: Iterable[Any] = ()) -> Summary:
    folder = saved_models.write(tmp_path / "m", graph, *other)
    base = displayable(summary_of(mutated_modules.rich(tmp_path / "base")))
    assert exercise(folder, base, tmp_path) is None
    return displayable(summary_of(folder))


@pytest.mark.parametrize(
    "line",
    [
        b'meta_graphs { meta_info_def { tags: "\\xff" } }',
        b"meta_graphs { asset_file_def { tensor_info { dtype: 0x" + b"f" * 5_000 + b" } } }",
    ],
    ids=["string", "number"],
)
def test_text_that_python_refuses(tmp_path: Path, line: bytes) -> None:
    """A string that is not UTF-8, and a number of more digits than Python writes in an error."""
    module = tmp_path / "m"
    module.mkdir()
    (module / "saved_model.pbtxt").write_bytes(line)
    reads: tuple[Callable[[Path], Any], ...] = (summary_of, create_module_spec_from_saved_model)
    for read in (*reads, load_module_spec):
        with pytest.raises(HubError, match="m"):
            read(module)


@pytest.mark.parametrize("shape", [[_LARGEST, 2], [_LARGEST] * 300, [_LARGEST] * 50_000], ids=len)
@pytest.mark.parametrize("in_parts", [False, True])
def test_more_elements_than_a_tensor_can_have(tmp_path: Path, shape: list[int], in_parts: bool) -> None:
    graph = saved_models.meta_graph()
    part = {"full_name": "w", "full_shape": shape, "var_offset": [0] * len(shape)} if in_parts else None
    saved_models.add_variable(graph, "w/part_0" if in_parts else "w", shape, part=part)
    summary = _shown(tmp_path, graph)
    assert summary.variables[0].shape == tuple(shape)
    assert summary.variables[0].parameters is None
    assert summary.variables.df["parameters"].isna().all()


def test_sums_of_more_than_64_bits(tmp_path: Path) -> None:
    graph = saved_models.meta_graph()
    for name in ("a", "b", "c"):
        saved_models.add_variable(graph, name, [1 << 62])
    summary = _shown(tmp_path, graph)
    assert f"{3 << 62:,}" in repr(summary)
    assert summary.variables.df["parameters"].tolist() == [1 << 62] * 3
    assert summary.variants.df["parameters"].isna().all()


def test_no_elements_in_any_number_of_dimensions(tmp_path: Path) -> None:
    graph = saved_models.meta_graph()
    saved_models.add_variable(graph, "w", [_LARGEST, _LARGEST, 0])
    assert _shown(tmp_path, graph).variables[0].parameters == 0
