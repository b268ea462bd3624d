"""Downloads over bad connections, and from servers that do not mean well."""

from __future__ import annotations

import email.utils
import gzip
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubexplore import errors
from hubexplore.hub.resolve import download, resolve, retries

if TYPE_CHECKING:
    from tests.hub.resolve.conftest import Archives, Server


@pytest.fixture
def body(archives: Archives) -> bytes:
    """An archive of several chunks."""
    return archives.tar_gz({**archives.MODULE, "assets/noise": os.urandom(1 << 20)})


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again(
    status: int, server: Server, archives: Archives, pauses: list[float]
) -> None:
    handle = server.give("/m", status=status)
    server.then("/m", status=status)
    server.then("/m", archives.tar_gz())
    assert Path(resolve(handle), "saved_model.pb").exists()
    assert pauses == [0.5, 1.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 501])
def test_a_refusal_is_final(status: int, server: Server, pauses: list[float]) -> None:
    with pytest.raises(errors.DownloadError, match=f"answered {status}"):
        resolve(server.give("/m", status=status))
    assert len(server.requests) == 1
    assert pauses == []


def test_it_is_not_asked_for_ever(server: Server, pauses: list[float]) -> None:
    with pytest.raises(errors.DownloadError, match="answered 503"):
        resolve(server.give("/m", status=503))
    assert pauses == [0.5, 1.0, 2.0]
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("header", "expected"),
    [("7", 7), ("0", 0), ("99999999999", 60), ("soon", 0.5), ("-3", 0.5), ("", 0.5), ("1.5", 0.5)],
)
def test_as_long_as_the_server_asks_for(
    header: str, expected: float, server: Server, archives: Archives, pauses: list[float]
) -> None:
    handle = server.give("/m", status=429, headers={"Retry-After": header})
    server.then("/m", archives.tar_gz())
    resolve(handle)
    assert pauses == [expected]


@pytest.mark.parametrize(("ahead", "expected"), [(20, 20), (9999, 60), (-50, 0)])
def test_until_the_server_says(
    *,
    ahead: int,
    expected: float,
    server: Server,
    archives: Archives,
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retries, "now", lambda: 1e9)
    date = email.utils.formatdate(1e9 + ahead, usegmt=True)
    handle = server.give("/m", status=503, headers={"Retry-After": date})
    server.then("/m", archives.tar_gz())
    resolve(handle)
    assert pauses == [expected]


def test_a_wait_is_shown(server: Server, archives: Archives, capfd: pytest.CaptureFixture[str]) -> None:
    handle = server.give("/m", status=429, headers={"Retry-After": "7"})
    server.then("/m", archives.tar_gz())
    resolve(handle)
    assert "Waiting 7 s for the server" in capfd.readouterr().err


