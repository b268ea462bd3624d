"""Modules outside of graphs compute what `hub.Module` computes in a session: outputs and gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import hubexplore as hub
from tests.hub.eager.comparison import check_equal, eagerly, example_inputs, in_session

pytestmark = pytest.mark.usefixtures("needs_eager")

HANDLES = ["half_plus_two_v1.tar.gz", "vae3dshapes", "dm21"]


def check(handle: Any, tolerance: float = 0.0) -> None:
    spec = hub.load_module_spec(handle)
    for tags in spec.get_tags():
        loaded = hub.load(handle, tags=tags)
        for signature in spec.get_signature_names(tags):
            if "reconstructions" in signature:  # samples noise
                continue
            inputs = example_inputs(spec.get_input_info_dict(signature, tags))
            expected, gradients = in_session(spec, inputs, signature, tags, gradients=True)
            actual, found = eagerly(loaded, inputs, signature)
            check_equal(actual, expected, tolerance)
            check_equal(found, gradients, tolerance)


@pytest.mark.parametrize("name", ["half-plus-two", "digits", "text-embedding"])
def test_samples(name: str) -> None:
    check(f"sample:{name}")
    assert Path(hub.load(f"sample:{name}").resolved_path, "saved_model.pb").exists()


@pytest.mark.parametrize("name", HANDLES)
def test_real_modules(real_modules: Path, name: str) -> None:
    # Both optimise the graph on their own, so a large one may differ in the last bit.
    check(real_modules / name, 1e-6 if name == "dm21" else 0.0)
