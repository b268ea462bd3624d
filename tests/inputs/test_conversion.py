"""Arrays from elsewhere that are larger than they look."""

from __future__ import annotations

import numpy as np
import pytest

from hubexplore.errors import SignatureError
from hubexplore.inputs.external import conversion, sources
from tests.inputs.fields_of import field

PAIRS = field("float32", (None, 2))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_a_view_without_memory_is_not_copied_into_some(dtype: str) -> None:
    """It looks like a terabyte or more, and takes a few bytes."""
    endless = np.broadcast_to(np.ones((), dtype), (10**12, 2))
    with pytest.raises(SignatureError, match=r"'endless'.*not enough memory.*use a part"):
        sources.from_variable(PAIRS, {"endless": endless}, "endless")


def test_checking_a_conversion_needs_room_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "available_memory", lambda: 60_000_000)
    rows = np.ones((1_200_000, 2))
    assert sources.from_variable(PAIRS, {"x": rows.astype(np.float32)}, "x").value.shape == rows.shape
    with pytest.raises(SignatureError, match=r"67\.2 MB needed, 60\.0 MB free"):
        sources.from_variable(PAIRS, {"x": rows}, "x")
    monkeypatch.setattr(conversion, "available_memory", lambda: None)
    assert sources.from_variable(PAIRS, {"x": rows}, "x").value.shape == rows.shape
