"""What is remembered of a call that was run."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from hubexplore.summary.model import Shape

Shapes = tuple[tuple[str, str, Shape], ...]
"""(name, dtype, shape) of each input or output."""


# Slots: the log of a session keeps up to 1,000 of these.
@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call.

    Attributes:
      number: counts from 1; what replays it.
      time: when it began.
      module: name it is loaded by.
      signature: its name.
      inputs: what went in.
      outputs: what came out.
      seconds: how long it took.
    """

    number: int
    time: datetime.datetime
    module: str
    signature: str
    inputs: Shapes
    outputs: Shapes
    seconds: float
