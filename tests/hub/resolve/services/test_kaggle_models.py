"""Models of Kaggle, by kagglehub and a server on the loopback interface."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubexplore import errors
from hubexplore.hub.resolve import fetch, read, resolve, retries, version_note
from hubexplore.hub.resolve.services import hosted_model

if TYPE_CHECKING:
    from tests.hub.resolve.services.conftest import Service

NAME = "google/nnlm/tensorFlow1/en-dim128"
HANDLE = f"kaggle:{NAME}/1"


@pytest.fixture(autouse=True)
def kaggle(service: Service, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kaggle is the server; returns kagglehub's folder for the variation."""
    monkeypatch.setenv("TEST_KAGGLE", service.url)
    return home / ".cache" / "kagglehub" / "models" / NAME


@pytest.mark.parametrize(
    "text",
    [
        HANDLE,
        f"KAGGLE:{NAME}/1",
        f"kaggle:/{NAME}/1/",
        "kaggle:google/nnlm/TensorFlow1/en-dim128/01",
        f"https://www.kaggle.com/models/{NAME}/1",
        f"http://kaggle.com/models/{NAME}/1/?select=x#y",
        f"kaggle.com/models/{NAME}/1",
        f"kaggle:https://www.kaggle.com/models/{NAME}/1",
        "https://www.kaggle.com/models/google/nnlm/frameworks/TensorFlow1/variations/en-dim128/versions/1?x=1",
        "https://www.kaggle.com/models/google/nnlm/tensorFlow1/en-dim128/versions/1",
    ],
)
def test_the_spellings_of_a_handle(text: str) -> None:
    model = hosted_model(text)
    assert model is not None
    assert model.handle == HANDLE


@pytest.mark.parametrize(
    "text",
    [
        "kaggle:a/b",
        f"kaggle:{NAME}/0",
        f"kaggle:{NAME}/x",
        "kaggle:../a/b/c",
        "kaggle:a/b/c/d/1/2",
        "kaggle:-a/b/c/d",
    ],
)
def test_a_malformed_handle_says_how_to_write_it(text: str) -> None:
    with pytest.raises(errors.HandleError, match="kaggle:OWNER/MODEL/FRAMEWORK/VARIATION"):
        resolve(text)


def test_it_is_fetched_once_by_kagglehub(service: Service, kaggle: Path) -> None:
    assert resolve(HANDLE) == str(kaggle / "1")
    assert (kaggle / "1" / "assets" / "words.txt").read_bytes() == b"word\n"
    service.requests.clear()
    assert resolve(f"https://www.kaggle.com/models/{NAME}/1") == str(kaggle / "1")
    assert service.requests == []


def test_without_a_version_the_newest_is_fetched(service: Service, kaggle: Path) -> None:
    assert resolve(f"kaggle:{NAME}") == str(kaggle / "3")
    assert version_note(f"kaggle:{NAME}").startswith(f"Version 3 of 'kaggle:{NAME}' was opened")
    assert version_note(HANDLE) == ""


def test_a_copy_of_kagglehub_is_found_without_the_package(
    service: Service, kaggle: Path, put: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    for version in ("9", "10", "11"):
        put(kaggle / version)
    for version in ("9", "10"):
        (kaggle / f"{version}.complete").touch()
    assert resolve(f"kaggle:{NAME}") == str(kaggle / "10")
    assert resolve(f"kaggle:{NAME}/9") == str(kaggle / "9")
    (kaggle / "10" / "variables" / "variables.index").unlink()
    assert resolve(f"kaggle:{NAME}") == str(kaggle / "9")
    with pytest.raises(errors.MissingExtraError, match=r"pip install 'hubexplore\[kaggle\]'"):
        resolve(f"kaggle:{NAME}/11")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(kaggle / "elsewhere"))
    with pytest.raises(errors.MissingExtraError):
        resolve(f"kaggle:{NAME}/9")
    assert service.requests == []


def test_damage_that_a_reader_finds_is_mended(service: Service, kaggle: Path) -> None:
    resolve(HANDLE)
    (kaggle / "1" / "saved_model.pb").write_bytes(b"altered")

    def reader(folder: str) -> bytes:
        content = Path(folder, "saved_model.pb").read_bytes()
        if content == b"altered":
            raise errors.DamagedModuleError("altered")
        return content

    assert read(HANDLE, reader) == service.files["saved_model.pb"]


def test_a_marked_copy_that_lost_a_file_is_fetched_again(kaggle: Path) -> None:
    resolve(HANDLE)
    (kaggle / "1" / "variables" / "variables.index").unlink()
    assert resolve(HANDLE) == str(kaggle / "1")
    assert (kaggle / "1" / "variables" / "variables.index").exists()


