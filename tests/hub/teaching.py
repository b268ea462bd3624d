"""What tests of messages share: a message tells the cause, and behind it the remedy."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub


@contextlib.contextmanager
def taught(cause: str, remedy: str, *classes: type[BaseException]) -> Iterator[None]:
    """Expects a HubError of all `classes` whose message holds `cause`, and behind it `remedy`."""
    with pytest.raises(hub.HubError) as caught:
        yield
    check(caught.value, cause, remedy, *classes)


def check(error: BaseException | None, cause: str, remedy: str, *classes: type[BaseException]) -> None:
    assert error is not None
    teaches(str(error), cause, remedy)
    for error_class in classes:
        assert isinstance(error, error_class)


def teaches(message: str | None, cause: str, remedy: str) -> None:
    assert message is not None
    assert cause in message
    assert remedy in message.partition(cause)[2]


def failure(run: Callable[[], Any]) -> tf.errors.OpError:
    """What TensorFlow raises."""
    with pytest.raises(tf.errors.OpError) as caught:
        run()
    error = caught.value
    assert isinstance(error, tf.errors.OpError)
    return error


def made(module_fn: Callable[..., Any], *args: Any, **kwargs: Any) -> hub.Module:
    return hub.Module(hub.create_module_spec(lambda: module_fn(*args)), **kwargs)
