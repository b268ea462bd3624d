"""Explains errors of a disk, or of a remote file system, in an export, with a remedy."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

import tensorflow as tf

from hubexplore.errors import ExportError
from hubexplore.hub.error_line import error_line
from hubexplore.summary.files.paths import is_url

# All classes that TensorFlow's file systems raise; other errors of an export are not about storage.
STORAGE_ERRORS: Final = (
    OSError,
    tf.errors.AbortedError,
    tf.errors.AlreadyExistsError,
    tf.errors.FailedPreconditionError,
    tf.errors.InvalidArgumentError,  # a name that is too long
    tf.errors.NotFoundError,
    tf.errors.OutOfRangeError,
    tf.errors.PermissionDeniedError,
    tf.errors.ResourceExhaustedError,
    tf.errors.UnavailableError,
    tf.errors.UnimplementedError,
    tf.errors.UnknownError,
)

_MAY_WRITE: Final = "Export to a directory in which you may write."
_RIGHTS: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_REMEDIES: Final = {
    errno.ENOSPC: "Make room there, or export to another disk.",
    errno.EDQUOT: "Make room there, or export to another disk.",
    errno.EFBIG: "Raise the limit of this process (`ulimit -f`), or export to another file system.",
    **dict.fromkeys(_RIGHTS, _MAY_WRITE),
    errno.ENAMETOOLONG: "Choose a shorter path.",
    errno.EBUSY: "Something else uses it. Export to a new directory beside it.",
    errno.EXDEV: "It cannot be replaced in one step. Export to a new directory inside or beside it.",
    errno.EEXIST: "Another program wrote there meanwhile. Export to another directory.",
    errno.EMFILE: "Close files, or raise the limit of this process (`ulimit -n`).",
}
_OTHERWISE: Final = "Export to another path."
_LONGEST: Final = 300

MSG_FAILED: Final = "The module could not be written to {path!r}: {reason}. {remedy} Nothing was changed."
MSG_FILE: Final = (
    "No module can be written to {path!r}: {place!r} is a file, so it cannot contain a directory. Export to "
    "another path. Nothing was changed."
)
MSG_DANGLING: Final = (
    "No module can be written to {path!r}: {place!r} is a symbolic link to {leads!r}, which does not exist. "
    "Make that directory, or remove the link: os.unlink({place!r}). Nothing was changed."
)


def export_error(path: str, error: Exception) -> ExportError:
    """Returns the ExportError for an error of the file system of `path`."""
    if obstacle := _obstacle(path):
        return ExportError(obstacle)
    number = _number(error)
    remedy = _REMEDIES.get(number, _OTHERWISE)
    return ExportError(MSG_FAILED.format(path=path, reason=_reason(error, number), remedy=remedy))


def is_of_storage(error: Exception) -> bool:
    """Says whether an error of TensorFlow is one of the file system."""
    return _number(error) != 0


def _number(error: Exception) -> int:
    """The errno of an error; 0 where it has none. TensorFlow only has the sentence."""
    if isinstance(error, OSError):
        return error.errno or 0
    return next((number for number in errno.errorcode if f"; {os.strerror(number)}" in str(error)), 0)


def _reason(error: Exception, number: int) -> str:
    if isinstance(error, OSError):
        where = f" in {os.path.dirname(error.filename)!r}" if number in _RIGHTS and error.filename else ""
        return f"{error.strerror or error}{where}"[:_LONGEST]
    if number and number != errno.ENOENT:
        return os.strerror(number)
    return error_line(error)[:_LONGEST]


def _obstacle(path: str) -> str:
    """The message where something else is in the way of a local directory; "" if nothing is."""
    if is_url(path):
        return ""
    place = next(folder for folder in Path(path).parents if os.path.lexists(folder))
    if place.is_dir():
        return ""
    if place.is_symlink() and not place.exists():
        return MSG_DANGLING.format(path=path, place=str(place), leads=str(place.readlink()))
    return MSG_FILE.format(path=path, place=str(place))
