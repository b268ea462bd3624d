"""Models of Hugging Face, by huggingface_hub and a server on the loopback interface."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import huggingface_hub.constants
import huggingface_hub.utils
import pytest

from hubexplore import errors
from hubexplore.hub.resolve import fetch, resolve
from hubexplore.hub.resolve.services import hosted_model
from tests.hub.resolve.services.conftest import COMMIT

if TYPE_CHECKING:
    from tests.hub.resolve.services.conftest import Service

HANDLE = "hf:owner/name"


@pytest.fixture(autouse=True)
def hub(service: Service, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hugging Face is the server; returns the folder of the snapshot."""
    cache = home / ".cache" / "huggingface" / "hub"
    monkeypatch.setenv("HF_ENDPOINT", service.url)
    template = service.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", service.url)
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(home / "token"))
    # It waits by itself before it asks again.
    clock = SimpleNamespace(**{name: getattr(time, name) for name in dir(time)} | {"sleep": lambda _: None})
    monkeypatch.setattr(huggingface_hub.utils._http, "time", clock)
    return cache / "models--owner--name" / "snapshots" / COMMIT


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        (HANDLE, HANDLE),
        ("HF:owner/name", HANDLE),
        ("hf://owner/name@v1.0", f"{HANDLE}@v1.0"),
        ("https://huggingface.co/owner/name", HANDLE),
        ("https://huggingface.co/owner/name/?x=1#y", HANDLE),
        ("hf.co/owner/name/tree/refs/pr/1", f"{HANDLE}@refs/pr/1"),
    ],
)
def test_the_spellings_of_a_handle(text: str, handle: str) -> None:
    model = hosted_model(text)
    assert model is not None
    assert model.handle == handle


@pytest.mark.parametrize(
    "text", ["https://huggingface.co/a/b/resolve/main/m.zip", "https://huggingface.co/datasets/a/b", "hf/a/b"]
)
def test_other_addresses_are_not_models(text: str) -> None:
    assert hosted_model(text) is None


@pytest.mark.parametrize("text", ["hf:name", "hf:a/b/c", "hf:../name", "hf:a--b/c", "hf:a/b@", "hf:a/b@../x"])
def test_a_malformed_handle_says_how_to_write_it(text: str) -> None:
    with pytest.raises(errors.HandleError, match="hf:OWNER/NAME or hf:OWNER/NAME@REVISION"):
        resolve(text)


def test_it_is_fetched_once(service: Service, hub: Path) -> None:
    service.files["model.safetensors"] = b"of another library"
    assert resolve(HANDLE) == str(hub)
    assert (hub / "assets" / "words.txt").read_bytes() == b"word\n"
    assert not (hub / "model.safetensors").exists()
    service.requests.clear()
    assert resolve("https://huggingface.co/owner/name") == str(hub)
    assert service.requests == []


def test_a_partial_copy_is_completed(hub: Path) -> None:
    resolve(HANDLE)
    (hub / "variables" / "variables.index").unlink()
    assert resolve(HANDLE) == str(hub)
    assert (hub / "variables" / "variables.index").exists()


def test_the_cache_has_copies_instead_of_links(hub: Path) -> None:
    stored = Path(fetch(HANDLE))
    assert (hub / "saved_model.pb").is_symlink()
    assert not (stored / "saved_model.pb").is_symlink()
    assert resolve(HANDLE) == str(stored)


def test_a_link_that_leads_out_of_the_cache_is_refused(hub: Path, tmp_path: Path) -> None:
    resolve(HANDLE)
    (tmp_path / "secret").write_bytes(b"secret")
    (hub / "assets" / "stolen").symlink_to(tmp_path / "secret")
    with pytest.raises(errors.ArchiveError, match="stolen' is not a file below"):
        fetch(HANDLE)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(errors.MissingExtraError, match=r"pip install 'hubexplore\[hf\]'"):
        resolve(HANDLE)


def test_the_token_goes_to_the_service_only(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    resolve(HANDLE)
    # The list of agents, which huggingface_hub asks for once in a while, needs no sign-in.
    asked = [request for request in service.requests if "owner/name" in request.path]
    sent = [{name.lower(): value for name, value in request.headers.items()} for request in asked]
    assert {headers.get("authorization") for headers in sent} == {"Bearer hf_secret"}


@pytest.mark.parametrize(
    ("status", "headers", "says"),
    [
        (401, {}, "accept the license there.*set HF_TOKEN"),
        (403, {"X-Error-Code": "GatedRepo"}, "If the page https://huggingface.co/owner/name asks for it"),
        (404, {"X-Error-Code": "RepoNotFound"}, "Check the spelling.*If it is private.*HF_TOKEN"),
        (404, {"X-Error-Code": "RevisionNotFound"}, "Check the spelling of its name and revision"),
        (429, {}, "limits the number of requests"),
        (500, {}, "internal error"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, headers: dict[str, str], says: str, service: Service) -> None:
    service.fail("/api/models", status=status, headers=headers)
    with pytest.raises(errors.DownloadError, match=f"the service answered {status}.*{says}"):
        resolve(HANDLE)


def test_a_busy_service_is_asked_again(service: Service, pauses: list[float]) -> None:
    service.fail("/revision/", status=429, headers={"Retry-After": "7"}, times=2)
    resolve(HANDLE)
    assert pauses == [7.0, 7.0]


def test_a_web_page_in_place_of_an_answer(service: Service) -> None:
    service.fail("/api/models", body=b"<html>Sign in</html>", headers={"Content-Type": "text/html"})
    with pytest.raises(errors.DownloadError, match=r"web page instead of.*open https://huggingface.co"):
        resolve(HANDLE)


def test_a_model_of_another_library(service: Service) -> None:
    service.files = {"config.json": b"{}", "README.md": b"# Model"}
    with pytest.raises(errors.NotAModuleError, match="was fetched from Hugging Face, but it"):
        resolve(HANDLE)
