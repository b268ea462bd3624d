"""Names, passwords and tokens in addresses: they work, and nobody sees them."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubexplore import errors
from hubexplore.hub.resolve import resolve
from hubexplore.hub.summarize import summarize
from hubexplore.summary.files.handle_names import variable_name
from hubexplore.summary.files.redaction import redacted

if TYPE_CHECKING:
    from tests.hub.resolve.conftest import Archives, Server


def private(url: str, access: str = "me:se%2Fcret") -> str:
    return url.replace("//", f"//{access}@")


@pytest.mark.parametrize(
    ("handle", "expected"),
    [
        ("https://me:secret@a.b/c", "https://***@a.b/c"),
        ("https://secret@a.b:80/c", "https://***@a.b:80/c"),
        ("https://me:sec@ret@a.b/c", "https://***@a.b/c"),
        ("https://me:sec/ret@a.b/c", "https://***@a.b/c"),
        ("https://me:sec?r#et@a.b/c", "https://***@a.b/c"),
        ("https://me:80a@a.b/c", "https://***@a.b/c"),
        ("https://a.b:80/@scope/c@1", "https://a.b:80/@scope/c@1"),
        ("https://a.b/c?x=1&token=abc&y=2#z", "https://a.b/c?x=1&token=***&y=2#z"),
        (
            "https://a.b/c?X-Amz-Signature=abc&X-Amz-Credential=d",
            "https://a.b/c?X-Amz-Signature=***&X-Amz-Credential=***",
        ),
        ("https://a.b/c?access_token=a&API_KEY=b", "https://a.b/c?access_token=***&API_KEY=***"),
        ("https://a.b/c?tf-hub-format=compressed", "https://a.b/c?tf-hub-format=compressed"),
        ("https://a.b/c#token=abc", "https://a.b/c#token=***"),
        ("https:/me:secret@a.b/c", "https:/***@a.b/c"),
        ("https:me:secret@a.b/c", "https:***@a.b/c"),
        ("https:///me:secret@a.b/c", "https:///***@a.b/c"),
        ("http//me:secret@a.b/c", "http//***@a.b/c"),
        ("models:mine@1", "models:mine@1"),
        ("me:secret@a.b/c", "me:secret@a.b/c"),
        ("/home/a@b/c", "/home/a@b/c"),
    ],
)
def test_what_is_shown(handle: str, expected: str) -> None:
    assert redacted(handle) == expected


def test_a_password_works(server: Server, archives: Archives, cache_dir: Path) -> None:
    handle = private(server.give("/m", archives.tar_gz()))
    path = resolve(handle)
    assert server.headers[0]["Authorization"] == "Basic " + base64.b64encode(b"me:se/cret").decode()
    assert resolve(server.url + "/m") == path
    for file in cache_dir.rglob("*"):
        assert b"cret" not in (file.read_bytes() if file.is_file() else file.name.encode())


def test_it_goes_to_no_other_server(server: Server, archives: Archives) -> None:
    server.give("/there.tgz", archives.tar_gz())
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    resolve(private(server.give("/away", status=302, headers={"Location": f"{elsewhere}/there.tgz"})))
    assert ["Authorization" in headers for headers in server.headers] == [True, False]
    server.headers.clear()
    resolve(private(server.give("/here", status=302, headers={"Location": "/there.tgz"})))
    assert ["Authorization" in headers for headers in server.headers] == [True, True]


@pytest.mark.parametrize(
    "access", ["me:topsecret", "topsecret", "me:top/topsecret", "me:topsecret@topsecret"]
)
@pytest.mark.parametrize("kind", ["404", "page", "cut", "redirect", "other", "nobody", "port"])
def test_nobody_sees_it(
    *,
    kind: str,
    access: str,
    server: Server,
    archives: Archives,
    left: Callable[[], list[str]],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    url = server.give("/m")
    if kind == "404":
        server.answers.clear()
    elif kind == "page":
        server.give("/m", b"<html>")
    elif kind == "cut":
        server.give("/m", archives.tar_gz()[:-9])
    elif kind == "redirect":
        server.give("/m", status=302, headers={"Location": "ftp://me:topsecret@x/y?token=topsecret"})
    elif kind == "other":
        server.give("/m", archives.tar_gz({"thesis.tex": b""}))
    elif kind == "nobody":
        url = "http://127.0.0.1:1/m"
    elif kind == "port":
        url = "http://127.0.0.1:port/m"
    with pytest.raises(errors.HubError) as caught:
        resolve(private(url, access) + "?token=topsecret")
    text = "".join(traceback.format_exception(caught.value))
    # The lines of code that a traceback quotes are those of this file, and hold the name of the test.
    assert "topsecret" not in text.replace('"?token=topsecret"', "")
    error: BaseException | None = caught.value
    while error:
        assert "topsecret" not in f"{error!r} {error}"
        error = error.__cause__ or error.__context__
    out, err = capfd.readouterr()
    assert "topsecret" not in out + err + caplog.text
    assert left() == []


def test_not_in_titles_names_and_warnings(
    server: Server, archives: Archives, caplog: pytest.LogCaptureFixture
) -> None:
    handle = private(server.give("/m", archives.tar_gz()), "me:topsecret")
    assert "topsecret" not in repr(summarize(handle))
    Path(resolve(handle), "saved_model.pb").write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        resolve(handle)
    assert "topsecret" not in caplog.text
    assert "***@" in caplog.text
    assert "secret" not in variable_name("https://me:topsecret@host")


@pytest.mark.parametrize(
    "handle",
    [
        "ftp://me:secret@a.b/m",
        "htps://me:secret@a.b/m",
        "https:/me:secret@a.b/m",
        "https:me:secret@a.b/m",
        "https:///me:secret@a.b/m",
        "https://me:sec/ret@a.b/m",
        "https://me:secret@a.b/\0m",
    ],
)
def test_a_mistyped_address_does_not_show_it(handle: str) -> None:
    with pytest.raises(errors.HubError) as caught:
        resolve(handle)
    error: BaseException | None = caught.value
    while error:
        assert "secret" not in f"{error!r} {error}"
        assert "ret@" not in f"{error!r} {error}"
        error = error.__cause__ or error.__context__