def test_the_sign_in_goes_to_kaggle_only(
    service: Service, other_server: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", "me")
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    service.elsewhere = other_server.url.replace("127.0.0.1", "localhost")
    resolve(HANDLE)
    assert all("Authorization" in request.headers for request in service.requests)
    assert len(other_server.requests) == len(service.files)
    assert not any("Authorization" in request.headers for request in other_server.requests)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "accept the license there.*KAGGLE_API_TOKEN, or KAGGLE_USERNAME and KAGGLE_KEY"),
        (403, f"If the page https://www.kaggle.com/models/{NAME}/1 asks for it, accept the license"),
        (404, f"Check the spelling.*https://www.kaggle.com/models/{NAME}/1"),
        (429, "limits the number of requests; try again later"),
        (500, "internal error; try again later"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, says: str, service: Service) -> None:
    service.fail("ListModelInstanceVersionFiles", status=status, body=b"{}")
    with pytest.raises(errors.DownloadError, match=f"(?s)the service answered {status}.*{says}") as caught:
        resolve(HANDLE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("asked", ["7", "date"])
def test_a_busy_service_is_asked_again(
    asked: str, service: Service, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "now", lambda: 1_000_000_000.0)
    if asked == "date":
        asked = format_datetime(datetime.fromtimestamp(1_000_000_007, UTC), usegmt=True)
    service.fail("ListModelInstance", status=429, headers={"Retry-After": asked}, times=2)
    resolve(HANDLE)
    assert pauses == [7.0, 7.0]


def test_a_cut_body_is_continued(service: Service, kaggle: Path) -> None:
    """kagglehub asks for the rest of a file that it has begun."""
    service.elsewhere = service.url
    service.fail("/storage/variables/variables.data", cut=1000, times=1)
    resolve(HANDLE)
    file = kaggle / "1" / "variables" / "variables.data-00000-of-00001"
    assert file.read_bytes() == service.files["variables/variables.data-00000-of-00001"]
    assert any("Range" in request.headers for request in service.requests)


@pytest.mark.parametrize("fault", [{"cut": 1000}, {"length": 999_999}])
def test_a_body_that_stays_short_is_not_taken(fault: dict[str, int], service: Service, kaggle: Path) -> None:
    service.elsewhere = service.url
    service.fail("/storage/variables/variables.data", **fault)
    with pytest.raises(errors.DownloadError, match=r"the connection ended early\. Try again"):
        resolve(HANDLE)
    assert not (kaggle / "1.complete").exists()


def test_what_turns_out_too_large_is_not_kept(
    service: Service, kaggle: Path, put: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = put(kaggle / "7")
    monkeypatch.setenv("HUBEXPLORE_MAX_SIZE", "3000")
    with pytest.raises(errors.DownloadError, match=r"kB or more; the limit is 2\.9 kB.*HUBEXPLORE_MAX_SIZE"):
        resolve(HANDLE)
    assert list(kaggle.iterdir()) == [kept]
    assert (kept / "saved_model.pb").is_file()


def test_a_web_page_in_place_of_an_answer(service: Service) -> None:
    service.fail("ListModel", body=b"<html>Sign in</html>", headers={"Content-Type": "text/html"})
    with pytest.raises(errors.DownloadError, match=r"web page instead of.*open https://www.kaggle.com"):
        resolve(HANDLE)


def test_a_web_page_in_place_of_the_model(service: Service) -> None:
    service.files["saved_model.pb"] = b"<!DOCTYPE html><p>Sign in</p>"
    with pytest.raises(errors.DownloadError, match="web page instead of the model"):
        resolve(HANDLE)


def test_a_model_of_another_library(service: Service) -> None:
    service.files = {"config.json": b"{}", "model.safetensors": b"\1" * 9}
    with pytest.raises(errors.NotAModuleError, match="was fetched from Kaggle, but it"):
        resolve(HANDLE)


def test_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KAGGLE", "http://127.0.0.1:1")
    with pytest.raises(errors.DownloadError, match=f"cannot be reached.*hubexplore fetch {HANDLE}"):
        resolve(HANDLE)


def test_what_is_fetched_into_the_cache_goes_first(service: Service, kaggle: Path, cache_dir: Path) -> None:
    stored = fetch(HANDLE)
    assert Path(stored).parent == cache_dir
    assert resolve(HANDLE) == stored
    (Path(stored) / "saved_model.pb").unlink()
    assert resolve(HANDLE) == str(kaggle / "1")
    assert fetch(HANDLE) == stored
    assert (Path(stored) / "saved_model.pb").is_file()
