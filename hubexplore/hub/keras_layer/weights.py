"""Keras variables whose values are those of a module's variables."""

from __future__ import annotations

from typing import Any

import keras

from hubexplore.hub.eager import eager_internals
from hubexplore.hub.keras_layer.callee import Weight


class ModuleVariable(keras.Variable):  # type: ignore[misc]  # Keras is untyped
    """A Keras variable that has a tf.Variable of a module as its value.

    There is one value in memory: what an optimizer, `set_weights` or a checkpoint assigns is what the module
    computes with.

    Args:
      weight: of the module.
      layer: name of the layer.
      is_own: whether the module is the layer's alone, so that what is frozen here is so everywhere.
    """

    def __init__(self, weight: Weight, layer: str, *, is_own: bool) -> None:
        self._is_own = is_own
        variable = weight.variable
        super().__init__(
            variable,
            dtype=variable.dtype.name,
            trainable=weight.trainable,
            # The graph of a module reads the value itself, so a scope that casts does not reach it.
            autocast=False,
            # Keras takes no slash in a name; the path has the name in the module.
            name=weight.name.replace("/", "_"),
        )
        path = f"{layer}/{weight.name}"
        # A plain attribute in Keras 3.3, a property later.
        if isinstance(getattr(type(self), "path", None), property):
            self._path = path
        else:
            self.path = path

    def _initialize(self, value: Any) -> None:
        # Keras would make another variable, with a copy of the value, in some versions.
        self._value = value

    @property
    def module_variable(self) -> Any:
        """The tf.Variable."""
        return self._value

    def adopt(self, variable: Any) -> None:
        """Takes the place of `variable` in its module, with the present value of this Keras variable."""
        if variable is not self._value:
            variable.assign(self._value)
            # Optimizers know a variable by its identity.
            eager_internals.take_identity(variable, self._value)
        self._value = variable
        self._is_own = True
        self.trainable = self._trainable

    @property
    def trainable(self) -> bool:
        """Whether optimizers change it and gradient tapes watch it."""
        return bool(self._trainable)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        # A tape that watched a frozen module would compute gradients for nothing, or refuse to.
        if self._is_own and getattr(self, "_value", None) is not None:
            eager_internals.set_trainable(self._value, self._trainable)


def is_replaced(variable: ModuleVariable) -> bool:
    """Whether a scope gives the variable another value than the module reads."""
    return variable.value is not variable.module_variable
