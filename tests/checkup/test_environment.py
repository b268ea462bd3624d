"""What the doctor says of programs and environment variables."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from types import SimpleNamespace

import pytest

from hubexplore.checkup.environment import findings
from hubexplore.checkup.findings import OK, PROBLEM, WARNING
from tests.checkup.states import noted, problems, the

VARIABLES = ("proxy", "PROXY")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the person who runs the tests counts; there is a dot."""
    for name in list(os.environ):
        if name.endswith(VARIABLES) or name in (
            "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
        ):  # fmt: skip
            monkeypatch.delenv(name)
    dot = tmp_path / "bin" / "dot"
    dot.parent.mkdir()
    dot.write_text("#!/bin/sh\n")
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(dot.parent))
    monkeypatch.setattr(
        ssl, "get_default_verify_paths", lambda: SimpleNamespace(cafile="/ca.pem", capath=None)
    )


def test_nothing_to_report() -> None:
    assert noted(findings()) == []


def test_graphviz_without_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = the(findings(), "nested lists")
    assert found.state == WARNING
    assert "apt-get install graphviz" in found.remedy


def test_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    found = the(findings(), "HTTPS_PROXY")
    assert found.state == OK
    assert "secret" not in found.sentence
    assert "except for localhost" in found.sentence


@pytest.mark.parametrize("value", ["http://", "://x", "http://[1", "http://x:port"])
def test_a_proxy_that_is_no_address(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("https_proxy", value)
    assert "not the address of a server" in problems(findings())[0].sentence


def test_a_proxy_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy:1080")
    (found,) = [finding for finding in findings() if finding.subject == "proxy"]
    assert found.state == PROBLEM
    assert "HTTP proxies only" in found.sentence


def test_two_spellings_of_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://a:1")
    monkeypatch.setenv("https_proxy", "http://b:1")
    assert the(findings(), "differ").state == WARNING


def test_a_proxy_that_urllib_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://a:1")
    assert the(findings(), "ALL_PROXY is set").state == WARNING


def test_certificates_that_do_not_exist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert the(findings(), "every https address fails").state == PROBLEM


def test_certificates_for_another_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/ca.pem")
    assert the(findings(), "REQUESTS_CA_BUNDLE").remedy == 'export SSL_CERT_FILE="$REQUESTS_CA_BUNDLE"'


def test_a_python_without_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = SimpleNamespace(cafile=None, capath=None, openssl_cafile="/usr/ssl/cert.pem")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    assert the(findings(), "finds no certificates").state == WARNING


def test_a_limit_that_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEXPLORE_MAX_SIZE", "large")
    (found,) = problems(findings())
    assert found.subject == "HUBEXPLORE_MAX_SIZE"
    assert "large" in found.sentence
