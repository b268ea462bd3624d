"""The status of a panel that waits for TensorFlow's import: what is waited for, and for how long yet."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from hubexplore.notebook.panel.status import StatusLine
from hubexplore.session.tf_startup import import_status

SECONDS: Final = 1.0
"""Time between two looks at how long it takes yet."""


def count_down(line: StatusLine) -> bool:
    """Shows the wait until another text is on the line; returns False if nothing has to be imported."""
    waiting = import_status()
    if not waiting:
        return False
    line.say(f"{waiting[0].upper()}{waiting[1:]} …", busy=True)
    shown = line.text

    def look() -> None:
        if line.text == shown:
            count_down(line)

    # Without an event loop the line stays as it is: there is no browser that shows it.
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop().call_later(SECONDS, look)
    return True
