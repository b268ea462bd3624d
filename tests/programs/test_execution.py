"""A program that `hubexplore run` runs does what it does under `python`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HELPER = """
import warnings
warnings.warn("an old module", DeprecationWarning, stacklevel=2)
def fail():
    raise KeyError("inside")
class Point:
    pass
"""
PROGRAMS = {
    "what it is told": """
import sys
print(sys.argv, __name__, __file__, sys.path[0], __package__, __doc__)
print(getattr(__spec__, "name", None), type(__loader__).__name__)
print(sorted(globals()), sys.modules["__main__"].__dict__ is globals(), __builtins__)
print(sys.stdin.read())
""",
    "an error in a module": """
import helper
try:
    helper.fail()
except KeyError as error:
    raise ValueError("outside") from error
""",
    "an error after an error": """
import helper
try:
    import nonexistent.part
except ImportError:
    helper.fail()
""",
    "a group of errors": "raise ExceptionGroup('two', [ValueError(1), TypeError(2)])",
    "a syntax error": "x = 1\nprint 'a'\n",
    "a broken module": "import broken",
    "a message at the end": "import sys; sys.exit('no more')",
    "an exit code": "raise SystemExit(7)",
    "an interrupt": "raise KeyboardInterrupt",
    "what is left for the end": """
import atexit, threading, time
atexit.register(lambda: print("at exit", flush=True))
threading.Thread(target=lambda: (time.sleep(0.1), print("thread", flush=True))).start()
1 / 0
""",
    "pickled classes": """
import pickle
class Point:
    x = 1
print(pickle.loads(pickle.dumps(Point())).x, pickle.dumps(Point()))
""",
    "a hook for errors": """
import sys, traceback
sys.excepthook = lambda *error: (traceback.print_exception(*error, file=sys.stdout), sys.exit(5))
raise RuntimeError("hooked")
""",
    "a hook that fails": """
import sys
def hook(*error):
    raise OSError("in the hook")
sys.excepthook = hook
raise RuntimeError("original")
""",
    "warnings of modules": "import helper",
    "a process that it forks": """
import multiprocessing
def double(x):
    return 2 * x
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(1) as pool:
        print(pool.map(double, [1, 2]))
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "helper.py").write_text(HELPER)
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    for name in ("module", "__main__"):
        (tmp_path / "package" / f"{name}.py").write_text(PROGRAMS["what it is told"] + "1 / 0\n")
    return tmp_path


def start(command: list[str], folder: Path) -> subprocess.Popen[str]:
    paths = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]))
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, *command], cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, text=True,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip


def ended(process: subprocess.Popen[str], stdin: str = "") -> tuple[int, str, str]:
    out, error = process.communicate(stdin)
    return process.returncode, out, error


def both(
    words: list[str], folder: Path, stdin: str = ""
) -> tuple[tuple[int, str, str], tuple[int, str, str]]:
    """Exit code, output and errors under `python`, and under `hubexplore run`; at the same time."""
    plain, own = start(words, folder), start(["-m", "hubexplore", "run", *words], folder)
    return ended(plain, stdin), ended(own, stdin)


def without_runpy(stderr: str) -> str:
    """A traceback without the lines that Python shows for -m."""
    return "".join(line for line in stderr.splitlines(keepends=True) if "<frozen runpy>" not in line)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_script(name: str, folder: Path) -> None:
    (folder / "program.py").write_text(PROGRAMS[name])
    words = ["./program.py", "--tf1", "-m", "--help", "--", "x y"]
    plain, (code, out, error) = both(words, folder, "input")
    if name == "a syntax error":
        assert error.startswith(plain[2])
        assert error.endswith("a part of Python up to 3.12.\n")
        error = plain[2]
    assert (code, out, error) == plain


@pytest.mark.parametrize(
    "words",
    [
        ["-m", "package.module", "-m", "x"], ["-mpackage", "x"], ["-m", "nothing.here"], ["package", "x"],
        ["-", "x"],
    ],
)  # fmt: skip
def test_modules_folders_and_standard_input(words: list[str], folder: Path) -> None:
    stdin = PROGRAMS["what it is told"] + "1 / 0\n" if words[0] == "-" else "input"
    (code, out, error), own = both(words, folder, stdin)
    assert own == (code, out, without_runpy(error))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.py"], "can't open file 'nothing.py': No such file or directory."),
        ([], "the SCRIPT is missing"),
        (["--tf2", "x.py"], "unrecognized arguments: --tf2"),
        (["-m"], "argument -m: expected one argument"),
    ],
)
def test_what_cannot_be_run(words: list[str], message: str, folder: Path) -> None:
    code, out, error = ended(start(["-m", "hubexplore", "run", *words], folder))
    assert (code, out) == (2, "")
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("program", "remedy"),
    [
        ("import types; types.ModuleType('keras.backend').set_session", True),
        ("raise ModuleNotFoundError('gone', name='keras.engine')", True),
        ("import types; types.ModuleType('kerastuner').set_session", False),
        ("raise AttributeError('set_session')", False),
    ],
)
def test_names_of_keras_2(program: str, remedy: bool, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(program)
    code, _, error = ended(start(["-m", "hubexplore", "run", "program.py"], tmp_path))
    assert code == 1
    assert ("pip install tf_keras" in error) is remedy
