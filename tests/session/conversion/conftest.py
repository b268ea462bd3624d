"""The converters and runtimes, which are not among the packages of the checks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.converters import PLACE


@pytest.fixture(scope="package")
def converters() -> Iterator[Path]:
    """The folder with the converters, which this process and those that it starts find."""
    if not (PLACE / "ready").exists():
        message = f"{PLACE} is not there; `make test` makes it"
        if os.environ.get("HUBEXPLORE_REQUIRE_PROGRAMS"):
            pytest.fail(message)
        pytest.skip(message)
    (folder,) = PLACE.glob("lib/python*/site-packages")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])))
        yield folder
