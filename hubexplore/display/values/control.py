"""What the reader of a view may change, such as the slice of a volume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

Settings = Mapping[str, float]
"""Values of controls by key."""
NO_SETTINGS: Final[Settings] = MappingProxyType({})


@dataclass(frozen=True)
class Control:
    """A number that the reader may change, such as a threshold: its label, range and first value.

    A control that `plays` has a button that goes through all its values, as through the frames of a film.
    """

    key: str
    label: str
    low: float
    high: float
    value: float
    step: float = 0.01
    plays: bool = False

    def at(self, settings: Settings) -> float:
        """Returns its value in some settings, within its range: they may be those of an earlier value."""
        return min(max(settings.get(self.key, self.value), self.low), self.high)
