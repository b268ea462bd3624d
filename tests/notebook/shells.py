"""What tests in a shell share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from IPython.core.error import UsageError

Run = Callable[[str], Any]


def fails(run: Run, source: str) -> str:
    """The message of the UsageError that a cell raises; exactly that class, or IPython shows a traceback."""
    with pytest.raises(UsageError) as caught:
        run(source)
    assert type(caught.value) is UsageError
    assert "\n" not in str(caught.value)
    return str(caught.value)
