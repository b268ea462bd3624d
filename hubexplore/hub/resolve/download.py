"""Fetches a module over http or https."""

from __future__ import annotations

import contextlib
import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import IO, Final

from hubexplore import errors
from hubexplore.hub.resolve import archive

TIMEOUT_SECONDS: Final = 60.0
"""How long a server may stay silent; a slow download as a whole may take as long as it takes."""

_QUERY: Final = ("tf-hub-format", "compressed")
_CHUNK: Final = 1 << 18

MSG_FAILED: Final = "Cannot download {handle!r}: {reason}.{remedy}"
MSG_BY_HAND: Final = (
    " Without a connection, download the archive elsewhere and give the path of the .tar.gz file instead."
)
_REMEDIES: Final = {
    401: " The server wants you to sign in; download the archive in a browser and give its path instead.",
    403: " The server refuses access; download the archive in a browser and give its path instead.",
    404: " Check the spelling of the handle, its version number included.",
    407: " The proxy wants a name and password: set HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT.",
    410: " The module was removed by its publisher.",
    429: " The server asks for fewer requests; try again later.",
}


def url_of(handle: str) -> str:
    """Returns the address to fetch for an http(s) handle.

    The address of a module's page gets the query `tf-hub-format=compressed`, which asks for the module
    itself; other parts of a query stay. The address of an archive is taken as it is.

    Raises:
      HandleError: It is not an address.
    """
    try:
        parts = urllib.parse.urlsplit(handle)
        parts.port  # noqa: B018  # Raises for a port that is no number.
    except ValueError as error:
        raise errors.HandleError(f"{handle!r} is not an address: {error}.") from error
    if not parts.hostname:
        raise errors.HandleError(f"{handle!r} names no server: write https://SERVER/PATH.")
    query = parts.query
    if not parts.path.lower().endswith(archive.SUFFIXES):
        asked = urllib.parse.parse_qsl(query, keep_blank_values=True)
        if _QUERY not in asked:
            query = "&".join(filter(None, [query, "=".join(_QUERY)]))
    path = urllib.parse.quote(parts.path, safe="/%:=&~+!$,;'@()*")
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc, path, query, ""))


@contextlib.contextmanager
def open_url(handle: str) -> Iterator[Body]:
    """Opens what an http(s) handle stands for.

    Proxies are those of the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY). While the body is read, a
    progress bar shows once that has taken a second.

    Raises:
      DownloadError: Also while the body is read. It names the handle, the reason and what to try.
      HandleError: It is not an address.
    """
    opener = urllib.request.build_opener(_OnlyHttp)
    request = urllib.request.Request(url_of(handle), headers={"User-Agent": "hubexplore"})  # noqa: S310
    with (
        _translated(handle),
        opener.open(request, timeout=TIMEOUT_SECONDS) as response,
        contextlib.closing(Body(handle, response, response.headers.get("Content-Length"))) as body,
    ):
        yield body


class _OnlyHttp(urllib.request.HTTPRedirectHandler):
    """Follows redirects from http(s) to http(s), never to files or back to plain http."""

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
            fp.close()
            raise urllib.error.URLError(f"the server redirects to {newurl!r}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Body:
    """The body of a response, as a source for `archive.extract`; `length` is its Content-Length, if any."""

    def __init__(self, handle: str, stream: IO[bytes], length: str | None) -> None:
        from tqdm.auto import tqdm

        self._handle = handle
        self._stream = stream
        self.length = int(length) if length and length.isdecimal() else None
        self._received = 0
        self._bar = tqdm(
            desc="Downloading", total=self.length, unit="B", unit_scale=True, delay=1, leave=False
        )

    def read(self, size: int = -1, /) -> bytes:
        """Returns at most `size` bytes, b"" at the end; DownloadError if the connection ends early."""
        with _translated(self._handle):
            data = self._stream.read(min(size, _CHUNK) if size > 0 else _CHUNK)
        self._received += len(data)
        self._bar.update(len(data))
        if not data and self.length not in (None, self._received):
            reason = f"the connection ended after {self._received:,} of {self.length:,} bytes"
            raise _failed(self._handle, reason, " Try again.")
        return data

    def close(self) -> None:
        """Takes the progress bar away."""
        self._bar.close()


def _failed(handle: str, reason: str, remedy: str = MSG_BY_HAND) -> errors.DownloadError:
    return errors.DownloadError(MSG_FAILED.format(handle=handle, reason=reason, remedy=remedy))


@contextlib.contextmanager
def _translated(handle: str) -> Iterator[None]:
    """Turns what the network raises into a DownloadError; hubexplore's own errors pass."""
    try:
        yield
    except errors.HubError:
        raise
    except urllib.error.HTTPError as error:
        error.close()
        later = " The server is in trouble; try again later." if error.code >= 500 else MSG_BY_HAND
        remedy = _REMEDIES.get(error.code, later)
        raise _failed(handle, f"the server answered {error.code} {error.reason}", remedy) from error
    except TimeoutError as error:
        raise _failed(handle, f"the server was silent for {TIMEOUT_SECONDS:.0f} seconds") from error
    except (OSError, http.client.HTTPException) as error:
        raise _failed(handle, _reason(error), _remedy(error)) from error


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    return str(cause) or type(cause).__name__


def _remedy(error: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in _reason(error):
        return (
            " The server's certificate is not trusted. Behind a company proxy, set SSL_CERT_FILE to a file "
            "with its certificate."
        )
    return " Check the connection; behind a proxy, set HTTP_PROXY and HTTPS_PROXY." + MSG_BY_HAND
