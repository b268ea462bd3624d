"""Imports that bring TensorFlow along, which an interrupt must not break off.

Of an import that is broken off, Python keeps the submodules that were complete. Those of TensorFlow register
their classes once per process, so that every later import of it fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from hubexplore.errors import BrokenImportError, HubError
from hubexplore.session.background.background_import import is_half_imported
from hubexplore.session.background.interrupts import interrupt
from hubexplore.session.interruption import run_interruptibly

Result = TypeVar("Result")
MSG_BROKEN: Final = (
    "TensorFlow cannot be imported: an earlier import of it in this process was interrupted or failed, and "
    "left parts behind. Restart the process (in a notebook: Kernel > Restart Kernel) and import it again."
)


def import_whole(work: Callable[[], Result]) -> Result:
    """Returns what `work` returns, which imports. An interrupt gives control back while the import goes on.

    Raises:
      KeyboardInterrupt: the user interrupted the wait. The next import of the same waits for this one.
      BrokenImportError: (an ImportError) what an earlier import of TensorFlow left behind is in the way.
    """
    is_broken = is_half_imported()
    try:
        return run_interruptibly(work)
    except KeyboardInterrupt:
        raise interrupt() from None
    except HubError:
        raise
    except Exception as error:
        if is_broken:
            raise BrokenImportError(MSG_BROKEN) from error
        raise
