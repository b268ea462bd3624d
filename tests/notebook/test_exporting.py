"""What a session writes: verified, overwriting modules only, equal to what was loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import ExportExistsError
from hubexplore.notebook.session import NotebookSession


class TestExport:
    def test_a_verified_export(self, session: NotebookSession, layers: hub.Module, tmp_path: Path) -> None:
        report = session.export(layers, tmp_path / "out", verify=True)
        assert {each.signature: each.largest_difference for each in report.compared} == {
            "default": 0.0,
            "pair": 0.0,
            "same": 0.0,
            "sum": 0.0,
        }
        assert "gives the same outputs" in repr(report)
        assert "<table" in str(report._repr_html_())

    def test_random_outputs_are_told(self, session: NotebookSession, tmp_path: Path) -> None:
        def module_fn() -> None:
            hub.add_signature(outputs=tf.random.uniform([2]))

        session.load(hub.create_module_spec(module_fn), "dice")
        report = session.export("dice", tmp_path / "out", verify=True)
        assert report.compared[0].skipped == "its outputs are other ones on each run"
        assert report.largest_difference is None

    def test_overwrite_replaces_modules_only(
        self, session: NotebookSession, layers: hub.Module, tmp_path: Path
    ) -> None:
        target = tmp_path / "out"
        session.export(layers, target)
        with pytest.raises(ExportExistsError):
            session.export(layers, target)
        session.export(layers, target, overwrite=True)
        assert hub.summarize(target).warnings == ()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
        other = tmp_path / "mine"
        other.mkdir()
        (other / "notes.txt").write_text("precious")
        with pytest.raises(ExportExistsError, match="is no module"):
            session.export(layers, other, overwrite=True)
        assert (other / "notes.txt").read_text() == "precious"


@pytest.mark.parametrize(("name", "signature"), [("vae3dshapes", "decoder"), ("dm21", "default")])
def test_published_modules(name: str, signature: str, real_modules: Path, tmp_path: Path) -> None:
    with NotebookSession() as session:
        module = session.load(real_modules / name)
        assert session.names == [name]
        report = session.export(module, tmp_path / "out", verify=True)
        found = {each.signature: each for each in report.compared}
        assert found[signature].largest_difference == 0.0
