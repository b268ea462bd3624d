"""Whether a failed request is worth repeating, how long to wait, and when a server is too slow."""

from __future__ import annotations

import email.utils
import functools
import http.client
import io
import ssl
import time
import urllib.error
import urllib.request
from typing import Any, Final

from hubexplore.hub.resolve import size_limits

WINDOW_SECONDS: Final = 60.0
"""Waiting time over which the rate of a connection is measured."""

_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 60.0
# Statuses that may be temporary. The others would be the same next time.
_BUSY: Final = frozenset({408, 429, 500, 502, 503, 504})
_BROKEN: Final = (
    ConnectionResetError,
    ConnectionAbortedError,
    BrokenPipeError,
    TimeoutError,
    ssl.SSLEOFError,
    http.client.HTTPException,
)


class TooSlowError(OSError):
    """The server sends less than the minimum rate."""


class Pace:
    """The rate of a connection, measured over the time spent waiting for it.

    The time that the program spends otherwise does not count, nor does the time until the first byte.
    """

    def __init__(self) -> None:
        self._least = size_limits.value(size_limits.RATE)
        self._started = False
        self._waited = 0.0
        self._received = 0

    def count(self, received: int, seconds: float) -> None:
        """Counts bytes and the time they took; raises TooSlowError after a window with too few bytes."""
        if not self._started:
            self._started = True
            return
        self._waited += seconds
        self._received += received
        if self._waited >= WINDOW_SECONDS:
            if self._received < self._least * self._waited:
                finding = f"the server sent {self._received:,} bytes in {self._waited:.0f} seconds"
                raise TooSlowError(finding)
            self._waited, self._received = 0.0, 0


class _PacedFile(io.RawIOBase):
    """The file of a socket, with its pace measured: status line, headers and body alike."""

    def __init__(self, raw: io.RawIOBase, pace: Pace) -> None:
        self._raw = raw
        self._pace = pace

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Reads once from the socket."""
        started = clock()
        received: int | None = self._raw.readinto(buffer)
        self._pace.count(received or 0, clock() - started)
        return received

    def close(self) -> None:
        """Closes the socket's file too."""
        self._raw.close()
        super().close()


class _PacedResponse(http.client.HTTPResponse):
    def __init__(self, pace: Pace, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # The only place where all that arrives can be counted: http.client reads headers by itself.
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_PacedFile(raw, pace))


def _connection(kind: Any, pace: Pace, *args: Any, **options: Any) -> Any:
    connection = kind(*args, **options)
    connection.response_class = functools.partial(_PacedResponse, pace)
    return connection


class PacedHttp(urllib.request.HTTPHandler):
    """Opens http addresses."""

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """See the base class."""
        return self.do_open(functools.partial(_connection, http.client.HTTPConnection, Pace()), req)


class PacedHttps(urllib.request.HTTPSHandler):
    """Opens https addresses, with the certificates of the system or of SSL_CERT_FILE."""

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """See the base class."""
        return self.do_open(functools.partial(_connection, http.client.HTTPSConnection, Pace()), req)


def is_transient(error: Exception, has_begun: bool) -> bool:
    """Says whether the same request may succeed soon.

    Args:
      error: How it failed.
      has_begun: Whether the server has sent a part of the body. A server that cannot be reached from the
        start is not worth waiting for.
    """
    if isinstance(error, urllib.error.HTTPError):
        return error.code in _BUSY
    # urllib wraps an error of the connection into a URLError; errors while the body is read come as they are.
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        error = error.reason
    # A slow server would be slow again. InvalidURL is an HTTPException, so `_BROKEN` would include it.
    if isinstance(error, (TooSlowError, http.client.InvalidURL)):
        return False
    if isinstance(error, _BROKEN):
        return True
    return has_begun and isinstance(error, OSError)


def is_busy(status: int | None) -> bool:
    """Says whether the status of an answer may be temporary."""
    return status in _BUSY


def pause_seconds(error: Exception, tries: int) -> float:
    """Returns how long to wait before the next try, see `pause_after`."""
    headers = error.headers if isinstance(error, urllib.error.HTTPError) else None
    return pause_after((headers.get("Retry-After") or "") if headers else "", tries)


def pause_after(asked: str, tries: int) -> float:
    """Returns how long to wait before the next try.

    That is what the server asks for (RFC 9110, 10.2.3), up to a minute; else twice as long with each try.

    Args:
      asked: the value of its header Retry-After; "" without one.
      tries: how many tries have failed before the last one.
    """
    retry_after = _retry_after(asked.strip())
    seconds = _FIRST_PAUSE_SECONDS * 2**tries if retry_after is None else retry_after
    return min(max(seconds, 0.0), _LONGEST_PAUSE_SECONDS)


def _retry_after(text: str) -> float | None:
    # The server may choose between a number of seconds and a date (RFC 9110, 10.2.3).
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        return email.utils.parsedate_to_datetime(text).timestamp() - now()
    except (ValueError, TypeError, IndexError, OverflowError):  # versions of Python differ in what it raises
        return None


# Functions of their own, so that tests can replace them.


def clock() -> float:
    """Returns a monotonic time in seconds."""
    return time.monotonic()


def now() -> float:
    """Returns seconds since 1970."""
    return time.time()


def sleep(seconds: float) -> None:
    """Waits."""
    time.sleep(seconds)
