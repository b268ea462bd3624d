"""Which graph variants of a module go into a SavedModel, and under which names its signatures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hubexplore.summary.module_format import DEFAULT_SIGNATURE

TRAIN: Final = "train"
SERVING_DEFAULT: Final = "serving_default"
MSG_LEFT_OUT: Final = (
    "The graph variant with the tags {tags} is left out: a TF2 SavedModel has one set of signatures. Save it "
    "separately: tags={tags}."
)


@dataclass(frozen=True)
class Choice:
    """The graph variants that are written.

    Attributes:
      serving: tags of the one whose signatures are served.
      training: tags of the one that `training=True` runs; None if it is the same.
      notes: sentences that say which variants are left out.
    """

    serving: frozenset[str]
    training: frozenset[str] | None
    notes: tuple[str, ...] = ()


def variants_of(choice: Choice) -> tuple[frozenset[str], ...]:
    """The tags of the graph variants that are written."""
    return (choice.serving,) if choice.training is None else (choice.serving, choice.training)


def choose(all_tags: Sequence[frozenset[str]], tags: frozenset[str]) -> Choice:
    """The variants for the one that was asked for.

    Args:
      all_tags: of the module.
      tags: of one of its variants. If it is the one for training, the one that it belongs to is served.
    """
    serving = tags - {TRAIN} if tags - {TRAIN} in all_tags else tags
    training = serving | {TRAIN}
    used = {serving, training}
    notes = tuple(MSG_LEFT_OUT.format(tags=sorted(variant)) for variant in all_tags if variant not in used)
    return Choice(serving, training if training in all_tags and training != serving else None, notes)


def signature_names(names: Iterable[str]) -> dict[str, str]:
    """Name in the SavedModel -> name in the module: `default` becomes `serving_default`, if that is free."""
    present = set(names)
    renames = SERVING_DEFAULT not in present
    return {
        SERVING_DEFAULT if renames and name == DEFAULT_SIGNATURE else name: name for name in sorted(present)
    }
