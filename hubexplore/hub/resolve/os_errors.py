"""What the system refuses, in the words of hubexplore."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from hubexplore import errors


def reason_of(error: OSError) -> str:
    """Returns why the system refused: "No space left on device"."""
    # strerror is None if the OSError was made from a text alone.
    return error.strerror or str(error)


@contextlib.contextmanager
def translated(explain: Callable[[str], errors.HubError]) -> Iterator[None]:
    """Turns an OSError into the error that `explain` returns for its reason.

    Errors of hubexplore pass as they are: many of them are OSErrors, too.
    """
    try:
        yield
    except errors.HubError:
        raise
    except OSError as error:
        raise explain(reason_of(error)) from error
