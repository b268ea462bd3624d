"""What a reader of one file is."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from hubexplore.errors import DamagedDataError, MissingExtraError

if TYPE_CHECKING:
    import pyarrow as pa

MSG_EXTRA: Final = "{purpose} needs pyarrow, which is not installed. Run: pip install 'hubexplore[map]'"


def require_pyarrow(purpose: str) -> None:
    """Raises MissingExtraError if pyarrow is not installed."""
    try:
        import pyarrow  # noqa: F401 - whether it is there
    except ImportError as error:
        raise MissingExtraError(MSG_EXTRA.format(purpose=purpose)) from error


class FileReader(abc.ABC):
    """Reads one file, a piece at a time.

    Attributes:
      path: of the file.
      names: of the columns.
      length: number of rows; None where only reading the file tells.
      is_typed: whether the format tells numbers from texts.
    """

    path: str
    names: list[str]
    length: int | None
    is_typed = True

    @abc.abstractmethod
    def tables(self, start: int, size: int, names: Sequence[str], texts: Sequence[str]) -> Iterator[pa.Table]:
        """Yields the rows from number `start` of this file on, in pieces of any size.

        Args:
          start: number of the first row in this file.
          size: number of rows that a piece should have.
          names: of the columns to read.
          texts: those of them that are read as text.

        Raises:
          DamagedDataError: (an OSError) the file is cut, or not of this format.
        """


def damaged(path: str, kind: str, error: Exception) -> DamagedDataError:
    """The error for a file that cannot be read."""
    reason = " ".join(str(error).split())
    cause = "it may be cut or of another format"
    if "UTF8" in reason or "\\x00" in reason or "\0" in reason:
        cause = "its text is not in UTF-8. Read it with pandas, encoding=..., and pass the DataFrame"
    return DamagedDataError(f"{path!r} cannot be read as {kind}; {cause}. {reason}")
