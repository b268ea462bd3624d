"""A cache of their own for the tests of the samples."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def samples_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Sets an empty cache; later tests find what earlier ones built."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFHUB_CACHE_DIR", str(tmp_path_factory.mktemp("samples-cache")))
        yield
