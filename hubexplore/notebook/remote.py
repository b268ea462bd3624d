"""Whether a TensorFlow server still answers.

A session whose server is gone waits for it for ever: TensorFlow tries to connect again and again.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from typing import Final

from hubexplore.errors import HandleError, SessionGoneError

_TARGET: Final = re.compile(r"grpc://(?P<host>\[[^\]]+\]|[^:/]+):(?P<port>\d+)/?")
_PATIENCE: Final = 5.0  # seconds to wait for a connection

MSG_GONE: Final = (
    "The TensorFlow server {target!r} does not answer: {reason}. Its variables are lost with it. Start it "
    "again, then session.reset(), or %hub_session reset, and load again; or use a session of this process: "
    "%hub_session new NAME."
)


def guard(target: str) -> Callable[[], None] | None:
    """A function that raises if the server of a session is gone; None for a session of this process.

    Raises:
      HandleError: (a ValueError) `target` is no address of a server.
    """
    if not target:
        return None
    match = _TARGET.fullmatch(target)
    if match is None:
        raise HandleError(
            f"A session's target is the address of a TensorFlow server, grpc://HOST:PORT, or empty; got "
            f"{target!r}."
        )
    place = match["host"].strip("[]"), int(match["port"])

    def check() -> None:
        try:
            socket.create_connection(place, _PATIENCE).close()
        except OSError as error:
            raise SessionGoneError(MSG_GONE.format(target=target, reason=error.strerror or error)) from error

    return check
