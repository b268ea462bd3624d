"""What the gallery shows: a small module of each kind, what a user puts into it, and what has to be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

import hubexplore as hub
from tests.browser.panel import Panel

tf1 = tf.compat.v1
FOLDER: Final = "modules"
"""Where the modules lie, below the folder of the notebook."""


@dataclass(frozen=True)
class Exhibit:
    """A kind of value, as the gallery shows it.

    Attributes:
      name: of its pictures.
      title: its heading.
      reason: what is shown and why, a sentence or two.
      module: writes the module; its name for a sample of hubexplore.
      fill: fills in the form, as a user does; the folder has the files of `drawings`.
      check: asserts what has to be seen after the run.
      signature: the signature that is opened.
    """

    name: str
    title: str
    reason: str
    module: Callable[[], None] | str
    fill: Callable[[Panel, Path], None]
    check: Callable[[Panel], None]
    signature: str = "default"

    @property
    def source(self) -> str:
        """The arguments of `explore` that open it."""
        path = self.module if isinstance(self.module, str) else f"{FOLDER}/{self.name}"
        return f"{path!r}, {self.signature!r}"

    def build(self, root: Path) -> None:
        """Writes the module below the folder of the notebook."""
        if isinstance(self.module, str):
            return
        spec = hub.create_module_spec(self.module)
        with tf.Graph().as_default():
            module = hub.Module(spec)
            with tf1.Session() as session:
                session.run([tf1.global_variables_initializer(), tf1.tables_initializer()])
                module.export(str(root / FOLDER / self.name), session)


def nothing(panel: Panel, folder: Path) -> None:
    """Fills in nothing."""


def each_row(value: Any, rows: tf.Tensor) -> tf.Tensor:
    """Returns a constant once for each row of the input."""
    constant = tf.constant(value)[None]
    return tf.tile(constant, [rows, *[1] * (len(constant.shape) - 1)])
