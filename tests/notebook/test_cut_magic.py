"""`%hub_cut` makes a module of a part of a loaded one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from IPython.core.error import UsageError

import hubexplore as hub
from tests.hub import modules
from tests.hub.cutting import cut_models
from tests.notebook.shells import Run


@pytest.fixture
def tower(run: Run, tmp_path: Path) -> Run:
    """A shell in which the module `tower` is loaded."""
    path = modules.export(hub.create_module_spec(cut_models.tower), tmp_path / "tower")
    run(f"%hub_load '{path}' --as tower")
    return run


def test_a_part_is_bound_and_can_be_called(tower: Run, tmp_path: Path) -> None:
    options = "--output features=layer_1/activation --of doubled --as part --signature features"
    part = tower(f"%hub_cut tower {options}")
    assert tower("part") is part
    assert "bit for bit" in repr(part)
    assert tower("%hub_call part [[1.0, 2.0, 3.0]] --signature features").shape == (1, 4)
    report = tower(f"%hub_export part '{tmp_path / 'part'}'")
    assert hub.load_module_spec(os.fspath(report)).get_signature_names() == ["features"]


def test_the_name_is_made_of_that_of_the_module(tower: Run) -> None:
    tower("%hub_cut tower --input h=layer_0/activation --output layer_2/activation --no-check")
    assert list(tower("tower_cut").get_input_info_dict()) == ["h"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "A cut needs an output"),
        ("--output nothing", "no tensor 'nothing'"),
        ("--output layer_0/activation --as 1a", "--as"),
    ],
)
def test_bad_lines_are_one_line(tower: Run, options: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        tower(f"%hub_cut tower {options}")
