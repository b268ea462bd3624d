"""What a session and the check of an export say of an op that TensorFlow cannot run."""

from __future__ import annotations

from pathlib import Path

import pytest

import hubexplore as hub
from hubexplore.hub.explain import NoKernelError
from hubexplore.notebook.session import NotebookSession
from hubexplore.notebook.verify import compare_with_export
from tests.hub.test_no_kernel import buckets


def test_a_call_and_the_check_of_an_export(tmp_path: Path) -> None:
    with NotebookSession() as session:
        module = session.load(hub.create_module_spec(buckets))
        path = str(tmp_path / "export")
        with module.graph.as_default():
            module.export(path, session.session)
        compared = {each.signature: each for each in compare_with_export(module, session.session, path)}
        assert compared["default"].skipped == (
            "the op 'BoostedTreesBucketize' cannot run: today's TensorFlow defines it, but has no kernel "
            "for it on a CPU or GPU"
        )
        assert compared["twice"].largest_difference == 0
        with pytest.raises(NoKernelError, match="needed by signature 'default'"):
            session.call(module, [0.5])
