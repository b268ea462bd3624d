"""Whether the TensorFlow server of a session still answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from hubexplore.errors import HandleError
from hubexplore.hub.running.run_errors import find_server_gone

# An IPv6 address is in brackets, since it contains colons (RFC 3986, 3.2.2).
_TARGET: Final = re.compile(r"grpc://(\[[^\]]+\]|[^:/]+):\d+")
_CONNECT_SECONDS: Final = 5.0
"""Longest time to wait for a connection before the server counts as gone."""


def guard(target: str) -> Callable[[], None] | None:
    """A function that raises ServerGoneError if the server is gone; None for a session of this process.

    A run needs it: TensorFlow 2.21 waits for ever for a server that does not answer.

    Raises:
      HandleError: (a ValueError) `target` is not the address of a server.
    """
    if not target:
        return None
    if not _TARGET.fullmatch(target):
        raise HandleError(
            f"target must be the address of a TensorFlow server, as in grpc://HOST:PORT, or empty; got "
            f"{target!r}."
        )

    def check() -> None:
        gone = find_server_gone(target, _CONNECT_SECONDS)
        if gone is not None:
            raise gone

    return check
