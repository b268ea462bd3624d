"""Automatic display never fails a cell: on an error it warns, and the notebook shows the text instead."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import TypeVar

Owner = TypeVar("Owner")


def automatic(hook: Callable[[Owner], str | None]) -> Callable[[Owner], str | None]:
    """Decorates a `_repr_html_` (or similar): an exception becomes a warning and the result None.

    IPython takes None for "not available in this format" and shows the next best one. Calling the renderer
    directly still raises. The text is a plain `str`: marimo refuses subclasses of it, such as `Markup`.
    """

    @functools.wraps(hook)
    def safe_hook(owner: Owner) -> str | None:
        try:
            shown = hook(owner)
        except Exception as error:  # noqa: BLE001 - whatever failed, the value must still be shown
            message = f"{type(owner).__name__} is shown as text, because its display failed: {error!r}"
            # IPython shows warnings below the cell; an exception in a hook would print a traceback instead.
            warnings.warn(message, RuntimeWarning, stacklevel=2)
            return None
        return None if shown is None else str(shown)

    return safe_hook
