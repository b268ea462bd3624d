"""A handle that stands for a folder around a model: the only model in it, or the question which of several.

TensorFlow Serving has each version of a model in a folder with a number as its name, an estimator in one with
the time. `hub.Module` and `load_module_spec` take the folder of the model itself; displays and sessions look
for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from hubexplore.errors import ModelsBelowError
from hubexplore.summary.files.filesystem import join
from hubexplore.summary.files.paths import text_of
from hubexplore.summary.files.redaction import redacted

T = TypeVar("T")
Handle = str | bytes | os.PathLike[str]

_SHOWN: Final = 8
"""Maximum number of models that a message lists."""


@dataclass(frozen=True)
class Opened(Generic[T]):
    """What was opened.

    Attributes:
      value: what the model was read as.
      handle: of the model.
      note: a sentence that says which model was opened; empty where the user gave its handle.
    """

    value: T
    handle: Handle
    note: str = ""


def open_nearest(handle: Handle, reader: Callable[[Handle], T]) -> Opened[T]:
    """Reads the model that a handle stands for, or the only one in the folder that it stands for.

    Raises:
      ModelsBelowError: (a ValueError) there are several; the message lists what can be given instead.
      HubError: that of `reader`.
    """
    try:
        return Opened(reader(handle), handle)
    except ModelsBelowError as error:
        handles = list(models_in(handle, error).values())
        if len(handles) != 1:
            raise _choice(handle, error) from error
        (below,) = handles
    # Outside of the handler, since an error in the model below is not one of the folder.
    note = f"{redacted(below)!r} was opened, the only model in {redacted(text_of(handle))!r}."
    return Opened(reader(below), below, note)


def models_in(handle: Handle, error: ModelsBelowError) -> dict[str, str]:
    """Returns name -> handle of the models in the folder that `handle` stands for, newest version first."""
    return {name: join(text_of(handle), name) for name in error.names}


def _choice(handle: Handle, error: ModelsBelowError) -> ModelsBelowError:
    handles = [repr(redacted(below)) for below in models_in(handle, error).values()]
    more = f" and {len(handles) - _SHOWN:,} more" if len(handles) > _SHOWN else ""
    choice = type(error)(
        f"{redacted(text_of(handle))!r} is a folder with {len(handles):,} models. Give the path of one of "
        f"them: {', '.join(handles[:_SHOWN])}{more}."
    )
    choice.names = error.names
    return choice
