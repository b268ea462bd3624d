"""A loopback server that speaks as Kaggle and Hugging Face do; nothing else can be reached."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.hub.resolve.conftest import MODULE

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    **MODULE,
    "variables/variables.index": b"index",
    "variables/variables.data-00000-of-00001": b"0123456789" * 500,
}


@dataclass
class Request:
    """What was asked for; `fields` is the JSON of the body."""

    path: str
    headers: dict[str, str]
    fields: dict[str, Any]


@dataclass
class Fault:
    """What the next answers to a path are instead; each is given `times` times."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 99
    cut: int | None = None
    """Of the real answer, only so many bytes are sent."""
    length: int | None = None
    """What the service announces, whatever it sends."""
    endless: bool = False
    """Zeros are sent without a length, until the client goes away."""
    hangs: bool = False
    """After what is sent, the connection stays open until the client goes away."""


@dataclass
class Service:
    """A service in a thread. `files` are those of its only model; `faults` are by a part of the path."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=lambda: dict(FILES))
    requests: list[Request] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    elsewhere: str = ""
    """Where it redirects to for the content of a file; "" if it sends it itself."""
    redirects: dict[str, str] = field(default_factory=dict)
    """Beginnings of paths, and what they are today; the redirect is relative."""
    announced: dict[str, int] = field(default_factory=dict)
    """Sizes that Hugging Face announces of files, where these are not the real ones."""
    archive: bytes = b""
    """What Kaggle sends for the whole model, which it does for one of many files; b"" for a model of few."""
    mounted: str = ""
    """Name of the folder that notebooks of Kaggle and Colab mount; "" if they do not."""

    def fail(self, path: str, **fault: Any) -> None:
        self.faults[path] = Fault(**fault)

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def answer(self, request: Request) -> tuple[int, bytes, dict[str, str]]:
        path = request.path.partition("?")[0]
        for old, new in self.redirects.items():
            if path.startswith(old):
                return 307, b"", {"Location": request.path.replace(old, new, 1)}
        if path.startswith("/storage/"):
            return 200, self.files[path.removeprefix("/storage/")], {"Accept-Ranges": "bytes"}
        if path.startswith(("/kagglehub/models/", "/kaggle-jwt-handler/")):
            return self.mount(path)
        if path.startswith("/v1/models.ModelApiService/"):
            return self.kaggle(path.rpartition("/")[2], request.fields)
        return self.hugging_face(path)

    def kaggle(self, method: str, fields: dict[str, Any]) -> tuple[int, bytes, dict[str, str]]:
        if method == "GetModelInstance":
            return as_json({"versionNumber": 3})
        if method == "ListModelInstanceVersionFiles":
            more = "more" if self.archive else ""
            return as_json({"files": [{"name": name} for name in self.files], "nextPageToken": more})
        if self.archive:
            return 200, self.archive, {"Accept-Ranges": "bytes"}
        name = fields["path"]
        if self.elsewhere:
            return 302, b"", {"Location": f"{self.elsewhere}/storage/{name}"}
        return 200, self.files[name], {"Accept-Ranges": "bytes"}

    def mount(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        if path.startswith("/kaggle-jwt-handler/"):
            return as_json({"wasSuccessful": True, "result": {"mountSlug": self.mounted}})
        return as_json({"slug": self.mounted}) if self.mounted else (404, b"", {})

    def hugging_face(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        if "/revision/" in path:
            sizes = [
                {"rfilename": name, "size": self.announced.get(name, len(content))}
                for name, content in self.files.items()
            ]
            return as_json({"id": "owner/name", "sha": COMMIT, "siblings": sizes})
        if "/tree/" in path:
            return as_json(
                [
                    {"type": "file", "oid": f"{number:040}", "size": len(content), "path": name}
                    for number, (name, content) in enumerate(self.files.items())
                ]
            )
        name = path.partition(f"/resolve/{COMMIT}/")[2]
        if name not in self.files:
            return 404, b"", {"X-Error-Code": "EntryNotFound"}
        number = list(self.files).index(name)
        tag = f'"{number:040}"'
        if self.elsewhere:
            # What is stored elsewhere has its facts in the answer that redirects.
            size = str(len(self.files[name]))
            facts = {"X-Linked-Etag": tag, "X-Linked-Size": size, "X-Repo-Commit": COMMIT}
            return 302, b"", {"Location": f"{self.elsewhere}/storage/{name}", **facts}
        return 200, self.files[name], {"ETag": tag, "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}


def as_json(value: Any) -> tuple[int, bytes, dict[str, str]]:
    return 200, json.dumps(value).encode(), {"Content-Type": "application/json"}


def _handler(service: Service) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.path, dict(self.headers), json.loads(sent) if sent[:1] == b"{" else {})
            service.requests.append(request)
            asked = f"{self.path} {request.fields.get('path', '')}"
            fault = next((one for part, one in service.faults.items() if part in asked and one.times), None)
            status, body, headers = service.answer(request)
            length, cut = len(body), None
            if fault:
                fault.times -= 1
                cut = fault.cut
                if fault.endless:
                    self.send_without_end()
                    return
                if cut is None and fault.length is None:
                    status, body, headers, length = fault.status, fault.body, fault.headers, len(fault.body)
                length = length if fault.length is None else fault.length
            start = 0
            asked_range = self.headers.get("Range")
            if asked_range and status == 200:
                start = int(asked_range[6:].partition("-")[0])
                headers = {**headers, "Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
                status, body, length = 206, body[start:], length - start
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(body if cut is None else body[:cut])
                    if fault and fault.hangs:
                        self.connection.recv(1)

        def send_without_end(self) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            part = bytes(1 << 16)
            chunk = b"%x\r\n%s\r\n" % (len(part), part)
            with contextlib.suppress(ConnectionError):
                # More than any test allows, but not more than a disk has.
                for _ in range(5000):
                    self.wfile.write(chunk)

        do_POST = do_HEAD = do_GET  # noqa: N815 - as the base class calls them

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler


@contextlib.contextmanager
def serving() -> Iterator[Service]:
    result = Service()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(result)) as web:
        result.url = f"http://127.0.0.1:{web.server_address[1]}"
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield result
        web.shutdown()
        thread.join()


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as result:
        yield result


@pytest.fixture
def other_server() -> Iterator[Service]:
    with serving() as result:
        yield result


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails a test in which another machine is looked up."""
    asked: list[str] = []
    lookup = socket.getaddrinfo

    def guarded(host: Any, *args: Any, **options: Any) -> Any:
        if host not in ("127.0.0.1", "localhost", "::1", None):
            asked.append(str(host))
            raise socket.gaierror(socket.EAI_NONAME, "not in tests")
        return lookup(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", guarded)
    yield
    assert asked == []


@pytest.fixture(autouse=True)
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], list[str]]]:
    """What the process that fetches has noted under a word, see `in_child/sitecustomize.py`."""
    file = tmp_path / "notes"
    folders = [str(Path(__file__).parent / "in_child"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, folders)))
    monkeypatch.setenv("TEST_NOTES", str(file))

    def noted(word: str) -> list[str]:
        lines = file.read_text().splitlines() if file.exists() else []
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{word} ")]

    yield noted
    assert noted("lookup") == []
    assert noted("import") == []


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without the sign-ins and caches of whoever runs the tests."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in (
        "HF_TOKEN", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "KAGGLE_USERNAME",
        "KAGGLE_KEY", "KAGGLE_API_TOKEN", "KAGGLE_CONFIG_DIR", "KAGGLEHUB_CACHE", "https_proxy",
        "HTTPS_PROXY", "KAGGLE_KERNEL_RUN_TYPE", "TBE_RUNTIME_ADDR",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    return folder


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Writes files below a folder, by default those of a small model."""

    def write(folder: Path, files: dict[str, bytes] | None = None) -> Path:
        for name, content in (FILES if files is None else files).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return folder

    return write
