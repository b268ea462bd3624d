"""People at panels of samples."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import hubexplore as hub
from tests.notebook.panel.person import Person


@pytest.fixture
def half() -> Iterator[Person]:
    explorer = hub.explore("sample:half-plus-two")
    yield Person(explorer)
    explorer.close()


@pytest.fixture
def texts() -> Iterator[Person]:
    explorer = hub.explore("sample:text-embedding")
    yield Person(explorer)
    explorer.close()
