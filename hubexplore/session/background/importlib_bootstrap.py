"""The import function that lets one thread import TensorFlow alone, while the others wait for it.

Python's own locks do not do that: `import tensorflow.compat.v1` in a second thread finds the package half
made and raises a ModuleNotFoundError; `import keras`, which TensorFlow imports and which imports TensorFlow,
ends in a deadlock that Python resolves by handing out half of a module. Python's warnings skip files whose
path has "importlib" and "_bootstrap" in it, hence the name of this file.
"""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any, Final

from hubexplore.session.background.interrupts import interrupt
from hubexplore.session.background.latch import Latch

_TANGLED: Final = frozenset({"tensorflow", "keras", "tf_keras", "tensorboard"})
"""TensorFlow, and the packages that it imports and that import it."""


class ImportGate:
    """Makes imports of TensorFlow wait in all threads but that which makes the gate, until it is opened.

    An interrupt ends the wait and breaks nothing, since the import that waits has not begun. An import that
    had begun in another thread before there was a gate goes on: it holds Python's lock of the package, for
    which the thread of the gate waits.
    """

    def __init__(self) -> None:
        self._importer = threading.get_ident()
        self._latch = Latch()
        self._error: BaseException | None = None
        original = builtins.__import__

        def import_module(
            name: str,
            globals: Mapping[str, Any] | None = None,  # noqa: A002 - the name that Python gives it
            locals: Mapping[str, Any] | None = None,  # noqa: A002 - likewise
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> Any:
            # IPython leaves frames with this name out of tracebacks.
            __tracebackhide__ = True
            if not level and name.partition(".")[0] in _TANGLED:
                self._pass()
            return original(name, globals, locals, fromlist, level)

        self._original = original
        self._function = import_module
        builtins.__import__ = import_module

    def _pass(self) -> None:
        __tracebackhide__ = True
        try:
            if threading.get_ident() == self._importer or _is_on_the_way(sys._getframe(1)):
                return
            self._latch.wait()
        except KeyboardInterrupt:
            raise interrupt() from None
        if self._error is not None:
            raise self._error

    def open(self, error: BaseException | None = None) -> None:
        """Lets all threads pass; or, given an error, makes whatever imports TensorFlow raise it.

        Without an error imports become what they were before.
        """
        self._error = error
        # Another library may have wrapped it meanwhile; then it stays, and does nothing.
        if error is None and builtins.__import__ is self._function:
            builtins.__import__ = self._original
        self._latch.open()


def _is_on_the_way(frame: FrameType | None) -> bool:
    """Whether code of these packages has called a frame: this thread is in the middle of their import."""
    while frame is not None:
        if str(frame.f_globals.get("__name__")).partition(".")[0] in _TANGLED:
            return True
        frame = frame.f_back
    return False
