"""TensorFlow's import beside other threads, with a TensorFlow that begins and ends when the test says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

from hubexplore.session.background.interrupts import MSG_GOES_ON

ROOT = Path(__file__).parents[3]

# As TensorFlow does: the package finds `compat` only at its end, and imports Keras, which imports it.
TENSORFLOW = """
import builtins, pathlib
__path__ = []
builtins.begun.set()
builtins.go_on.wait()
exec(builtins.fault)
__path__ = [str(pathlib.Path(__file__).parent)]
import keras
"""
KERAS = "import tensorflow\nimport tensorflow.compat\nLayer = tensorflow.compat\n"
BEGIN = """
import builtins, os, sys, threading, time
builtins.begun, builtins.go_on, builtins.fault = threading.Event(), threading.Event(), "{fault}"
from hubexplore.session.background.background_import import BackgroundImport
in_background = BackgroundImport(lambda: None)
plain = builtins.__import__
def wait_until(thread, *functions):
    '''Waits until a thread is in functions of these names.'''
    names = []
    while not set(functions).issubset(names):
        names, frame = [], sys._current_frames().get(thread.ident)
        while frame:
            names.append(frame.f_code.co_name)
            frame = frame.f_back
"""


class Script(Protocol):
    """Runs code, and a fault inside of TensorFlow's import."""

    def __call__(self, code: str, fault: str = "") -> str: ...


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Runs code in a new process in which TensorFlow and Keras are those above; returns what it prints."""
    folder = tmp_path / "packages"
    (folder / "tensorflow").mkdir(parents=True)
    (folder / "tensorflow" / "__init__.py").write_text(TENSORFLOW)
    (folder / "tensorflow" / "compat.py").write_text("")
    (folder / "keras.py").write_text(KERAS)

    def run(code: str, fault: str = "") -> str:
        ran = subprocess.run(
            [sys.executable, "-c", BEGIN.format(fault=fault) + code],
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    return run


@pytest.mark.parametrize("line", ["import tensorflow.compat as x", "import keras; x = keras.Layer"])
def test_an_import_of_the_user_waits(script: Script, line: str) -> None:
    code = f"""
in_background.start()
begun.wait()
ended = []
def work():
    space = {{}}
    exec({line!r}, space)
    ended.append(space["x"].__name__)
beside = threading.Thread(target=work)
beside.start()
wait_until(beside, "_pass")
assert not ended
go_on.set()
beside.join()
in_background.wait()
print(ended, builtins.__import__ is plain)
"""
    assert script(code) == "['tensorflow.compat'] True"


def test_without_another_thread_nothing_waits(script: Script) -> None:
    code = """
def refuse(thread):
    raise RuntimeError("can't start new thread")
threading.Thread.start = refuse
in_background.start()
print(in_background.is_running)
in_background.wait()
"""
    assert script(code) == "False"


def test_an_import_that_began_before_the_gate_goes_on(script: Script) -> None:
    """It holds Python's lock of the package, for which the thread of the gate waits."""
    code = """
class Finder:
    def find_spec(self, name, path=None, target=None):
        # Python has taken the lock, and TensorFlow is not among its modules yet.
        if name == "tensorflow" and threading.current_thread() is threading.main_thread():
            in_background.start()
            while builtins.__import__ is plain:
                time.sleep(0.001)
sys.meta_path.insert(0, Finder())
go_on.set()
import tensorflow.compat as x
in_background.wait()
print(x.__name__, builtins.__import__ is plain)
"""
    assert script(code) == "tensorflow.compat True"


def test_who_imports_it_quietly_at_the_same_time_is_not_waited_for_in_a_circle(script: Script) -> None:
    """Both need stderr and TensorFlow, and take them in the same order."""
    code = """
from hubexplore.hub.quiet_start import quiet_tensorflow
go_on.set()
with quiet_tensorflow():
    in_background.start()
    (beside,) = [thread for thread in threading.enumerate() if thread.name == "hubexplore-import"]
    wait_until(beside, "filtered_stderr")
    import tensorflow.compat
in_background.wait()
print(tensorflow.compat.__name__, builtins.__import__ is plain)
"""
    assert script(code) == "tensorflow.compat True"


@pytest.mark.parametrize("chosen", ["", "sys.setswitchinterval(0.25)"])
def test_other_threads_get_their_turn_at_once_until_it_ends(script: Script, chosen: str) -> None:
    code = f"""
sys.setswitchinterval(0.125)
in_background.start()
begun.wait()
during = sys.getswitchinterval()
{chosen}
go_on.set()
in_background.wait()
print(during < 0.001, sys.getswitchinterval())
"""
    assert script(code) == f"True {0.25 if chosen else 0.125}"


def test_an_interrupt_ends_the_wait_and_not_the_import(script: Script) -> None:
    code = """
import signal
in_background.start()
begun.wait()
def stop():
    wait_until(threading.main_thread(), "_pass", "wait")
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=stop).start()
try:
    import tensorflow.compat
except KeyboardInterrupt as error:
    print(*error._render_traceback_())
go_on.set()
import tensorflow.compat
print(tensorflow.compat.__name__)
"""
    assert script(code).splitlines() == [f"KeyboardInterrupt: {MSG_GOES_ON}", "tensorflow.compat"]


def test_other_imports_do_not_wait(script: Script) -> None:
    code = """
in_background.start()
begun.wait()
import colorsys
print(colorsys.__name__, in_background.is_running)
go_on.set()
in_background.wait()
"""
    assert script(code) == "colorsys True"


def test_it_is_begun_once(script: Script) -> None:
    code = """
in_background.start()
in_background.start()
go_on.set()
in_background.wait()
begun.clear()
in_background.start()
in_background.wait()
print(begun.is_set(), in_background.elapsed)
"""
    assert script(code) == "False 0.0"


def test_an_error_is_raised_where_tensorflow_is_needed(script: Script) -> None:
    code = """
go_on.set()
in_background.start()
for need in (in_background.wait, lambda: exec("import tensorflow.compat"), in_background.wait):
    try:
        need()
    except ImportError as error:
        print(error)
"""
    fault = "import sys; sys.modules['tensorflow.part'] = sys; raise ImportError('no libfoo')"
    assert script(code, fault).splitlines() == ["no libfoo"] * 3


def test_what_can_be_tried_again_is(script: Script) -> None:
    code = """
go_on.set()
in_background.start()
in_background.wait()
builtins.fault = ""
import tensorflow.compat
print(tensorflow.compat.__name__, builtins.__import__ is plain)
"""
    assert script(code, "raise ImportError('not yet')") == "tensorflow.compat True"


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="this system has no forks")
def test_a_fork_waits_unless_it_becomes_another_program(script: Script) -> None:
    code = """
import pty
in_background.start()
begun.wait()
pid, descriptor = pty.fork()
if not pid:
    os._exit(0)
os.waitpid(pid, 0)
print(in_background.is_running)
def release():
    wait_until(threading.main_thread(), "_before_fork")
    go_on.set()
threading.Thread(target=release).start()
pid = os.fork()
if not pid:
    print(in_background.is_running, flush=True)
    os._exit(0)
os.waitpid(pid, 0)
"""
    assert script("import warnings; warnings.simplefilter('ignore')\n" + code).splitlines() == [
        "True",
        "False",
    ]


def test_a_process_that_ends_meanwhile_ends(script: Script) -> None:
    assert script("in_background.start()\nbegun.wait()\nprint('end')") == "end"
