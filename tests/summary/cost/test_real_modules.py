"""Costs of published modules: every signature is counted, without TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hubexplore.summary.cost import cost_of
from hubexplore.summary.reading.directory import read_module
from tests.summary.saved_models import LOCAL, every_real_model


@every_real_model
def test_every_signature_is_counted(real_modules: Path, name: str) -> None:
    summary = read_module(str(real_modules / name), LOCAL, name)
    for variant in summary.variants:
        for signature in variant.signatures:
            cost = cost_of(summary, variant, None, signature.name)
            assert cost.parameters + cost.unused_parameters == variant.parameters
            assert cost.multiply_adds is not None
            assert not any("Not counted" in note for note in cost.notes)


def test_a_convolutional_network_as_by_hand(real_modules: Path) -> None:
    summary = read_module(str(real_modules / "vae3dshapes"), LOCAL, "vae")
    counts = cost_of(summary, summary.variants[0], None, "gaussian_encoder").by_op()
    # Kernels of 4 x 4 and 2 x 2 with a stride of 2, on an image of 64 x 64 x 3; then dense layers.
    assert {name.split("/")[1]: count for name, count in counts.items()} == {
        "e1": 32 * 32 * 32 * 4 * 4 * 3,
        "e2": 16 * 16 * 32 * 4 * 4 * 32,
        "e3": 8 * 8 * 64 * 2 * 2 * 32,
        "e4": 4 * 4 * 64 * 2 * 2 * 64,
        "e5": 1024 * 256,
        "means": 256 * 10,
        "log_var": 256 * 10,
    }


def test_counting_imports_no_tensorflow(real_modules: Path) -> None:
    code = (
        f"import sys, hubexplore; cost = hubexplore.summarize({str(real_modules / 'dm21')!r}).cost(); "
        "repr(cost), cost._repr_html_(); print('tensorflow' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
