"""Runs a program in this process as `python PROGRAM` would."""

from __future__ import annotations

import builtins
import io
import os
import runpy
import sys
import zipfile
from collections.abc import Callable, Sequence
from importlib.machinery import BuiltinImporter, SourceFileLoader, SourcelessFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from hubexplore.errors import MissingProgramError
from hubexplore.programs import tracebacks

STDIN: Final = "-"


def run_file(path: str, arguments: Sequence[str]) -> None:
    """Runs a script; `-` is standard input, and a folder or zip file runs its `__main__.py`.

    Args:
      path: of the script.
      arguments: what follows it in `sys.argv`.

    Raises:
      MissingProgramError: (an OSError) the script cannot be read.
      SystemExit: the program ends with it.
      BaseException: the program ends with it, and it has been shown.
    """
    if path != STDIN and (Path(path).is_dir() or zipfile.is_zipfile(path)):
        _start([path, *arguments], str(Path(Path.cwd(), path)))
        # What Python itself calls in this case.
        _call(lambda: runpy._run_module_as_main("__main__", alter_argv=False))  # type: ignore[attr-defined]
        return
    if path == STDIN:
        source: bytes = sys.stdin.buffer.read() if isinstance(sys.stdin, io.TextIOWrapper) else b""
        main = _start([path, *arguments], "")
        vars(main).update(__file__="<stdin>", __cached__=None)
        _call(lambda: _execute(compile(source, "<stdin>", "exec", dont_inherit=True), main))
        return
    file = path if os.path.isabs(path) else os.path.join(Path.cwd(), path)
    read = _reader(file, path)
    main = _start([path, *arguments], os.path.dirname(os.path.realpath(file)))
    loader = SourcelessFileLoader if file.endswith(".pyc") else SourceFileLoader
    vars(main).update(__file__=file, __loader__=loader("__main__", file), __cached__=None)
    _call(lambda: _execute(read(), main))


def run_module(name: str, arguments: Sequence[str]) -> None:
    """Runs a module as `python -m NAME` would; see `run_file`."""
    # Python puts the path of the module in place of "-m".
    _start(["-m", *arguments], str(Path.cwd()))
    _call(lambda: runpy._run_module_as_main(name))  # type: ignore[attr-defined]  # what -m calls


def _reader(file: str, path: str) -> Callable[[], CodeType]:
    """Returns a function that compiles the script."""
    try:
        with io.open_code(file) as stream:
            content = stream.read()
    except OSError as error:
        raise MissingProgramError(
            f"can't open file {path!r}: {error.strerror or error}. Give the path of a Python script, `-` for "
            f"standard input, or `-m MODULE`."
        ) from None
    if file.endswith(".pyc"):
        code = SourcelessFileLoader("__main__", file).get_code("__main__")
        assert code is not None  # noqa: S101 - of a package only
        return lambda: code
    return lambda: compile(content, file, "exec", dont_inherit=True)


def _start(argv: list[str], folder: str) -> ModuleType:
    """Gives the process a new `__main__`, the arguments and the first folder of the path."""
    main = ModuleType("__main__")
    vars(main).update(__builtins__=builtins, __loader__=BuiltinImporter)
    if sys.version_info < (3, 14):
        vars(main)["__annotations__"] = {}
    sys.modules["__main__"] = main
    sys.argv = argv
    if not sys.flags.safe_path:
        # The folder of the command, or of `python -m hubexplore`.
        sys.path[0] = folder
    return main


def _execute(code: CodeType, main: ModuleType) -> None:
    exec(code, vars(main))  # noqa: S102 - the program that the user asks for


def _call(program: Callable[[], Any]) -> None:
    try:
        program()
    except SystemExit:
        raise
    except BaseException as failure:  # noqa: BLE001 - raised again below
        error = failure
    else:
        return
    # Outside of `except`, so that it is not the context of what a hook of the program raises.
    tracebacks.show(error)
    # The error goes on, so that Python ends as it would: with exit code 1, or by the signal of Ctrl-C.
    sys.excepthook = _silent
    raise error


def _silent(*error: object) -> None:
    """Shows nothing: the error has been shown."""
