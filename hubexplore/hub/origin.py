"""Where a spec was loaded from, as long as the file is still what it was."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True)
class Origin:
    """The `saved_model.pb` that defines a spec, and nothing else does.

    Attributes:
      path: of the file.
      length: in bytes, when it was read.
      modified: time of its last change then, in nanoseconds since 1970.
      is_mended: the graphs in use differ from those of the file, which had a defect.
    """

    path: str
    length: int
    modified: int
    is_mended: bool = False

    @classmethod
    def of(cls, path: str) -> Origin:
        """The origin for a file as it is now."""
        found = tf.io.gfile.stat(path)
        return cls(path, found.length, found.mtime_nsec)

    def is_unchanged(self) -> bool:
        """Whether the file is there, as it was, and holds just the graphs in use."""
        try:
            return Origin.of(self.path) == self
        except tf.errors.OpError:
            return False
