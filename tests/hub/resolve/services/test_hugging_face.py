"""Models of Hugging Face, by huggingface_hub and a server on the loopback interface."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import huggingface_hub.constants
import pytest

from hubexplore import errors
from hubexplore.hub.resolve import fetch, resolve, retries
from hubexplore.hub.resolve.services import hosted_model
from hubexplore.hub.resolve.services.hugging_face import HuggingFaceModel
from tests.hub.resolve.services.conftest import COMMIT

if TYPE_CHECKING:
    from tests.hub.resolve.services.conftest import Service

HANDLE = "hf:owner/name"
DATA = "variables/variables.data-00000-of-00001"
WEIGHTS = f"/resolve/{COMMIT}/{DATA}"


@pytest.fixture(autouse=True)
def hub(service: Service, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hugging Face is the server; returns the folder of the snapshot."""
    cache = home / ".cache" / "huggingface" / "hub"
    monkeypatch.setenv("HF_ENDPOINT", service.url)
    # The tests find copies in this process, where its variables have been read already.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    return cache / "models--owner--name" / "snapshots" / COMMIT


def _other_name(server: Service) -> str:
    """The address of a server as if it were another machine, as that with the content of files is."""
    return server.url.replace("127.0.0.1", "localhost")


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


def test_it_is_fetched_in_a_process_that_has_imported_nothing(hub: Path) -> None:
    """Parts of huggingface_hub are there only once something has imported them."""
    code = f"from hubexplore.hub.resolve import resolve; print(resolve({HANDLE!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(hub), done.stderr


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


def test_a_renamed_model_is_found(service: Service, hub: Path) -> None:
    service.redirects["/api/models/owner/name"] = "/api/models/owner/renamed"
    service.redirects["/owner/name/resolve"] = "/owner/renamed/resolve"
    assert resolve(HANDLE) == str(hub)
    assert any(path.startswith("/api/models/owner/renamed") for path in service.paths())


