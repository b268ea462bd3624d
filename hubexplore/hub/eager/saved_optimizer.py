"""Optimizers that Keras 2 saved with a model, which TensorFlow reads only where tf_keras is installed."""

from __future__ import annotations

import contextlib
import importlib.util
import threading
from collections.abc import Iterator
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub.eager.eager_internals import revived_type

IDENTIFIER: Final = "optimizer"
"""What a SavedModel calls these objects."""
# What a name stands for is state of the whole process.
_LOCK: Final = threading.RLock()


class SavedOptimizer(tf.Module):  # type: ignore[misc]  # TensorFlow is untyped
    """The state of an optimizer without its class: the slot variables that it had for each variable."""

    def __init__(self) -> None:
        super().__init__(name="optimizer")
        self._slots = _Slots()

    # The next two are what TensorFlow calls while it loads and restores.
    def add_slot(self, var: Any, slot_name: str, **_: Any) -> Any:
        """Makes the slot variable `slot_name` of a variable."""
        slot = tf.Variable(tf.zeros(var.shape, var.dtype), trainable=False, name=f"{slot_name}_slot")
        self._slots.by_variable[id(var), slot_name] = slot
        return slot

    def _create_or_restore_slot_variable(
        self, slot_variable_position: Any, slot_name: str, variable: Any, **_: Any
    ) -> Any:
        slot = self._slots.by_variable.get((id(variable), slot_name))
        if slot is not None:
            slot_variable_position.restore(slot)
        return slot


class _Slots:
    """Holds what TensorFlow must not follow: a checkpoint has no names for these keys."""

    def __init__(self) -> None:
        self.by_variable: dict[tuple[int, str], Any] = {}


@contextlib.contextmanager
def optimizers_of_keras_2() -> Iterator[None]:
    """Inside, `tf.saved_model.load` reads models that Keras 2 saved with their optimizers."""
    with _LOCK, contextlib.ExitStack() as stack:
        # TensorFlow imports tf_keras for such a model, which brings the class and registers it.
        if importlib.util.find_spec("tf_keras") is None:
            stack.enter_context(revived_type(IDENTIFIER, SavedOptimizer))
        yield
