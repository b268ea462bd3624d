"""The shell of the magics: the code that a run writes is tried in it."""

from __future__ import annotations

# Fixtures are found by name in the conftest of the folder.
from tests.notebook.conftest import run as run
from tests.notebook.conftest import shell as shell
