"""Fetches a module over http or https."""

from __future__ import annotations

import base64
import contextlib
import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

from hubexplore import errors
from hubexplore.hub.resolve import retries, size_limits
from hubexplore.summary.files.archive_names import ARCHIVE_SUFFIXES
from hubexplore.summary.files.redaction import redacted, without_access

TIMEOUT_SECONDS: Final = 60.0
"""Longest time that a server may stay silent. A download as a whole may take any time."""

_QUERY: Final = ("tf-hub-format", "compressed")
_CHUNK: Final = 1 << 18
_TRIES: Final = 4
# After so many bytes without a failure the tries are counted from zero: a long download may break more often.
_BYTES_PER_TRIES: Final = 16 << 20
# Characters that are not quoted. `%` is one of them, since a handle may be quoted already.
_SAFE: Final = "/%:=&~+!$,;'@()*"
# Precondition failed, and range not satisfiable: the file is not the one whose start was received.
_RANGE_REFUSED: Final = frozenset({412, 416})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LONGEST_REASON: Final = 300
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")

MSG_FAILED: Final = "Cannot download {handle!r}: {reason}.{remedy}"
MSG_BY_HAND: Final = (
    " Without a connection, download the archive elsewhere and give the path of the .tar.gz file instead."
)
MSG_MALFORMED: Final = (
    "the address of a proxy or of a redirect is malformed. Write a proxy as "
    "HTTP_PROXY=http://HOST:PORT or HTTPS_PROXY=http://HOST:PORT"
)
MSG_SLOW: Final = (
    " That is below the minimum rate of {rate:,} bytes a second. Try again later, or set "
    "os.environ['HUBEXPLORE_MIN_RATE'] = '0' to wait however long it takes."
)
_REMEDIES: Final = {
    401: (
        " The server requires a sign-in: write https://NAME:PASSWORD@SERVER/PATH, or download the archive "
        "in a browser and give its path instead."
    ),
    403: " The server refuses access; download the archive in a browser and give its path instead.",
    404: " Check the spelling of the handle, its version number included.",
    407: " The proxy wants a name and password: set HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT.",
    410: " The module was removed by its publisher.",
    429: " The server limits the number of requests; try again later.",
}


class _EndedEarlyError(ConnectionResetError):
    """The server closed the connection before all was sent."""


class ChangedError(errors.DownloadError):
    """The file on the server was replaced before a broken download could continue."""


@dataclass(frozen=True)
class Address:
    """The address that an http(s) handle stands for.

    Attributes:
      url: The address, without name and password.
      authorization: Value of the Authorization header; None without name and password. Only this server may
        get it.
    """

    url: str
    authorization: str | None


def address_of(handle: str) -> Address:
    """Returns what to fetch for an http(s) handle.

    The address of a module's page gets the query `tf-hub-format=compressed`, which asks for the module
    itself; other parts of a query stay. The address of an archive is taken as it is.

    Raises:
      HandleError: It is not an address.
    """
    parts = _split(handle)
    if parts is None:
        reason = (
            "its server or port is malformed (in a name or password write %2F for /, %40 for @, %3A for :)"
        )
        raise errors.HandleError(f"{redacted(handle)!r} is not an address: {reason}.")
    if not parts.hostname:
        raise errors.HandleError(f"{redacted(handle)!r} has no server: write https://SERVER/PATH.")
    query = urllib.parse.quote(parts.query, safe=_SAFE + "?")
    if not parts.path.lower().endswith(ARCHIVE_SUFFIXES):
        fields = urllib.parse.parse_qsl(query, keep_blank_values=True)
        if _QUERY not in fields:
            query = "&".join(filter(None, [query, "=".join(_QUERY)]))
    path = urllib.parse.quote(parts.path, safe=_SAFE)
    access, _, server = parts.netloc.rpartition("@")
    authorization = None
    if access:
        name, _, password = access.partition(":")
        pair = f"{urllib.parse.unquote(name)}:{urllib.parse.unquote(password)}".encode()
        authorization = f"Basic {base64.b64encode(pair).decode()}"
    return Address(urllib.parse.urlunsplit((parts.scheme, server, path, query, "")), authorization)


def _split(handle: str) -> urllib.parse.SplitResult | None:
    """Returns the parts of an address; None if it is malformed.

    The ValueError is not passed on, since it may quote a part of the password.
    """
    try:
        parts = urllib.parse.urlsplit(handle)
        parts.port  # noqa: B018  # raises for a port that is not a number
    except ValueError:
        return None
    return parts


