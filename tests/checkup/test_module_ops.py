"""What the doctor says of the ops of a module."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubexplore.checkup import installed, module_ops
from hubexplore.checkup.findings import OK, PROBLEM, WARNING, Finding
from hubexplore.hub.summarize import summarize
from hubexplore.summary.graph.ops import newer_ops
from tests.checkup.modules import with_op

PYTHON = (3, 11)


def found(
    path: str, tensorflow: tuple[int, int] | None = (2, 21), python: tuple[int, int] = PYTHON
) -> list[Finding]:
    return list(module_ops.findings(summarize(path), tensorflow, python))


def test_ops_that_run(tmp_path: Path) -> None:
    (finding,) = found(with_op(tmp_path / "m", "Identity"))
    assert finding.state == OK


@pytest.mark.parametrize(
    ("tensorflow", "python", "words"),
    [
        ((2, 21), (3, 11), "pip install tensorflow-text==2.21.1, then `import tensorflow_text`"),
        ((2, 19), (3, 12), "pip install tensorflow-text==2.19.0"),
        (
            (2, 19),
            (3, 13),
            "In another environment: pip install tensorflow-text==2.21.1 'tensorflow~=2.21.0'",
        ),
        ((2, 22), (3, 11), "No wheel for Python 3.11 and TensorFlow 2.22 is known."),
        (None, (3, 11), "'tensorflow~=2.21.0'"),
    ],
)
def test_an_op_of_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tensorflow: tuple[int, int] | None,
    python: tuple[int, int], words: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(installed, "version", lambda name: "")
    (finding,) = found(with_op(tmp_path / "m", "SentencepieceOp"), tensorflow, python)
    assert finding.state == PROBLEM
    assert finding.sentence == "'SentencepieceOp' is in tensorflow-text; run by signature 'default'."
    assert words in finding.remedy


@pytest.mark.parametrize(
    ("op", "words"),
    [
        (
            "Addons>Resampler",
            "tensorflow-addons 0.23.0 needs TensorFlow 2.15 and Python 3.11, which hubexplore",
        ),
        ("SimpleMLCreateModelResource", "tensorflow-decision-forests==1.12.0 'tensorflow~=2.19.0'"),
        ("DecodeAudio", "Use another module"),
    ],
)
def test_an_op_without_a_wheel_for_this_tensorflow(tmp_path: Path, op: str, words: str) -> None:
    (finding,) = found(with_op(tmp_path / "m", op))
    assert finding.state == PROBLEM
    assert words in finding.remedy


def test_a_package_that_is_installed_only_has_to_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "version", lambda name: "2.21.1" if name == "tensorflow-text" else "")
    (finding,) = found(with_op(tmp_path / "m", "SentencepieceOp"))
    assert finding.state == WARNING
    assert finding.remedy.endswith("import tensorflow_text")


def test_an_op_that_nobody_knows(tmp_path: Path) -> None:
    (finding,) = found(with_op(tmp_path / "m", "MyOp"))
    assert finding.state == PROBLEM
    assert "nor in any package that is known" in finding.sentence


def test_an_op_that_no_signature_runs_is_a_warning(tmp_path: Path) -> None:
    (finding,) = found(with_op(tmp_path / "m", "MyOp", needed=False))
    assert finding.state == WARNING
    assert "no signature runs it" in finding.sentence


def test_an_op_that_came_later(tmp_path: Path) -> None:
    path = with_op(tmp_path / "m", "DecodeWebP", version="2.21.0")
    assert [finding.state for finding in found(path)] == [OK]
    op, writer = found(path, (2, 16))
    assert op.state == PROBLEM
    assert "came after TensorFlow 2.16" in op.sentence
    assert op.remedy == "pip install 'tensorflow~=2.21.0'"
    assert writer.state == WARNING


def test_the_wrappers_of_a_version_in_between_say_what_it_has(tmp_path: Path) -> None:
    folder = tmp_path / "tensorflow"
    (folder / "python" / "ops").mkdir(parents=True)
    (folder / "python" / "ops" / "gen_image_ops.py").write_text('_apply_op_helper("DecodeWebP", x)')
    assert newer_ops.lacking(["DecodeWebP", "DecodeJxl", "Add"], (2, 19), folder) == ["DecodeJxl"]
    # Hidden ops have no wrapper in any version.
    assert newer_ops.lacking(["GetTpuTaskId"], (2, 19), folder) == []
    assert newer_ops.lacking(["GetTpuTaskId"], (2, 16), folder) == ["GetTpuTaskId"]


def test_an_op_without_a_kernel(tmp_path: Path) -> None:
    finding = found(with_op(tmp_path / "m", "CudnnRNN"))[0]
    assert "on GPUs only" in finding.sentence
    assert finding.remedy == "Run it on a machine with a GPU."
