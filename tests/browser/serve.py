"""Runs JupyterLab, and ends it when the process that started it is gone, whatever ended that.

The starter holds the other end of standard input and never writes: it closes with the starter. The server
then ends as a service manager ends it, and takes its kernels with it.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def end_with_the_starter() -> None:
    """Waits for the end of standard input."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=end_with_the_starter, daemon=True).start()
    runpy.run_module("jupyterlab", run_name="__main__", alter_sys=True)
