"""The line of an error that says what happened."""

from __future__ import annotations

import pytest
import tensorflow as tf

from hubexplore.hub.error_line import error_line

tf1 = tf.compat.v1


def test_of_a_run_of_tensorflow() -> None:
    with tf.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf.float32, [None])
        with pytest.raises(tf.errors.InvalidArgumentError) as raised:
            session.run(tf.add(x, [1.0, 2.0, 3.0]), {x: [1.0, 2.0]})
    assert str(raised.value).startswith("Graph execution error:")
    assert error_line(raised.value) == "Incompatible shapes: [2] vs. [3]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The rule.\nMore", "The rule"),
        ("", "ValueError"),
        ("\n\nlate", "late"),
        ("2 root error(s) found.\n  (0) INVALID_ARGUMENT: first\n  (1) OUT_OF_RANGE: second", "first"),
    ],
)
def test_of_texts(text: str, expected: str) -> None:
    assert error_line(ValueError(text)) == expected
