"""What tests in a shell share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from IPython.core.error import UsageError

from hubexplore.notebook.magics import HubMagics

Run = Callable[[str], Any]
MAGICS: Final = tuple(sorted({name for names in HubMagics.magics.values() for name in names}))
"""All magics, from the code; that the README names the same ones is tested elsewhere."""


def fails(run: Run, source: str) -> str:
    """The message of the UsageError that a cell raises; exactly that class, or IPython shows a traceback."""
    with pytest.raises(UsageError) as caught:
        run(source)
    assert type(caught.value) is UsageError
    assert "\n" not in str(caught.value)
    return str(caught.value)