@pytest.mark.parametrize("validator", [{"ETag": '"1"'}, {"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}])
def test_a_broken_download_is_resumed(
    validator: dict[str, str], server: Server, body: bytes, archives: Archives
) -> None:
    handle = server.give("/m", body, cut=300_000, headers=validator, ranges=True)
    server.then("/m", body, cut=400_000, headers=validator, ranges=True)
    server.then("/m", body, headers=validator, ranges=True)
    assert Path(resolve(handle), "assets/words.txt").read_bytes() == b"word\n"
    assert [headers.get("Range") for headers in server.headers] == [None, "bytes=300000-", "bytes=700000-"]
    assert [headers.get("If-Range") for headers in server.headers[1:]] == list(validator.values()) * 2


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"1"'}, {"ETag": '"1"'}])
def test_a_server_without_ranges_starts_over(
    headers: dict[str, str], server: Server, body: bytes, archives: Archives
) -> None:
    handle = server.give("/m", body, cut=300_000, headers=headers)
    server.then("/m", body, headers=headers)
    assert Path(resolve(handle), "assets/words.txt").read_bytes() == b"word\n"
    assert len(server.requests) == 2


@pytest.mark.parametrize("same_length", [False, True])
def test_a_file_that_was_replaced_meanwhile(same_length: bool, server: Server, archives: Archives) -> None:
    noise = [os.urandom(1 << 20), os.urandom(1 << 20)]
    old, new = (archives.tar({**archives.MODULE, "assets/noise": content}) for content in noise)
    new += bytes(0 if same_length else 512)
    handle = server.give("/m", old, cut=300_000, headers={"ETag": '"1"'}, ranges=True)
    server.then("/m", new, headers={"ETag": '"2"'}, ranges=True)
    path = resolve(handle)
    assert Path(path, "assets/noise").read_bytes() == noise[1]
    assert len(server.requests) == 3


def test_a_part_of_another_version_is_not_joined(server: Server, archives: Archives) -> None:
    """A server that knows ranges, but not If-Range; a tar archive has no checksum that would tell."""
    noise = [bytes([number]) * (1 << 20) for number in range(2)]
    old, new = (archives.tar({**archives.MODULE, "assets/noise": content}) for content in noise)
    handle = server.give("/m", old, cut=300_000, headers={"ETag": '"1"'})
    part = {"ETag": '"2"', "Content-Range": f"bytes 300000-{len(new) - 1}/{len(new)}"}
    server.then("/m", new[300_000:], status=206, headers=part)
    server.then("/m", new, headers={"ETag": '"2"'})
    assert Path(resolve(handle), "assets/noise").read_bytes() == noise[1]


@pytest.mark.parametrize("status", [412, 416])
def test_a_part_that_is_not_there_any_more(status: int, server: Server, archives: Archives) -> None:
    old = archives.tar({**archives.MODULE, "assets/noise": bytes(600_000)})
    handle = server.give("/m", old, cut=300_000, headers={"ETag": '"1"'})
    server.then("/m", status=status)
    server.then("/m", archives.tar_gz(), headers={"ETag": '"2"'})
    assert Path(resolve(handle), "assets/words.txt").read_bytes() == b"word\n"


@pytest.mark.parametrize("text", ["", "bytes 0-5/6", "bytes */9", "lines 1-2/3", "bytes 300000-400000/5"])
def test_a_range_that_was_not_asked_for(text: str, server: Server, body: bytes) -> None:
    """Such a server is asked for the whole."""
    handle = server.give("/m", body, cut=300_000, headers={"ETag": '"1"'})
    server.then("/m", body, status=206, headers={"ETag": '"1"', "Content-Range": text})
    server.then("/m", body, headers={"ETag": '"1"'})
    assert Path(resolve(handle), "assets/words.txt").read_bytes() == b"word\n"
    assert server.headers[2].get("Range") is None


def test_a_download_that_breaks_again_and_again(
    server: Server, body: bytes, left: Callable[[], list[str]], pauses: list[float]
) -> None:
    handle = server.give("/m", body, cut=300_000)
    with pytest.raises(errors.DownloadError, match=r"ended after 300,000 of [\d,]+ bytes\. Try again"):
        resolve(handle)
    assert len(pauses) == 3
    assert left() == []


@pytest.mark.parametrize("form", ["gzip", "x-gzip", "GZIP"])
@pytest.mark.parametrize("already", [False, True])
def test_gzip_on_the_way(form: str, already: bool, server: Server, archives: Archives) -> None:
    """Around an archive that is compressed, or instead, as some servers say of .tar.gz files."""
    data = archives.tar_gz() if already else gzip.compress(archives.tar_gz())
    handle = server.give("/m.tar.gz", data, headers={"Content-Encoding": form})
    assert Path(resolve(handle), "assets/words.txt").read_bytes() == b"word\n"


def test_a_compression_that_was_not_asked_for(server: Server) -> None:
    with pytest.raises(errors.DownloadError, match="as 'br', which was not requested"):
        resolve(server.give("/m", b"x", headers={"Content-Encoding": "br"}))


@pytest.mark.parametrize("length", [None, -1])
def test_a_download_beyond_the_limit(
    length: int | None,
    server: Server,
    body: bytes,
    left: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Said by the server before, or noticed as it comes."""
    monkeypatch.setenv("HUBEXPLORE_MAX_SIZE", "500kB")
    with pytest.raises(errors.HubError, match=r"the limit is 500 kB.*HUBEXPLORE_MAX_SIZE"):
        resolve(server.give("/m", body, length=length))
    assert left() == []


@pytest.mark.parametrize("length", [100, 10**30])
def test_a_length_that_is_a_lie(
    length: int, server: Server, body: bytes, left: Callable[[], list[str]]
) -> None:
    with pytest.raises(errors.HubError, match=r"cut|limit|ended"):
        resolve(server.give("/m", body, length=length))
    assert left() == []


@pytest.fixture
def drip() -> Iterator[tuple[str, list[bytes]]]:
    """The address of a server that sends each of the pieces in a list on its own, and its last for ever."""
    pieces: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            connection.recv(65536)
            try:
                for piece in pieces:
                    connection.sendall(piece)
                while not stop.is_set():
                    connection.sendall(pieces[-1])
            except OSError:
                return

    with listener, ThreadPoolExecutor(1) as pool:
        pool.submit(serve)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/m", pieces
        stop.set()


def everything(handle: str) -> bytes:
    with download.open_url(handle) as body:
        return b"".join(iter(body.read, b""))


@pytest.fixture
def slow_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock takes half a minute."""
    seconds = iter(range(0, 10**9, 30))
    monkeypatch.setattr(retries, "clock", lambda: next(seconds))


@pytest.mark.usefixtures("slow_clock")
@pytest.mark.parametrize(
    "pieces",
    [
        [b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", b"x"],
        [b"HTTP/1.1 200 OK\r\n\r\n", b"x"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"],
        [b"HTTP/1.1 200 OK\r\n", b"X"],
        [b"H"],
    ],
)
def test_a_drip_ends(
    pieces: list[bytes], drip: tuple[str, list[bytes]], pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the status line, a header, a chunk's length or the body; it is not asked for again."""
    monkeypatch.setenv("HUBEXPLORE_MIN_RATE", "1GB")
    handle, given = drip
    given.extend(pieces)
    with pytest.raises(errors.DownloadError, match=r"in \d+ seconds\. .*HUBEXPLORE_MIN_RATE'\] = '0'"):
        everything(handle)
    assert pauses == []


@pytest.mark.usefixtures("slow_clock")
def test_any_rate_will_do(server: Server, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEXPLORE_MIN_RATE", "0")
    assert Path(resolve(server.give("/m", body)), "saved_model.pb").exists()


def test_the_rate_counts_only_the_time_of_waiting() -> None:
    pace = retries.Pace()
    pace.count(1, 50)  # until the first byte
    for _ in range(100):
        pace.count(4000, 1)
    pace.count(0, 59)
    for _ in range(59):
        pace.count(999, 1)
    with pytest.raises(retries.TooSlowError, match="the server sent 59,940 bytes in 60 seconds"):
        pace.count(999, 1)


@pytest.mark.parametrize("handle", ["http://a..b/m", "http://" + "a" * 70 + ".b/m", "http://a b/m"])
def test_a_server_that_has_no_name(handle: str) -> None:
    with pytest.raises(errors.DownloadError, match="Cannot download"):
        resolve(handle)


def test_blanks_in_a_query(server: Server, archives: Archives) -> None:
    resolve(server.give("/m.tgz", archives.tar_gz()) + "?a=b c")
    assert server.requests == ["/m.tgz?a=b%20c"]


def test_twenty_megabytes_earn_new_tries(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long download may break more often than a short one."""
    monkeypatch.setattr(download, "_BYTES_PER_TRIES", 200_000)
    data = os.urandom(2_000_000)
    handle = server.give("/m", data, cut=250_000, headers={"ETag": '"1"'}, ranges=True)
    assert everything(handle) == data
    assert len(server.requests) == 8
