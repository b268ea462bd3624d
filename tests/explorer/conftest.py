"""The shell of the magics: the code that a run writes is tried in it."""

from __future__ import annotations

from tests.notebook.conftest import run, shell
