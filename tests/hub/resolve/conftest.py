"""A cache of its own for each test, archives with any content, and a server on the loopback interface."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import io
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hubexplore.hub.resolve import retries

MODULE = {
    "tfhub_module.pb": b"\x08\x03",
    "saved_model.pb": b"\x08\x01\x12\x00",
    "assets/words.txt": b"word\n",
}


class Archives:
    """Makes archives; `MODULE` are the files of the smallest module."""

    MODULE = MODULE

    @staticmethod
    def tar(files: dict[str, bytes], *others: tarfile.TarInfo) -> bytes:
        """Returns an uncompressed tar archive of files and of members without content."""
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode="w") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            for member in others:
                archive.addfile(member)
        return target.getvalue()

    @staticmethod
    def tar_gz(files: dict[str, bytes] | None = None, *others: tarfile.TarInfo) -> bytes:
        """Returns a compressed archive, by default that of a small module."""
        return gzip.compress(Archives.tar(MODULE if files is None else files, *others), mtime=0)

    @staticmethod
    def extracted(folder: Path) -> dict[str, bytes]:
        """Returns the files below a folder, in the form in which archives are made of them."""
        files = (file for file in folder.rglob("*") if file.is_file())
        return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


@pytest.fixture
def archives() -> Archives:
    return Archives()


@dataclass
class Answer:
    """What the server says to one path."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    length: int | None = None
    cut: int | None = None
    """How many bytes are sent before the connection breaks."""
    ranges: bool = False
    """Whether a part is sent where one is asked for and If-Range fits."""


@dataclass
class Server:
    """A web server in a thread; `requests` are the paths asked for, queries included, `headers` theirs."""

    url: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def give(self, path: str, body: bytes = b"", **more: Any) -> str:
        """Sets the answer for `path`, see `Answer`, and returns its address."""
        self.answers[path] = [Answer(body, **more)]
        return self.url + path

    def then(self, path: str, body: bytes = b"", **more: Any) -> None:
        """Adds the answer to the next request for `path`; the last one is given again and again."""
        self.answers[path].append(Answer(body, **more))

    def next(self, path: str) -> Answer:
        """Returns the answer to the next request for `path`."""
        answers = self.answers.get(path.partition("?")[0], [Answer(status=404)])
        return answers.pop(0) if len(answers) > 1 else answers[0]


def _handler(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.requests.append(self.path)
            server.headers.append(dict(self.headers))
            answer = server.next(self.path)
            byte_range = self.headers.get("Range")
            valid = self.headers.get("If-Range") in answer.headers.values()
            start = int(byte_range[6:-1]) if byte_range and answer.ranges and valid else 0
            body = answer.body[start:]
            self.send_response(206 if start else answer.status)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(answer.body) - 1}/{len(answer.body)}")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            length = len(body) if answer.length is None else answer.length
            if length >= 0:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            body = body if answer.cut is None else body[: answer.cut]
            middle = len(body) // 2
            with contextlib.suppress(ConnectionError):  # The client may have given up.
                self.wfile.write(body[:middle])
                self.wfile.flush()
                time.sleep(answer.seconds)
                self.wfile.write(body[middle:])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    result = Server("")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(result)) as web:
        result.url = f"http://127.0.0.1:{web.server_address[1]}"
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield result
        web.shutdown()
        thread.join()


@pytest.fixture
def proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server, as the proxy of the environment: it is asked for whole addresses of any host."""
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    return server


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited before a request was repeated; nobody waits in tests."""
    waited: list[float] = []
    monkeypatch.setattr(retries, "sleep", waited.append)
    return waited


@pytest.fixture(autouse=True)
def cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(folder))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def left(cache_dir: Path) -> Callable[[], list[str]]:
    """Names of all that is in the cache."""
    return lambda: sorted(child.name for child in cache_dir.iterdir()) if cache_dir.exists() else []


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """An empty folder to extract to, in another one that has to stay empty besides."""
    folder = tmp_path / "around" / "target"
    folder.mkdir(parents=True)
    return folder
