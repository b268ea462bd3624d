"""What the errors print."""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Callable

import pytest

from hubexplore import errors
from hubexplore.hub.loading import NoModuleError
from hubexplore.hub.running import run_error_classes
from hubexplore.hub.storage.export import NotInitializedExportError
from hubexplore.hub.storage.export_target import ModuleExistsError
from hubexplore.hub.variants.restore import MissingVariableError

SAID = "there is no 'a', only:\n\x1b[31mred\x1b[0m, \x1b]8;;http://e\x07link, \u202eright, é\r"
SHOWN = "there is no 'a', only:\n\\x1b[31mred\\x1b[0m, \\x1b]8;;http://e\\x07link, \\u202eright, é\\r"
KINDS = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, errors.HubError)]
OF_TENSORFLOW: list[Callable[[str], Exception]] = [
    functools.partial(run_error_classes.NotInitializedError, None, None),
    NotInitializedExportError,
    MissingVariableError,
    ModuleExistsError,
    NoModuleError,
]


@pytest.mark.parametrize("make", [*KINDS, *OF_TENSORFLOW])
def test_a_message_is_shown_as_it_is_and_moves_no_cursor(make: Callable[[str], Exception]) -> None:
    error = make(SAID)
    assert isinstance(error, errors.HubError)
    assert str(error) == SHOWN
    assert SHOWN in "".join(traceback.format_exception(error))
