"""TensorFlow starts with a page of log on stderr, which a notebook shows in red and stores. Not so here.

`TF_CPP_MIN_LOG_LEVEL` alone does not: TensorFlow 2.21 writes part of it before it reads the variable.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Final

from hubexplore.session.interruption import run_interruptibly

LOG_LEVEL: Final = "TF_CPP_MIN_LOG_LEVEL"
# Lines of no consequence: information, the notice that such lines went to stderr, that there is no GPU, and
# that TensorFlow's own parts for one were linked twice, as older releases say of themselves.
_NOISE: Final = re.compile(
    rb"I\d{4} |\d{4}-\d\d-\d\d [\d:.]+: I |WARNING: All log messages before absl::InitializeLog|"
    rb"To enable the following instructions|.*failed call to cuInit|.*Unable to register cu\w+ factory|"
    rb".*computation placer already registered|.*TF-TRT Warning: Could not find TensorRT|\s*$"
)
# A process has one stderr: two threads that hold it back at once would give it back in the wrong order.
_HOLDING: Final = threading.RLock()
_SESSION: Final = "hubexplore.session.session"


def is_tensorflow_imported() -> bool:
    """Whether TensorFlow, and what a session needs of hubexplore, have been imported to the end."""
    return hasattr(sys.modules.get(_SESSION), "NotebookSession")


def import_tensorflow() -> None:
    """Imports TensorFlow, quietly. An interrupt gives control back at once while the import goes on.

    An import of TensorFlow that is broken off leaves some of its modules behind, and every later attempt
    fails. The next caller waits for the one that goes on.
    """
    if not is_tensorflow_imported():
        run_interruptibly(_import)


def _import() -> None:
    with quiet_tensorflow():
        importlib.import_module(_SESSION)


@contextlib.contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Holds back what native code writes to stderr inside, and then writes all that is a warning or worse.

    Information that TensorFlow logs later stays away as well, since `TF_CPP_MIN_LOG_LEVEL` becomes 1 where
    it was not set. Who sets it to 0 sees everything, at once. If the body raises, everything is written.
    """
    if os.environ.setdefault(LOG_LEVEL, "1") == "0":
        yield
        return
    with contextlib.ExitStack() as stack:
        stack.enter_context(_HOLDING)
        try:
            stderr = os.dup(2)
        except OSError:  # there is none to keep quiet
            yield
            return
        stack.callback(os.close, stderr)
        held = stack.enter_context(tempfile.TemporaryFile())
        sys.stderr.flush()
        os.dup2(held.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            held.seek(0)
            lines = held.readlines()
            os.write(2, b"".join(line for line in lines if failed or not _NOISE.match(line)))
