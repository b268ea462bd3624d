"""Which graph variants of several modules go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hubexplore.errors import NoSuchVariantError
from hubexplore.hub.parts.part import Part
from hubexplore.summary.lookup import first_names, no_such_signature

MSG_NONE: Final = (
    "The modules have no graph variant in common: {listed}. Variants of equal tags are joined, and the only "
    "variant of a module goes with all. Put the variants together that you want: hub.create_module_spec(f), "
    "where f calls hub.Module(spec, tags=...) for each."
)


@dataclass(frozen=True)
class Joined:
    """A graph variant of the new module.

    Attributes:
      tags: of it.
      sources: the tags of the variant of each part.
      signatures: the signature of each part.
    """

    tags: frozenset[str]
    sources: tuple[frozenset[str], ...]
    signatures: tuple[str, ...]


def join_variants(parts: Sequence[Part]) -> list[Joined]:
    """Finds the graph variants of a module that is made of others, in the order of the first part.

    Variants of equal tags go together. A module with a single variant goes with every variant of the others;
    if all have a single one, and these differ, the new variant has no tags. A variant is left out if a part
    lacks the signature in it.

    Raises:
      NoSuchVariantError: (a KeyError and ValueError) no variants go together.
      NoSuchSignatureError: (a KeyError and ValueError) a part has the signature in no variant.
    """
    tag_sets = [[frozenset(tags) for tags in part.spec.get_tags()] for part in parts]
    several = [tags for tags in tag_sets if len(tags) > 1]
    if several:
        common = [tags for tags in several[0] if all(tags in others for others in several[1:])]
    else:
        common = [tag_sets[0][0] if all(tags == tag_sets[0] for tags in tag_sets) else frozenset()]
    if not common:
        listed = "; ".join(
            f"{part.title!r} has {first_names(map(sorted, tags))}"
            for part, tags in zip(parts, tag_sets, strict=True)
        )
        raise NoSuchVariantError(MSG_NONE.format(listed=listed))
    sources = {tags: tuple(own[0] if len(own) == 1 else tags for own in tag_sets) for tags in common}
    complete = [
        Joined(tags, chosen, tuple(part.signature_in(own) for part, own in zip(parts, chosen, strict=True)))
        for tags, chosen in sources.items()
        if all(_has_signature(part, own) for part, own in zip(parts, chosen, strict=True))
    ]
    if not complete:
        for part, own in zip(parts, sources[common[0]], strict=True):
            check_signature(part, own)
    return complete


def check_signature(part: Part, tags: frozenset[str]) -> None:
    """Raises NoSuchSignatureError (a KeyError and ValueError) if a graph variant lacks what is meant."""
    if not _has_signature(part, tags):
        raise _lacking(part, tags)


def _has_signature(part: Part, tags: frozenset[str]) -> bool:
    return part.signature_in(tags) in part.spec.get_signature_names(tags)


def _lacking(part: Part, tags: frozenset[str]) -> Exception:
    """The error for a signature that a part does not have."""
    names = sorted(part.spec.get_signature_names(tags))
    error = no_such_signature(part.signature_in(tags), names)
    example = f" Write it as in ({part.code}, {names[0]!r})." if names and part.signature is None else ""
    return type(error)(f"{part.title!r}: {error}{example}")
