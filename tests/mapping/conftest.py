"""Modules to map data through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hubexplore as hub
from hubexplore.session.session import NotebookSession
from tests.mapping import modules


@pytest.fixture(scope="module")
def shared() -> Iterator[NotebookSession]:
    """A session with all modules of `modules`, for the tests of a file."""
    with NotebookSession() as session:
        for name in modules.NAMES:
            session.load(hub.create_module_spec(getattr(modules, name)), name)
        yield session


@pytest.fixture(scope="module")
def dense_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module `dense` on disk."""
    path = tmp_path_factory.mktemp("modules") / "dense"
    with NotebookSession() as session:
        module = session.load(hub.create_module_spec(modules.dense), "dense")
        session.export(module, path)
    return path


@pytest.fixture
def vectors() -> Any:
    """A float32 array [50, 3]."""
    return np.arange(150, dtype=np.float32).reshape(50, 3) / 10
