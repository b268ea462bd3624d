"""Downloads, from a server on the loopback interface."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubexplore import errors
from hubexplore.hub.resolve import cache, download, read, resolve

if TYPE_CHECKING:
    from tests.hub.resolve.conftest import Archives, Server


@pytest.mark.parametrize(
    ("handle", "url"),
    [
        ("https://a.b/c/1", "https://a.b/c/1?tf-hub-format=compressed"),
        ("https://a.b/c/1?x=%20y&z", "https://a.b/c/1?x=%20y&z&tf-hub-format=compressed"),
        ("https://a.b/c?tf-hub-format=compressed", "https://a.b/c?tf-hub-format=compressed"),
        ("https://a.b:80/c.tar.gz?token=1#part", "https://a.b:80/c.tar.gz?token=1"),
        ("https://a.b/c.TGZ", "https://a.b/c.TGZ"),
        ("https://a.b/my module", "https://a.b/my%20module?tf-hub-format=compressed"),
        ("https://a.b", "https://a.b?tf-hub-format=compressed"),
    ],
)
def test_addresses(handle: str, url: str) -> None:
    assert download.address_of(handle).url == url


@pytest.mark.parametrize(
    "handle", ["https://", "http:///path", "https://a.b:port/c", "http:relative", "http://[x"]
)
def test_what_is_no_address(handle: str) -> None:
    with pytest.raises(errors.HandleError, match="http"):
        resolve(handle)


def test_a_page_is_fetched_once_and_recorded(server: Server, archives: Archives, cache_dir: Path) -> None:
    handle = server.give("/m/1", archives.tar_gz())
    path = resolve(handle)
    assert Path(path, "saved_model.pb").read_bytes() == archives.MODULE["saved_model.pb"]
    assert server.requests == ["/m/1?tf-hub-format=compressed"]
    assert resolve(handle) == path == str(cache_dir / cache.key_of(handle))
    assert len(server.requests) == 1
    record = json.loads(Path(f"{path}.json").read_text())
    assert record["handle"] == handle


def test_an_archive_is_fetched_as_it_is(server: Server, archives: Archives) -> None:
    resolve(server.give("/m.tar.gz", archives.tar_gz()))
    assert server.requests == ["/m.tar.gz"]


def test_the_cache_needs_no_network(server: Server, archives: Archives) -> None:
    handle = server.give("/m", archives.tar_gz())
    path = resolve(handle)
    server.answers.clear()
    assert resolve(handle) == path


def test_what_was_partly_deleted_is_fetched_again(server: Server, archives: Archives) -> None:
    handle = server.give("/m", archives.tar_gz())
    path = resolve(handle)
    Path(path, "assets/words.txt").unlink()
    assert resolve(handle) == path
    assert Path(path, "assets/words.txt").exists()
    assert len(server.requests) == 2


def test_redirects_are_followed(server: Server, archives: Archives) -> None:
    server.give("/there.tar.gz", archives.tar_gz())
    handle = server.give("/here", status=302, headers={"Location": "/there.tar.gz"})
    assert Path(resolve(handle), "saved_model.pb").exists()


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_redirects_elsewhere_are_not(target: str, server: Server, left: Callable[[], list[str]]) -> None:
    handle = server.give("/m", status=302, headers={"Location": target})
    with pytest.raises(errors.DownloadError, match=r"redirect|not allowed"):
        resolve(handle)
    assert left() == []
    gc.collect()  # an answer that was left open warns now, and not in a later test


def test_a_circle_of_redirects_ends(server: Server) -> None:
    handle = server.give("/m", status=302, headers={"Location": "/m"})
    with pytest.raises(errors.DownloadError, match="302"):
        resolve(handle)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (302, {"Location": "/m"}),
        (302, {"Location": "http://["}),
        (302, {"Location": "http://host:port/"}),
        (302, {"Location": "data:" + "x" * 5000}),
        (200, {"Content-Encoding": "\x1b[31mred\x1b[0m" * 300}),
        (206, {"Content-Range": "x" * 5000}),
    ],
)
def test_words_of_a_server_stay_one_short_line(status: int, headers: dict[str, str], server: Server) -> None:
    handle = server.give("/m", status=status, headers=headers)
    with pytest.raises(errors.DownloadError) as caught:
        resolve(handle)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


def test_a_proxy_that_is_not_an_address(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = server.give("/m")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", "http:/me:secret@proxy")
    with pytest.raises(errors.DownloadError, match="HTTP_PROXY=http://HOST:PORT") as caught:
        resolve(handle)
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize(
    ("status", "says"),
    [(404, "spelling"), (403, "browser"), (401, "sign-in"), (410, "removed"), (429, "later"), (503, "later")],
)
def test_refusals(status: int, says: str, server: Server, left: Callable[[], list[str]]) -> None:
    handle = server.give("/m", b"no", status=status)
    with pytest.raises(errors.DownloadError, match=rf"answered {status}.*{says}") as caught:
        resolve(handle)
    assert repr(handle) in str(caught.value)
    assert left() == []


def test_a_web_page_is_no_archive(server: Server, left: Callable[[], list[str]]) -> None:
    handle = server.give("/m", b"<!doctype html><html>Please sign in</html>")
    with pytest.raises(errors.ArchiveError, match="web page") as caught:
        resolve(handle)
    assert repr(handle) in str(caught.value)
    assert left() == []


def test_a_web_page_that_shows_the_file(proxy: Server) -> None:
    """github.com, played by the server here as a proxy."""
    proxy.give("http://github.com/a/b/blob/main/m.tgz", b"<!doctype html>")
    with pytest.raises(errors.ArchiveError, match=r"web page.* 'http://github.com/a/b/raw/main/m.tgz'"):
        resolve("http://github.com/a/b/blob/main/m.tgz")


@pytest.mark.parametrize("half", [False, True])
def test_a_connection_that_ends_early(
    half: bool, server: Server, archives: Archives, left: Callable[[], list[str]]
) -> None:
    body = archives.tar_gz()
    handle = server.give("/m", body[: len(body) // 2] if half else body, length=len(body) + 10)
    with pytest.raises(errors.DownloadError, match="connection ended after"):
        resolve(handle)
    assert left() == []


def test_an_archive_that_is_cut_on_the_server(
    server: Server, archives: Archives, left: Callable[[], list[str]]
) -> None:
    with pytest.raises(errors.ArchiveError, match="cut"):
        resolve(server.give("/m", archives.tar_gz()[:-20]))
    assert left() == []


def test_an_archive_of_something_else(
    server: Server, archives: Archives, left: Callable[[], list[str]]
) -> None:
    with pytest.raises(errors.NotAModuleError, match=r"holds 'thesis.tex'"):
        resolve(server.give("/m", archives.tar_gz({"thesis.tex": b""})))
    assert left() == []


def test_a_damaged_module_is_not_fetched_twice(server: Server, archives: Archives) -> None:
    handle = server.give("/m", archives.tar_gz({"tfhub_module.pb": b"\x08\x03", "saved_model.pb": b"\x08"}))
    with pytest.raises(errors.DamagedModuleError, match=r"'saved_model.pb' is damaged"):
        read(handle, str)
    assert len(server.requests) == 1


def test_nobody_listens(left: Callable[[], list[str]]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        handle = f"http://127.0.0.1:{taken.getsockname()[1]}/m"
        with pytest.raises(errors.DownloadError, match=r"refused.*proxy"):
            resolve(handle)
    assert left() == []


def test_a_silent_server(server: Server, archives: Archives, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.1)
    handle = server.give("/m", archives.tar_gz(), seconds=0.4)
    with pytest.raises(errors.DownloadError, match="silent"):
        resolve(handle)


def test_the_proxy_of_the_environment(proxy: Server, archives: Archives) -> None:
    proxy.give("http://hub.invalid/m.tgz", archives.tar_gz())
    resolve("http://hub.invalid/m.tgz")
    assert proxy.requests == ["http://hub.invalid/m.tgz"]


def test_many_at_once(server: Server, archives: Archives, left: Callable[[], list[str]]) -> None:
    handle = server.give("/m", archives.tar_gz(), seconds=0.1)
    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(resolve, [handle] * 4))
    assert left() == sorted([cache.key_of(handle), f"{cache.key_of(handle)}.json"])
    assert Path(paths.pop(), "saved_model.pb").exists()
    assert len(server.requests) == 1


def test_eight_processes_download_once(
    server: Server, archives: Archives, left: Callable[[], list[str]]
) -> None:
    """They begin together, when all of them are ready."""
    code = """
import sys
from hubexplore.hub.resolve import download, resolve
print("ready", flush=True)
sys.stdin.readline()
print(resolve(sys.argv[1]))
"""
    handle = server.give("/m", archives.tar_gz(), seconds=0.3)
    command = [sys.executable, "-c", code, handle]
    pipe = subprocess.PIPE
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
            for _ in range(8)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        outputs = {process.communicate()[0] for process in processes}
    assert outputs == {resolve(handle) + "\n"}
    assert len(server.requests) == 1
    assert len(left()) == 2


def test_progress_shows_after_a_second(
    server: Server, archives: Archives, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = {**archives.MODULE, "assets/noise": os.urandom(1 << 20)}
    resolve(server.give("/slow", archives.tar_gz(noise), seconds=1.2))
    assert "Downloading" in capfd.readouterr().err


def test_a_quick_download_shows_nothing(
    server: Server, archives: Archives, capfd: pytest.CaptureFixture[str]
) -> None:
    resolve(server.give("/quick", archives.tar_gz()))
    assert capfd.readouterr().err == ""
