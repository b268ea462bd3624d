"""What a program's uncaught error shows: what Python would show without hubexplore, and a remedy."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Final

_FOLDER: Final = str(Path(__file__).parent)
_KERAS: Final = "keras"
_RUNPY: Final = "<frozen runpy>"
_PYTHON_2: Final = (
    "Missing parentheses in call to",
    "multiple exception types must be parenthesized",
    "leading zeros in decimal integer literals",
    "inconsistent use of tabs and spaces",
)
MSG_PYTHON_2: Final = (
    "This file is written for Python 2. Convert it with `2to3 -w -n FILE`, a part of Python up to 3.12."
)
MSG_KERAS_2: Final = (
    "If this program is written for Keras 2, install it: `python -m pip install tf_keras`. Then "
    "`hubexplore run --tf1` uses it for tf.keras; for `import keras`, write `import tf_keras as keras`."
)


def show(error: BaseException) -> None:
    """Shows an uncaught error of the program, as Python does: through `sys.excepthook`.

    Raises:
      SystemExit: the program's own hook asks for it.
    """
    _clean(error)
    try:
        sys.excepthook(type(error), error, error.__traceback__)
        if remedy := _remedy(error):
            # Not a note of the error: Python 3.11.2 does not show those of a SyntaxError.
            sys.stderr.write(f"{remedy}\n")
    except SystemExit:
        raise
    except BaseException as failure:  # noqa: BLE001 - Python shows both
        _clean(failure)
        sys.stderr.write("Error in sys.excepthook:\n")
        sys.__excepthook__(type(failure), failure, failure.__traceback__)
        sys.stderr.write("\nOriginal exception was:\n")
        sys.__excepthook__(type(error), error, error.__traceback__)


def _remedy(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return MSG_PYTHON_2 if str(error.msg).startswith(_PYTHON_2) else ""
    # An import of a name says its module as well, and an attribute that is missing has the object.
    name = error.name if isinstance(error, ImportError) else None
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        name = error.obj.__name__
    return MSG_KERAS_2 if name is not None and name.partition(".")[0] == _KERAS else ""


def _clean(error: BaseException) -> None:
    """Removes the frames of hubexplore from an error and from those that led to it."""
    errors, seen = [error], set[int]()
    while errors:
        current = errors.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        current.__traceback__ = _without_own_frames(current.__traceback__)
        errors += [other for other in (current.__cause__, current.__context__) if other is not None]
        if isinstance(current, BaseExceptionGroup):
            errors += current.exceptions


def _without_own_frames(traceback: TracebackType | None) -> TracebackType | None:
    frames: list[TracebackType] = []
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        is_own = os.path.dirname(file) == _FOLDER or (file == _RUNPY and not frames)
        if not is_own:
            frames.append(traceback)
        traceback = traceback.tb_next
    following = None
    for frame in reversed(frames):
        frame.tb_next = following
        following = frame
    return following
