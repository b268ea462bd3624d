"""Whether the TensorFlow server of a session still answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from hubexplore.errors import HandleError
from hubexplore.hub.running.run_errors import find_server_gone

_TARGET: Final = re.compile(r"grpc://(\[[^\]]+\]|[^:/]+):\d+")
_PATIENCE: Final = 5.0  # seconds to wait for a connection


def guard(target: str) -> Callable[[], None] | None:
    """A function that raises ServerGoneError if the server is gone; None for a session of this process.

    Without it a run waits for ever.

    Raises:
      HandleError: (a ValueError) `target` is no address of a server.
    """
    if not target:
        return None
    if not _TARGET.fullmatch(target):
        raise HandleError(
            f"A session's target is the address of a TensorFlow server, grpc://HOST:PORT, or empty; got "
            f"{target!r}."
        )

    def check() -> None:
        gone = find_server_gone(target, _PATIENCE)
        if gone is not None:
            raise gone

    return check
