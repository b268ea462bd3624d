"""The hostile and the harmless models, written once in a session."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import tests.strangers.benign
import tests.strangers.hostile
from tests.strangers.benign.published import SAMPLES
from tests.strangers.cases import BENIGN, HOSTILE, Hostile
from tests.strangers.making import Canaries

LINKED = ("asset_link", "assets_folder_link", "link_below_asset")
"""What these link to is reported, but read where the user's trust depends on each byte."""


@dataclass(frozen=True)
class Trap:
    """A hostile model on disk."""

    case: Hostile
    path: Path
    canaries: Canaries


@contextlib.contextmanager
def _old_ways() -> Iterator[None]:
    """TensorFlow warns of what old models were made with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(scope="session")
def traps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trap]:
    """All hostile models, by name."""
    folder = tmp_path_factory.mktemp("hostile")
    made = {}
    with _old_ways():
        for case in HOSTILE:
            canaries = Canaries(folder / "canaries" / case.name).place()
            made[case.name] = Trap(case, case.build(folder / "models" / case.name, canaries), canaries)
    return made


@pytest.fixture(scope="session")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The paths of all harmless models that are made, by name, and the handles of samples."""
    folder = tmp_path_factory.mktemp("harmless")
    with _old_ways():
        made = {name: str(build(folder / name)) for name, build in BENIGN.items()}
    return made | {sample: sample for sample in SAMPLES}


@pytest.fixture
def untouched(traps: dict[str, Trap]) -> Iterator[None]:
    """No canary may be touched before or in the test."""
    yield
    happened = {name: trap.canaries.touched() for name, trap in traps.items() if name not in LINKED}
    assert {name: what for name, what in happened.items() if what} == {}