@contextlib.contextmanager
def open_url(handle: str) -> Iterator[Body]:
    """Opens what an http(s) handle stands for.

    Proxies are those of the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY). While the body is read, a
    progress bar shows once that has taken a second.

    Raises:
      DownloadError: Also while the body is read. It names the handle, the reason and what to try.
      HandleError: It is not an address.
    """
    with contextlib.closing(Body(redacted(handle), address_of(handle))) as body:
        body.open()
        yield body


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects from http(s) to http(s), never to files or back to plain http.

    The password goes on to the same server only.

    Attributes:
      last: where the last redirect leads to; "" before one.
    """

    def __init__(self, authorization: str | None) -> None:
        self.last = ""
        self._authorization = authorization

    def redirect_request(  # noqa: PLR0917  # the signature of the base class
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        scheme = urllib.parse.urlsplit(newurl).scheme.lower()
        if scheme != "https" and not (scheme == "http" and req.type == "http"):
            # The error does not carry the response, so nothing else would close it.
            fp.close()
            raise urllib.error.URLError(
                f"the server redirects to {redacted(newurl)!r}, which is not followed"
            )
        self.last = newurl
        # urllib would take a name and password in the address for a part of the host.
        result = super().redirect_request(req, fp, code, msg, headers, without_access(newurl))
        # urllib would send an ordinary header to whichever server a redirect leads to.
        if result and self._authorization and (result.type, result.host) == (req.type, req.host):
            result.add_unredirected_header("Authorization", self._authorization)
        return result


class Body:
    """The body of a response, as a source for `archive.extract`. A connection that breaks is opened again.

    Attributes:
      length: Its size in bytes; None if the server does not say.
    """

    def __init__(self, handle: str, address: Address) -> None:
        from tqdm.auto import tqdm

        self.length: int | None = None
        self._handle = handle
        self._address = address
        self._redirects = _Redirects(address.authorization)
        self._opener = urllib.request.build_opener(self._redirects, retries.PacedHttp, retries.PacedHttps)
        self._response: Any = None
        self._validator: str | None = None
        self._received = self._checksum = 0
        self._tries = self._tries_since = 0
        self._limit = size_limits.value(size_limits.SIZE)
        self._bar = tqdm(desc="Downloading", unit="B", unit_scale=True, delay=1, leave=False)

    @property
    def redirected_to(self) -> str:
        """The address to which the server has redirected; "" if it has not."""
        return self._redirects.last

    def open(self) -> None:
        """Connects."""
        self._insist(self._connect)

    def read(self, size: int = -1, /) -> bytes:
        """Returns at most `size` bytes, b"" at the end; DownloadError if the connection ends early."""
        data: bytes = self._insist(self._read_on, min(size, _CHUNK) if size > 0 else _CHUNK)
        self._received += len(data)
        # Needed if the connection breaks and the server ignores ranges, see `_skip`.
        self._checksum = zlib.crc32(data, self._checksum)
        self._bar.update(len(data))
        if self._received > self._limit:
            self._refuse(self._received)
        return data

    def close(self) -> None:
        """Closes the connection and takes the progress bar away."""
        self._disconnect()
        self._bar.close()

    def _insist(self, function: Callable[..., Any], *args: int) -> Any:
        """Calls a function, and again after an error that may be temporary."""
        while True:
            try:
                return function(*args)
            except errors.HubError:
                raise
            except (OSError, http.client.HTTPException, UnicodeError) as error:
                self._disconnect()
                if self._received and getattr(error, "code", 0) in _RANGE_REFUSED:
                    raise self._changed() from error
                if not self._may_repeat(error):
                    with _translated(self._handle):
                        raise
                self._pause(retries.pause_seconds(error, self._tries))
                self._tries += 1
                continue
            except ValueError:
                pass  # it may quote the password of a proxy, so the next error must not have it as its cause
            self._disconnect()
            raise _failed(self._handle, MSG_MALFORMED, "")

    def _may_repeat(self, error: Exception) -> bool:
        if self._received - self._tries_since >= _BYTES_PER_TRIES:
            self._tries, self._tries_since = 0, self._received
        return self._tries < _TRIES - 1 and retries.is_transient(error, self._received > 0)

    def _pause(self, seconds: float) -> None:
        if seconds >= 1:
            self._bar.set_description(f"Waiting {seconds:.0f} s for the server")
        retries.sleep(seconds)
        self._bar.set_description("Downloading", refresh=False)

    def _read_on(self, size: int) -> bytes:
        if self._response is None:
            self._connect()
        left = size if self.length is None else min(size, self.length - self._received)
        # read1 returns what has arrived; read would wait for all of it, and the progress bar with it.
        data: bytes = self._response.read1(left) if left else b""
        # http.client may return b"" for a connection that ended early, too; only the length tells.
        if not data and left and self.length is not None:
            finding = f"the connection ended after {self._received:,} of {self.length:,} bytes"
            raise _EndedEarlyError(finding)
        return data

    def _connect(self) -> None:
        """Requests the body, or what is still missing of it."""
        request = urllib.request.Request(self._address.url, headers={"User-Agent": "hubexplore"})  # noqa: S310
        if self._address.authorization:
            request.add_unredirected_header("Authorization", self._address.authorization)
        # If-Range: if this version is out of date, the server sends all of the new one (RFC 9110, 13.1.5).
        if self._received and self._validator:
            request.add_header("Range", f"bytes={self._received}-")
            request.add_header("If-Range", self._validator)
        self._response = self._opener.open(request, timeout=TIMEOUT_SECONDS)
        headers = self._response.headers
        encoding = (headers.get("Content-Encoding") or "identity").strip().lower()
        if encoding not in ("identity", "gzip", "x-gzip"):  # gzip is what the archive's reader looks for
            raise _failed(self._handle, f"the server compressed it as {encoding!r}, which was not requested")
        validator = _validator(headers)
        if self._response.status == http.HTTPStatus.PARTIAL_CONTENT:
            self._check_range(headers.get("Content-Range") or "")
            if self._received and validator not in (None, self._validator):
                raise self._changed()  # the server supports ranges but not If-Range
            return
        length = headers.get("Content-Length") or ""
        # A malformed length counts as unknown. The bound is there because int refuses thousands of digits.
        whole = int(length) if length.isascii() and length.isdecimal() and len(length) < 99 else None
        if self._received:
            self._skip(whole)
            return
        self._validator = validator
        self.length = self._bar.total = whole
        if whole is not None and whole > self._limit:
            self._refuse(whole)

    def _check_range(self, text: str) -> None:
        """Raises unless the server continues where the connection broke."""
        match = _CONTENT_RANGE.fullmatch(text.strip())
        if not match or int(match[1]) != self._received:
            self._validator = None  # its ranges cannot be trusted
            raise http.client.HTTPException(f"the server sent the range {text!r}, which was not requested")
        if self.length is not None and match[2] not in ("*", str(self.length)):
            raise self._changed()

    def _skip(self, whole: int | None) -> None:
        """Reads again what was received before: the server ignores ranges and starts from the beginning.

        Its CRC-32 must be the same; the file may have been replaced, and parts of two files must not be
        joined.
        """
        if whole != self.length:
            raise self._changed()
        checksum, left = 0, self._received
        while left:
            data = self._response.read1(min(left, _CHUNK))
            if not data:
                raise http.client.IncompleteRead(b"", left)
            checksum = zlib.crc32(data, checksum)
            left -= len(data)
        if checksum != self._checksum:
            raise self._changed()

    def _changed(self) -> ChangedError:
        reason = "the file on the server was replaced while it was downloaded"
        return ChangedError(MSG_FAILED.format(handle=self._handle, reason=reason, remedy=" Try again."))

    def _refuse(self, size: int) -> None:
        finding = f"it has {size_limits.binary_size_text(size)} or more"
        raise _failed(self._handle, size_limits.lift(finding, size_limits.SIZE, self._limit, size), "")

    def _disconnect(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            response.close()


def _validator(headers: http.client.HTTPMessage) -> str | None:
    """Returns what identifies this version of a file byte by byte; a weak ETag does not."""
    etag = headers.get("ETag") or ""
    # A weak ETag starts with W/ (RFC 9110, 8.8.3), and If-Range must not have one (13.1.5).
    return etag if etag.startswith('"') else headers.get("Last-Modified")


def _failed(handle: str, reason: str, remedy: str = MSG_BY_HAND) -> errors.DownloadError:
    """Returns the error for a reason, which may quote the server and so is made safe to print."""
    lines = reason.splitlines() or [""]
    line = "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in redacted(lines[0])
    )
    line = line.rstrip(".:") if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}..."
    return errors.DownloadError(MSG_FAILED.format(handle=handle, reason=line, remedy=remedy))


@contextlib.contextmanager
def _translated(handle: str) -> Iterator[None]:
    """Turns errors of the network into a DownloadError; errors of hubexplore pass."""
    try:
        yield
    except errors.HubError:
        raise
    except urllib.error.HTTPError as error:
        error.close()
        later = " The server has an internal error; try again later." if error.code >= 500 else MSG_BY_HAND
        remedy = _REMEDIES.get(error.code, later)
        # urllib raises the redirect itself as an error when it gives up following.
        if error.code in _REDIRECTS:
            finding = f"the server answered {error.code}, a redirect in a circle or to a forbidden address"
            raise _failed(handle, finding, remedy) from error
        raise _failed(handle, f"the server answered {error.code} {error.reason}", remedy) from error
    except TimeoutError as error:
        raise _failed(handle, f"the server was silent for {TIMEOUT_SECONDS:.0f} seconds") from error
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise _failed(handle, _reason(error), _remedy(error)) from error


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, http.client.IncompleteRead):
        return "the connection ended early"
    return str(cause) or type(cause).__name__


def _remedy(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, retries.TooSlowError):
        return MSG_SLOW.format(rate=size_limits.value(size_limits.RATE))
    if isinstance(cause, (_EndedEarlyError, http.client.IncompleteRead)):
        return " Try again."
    if "CERTIFICATE_VERIFY_FAILED" in _reason(error):
        return (
            " The server's certificate is not trusted. Behind a company proxy, set SSL_CERT_FILE to a file "
            "with its certificate."
        )
    return " Check the connection; behind a proxy, set HTTP_PROXY and HTTPS_PROXY." + MSG_BY_HAND
