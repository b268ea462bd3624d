"""What the doctor says of a path or handle."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

import pytest

import hubexplore as hub
from hubexplore.checkup.findings import OK, PROBLEM, WARNING
from hubexplore.checkup.module_health import examine
from hubexplore.hub.resolve import cache as hub_cache
from tests.checkup import modules
from tests.checkup.states import noted, problems, the
from tests.cli.test_show import write_module
from tests.summary.checkpoints import merge, save


def test_a_sound_module(tmp_path: Path) -> None:
    found, examined = examine(write_module(tmp_path / "my module", train=True))
    assert examined
    assert noted(found) == []
    use = the(found, "Tags of its graph variants: no tags | train")
    assert f"hub.Module('{tmp_path}/my module', tags=['train'], trainable=True)" in use.remedy
    assert f"hub.load('{tmp_path}/my module')" in use.remedy
    assert the(found, "1 signature").remedy.startswith(f"hubexplore show '{tmp_path}/my module'")


@pytest.mark.parametrize("name", ["vae3dshapes", "dm21", "half_plus_two_v1.tar.gz", "penguin-tf2-savedmodel"])
def test_published_modules_have_no_problem(real_modules: Path, name: str) -> None:
    found, examined = examine(str(real_modules / name))
    assert examined
    assert problems(found) == []


def test_a_folder_above(tmp_path: Path) -> None:
    write_module(tmp_path / "models" / "a")
    write_module(tmp_path / "models" / "b")
    (found,) = examine(str(tmp_path / "models"))[0]
    assert found.state == PROBLEM
    assert f"{tmp_path}/models/a" in found.remedy


def test_a_folder_of_other_things(tmp_path: Path) -> None:
    (tmp_path / "notes. Old.txt").write_text("")
    (found,) = examine(tmp_path)[0]
    assert "is a directory without 'saved_model.pb'; it holds 'notes. Old.txt'" in found.sentence or (
        "notes" in found.sentence + found.remedy
    )


def test_nothing_at_a_path(tmp_path: Path) -> None:
    write_module(tmp_path / "module")
    (found,), examined = examine(str(tmp_path / "modul"))
    assert examined
    assert found.remedy == f"Did you mean '{tmp_path}/module'?"


def test_a_web_page_that_was_saved_as_an_archive(tmp_path: Path) -> None:
    page = tmp_path / "module.tar.gz"
    page.write_text("<!doctype html><html><body>Sign in</body></html>")
    (found,) = examine(str(page))[0]
    assert "it is a web page" in found.sentence


@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_an_archive_that_was_cut(tmp_path: Path, kept: float) -> None:
    archive = tmp_path / "module.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(write_module(tmp_path / "module"), ".")
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * kept)])
    (found,) = problems(examine(str(archive))[0])
    assert "it was cut off" in found.sentence


def test_all_files_that_are_missing_are_named(scale_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "copy"
    shutil.copytree(scale_path, path)
    for file in (path / "variables").glob("*.data*"):
        file.unlink()
    found, _ = examine(path)
    assert "variables.data-00000-of-00001' is missing" in problems(found)[0].sentence
    assert problems(found)[0].remedy == "Copy or download the whole directory again."
    (path / "variables" / "variables.index").unlink()
    assert "variables.index' is missing" in problems(examine(path)[0])[0].sentence
    content = (path / "saved_model.pb").read_bytes()
    (path / "saved_model.pb").write_bytes(content[:-30])
    assert "saved_model.pb" in problems(examine(path)[0])[0].sentence


def test_all_data_files_that_are_missing_are_named(scale_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "copy"
    shutil.copytree(scale_path, path)
    shutil.rmtree(path / "variables")
    parts = [save(tmp_path / f"part{at}", {f"v{at}": [1.0, 2.0]}) for at in range(3)]
    merge(path / "variables" / "variables", parts)
    (path / "variables" / "variables.data-00000-of-00003").unlink()
    (path / "variables" / "variables.data-00002-of-00003").write_bytes(b"123")
    sentences = [finding.sentence for finding in problems(examine(path)[0]) if finding.subject == "files"]
    assert "variables.data-00000-of-00003' is missing" in sentences[0]
    assert "variables.data-00002-of-00003' is truncated: it has 3 bytes" in sentences[1]


def test_assets_that_are_missing(tmp_path: Path) -> None:
    found, _ = examine(modules.with_lost_assets(tmp_path / "m", "words.txt", "labels.txt"))
    sentences = [finding.sentence for finding in problems(found)]
    assert "The asset 'assets/labels.txt' is missing." in sentences
    assert "The asset 'assets/words.txt' is missing." in sentences


def test_a_module_without_signatures(tmp_path: Path) -> None:
    assert the(examine(modules.without_signatures(tmp_path / "m"))[0], "nothing to call").state == PROBLEM


def test_a_collection_that_modules_cannot_carry(tmp_path: Path) -> None:
    path = modules.with_collection(tmp_path / "m", "my_things")
    found = the(examine(path)[0], "collections that modules cannot carry: 'my_things'")
    assert found.state == WARNING
    (tmp_path / "m" / "tfhub_module.pb").unlink()
    assert the(examine(path)[0], "'my_things' is left out").state == OK


def test_what_training_must_not_forget(tmp_path: Path) -> None:
    found = the(examine(modules.with_update_ops(tmp_path / "m"))[0], "1 update op")
    assert "UPDATE_OPS" in found.remedy


def test_a_copy_in_the_cache_is_checked_without_the_network(cache: Path, tmp_path: Path) -> None:
    address = "https://me:secret@example.com/module/1"
    found, examined = examine(address)
    assert not examined
    assert "secret" not in repr(found)
    assert "not in the cache" in found[0].sentence
    key = hub_cache.key_of("https://example.com/module/1")
    write_module(cache / key)
    found, examined = examine(address)
    assert examined
    assert noted(found) == []
    (cache / key / "saved_model.pb").unlink()
    found, examined = examine(address)
    assert examined
    assert "'saved_model.pb' is missing" in problems(found)[0].sentence
    assert list(cache.iterdir()) == [cache / key]


def test_an_address_of_tfhub_that_is_not_in_the_cache(cache: Path) -> None:
    (found,), _ = examine("https://tfhub.dev/google/nnlm/1")
    assert "moved to Kaggle" in found.remedy


@pytest.mark.parametrize("handle", ["", "foo:bar", "https:/x", "\0"])
def test_what_is_no_handle(handle: str) -> None:
    found, examined = examine(handle)
    assert not examined
    assert problems(found)


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_module(tmp_path / "m")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)
    found, examined = examine(path)
    assert not examined
    assert "Permission denied" in problems(found)[0].sentence


def test_a_summary_and_other_objects(tmp_path: Path) -> None:
    found, examined = examine(hub.summarize(write_module(tmp_path / "m")))
    assert examined
    assert noted(found) == []
    assert not examine(3)[1]
