"""`make fresh` does on a new Debian what the README says, with this machine's package sources."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from tools import fresh

LISTED = """\
:env:.cert='/certificates/own.pem'
:env:.default-timeout='90'
:env:.disable-pip-version-check='1'
global.cert='/certificates/system.pem'
global.extra-index-url='file:///packages/simple\\nfile:///more/simple'
global.index-url='https://packages.example/simple'
global.target='/somewhere'
list.format='json'
"""


def test_pip_gets_packages_from_where_it_does_here() -> None:
    assert fresh.sources(LISTED) == {
        "cert": "/certificates/own.pem",
        "timeout": "90",
        "extra-index-url": "file:///packages/simple\nfile:///more/simple",
        "index-url": "https://packages.example/simple",
    }
    assert fresh.sources("") == {}


def test_files_and_folders_that_pip_names_are_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, ...]] = []
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    for name in ("index/simple", "wheels"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "own.pem").write_text("certificate")
    listed = (
        f":env:.cert='{tmp_path}/own.pem'\n:env:.find-links='{tmp_path}/wheels {tmp_path}/gone'\n"
        f"global.extra-index-url='file://{tmp_path}/index/simple https://packages.example/simple'\n"
    )
    monkeypatch.setattr(fresh, "ROOT", root)
    monkeypatch.setattr(fresh, "pip_config", lambda: listed)
    monkeypatch.setattr(fresh, "run", lambda *command: ran.append(command))
    fresh.take_over_sources()
    below = root / tmp_path.relative_to("/")
    assert (below / "own.pem").read_text() == "certificate"
    assert {command[-2:] for command in ran} == {
        (str(tmp_path / "index"), str(below / "index")),  # whose pages name files beside `simple`
        (str(tmp_path / "wheels"), str(below / "wheels")),
    }
    assert (root / "etc" / "pip.conf").read_text().splitlines()[:2] == [
        "[global]",
        "disable-pip-version-check = true",
    ]
    assert f"cert = {tmp_path}/own.pem" in (root / "etc" / "pip.conf").read_text()


def test_the_readme_names_the_packages_to_install() -> None:
    assert fresh.readme_packages() == ["make", "git", "python3-venv"]


def test_one_line_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda name: None if name == "debootstrap" else name)
    assert fresh.main([]) == 2
    assert capsys.readouterr().err == (
        "make fresh needs root (sudo make fresh), debootstrap (apt-get install debootstrap).\n"
    )


def test_a_folder_that_is_still_mounted_is_never_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dev").mkdir()
    monkeypatch.setattr(fresh, "ROOT", tmp_path)
    monkeypatch.setattr(fresh, "mounts", lambda: [f"{tmp_path}/dev"])
    monkeypatch.setattr("subprocess.run", lambda command, check: None)
    with pytest.raises(OSError, match="still mounted"):
        fresh.remove_root()
    assert (tmp_path / "dev").is_dir()


class Jupyter(http.server.BaseHTTPRequestHandler):
    """Answers a request for the quickstart as a Jupyter server does."""

    code: ClassVar = 200

    def do_GET(self) -> None:
        self.send_response(self.code)
        self.end_headers()
        self.wfile.write(b'{"type": "notebook"}')

    def log_message(self, *words: object) -> None:
        """Nothing."""


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[float]]]:
    """The address of a server that listens only after the first wait, and the waits so far."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Jupyter, bind_and_activate=False)
    server.server_bind()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            server.server_activate()
            thread.start()

    monkeypatch.setattr("time.sleep", wait)
    yield f"http://127.0.0.1:{server.server_port}/", waits
    if waits:
        server.shutdown()
        thread.join()
    server.server_close()


def test_a_server_that_prints_its_address_before_it_listens(silent: tuple[str, list[float]]) -> None:
    """urllib raises a URLError then, not the ConnectionRefusedError that caused it."""
    address, waits = silent
    fresh.answer(address, "token")
    assert len(waits) == 1


def test_a_server_that_refuses_the_quickstart_is_asked_once(
    silent: tuple[str, list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, waits = silent
    monkeypatch.setattr(Jupyter, "code", 404)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fresh.answer(address, "token")
    assert len(waits) == 1  # for the first answer


def test_a_server_that_never_listens(
    monkeypatch: pytest.MonkeyPatch, silent: tuple[str, list[float]]
) -> None:
    monkeypatch.setattr(fresh, "PATIENCE", 0.0)
    with pytest.raises(TimeoutError, match="does not answer"):
        fresh.answer(silent[0], "token")


def test_it_needs_no_environment() -> None:
    subprocess.run(
        [sys.executable, "-S", "-m", "tools.fresh", "--help"],
        cwd=fresh.REPOSITORY,
        check=True,
        capture_output=True,
    )
