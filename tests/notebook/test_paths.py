"""The magics on models by their path: the only variant, the only model in a folder, or the question which."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.cli import BAD_INPUT, main
from hubexplore.notebook.magics.load_status import LoadStatus
from tests.notebook.panel.test_versions import save
from tests.notebook.shells import Run, fails


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for version in (2, 9, 10):
        save(tmp_path / "versions" / str(version), version)
    return tmp_path / "versions"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the display of %hub_load says."""
    said: list[str] = []
    monkeypatch.setattr(LoadStatus, "show", lambda _, words, *__, **___: said.append(words))
    return said


def test_the_only_variant(run: Run, tmp_path: Path, lines: list[str]) -> None:
    save(tmp_path / "model", 3.0)
    assert run(f"%hub_load {tmp_path / 'model'}").tags == {"serve"}
    assert run("%hub_call model [1.0] --as-dict --signature serving_default")["y"].tolist() == [3.0]
    assert re.fullmatch(r"model: ready, .* s; graph variant: serve, the only one", lines[-1])
    run(f"%hub_load {tmp_path / 'model'} --tags serve")
    assert re.match(r"model: ready, .* s; graph variant: serve(;|$)", lines[-1])
    assert "no graph variant with the tags []" in fails(run, f"%hub_load {tmp_path / 'model'} --tags ''")


def test_one_of_several_variants(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "model"
    builder = tf.compat.v1.saved_model.Builder(str(path))
    for number, tags in enumerate((["train"], ["serve"], ["serve", "tpu"])):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            x = tf.compat.v1.placeholder(tf.float32, [None])
            signatures = {"s": tf.compat.v1.saved_model.predict_signature_def({"x": x}, {"y": x + 1.0})}
            if number:
                builder.add_meta_graph(tags, signatures)
            else:
                builder.add_meta_graph_and_variables(session, tags, signatures)
    builder.save()
    assert fails(run, f"%hub_load {path}").endswith("as in --tags serve.")
    assert run(f"%hub_load {path} --tags serve,tpu").tags == {"serve", "tpu"}
    panel = hub.explore(path)
    assert panel.run([1.0]).tolist() == [2.0]
    assert panel.runs[0].asked.tags == ("serve",)
    panel.close()


def test_the_only_model_in_a_folder(run: Run, tmp_path: Path, lines: list[str]) -> None:
    save(tmp_path / "model" / "1623456789", 3.0)
    assert run(f"%hub_load {tmp_path / 'model'}").name == "model"
    assert lines[-1].endswith(
        f"; {str(tmp_path / 'model' / '1623456789')!r} was opened, the only model in "
        f"{str(tmp_path / 'model')!r}"
    )
    assert run(f"%hub_show {tmp_path / 'model'}").notes
    assert run(f"%hub_compare {tmp_path / 'model'} {tmp_path / 'model'}").replaceable
    with hub.NotebookSession() as session:
        assert session.load(tmp_path / "model").tags == {"serve"}
    # A program says which model it means.
    with pytest.raises(hub.HubError, match="one level too high"):
        hub.load_module_spec(tmp_path / "model")


def test_the_newest_of_several_versions(
    run: Run, folder: Path, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"{str(folder / '10')!r} was opened, the newest of 3 versions in {str(folder)!r}"
    assert run(f"%hub_load {folder}").name == "versions"
    assert lines[-1].endswith(f"; {words}")
    assert f"{words}." in run(f"%hub_show {folder}").notes
    capsys.readouterr()
    assert main(["show", str(folder)]) == 0
    assert run(f"%hub_load {folder / '9'} --as nine").name == "nine"


def test_one_of_several_models(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "2").rename(folder / "two")
    words = f"{str(folder)!r} is a folder with 3 models. Give the path of one of them: "
    assert fails(run, f"%hub_load {folder}").startswith(words)
    capsys.readouterr()
    assert main(["show", str(folder)]) == BAD_INPUT
    assert capsys.readouterr().err.startswith(f"hubexplore: {words}")


def test_models_by_name(run: Run, tmp_path: Path) -> None:
    for name in ("b", "a"):
        save(tmp_path / "saved_models" / name, 1.0)
    assert f"{str(tmp_path / 'saved_models' / 'a')!r}, " in fails(
        run, f"%hub_load {tmp_path / 'saved_models'}"
    )
