"""TensorFlow's start without the page of log on stderr that a notebook would show in red and store.

Setting `TF_CPP_MIN_LOG_LEVEL` is not enough: TensorFlow 2.21 writes part of the log before it reads it.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Final

LOG_LEVEL: Final = "TF_CPP_MIN_LOG_LEVEL"
# Lines of no consequence: information, the notice that early lines go to stderr, that there is no GPU, and
# that TensorFlow registered its own parts for GPUs twice, as older releases report of themselves.
NOISE: Final = re.compile(
    rb"I\d{4} |\d{4}-\d\d-\d\d [\d:.]+: I |WARNING: All log messages before absl::InitializeLog|"
    rb"To enable the following instructions|.*failed call to cuInit|.*Unable to register cu\w+ factory|"
    rb".*computation placer already registered|.*TF-TRT Warning: Could not find TensorRT|\s*$"
)
# A process has one stderr: two threads that redirected it at once would restore it in the wrong order.
STDERR_LOCK: Final = threading.RLock()


def start_devices() -> None:
    """Starts TensorFlow's devices where commands are typed, without the log that says there is no GPU.

    Elsewhere the first op starts them, with the log that other programs on this machine have. What users
    configure must come first, so this is called only where an op follows.
    """
    # Python sets ps1 where people type commands.
    if hasattr(sys, "ps1"):
        import tensorflow as tf

        with quiet_tensorflow():
            tf.config.list_logical_devices()


@contextlib.contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Holds back what native code writes to stderr inside, then writes the warnings and errors among it.

    Information that TensorFlow logs later is dropped as well, since `TF_CPP_MIN_LOG_LEVEL` becomes 1 where it
    was not set. A user who sets it to 0 sees everything, at once. If the body raises, everything is written.
    """
    if os.environ.setdefault(LOG_LEVEL, "1") == "0":
        yield
        return
    with contextlib.ExitStack() as stack:
        stack.enter_context(STDERR_LOCK)
        # Native code writes to descriptor 2 itself, so replacing sys.stderr would not be enough.
        try:
            stderr = os.dup(2)
        except OSError:  # the process has no stderr
            yield
            return
        stack.callback(os.close, stderr)
        # A file, since a pipe that nobody reads would block its writer once it is full.
        captured = stack.enter_context(tempfile.TemporaryFile())
        # Text that Python has buffered so far must not end up in the file.
        sys.stderr.flush()
        os.dup2(captured.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            captured.seek(0)
            lines = captured.readlines()
            os.write(2, b"".join(line for line in lines if failed or not NOISE.match(line)))
