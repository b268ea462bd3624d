"""Runs a server, such as JupyterLab, and ends it when the process that started it ends for any reason.

    python serve.py MODULE [ARGUMENT ...]

The starter holds the other end of standard input and never writes to it, so that it closes when the starter
ends. The server then ends as with a service manager, with its kernels.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def end_with_the_starter() -> None:
    """Waits for the end of standard input, then terminates this process."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=end_with_the_starter, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
