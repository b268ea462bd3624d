"""Which graph variant and which signature a name means, and the errors that say what there is instead."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable
from typing import Final

from hubexplore.errors import NoSuchSignatureError, NoSuchVariantError, closest
from hubexplore.summary.model import ModuleSummary, SignatureSummary, VariantSummary
from hubexplore.summary.module_format import DEFAULT_SIGNATURE, DEFAULT_SIGNATURES, MOST_VARIANTS
from hubexplore.summary.tags import Tags, chosen, serving_tags

MAX_NAMED: Final = 20
"""Maximum number of signatures or graph variants that an error lists."""


def find_variant(summary: ModuleSummary, tags: Tags) -> VariantSummary | None:
    """Returns the graph variant with these sorted tags, or None."""
    # A scan rather than an index: published modules have up to a dozen variants.
    return next((variant for variant in summary.variants if variant.tags == tags), None)


def named_variant(summary: ModuleSummary, tags: str | Iterable[str]) -> VariantSummary:
    """Returns the graph variant that typed tags mean; see `tags.chosen`.

    Raises:
      NoSuchVariantError: (a KeyError and ValueError) no variant has the tags.
    """
    existing = [variant.tags for variant in summary.variants]
    sorted_tags = chosen(tags, existing)
    variant = find_variant(summary, sorted_tags)
    if variant is None:
        raise no_such_variant(sorted_tags, existing)
    return variant


def default_tags(existing: Iterable[Iterable[str]], written: Callable[[Tags], str] | None = None) -> Tags:
    """Returns the tags of the graph variant that is meant by none: the one without tags, or the only one.

    Args:
      existing: the tags of each variant.
      written: returns how the caller writes tags, for the message.

    Raises:
      NoSuchVariantError: (a KeyError and ValueError) there are several, all with tags; they are listed.
    """
    known = [tuple(sorted(tags)) for tags in existing]
    if () in known or not known:
        return ()
    if len(known) == 1:
        return known[0]
    example = (written or _as_argument)(tuple(serving_tags(known)))
    raise NoSuchVariantError(
        f"The module has {len(known):,} graph variants, and each has tags: {first_names(map(list, known))}. "
        f"Choose one, as in {example}."
    )


def find_signature(variant: VariantSummary, name: str) -> SignatureSummary | None:
    """Returns the signature of a graph variant with this name, or None."""
    return next((signature for signature in variant.signatures if signature.name == name), None)


def named_signature(variant: VariantSummary, name: str) -> SignatureSummary:
    """Returns the signature of a graph variant with this name.

    Raises:
      NoSuchSignatureError: (a KeyError and ValueError) there is no signature with this name.
    """
    signature = find_signature(variant, name)
    if signature is None:
        raise no_such_signature(name, [signature.name for signature in variant.signatures])
    return signature


def default_signature(existing: Collection[str]) -> str:
    """The signature that a call means which names none: `default`, or `serving_default` of a SavedModel."""
    return next((name for name in DEFAULT_SIGNATURES if name in existing), DEFAULT_SIGNATURE)


def _as_argument(tags: Tags) -> str:
    return f"tags={list(tags)!r}" if tags else "no tags"


def no_such_variant(
    tags: Iterable[str],
    existing: Iterable[Collection[str]],
    written: Callable[[Tags], str] = _as_argument,
    advice: str = "",
) -> NoSuchVariantError:
    """Returns the error for tags that no graph variant has.

    Args:
      tags: that were asked for.
      existing: the tags of each variant.
      written: returns how the caller writes tags, for the nearest variant.
      advice: a sentence to add, with a blank before it.
    """
    # Tags are a set: callers may have them in any order, but the message must not depend on it.
    key, known = tuple(sorted(tags)), [tuple(sorted(other)) for other in existing]
    nearest = f" Nearest: {written(_nearest(key, known))}." if known else ""
    return NoSuchVariantError(
        f"The module has no graph variant with the tags {list(key)!r}; it has "
        f"{first_names(map(list, known)) or 'no graph variants'}.{nearest}{advice}"
    )


def no_such_signature(name: object, existing: Iterable[str]) -> NoSuchSignatureError:
    """Returns the error for a signature that there is not, with the names of those that exist."""
    names = list(existing)
    listed = f"[{first_names(names)}]" if len(names) <= MAX_NAMED else first_names(names)
    hint = closest(str(name), names)
    # It is what a call means that names none.
    if names and not hint and name == DEFAULT_SIGNATURE:
        hint = " Name the signature that you mean."
    return NoSuchSignatureError(
        f"The module has no signature {name!r}; it has {listed if names else 'no signatures'}.{hint}"
    )


def _nearest(tags: Tags, existing: Collection[Tags]) -> Tags:
    """Returns the tags that are spelled alike, else those with the fewest tags more or less."""
    # Spelling first: as a set, a mistyped tag is no closer to the correct one than to any other. By numbers
    # of tags, ("trian",) would be closest to (). difflib takes quadratic time for each candidate, so these
    # are limited.
    spelled = {",".join(other): other for other in list(existing)[:MOST_VARIANTS]}
    alike = difflib.get_close_matches(",".join(tags), spelled, n=1)
    if alike:
        return spelled[alike[0]]
    # Ties are decided by the tags themselves, so that the message does not depend on the order of the file.
    return min(existing, key=lambda other: (len(set(other) ^ set(tags)), other))


def first_names(items: Iterable[object], limit: int = MAX_NAMED) -> str:
    """Returns "'a', 'b' and 3 more" for a message: the first `limit` items, and how many there are beyond."""
    texts = list(map(repr, items))
    more = f" and {len(texts) - limit:,} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more


def named(noun: str, names: Collection[object], limit: int = MAX_NAMED) -> str:
    """Returns "output 'a'", or "outputs 'a', 'b' and 3 more": a noun before its `first_names`."""
    return f"{noun}{'' if len(names) == 1 else 's'} {first_names(names, limit)}"
