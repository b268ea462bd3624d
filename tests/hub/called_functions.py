"""Modules that call functions: Defuns by name, functions in functions, a loop and branches of TF2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import function

import hubexplore as hub

tf1 = tf.compat.v1


def compiled(body: Callable[..., Any]) -> Any:
    """`tf.function`, with a type."""
    return tf.function(body)


def defun(*dtypes: tf.DType, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`Defun` of TF1, which calls a function by an op of its name, with a type."""

    def decorate(body: Callable[..., Any]) -> Any:
        return function.Defun(*dtypes, **options)(body)

    return decorate


def layers() -> None:
    """Two calls of one Defun by its name, and a function in a function; the middle one uses a variable."""
    x = tf1.placeholder(tf.float32, [None], name="x")
    scale = tf1.get_variable("scale", initializer=3.0)

    @defun(tf.float32)
    def layer(a: Any) -> Any:
        twice = tf.multiply(a, 2.0, name="twice")
        return tf.subtract(tf.exp(twice, name="power"), 1.0), tf.identity(a)

    @compiled
    def inner(a: Any) -> Any:
        return tf.sqrt(tf.add(a, scale, name="moved"), name="root") + 1.0

    @compiled
    def outer(a: Any) -> Any:
        with tf.name_scope("head"):
            return tf.sin(inner(tf.square(a, name="squared")))

    hidden, _ = layer(x, name="first")
    hidden, _ = layer(hidden * 0.5, name="second")
    hub.add_signature(inputs=x, outputs=tf.negative(outer(hidden)))


def loop() -> None:
    x = tf1.placeholder(tf.float32, [None], name="x")

    @compiled
    def growing(a: Any) -> Any:
        def body(i: Any, v: Any) -> Any:
            return i + 1, tf.add(tf.square(v, name="squared") * 0.5, 1.0, name="grown")

        return tf.while_loop(lambda i, _: i < 3, body, [tf.constant(0), a], name="loop")[1]

    @compiled
    def choosing(a: Any) -> Any:
        return tf.cond(
            tf.reduce_sum(a) > 0, lambda: tf.exp(a, name="power"), lambda: tf.negative(a), name="choice"
        )

    hub.add_signature(inputs=x, outputs=choosing(growing(x)) * 1.0)
