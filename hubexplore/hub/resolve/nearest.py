"""A handle that stands for a folder around a model: its newest version or only model, or the question which.

TensorFlow Serving has each version of a model in a folder with a number as its name, an estimator in one with
the time. `hub.Module` and `load_module_spec` take the folder of the model itself; displays and sessions look
for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from hubexplore.errors import ModelsBelowError
from hubexplore.hub.resolve import version_note
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
      versions: name -> handle of all versions in the folder, newest first; empty where there is no choice.
    """

    value: T
    handle: Handle
    note: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)


def open_nearest(handle: Handle, reader: Callable[[Handle], T]) -> Opened[T]:
    """Reads the model that a handle stands for, or the newest version or only model in that folder.

    Raises:
      ModelsBelowError: (a ValueError) there are several that are not versions; the message lists what can be
        given instead.
      HubError: that of `reader`.
    """
    try:
        return Opened(reader(handle), handle, version_note(handle))
    except ModelsBelowError as error:
        handles = models_in(handle, error)
        if len(handles) != 1 and not _are_versions(error.names):
            raise _choice(handle, error) from error
    below = next(iter(handles.values()))
    folder = redacted(text_of(handle))
    # Outside of the handler, since an error in the model below is not one of the folder.
    if len(handles) == 1:
        return Opened(reader(below), below, f"{redacted(below)!r} was opened, the only model in {folder!r}.")
    note = f"{redacted(below)!r} was opened, the newest of {len(handles):,} versions in {folder!r}."
    return Opened(reader(below), below, note, handles)


def _are_versions(names: tuple[str, ...]) -> bool:
    """Whether the names are numbers, as those of versions are; these come newest first."""
    return all(name.isascii() and name.isdecimal() for name in names)


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
