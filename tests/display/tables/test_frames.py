"""Data frames: tidy, with whole names and proper dtypes."""

from __future__ import annotations

import sys
from dataclasses import replace

import pandas as pd
import pytest

from hubexplore.display.rich.listings import Listing
from hubexplore.display.rich.summaries import displayable
from hubexplore.summary.model import ModuleSummary, VariableSummary, VariantSummary
from tests.display import summaries

RICH = displayable(summaries.RICH)
KINDS = sorted(name for name, value in vars(RICH.variants[0]).items() if isinstance(value, Listing))


def test_variables() -> None:
    frame = RICH.variables.df.set_index("name")
    assert dict(frame.dtypes.astype(str)) | {"dtype": "", "kind": "", "node": "", "key": ""} == {
        "dtype": "", "shape": "object", "trainable": "bool", "kind": "", "parameters": "Int64",
        "bytes": "Int64", "partitions": "Int64", "node": "", "key": "", "tags": "object",
    }  # fmt: skip
    assert frame.loc["words/table", "shape"] == (1000, 20)
    assert frame.loc["words/table", "parameters"] == 20_000
    assert frame.loc["words/table", "partitions"] == 2
    assert frame["parameters"].sum() == 315_425
    assert set(frame["tags"]) == {("", "train")}


def test_what_is_not_known_is_missing() -> None:
    unknown = VariableSummary("v", "strange", None, trainable=False)
    frame = displayable(ModuleSummary("m", (VariantSummary((), (), variables=(unknown,)),))).variables.df
    assert frame["parameters"].isna().all()
    assert frame["bytes"].isna().all()
    assert frame.loc[0, "shape"] is None


def test_signatures_have_a_row_per_tensor() -> None:
    frame = RICH.signatures.df
    assert list(frame.columns) == [
        "signature",
        "side",
        "name",
        "kind",
        "dtype",
        "shape",
        "tensors",
        "method",
        "tags",
    ]
    assert len(frame) == 7
    assert frame.loc[0, "shape"] == (None, 224, 224, 3)
    assert set(frame[frame["side"] == "input"]["name"]) == {"images", "sentences"}


@pytest.mark.parametrize("kind", KINDS)
def test_tags_are_there_where_there_are_several_variants(kind: str) -> None:
    assert "tags" in getattr(RICH, kind).df
    assert "tags" not in getattr(RICH.variants[0], kind).df


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_the_module_lacks_is_an_empty_frame_with_columns(kind: str) -> None:
    frame = getattr(displayable(summaries.EMPTY), kind).df
    assert len(frame) == 0
    assert list(frame.columns) == [column for column in getattr(RICH, kind).df.columns if column != "tags"]


def test_variants_that_differ_have_rows_of_their_own() -> None:
    frame = RICH.ops.df
    assert list(frame["op"]) == ["Const", "Conv2D", "MyOp", "AssignSub"]
    assert list(frame["tags"]) == [("", "train")] * 3 + [("train",)]
    assert str(frame["count"].dtype) == "Int64"
    assert frame["unknown"].sum() == 1


def test_two_alike_in_one_variant_are_two_rows() -> None:
    once = VariableSummary("count", "float32", (), trainable=False)
    twice = VariantSummary((), (), variables=(once, once))
    summary = displayable(ModuleSummary("m", (twice, replace(twice, tags=("train",)))))
    assert len(summary.variables) == 2
    assert list(summary.variables.df["tags"]) == [("", "train")] * 2


def test_names_are_whole() -> None:
    long = "scope/" * 200 + "kernel"
    variables = (VariableSummary(long, "float32", (), trainable=True),)
    assert (
        displayable(ModuleSummary("m", (VariantSummary((), (), variables=variables),))).variables.df["name"][
            0
        ]
        == long
    )


def test_variants_and_files() -> None:
    variants = RICH.variants.df
    assert list(variants["tags"]) == [(), ("train",)]
    assert list(variants["nodes"]) == [101, 103]
    files = RICH.files.df
    assert isinstance(files, pd.DataFrame)
    assert files["bytes"].sum() == 1_234_567


def test_pandas_is_loaded_for_data_frames_only() -> None:
    import subprocess

    code = (
        "import sys; from hubexplore.display.rich.summaries import displayable; "
        "from hubexplore.summary.model import ModuleSummary, VariantSummary; "
        "s = displayable(ModuleSummary('m', (VariantSummary((), ()),))); repr(s); s._repr_html_(); "
        "s.to_json(); "
        "print({'pandas', 'graphviz', 'tensorflow', 'IPython'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "set()"
