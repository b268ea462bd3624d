"""The sample `half-plus-two`."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

import hubexplore as hub


def test_it_halves_and_adds_two() -> None:
    with hub.eval_function_for_module("sample:half-plus-two") as function:
        np.testing.assert_array_equal(function([-4.0, 0.0, 1.0, 10.0]), [0.0, 2.0, 2.5, 7.0])


def test_its_variables_are_a_and_b() -> None:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = hub.Module("sample:half-plus-two")
        session.run(tf.compat.v1.global_variables_initializer())
        assert session.run(module.variable_map) == {"a": 0.5, "b": 2.0}


def test_its_initial_values_are_the_same() -> None:
    from hubexplore.samples import half_plus_two

    with hub.eval_function_for_module(half_plus_two.create_spec()) as function:
        np.testing.assert_array_equal(function({"x": [2.0]}), [3.0])
