"""`%hub_cost`."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from tests.notebook.shells import Run


def test_it_measures_a_loaded_module(scale: Run) -> None:
    cost = scale("%hub_cost scale [1.0, 2.0] --seconds 0")
    assert (cost.title, cost.signature, cost.rows) == ("scale", "default", 2)
    assert cost.curve == ()
    named = scale("%hub_cost scale --signature pair --seconds 0.1")
    assert named.signature == "pair"
    assert named.curve


def test_it_counts_without_running(scale: Run) -> None:
    cost = scale("%hub_cost scale (8,) --count")
    assert cost.shapes == (("x", (8,)),)
    assert cost.parameters == 1


def test_the_result_goes_into_a_variable(scale: Run) -> None:
    assert scale("%hub_cost scale --count --out cost") is not None
    assert scale("cost.parameters") == 1
    assert scale("quiet << scale --count".join(["%hub_cost ", ""])) is None
    assert scale("quiet.parameters") == 1


def test_bad_lines(scale: Run) -> None:
    with pytest.raises(UsageError, match="scale"):
        scale("%hub_cost scael")
    with pytest.raises(UsageError, match="pair"):
        scale("%hub_cost scale --signature pairs --count")
    with pytest.raises(UsageError, match="seconds"):
        scale("%hub_cost scale --seconds x")
    with pytest.raises(UsageError, match="dimension"):
        scale("%hub_cost scale (8, 8) --count")
