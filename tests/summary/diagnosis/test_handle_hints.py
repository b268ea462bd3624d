"""What somebody meant by a handle that leads nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubexplore import errors
from hubexplore.hub.loading import load_module_spec
from hubexplore.hub.resolve import resolve
from hubexplore.hub.summarize import summarize
from hubexplore.summary.diagnosis import handle_hints

KAGGLE = "google/nnlm/tensorFlow1/en-dim128/1"


@pytest.mark.parametrize(
    ("handle", "says"),
    [
        ("www.example.org/m.tar.gz", "write 'https://www.example.org/m.tar.gz'"),
        ("storage.googleapis.com:443/b/m", "write 'https://storage.googleapis.com:443/b/m'"),
        ("localhost:8000/m.tgz", "write 'http://localhost:8000/m.tgz'"),
        (KAGGLE, f"write 'kaggle:{KAGGLE}'"),
        ("google/nnlm/TensorFlow2/en", "write 'kaggle:google/nnlm/TensorFlow2/en'"),
        ("$HOME/m", "os.path.expandvars"),
    ],
)
def test_where_nothing_is(handle: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((errors.MissingModuleError, errors.HandleError)) as caught:
        summarize(handle)
    assert says in str(caught.value)
    assert "exists only up to" not in str(caught.value)


@pytest.mark.parametrize(
    "handle", ["a/b", "./tfhub.dev/m", "models/mine.v2", "a/b/c/d/1", "/srv/tfhub.dev/m"]
)
def test_of_a_path_nothing_else_is_said(handle: str) -> None:
    assert handle_hints.missing_path_hint(handle) == ""


@pytest.mark.parametrize(
    ("handle", "says"),
    [
        ("https://github.com/a/b/blob/main/m.tar.gz", "'https://github.com/a/b/raw/main/m.tar.gz'"),
        ("https://gitlab.com/a/b/-/blob/main/m.tar.gz", "'https://gitlab.com/a/b/-/raw/main/m.tar.gz'"),
        ("https://huggingface.co/a/b/blob/main/m.zip", "'https://huggingface.co/a/b/resolve/main/m.zip'"),
        ("https://www.dropbox.com/s/a/m.tgz?dl=0", "'https://www.dropbox.com/s/a/m.tgz?dl=1'"),
        (f"https://www.kaggle.com/models/{KAGGLE}", f"write 'kaggle:{KAGGLE}'"),
        (
            "https://www.kaggle.com/models/google/nnlm/frameworks/tensorFlow1/variations/en-dim128/versions/1",
            f"write 'kaggle:{KAGGLE}'",
        ),
        ("https://tfhub.dev/google/nnlm-en-dim128/1", "have moved to Kaggle"),
        ("https://a.b/c", ""),
    ],
)
def test_of_a_web_page(handle: str, says: str) -> None:
    hint = handle_hints.web_page_hint(handle)
    assert says in hint
    assert bool(says) == bool(hint)


def test_a_folder_of_the_name_of_an_archive(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    with pytest.raises(errors.MissingModuleError, match=r"Did you mean '.*/m'\?"):
        resolve(tmp_path / "m.tar.gz")


@pytest.mark.parametrize("below", ["x", "x/y", "x/y/z"])
def test_a_folder_some_levels_too_high(below: str, tmp_path: Path) -> None:
    (tmp_path / below).mkdir(parents=True)
    (tmp_path / below / "tfhub_module.pb").write_bytes(b"\x08\x03")
    (tmp_path / below / "saved_model.pb").write_bytes(b"\x08\x01\x12\x00")
    with pytest.raises(errors.NotAModuleError, match=f"too high; below it: '{below}'.*{tmp_path / below}"):
        load_module_spec(tmp_path)
    assert summarize(tmp_path).title == str(tmp_path / below)