def test_the_token_does_not_go_where_the_content_is(
    service: Service, other_server: Service, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    service.elsewhere = _other_name(other_server)
    assert resolve(HANDLE) == str(hub)
    assert len(other_server.requests) == len(service.files)
    for request in other_server.requests:
        assert "hf_secret" not in str(request.headers)


@pytest.mark.parametrize(
    ("status", "headers", "says"),
    [
        (401, {}, "accept the license there.*set HF_TOKEN"),
        (403, {"X-Error-Code": "GatedRepo"}, "accept the license there.*set HF_TOKEN"),
        (404, {"X-Error-Code": "EntryNotFound"}, "Check the spelling"),
        (429, {}, "limits the number of requests"),
        (500, {}, "internal error"),
    ],
)
def test_a_refusal_of_a_file_says_what_to_do(
    status: int, headers: dict[str, str], says: str, service: Service
) -> None:
    service.fail(WEIGHTS, status=status, headers=headers)
    with pytest.raises(errors.DownloadError, match=f"(?s)the service answered {status}.*{says}") as caught:
        resolve(HANDLE)
    assert "\n" not in str(caught.value)


def test_a_busy_server_of_files_is_asked_again(service: Service, hub: Path) -> None:
    service.fail(WEIGHTS, status=429, headers={"Retry-After": "7"}, times=2)
    assert resolve(HANDLE) == str(hub)


def test_the_date_until_which_it_is_busy(
    service: Service, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "now", lambda: 1_000_000_000.0)
    date = format_datetime(datetime.fromtimestamp(1_000_000_007, UTC), usegmt=True)
    service.fail("/revision/", status=429, headers={"Retry-After": date}, times=2)
    resolve(HANDLE)
    assert pauses == [7.0, 7.0]


def test_a_cut_body_is_continued(service: Service, hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """huggingface_hub asks for the rest of a file that it has begun."""
    monkeypatch.setenv("TEST_CHUNK", "500")
    service.elsewhere = _other_name(service)
    service.fail("/storage/variables/variables.data", cut=1000, times=1)
    resolve(HANDLE)
    assert (hub / DATA).read_bytes() == service.files[DATA]
    sent = [{name.lower(): value for name, value in one.headers.items()} for one in service.requests]
    assert [headers["range"] for headers in sent if "range" in headers] == ["bytes=1000-"]


def test_a_download_that_broke_off_is_continued_later(service: Service, hub: Path) -> None:
    service.elsewhere = _other_name(service)
    service.fail("/storage/variables/variables.data", cut=0)
    with pytest.raises(errors.DownloadError, match=r"the connection ended early\. Try again"):
        resolve(HANDLE)
    service.faults.clear()
    service.requests.clear()
    assert resolve(HANDLE) == str(hub)
    fetched = [path for path in service.paths() if path.startswith("/storage/")]
    assert fetched == [f"/storage/{DATA}"]


@pytest.mark.parametrize("fault", [{"cut": 1000}, {"length": 999_999}])
@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_body_that_stays_short_is_not_taken(
    fault: dict[str, int], elsewhere: bool, service: Service, hub: Path
) -> None:
    service.elsewhere = _other_name(service) if elsewhere else ""
    service.fail(f"/storage/{DATA}" if elsewhere else WEIGHTS, **fault)
    with pytest.raises(errors.DownloadError, match=r"the connection ended early\. Try again"):
        resolve(HANDLE)
    assert not (hub / DATA).exists()
    assert HuggingFaceModel("owner/name", None).find() is None


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_web_page_in_place_of_a_file(service: Service, hub: Path, elsewhere: bool) -> None:
    service.elsewhere = _other_name(service) if elsewhere else ""
    page = {"body": b"<!DOCTYPE html><p>Sign in</p>", "headers": {"Content-Type": "text/html"}}
    service.fail("/storage/saved_model.pb" if elsewhere else "resolve/" + COMMIT + "/saved_model.pb", **page)
    with pytest.raises(errors.DownloadError, match=r"sign-in: open https://huggingface.co"):
        resolve(HANDLE)
    assert HuggingFaceModel("owner/name", None).find() is None
    service.faults.clear()
    assert (Path(resolve(HANDLE)) / "saved_model.pb").read_bytes() == service.files["saved_model.pb"]


def test_a_web_page_in_place_of_the_model(service: Service) -> None:
    service.files["saved_model.pb"] = b"<!DOCTYPE html><p>Sign in</p>"
    with pytest.raises(errors.DownloadError, match="web page instead of the model"):
        resolve(HANDLE)


def test_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(errors.DownloadError, match=f"cannot be reached.*hubexplore fetch {HANDLE}"):
        resolve(HANDLE)


def test_what_is_announced_as_too_large_is_not_fetched(
    service: Service, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.announced[DATA] = 17 << 30
    service.announced["weights.safetensors"] = 1 << 50
    with pytest.raises(errors.DownloadError, match=r"it has 17\.0 GB or more; the limit is 16\.0 GB"):
        resolve(HANDLE)
    monkeypatch.setenv("HUBEXPLORE_MAX_FILES", "3")
    service.announced.clear()
    with pytest.raises(errors.DownloadError, match="it has more than 3 files"):
        resolve(HANDLE)
    assert not hub.exists()
    assert not any("/resolve/" in path for path in service.paths())


def test_what_turns_out_too_large_is_not_kept(
    service: Service, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBEXPLORE_MAX_SIZE", "3000")
    service.announced = dict.fromkeys(service.files, 1)
    with pytest.raises(errors.DownloadError, match=r"kB or more; the limit is 2\.9 kB.*HUBEXPLORE_MAX_SIZE"):
        resolve(HANDLE)
    assert not hub.parent.parent.exists()


def test_a_model_of_another_library(service: Service) -> None:
    service.files = {"config.json": b"{}", "README.md": b"# Model"}
    with pytest.raises(errors.NotAModuleError, match="was fetched from Hugging Face, but it"):
        resolve(HANDLE)
