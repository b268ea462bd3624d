"""Addresses of tfhub.dev: their spellings, the cache of tensorflow_hub, and the redirect to Kaggle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubexplore import errors
from hubexplore.hub.resolve import cache, pinned, resolve
from hubexplore.hub.resolve.services import tfhub_addresses

if TYPE_CHECKING:
    from tests.hub.resolve.conftest import Archives, Server

HANDLE = "https://tfhub.dev/google/nnlm-en-dim128/1"


@pytest.mark.parametrize(
    "text",
    [
        HANDLE,
        "http://tfhub.dev/google/nnlm-en-dim128/1/",
        "HTTPS://WWW.TFHub.dev/google/nnlm-en-dim128/1",
        "tfhub.dev/google/nnlm-en-dim128/1",
        f"{HANDLE}?tf-hub-format=compressed",
        "https://tfhub.dev/@google/nnlm-en-dim128@1",
        "https://tfhub.dev:443//google/nnlm-en-dim128/1#x",
        "https://storage.googleapis.com/tfhub-modules/google/nnlm-en-dim128/1.tar.gz",
    ],
)
def test_any_spelling_finds_what_tensorflow_hub_left(
    text: str, tmp_path: Path, put: Callable[..., Path]
) -> None:
    copy = put(tmp_path / "tmp" / "tfhub_modules" / cache.key_of(HANDLE))
    assert resolve(text) == str(copy)


@pytest.mark.parametrize(
    "left", [f"{HANDLE}/", HANDLE.replace("https", "http"), f"{HANDLE}?tf-hub-format=compressed"]
)
def test_what_was_kept_under_another_spelling_is_found(
    left: str, tmp_path: Path, cache_dir: Path, put: Callable[..., Path]
) -> None:
    copy = put(tmp_path / "tmp" / "tfhub_modules" / cache.key_of(left))
    assert resolve(HANDLE) == str(copy)
    own = put(cache_dir / cache.key_of(left))
    assert resolve(HANDLE) == str(own)


@pytest.mark.parametrize(
    "text", ["https://tfhub.dev", "https://tfhub.dev/", "https://tfhub.dev.example.org/a/1"]
)
def test_other_addresses(text: str) -> None:
    assert tfhub_addresses.parse(text) is None


def test_a_handle_does_not_depend_on_the_current_directory() -> None:
    for handle in (HANDLE, "tfhub.dev/a/b/1", "kaggle:a/b/c/d", "hf:a/b"):
        assert pinned(handle) == handle


@pytest.fixture
def web(proxy: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A proxy that is asked for tfhub.dev."""
    monkeypatch.setattr(tfhub_addresses, "ORIGIN", "http://tfhub.dev")
    return proxy


def test_a_partial_copy_is_not_taken(
    tmp_path: Path, web: Server, archives: Archives, cache_dir: Path, put: Callable[..., Path]
) -> None:
    copy = put(tmp_path / "tmp" / "tfhub_modules" / cache.key_of(HANDLE))
    (copy / "variables" / "variables.data-00000-of-00001").unlink()
    web.give("http://tfhub.dev/google/nnlm-en-dim128/1", archives.tar_gz())
    assert Path(resolve(HANDLE)).parent == cache_dir


def test_the_redirect_to_kaggle_is_followed(
    web: Server, home: Path, cache_dir: Path, put: Callable[..., Path]
) -> None:
    page = "http://www.kaggle.com/models/google/nnlm/frameworks/TensorFlow1/variations/en-dim128/versions/1"
    location = {"Location": f"{page}?tfhub-redirect=true"}
    web.give("http://tfhub.dev/google/nnlm-en-dim128/1", status=301, headers=location)
    web.give(page, b"<!doctype html><title>Kaggle</title>")
    kept = put(
        home / ".cache" / "kagglehub" / "models" / "google" / "nnlm" / "tensorFlow1" / "en-dim128" / "1"
    )
    kept.with_name("1.complete").touch()
    folder = Path(resolve(HANDLE))
    assert folder.parent == cache_dir
    assert (folder / "assets" / "words.txt").read_bytes() == b"word\n"
    web.requests.clear()
    assert resolve("tfhub.dev/google/nnlm-en-dim128/1") == str(folder)
    assert web.requests == []


def test_a_page_without_a_model_says_where_to_look(web: Server) -> None:
    web.give("http://tfhub.dev/google/nnlm-en-dim128/1", b"<!doctype html>")
    with pytest.raises(errors.ArchiveError, match="have moved to Kaggle"):
        resolve(HANDLE)
