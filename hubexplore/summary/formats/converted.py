"""What the conversion of a model into the form of a module results in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hubexplore.summary.model import VariableSummary
from hubexplore.summary.wishes import NO_WISHES, Wishes


@dataclass(frozen=True)
class Converted:
    """A model of another format as a module: what `hub` loads and `summary` shows.

    Attributes:
      meta_graph: flat MetaGraphDef-shaped message with the tags and signatures of the model.
      names: node of a variable -> name of its tensor in the checkpoint, where the two differ.
      stored: node of a constant without content -> name of its value in the checkpoint; loading fills it in.
      unneeded: variables that no signature needs, such as the slots of an optimizer. They are not in
        `meta_graph`, and their values are not loaded.
      constants: weights that are constants of the graph, as in a frozen one.
      notes: sentences that say what was left out or chosen, and why.
      wishes: what the user said of the graph.
      original: the model before it was converted, with all that may run in it; None if it is `meta_graph`.
    """

    meta_graph: Any
    names: Mapping[str, str] = field(default_factory=dict)
    stored: Mapping[str, str] = field(default_factory=dict)
    unneeded: tuple[VariableSummary, ...] = ()
    constants: tuple[VariableSummary, ...] = ()
    notes: tuple[str, ...] = ()
    wishes: Wishes = NO_WISHES
    original: Any = field(default=None, compare=False, repr=False)
