"""Fingerprints of TF2 SavedModels, without TensorFlow."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.graph.messages import FingerprintDef
from hubexplore.summary.weights.farm_hash import fingerprint
from hubexplore.summary.weights.fingerprint import find_misfit

DATA = bytes((number * 7 + number // 5) % 256 for number in range(5000))
# Of the first bytes of DATA, as `tf.fingerprint` gives them.
EXPECTED = {
    0: 11160318154034397263,
    3: 7836721383716570152,
    5: 2251359278607051727,
    12: 16136577125589776229,
    20: 13149081807313506296,
    40: 5860320813278555826,
    100: 2707222441579636260,
}


@pytest.mark.parametrize("length", EXPECTED)
def test_hashes_are_those_of_tensorflow(length: int) -> None:
    assert fingerprint(DATA[:length]) == EXPECTED[length]


def _model(folder: Path, checkpoint_hash: int) -> Path:
    (folder / "variables").mkdir()
    (folder / "variables" / "variables.index").write_bytes(DATA[:100])
    message = FingerprintDef(checkpoint_hash=checkpoint_hash)
    (folder / "fingerprint.pb").write_bytes(message.SerializeToString())
    return folder


@pytest.mark.parametrize("checkpoint_hash", [EXPECTED[100], 0])
def test_weights_that_fit(checkpoint_hash: int, tmp_path: Path) -> None:
    assert find_misfit(str(_model(tmp_path, checkpoint_hash)), LocalFilesystem()) is None


def test_weights_of_another_model(tmp_path: Path) -> None:
    misfit = find_misfit(str(_model(tmp_path, 1)), LocalFilesystem())
    assert misfit is not None
    assert "'variables/variables.index' does not have the fingerprint in 'fingerprint.pb'" in misfit


def test_without_a_fingerprint_nothing_is_known(tmp_path: Path) -> None:
    (_model(tmp_path, 1) / "fingerprint.pb").unlink()
    assert find_misfit(str(tmp_path), LocalFilesystem()) is None


def test_a_fingerprint_that_is_none(tmp_path: Path) -> None:
    (_model(tmp_path, 1) / "fingerprint.pb").write_bytes(b"\x2a\xff\xff\xff")
    misfit = find_misfit(str(tmp_path), LocalFilesystem())
    assert misfit is not None
    assert "not readable" in misfit
