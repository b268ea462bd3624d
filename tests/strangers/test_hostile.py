"""Each hostile model is flagged, with the right trigger and argument, and before anything of it runs."""

from __future__ import annotations

import pytest

import hubexplore as hub
import tests.strangers.hostile  # noqa: F401 - fills HOSTILE
from hubexplore.summary.capabilities.model import Capability, When
from tests.strangers.cases import HOSTILE
from tests.strangers.conftest import LINKED, Trap
from tests.strangers.judging import lacking


@pytest.mark.parametrize("name", [case.name for case in HOSTILE])
def test_it_is_flagged(name: str, traps: dict[str, Trap]) -> None:
    trap = traps[name]
    found = hub.summarize(trap.path).capabilities
    assert lacking(trap.case, found, trap.canaries) == ""
    assert name in LINKED or trap.canaries.touched() == []


def test_the_set_is_wide() -> None:
    assert len(HOSTILE) >= 60
    assert {kind for case in HOSTILE for kind in case.capability} == set(Capability)
    assert {when for case in HOSTILE for when in case.when} == set(When)
    assert len({case.place for case in HOSTILE}) >= 60
