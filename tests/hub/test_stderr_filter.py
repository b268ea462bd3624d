"""The log of a start in the background, while others write to stderr."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.hub.test_quiet_start import NEWS, NOISE

SCRIPT = """
import os, sys
from hubexplore.hub.stderr_filter import filtered_stderr
{code}
"""


def stderr_of(code: str, **environment: str) -> bytes:
    """Returns what a new process writes to stderr until all that write to it have ended."""
    settings = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.format(code=code)],
        env={**settings, **environment},
        stderr=subprocess.PIPE,
        check=False,
    ).stderr


WRITE = f"""
import threading
def end():
    # The thread that passes lines on ends when nobody can write any more.
    for thread in threading.enumerate():
        if thread.name == "hubexplore-stderr": thread.join()
with filtered_stderr():
    for line in {NOISE!r}.splitlines(True): os.write(2, line)
    for line in {NEWS!r}.splitlines(True): os.write(2, line)
end()
"""


def test_information_goes_and_news_stay() -> None:
    assert stderr_of(WRITE) == NEWS


def test_afterwards_stderr_is_as_it_was() -> None:
    assert stderr_of(f"{WRITE}os.write(2, {NOISE!r})") == NEWS + NOISE


def test_who_asks_for_the_log_gets_it() -> None:
    assert stderr_of(WRITE, TF_CPP_MIN_LOG_LEVEL="0") == NOISE + NEWS


def test_a_process_that_was_started_meanwhile_goes_on_writing() -> None:
    child = "import sys; sys.stdin.read(); sys.stderr.write('one\\\\n50 %')"
    code = f"""
import subprocess
with filtered_stderr():
    child = subprocess.Popen([sys.executable, "-c", "{child}"], stdin=subprocess.PIPE)
child.communicate(b"")
import threading
for thread in threading.enumerate():
    if thread.name == "hubexplore-stderr": thread.join()
"""
    assert stderr_of(code) == b"one\n50 %"


def test_a_line_that_has_only_begun_is_passed_on() -> None:
    code = """
with filtered_stderr():
    os.write(2, b"50 %")
    # Read from the same pipe that this process was given, by the test.
    os.read(0, 1)
"""
    settings = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(code=code)],
        env=settings,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.read(4) == b"50 %"
        process.communicate(b"x")


def test_if_the_start_fails_the_log_is_shown() -> None:
    code = f"""
try:
    with filtered_stderr():
        os.write(2, {NOISE!r})
        raise ImportError
except ImportError:
    pass
"""
    assert stderr_of(code) == NOISE


def test_without_a_stderr_nothing_is_held_back() -> None:
    code = "os.close(2)\nwith filtered_stderr(): os._exit(0)"
    assert stderr_of(code) == b""
