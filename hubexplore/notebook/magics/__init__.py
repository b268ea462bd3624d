"""The magics: each parses its line, calls the session, and returns a value.

Read `line_parser` first (a line becomes options, an error becomes one line), then `base` (what a word on the
line stands for). `load_magics`, `call_magics`, `cut_magic`, `map_magic`, `cost_magic`, `convert_magic`,
`show_magics`, `doctor_magic`, `lens_magic`, `session_magic`, `try_magic` hold the line magics; `module_magic`
and `graph_magic` those over a cell of code, which `cell_code` compiles; `csv_rows` reads a cell of rows.
`load_status` shows progress, `completion` completes a line. `HubMagics` is all magics together. Nothing here
imports TensorFlow or pandas when it is loaded.
"""

from __future__ import annotations

from typing import Any, Final

from hubexplore.notebook.magics.call_magics import CallMagics
from hubexplore.notebook.magics.convert_magic import ConvertMagics
from hubexplore.notebook.magics.cost_magic import CostMagics
from hubexplore.notebook.magics.cut_magic import CutMagics
from hubexplore.notebook.magics.doctor_magic import DoctorMagics
from hubexplore.notebook.magics.graph_magic import GraphMagics
from hubexplore.notebook.magics.lens_magic import LensMagics
from hubexplore.notebook.magics.load_magics import LoadMagics
from hubexplore.notebook.magics.map_magic import MapMagics
from hubexplore.notebook.magics.module_magic import ModuleMagics
from hubexplore.notebook.magics.session_magic import SessionMagics
from hubexplore.notebook.magics.show_magics import ShowMagics
from hubexplore.notebook.magics.try_magic import TryMagics


class HubMagics(
    LoadMagics,
    CallMagics,
    CutMagics,
    MapMagics,
    CostMagics,
    ConvertMagics,
    TryMagics,
    ModuleMagics,
    GraphMagics,
    ShowMagics,
    DoctorMagics,
    LensMagics,
    SessionMagics,
):
    """All `%hub_...` magics, which share one book of sessions."""

    registered = True

    def close(self) -> None:
        """Closes all sessions."""
        self.book.close_all()


# `magics_class` would record nothing here: it knows only the methods that are decorated in the class body
# itself.
_PARTS: Final[Any] = HubMagics.__bases__
HubMagics.magics = {
    kind: {name: method for part in _PARTS for name, method in part.magics[kind].items()}
    for kind in ("line", "cell")
}
