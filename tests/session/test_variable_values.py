"""The values of the variables of a live module, read in runs of limited size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.session import variable_values
from hubexplore.session.session import NotebookSession
from hubexplore.session.tf_session import ManagedSession

tf1 = tf.compat.v1


def three() -> None:
    for name, rows in (("a", 3), ("b", 2), ("c", 9)):
        tf1.get_variable(name, initializer=np.full([rows, 4], float(rows), np.float32))
    tf1.get_variable(
        "parts",
        [4, 2],
        initializer=tf1.constant_initializer(7.0),
        partitioner=tf1.fixed_size_partitioner(2),
    )
    hub.add_signature(outputs=tf.constant(1))


@pytest.mark.parametrize(
    ("most", "runs"), [(1 << 26, [5]), (80, [2, 1, 2]), (1, [1] * 5)], ids=["all", "some", "each"]
)
def test_no_run_reads_more_than_a_limit(
    session: NotebookSession, monkeypatch: pytest.MonkeyPatch, most: int, runs: list[int]
) -> None:
    """An interrupt is noticed between two of them."""
    module = session.load(hub.create_module_spec(three), "m")
    read: list[int] = []
    plain = ManagedSession.run

    def recorded(own: Any, fetches: Any, *arguments: Any, **named: Any) -> Any:
        read.append(len(fetches))
        return plain(own, fetches, *arguments, **named)

    monkeypatch.setattr(variable_values, "_MAX_RUN_BYTES", most)
    monkeypatch.setattr(ManagedSession, "run", recorded)
    values = variable_values.variable_values(module, session.session)
    assert read == runs
    assert {name: value.shape for name, value in values.items()} == {
        "a": (3, 4),
        "b": (2, 4),
        "c": (9, 4),
        "parts": (4, 2),
    }
    assert [values[name][0, 0] for name in ("a", "b", "c")] == [3.0, 2.0, 9.0]
    assert values["parts"].tolist() == [[7.0, 7.0]] * 4
