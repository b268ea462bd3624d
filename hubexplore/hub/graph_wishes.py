"""What a user may say of a graph that declares no signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hubexplore.summary.formats.graph_files.chosen_signatures import Signatures


@dataclass(frozen=True)
class Wishes:
    """Options of `load_module_spec` for frozen graphs and training checkpoints; false if there are none."""

    signatures: Signatures | None = None
    lift_constants: bool = False

    def __bool__(self) -> bool:
        return self.signatures is not None or self.lift_constants


NO_WISHES: Final = Wishes()
