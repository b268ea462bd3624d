"""A `dot` that has started before it is needed, for whoever draws one diagram after the other."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from typing import Final

# Fonts are looked up and read for the first text in each style and size that the diagrams have.
_FIRST: Final = b"""digraph { node [fontname="Helvetica,Arial,sans-serif"]
a [label=<<B>a</B><FONT POINT-SIZE="9">a</FONT><FONT POINT-SIZE="11">a</FONT>>] }
"""
_BEGINNING: Final = b"<?xml"


class SpareDot:
    """A `dot` that has drawn a first graph and waits for the next.

    Its start and its fonts, most of the time of a small diagram, are over by then. While it waits it uses no
    processor. It ends with this process, which holds its input open.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts one, unless one is waiting or there is no such program."""
        program = shutil.which("dot")
        if program is None or self._process is not None:
            return
        with contextlib.suppress(OSError):
            self._process = process = subprocess.Popen(  # noqa: S603 - as in graphviz_svg.py
                [program, "-Tsvg"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            assert process.stdin is not None  # noqa: S101 - a pipe
            process.stdin.write(_FIRST)
            process.stdin.flush()

    def svg(self, source: str, limit: float) -> bytes | None:
        """Returns the drawing of a graph; None if no `dot` is waiting, or if it fails.

        Args:
          source: the graph in DOT.
          limit: maximum time in seconds.

        Raises:
          subprocess.TimeoutExpired: it takes longer.
        """
        process, self._process = self._process, None
        if process is None:
            return None
        try:
            output, _ = process.communicate(source.encode(), limit)
        finally:
            _end(process)
        is_complete = process.returncode == 0 and output.count(_BEGINNING) == 2
        return output[output.rindex(_BEGINNING) :] if is_complete else None

    def close(self) -> None:
        """Ends the one that is waiting."""
        process, self._process = self._process, None
        if process is not None:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process, if it has not ended, and frees what it holds."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):  # what was left to write
                pipe.close()
