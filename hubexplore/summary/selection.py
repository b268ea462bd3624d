"""A part of a summary: one graph variant, one signature."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace

from hubexplore.summary.lookup import find_signature, find_variant, no_such_signature, no_such_variant
from hubexplore.summary.model import ModuleSummary, VariantSummary
from hubexplore.summary.tags import Tags


def narrowed(
    summary: ModuleSummary, tags: Iterable[str] | None = None, signature: str | None = None
) -> ModuleSummary:
    """Returns the module as if it had only this variant and this signature.

    Args:
      summary: of the whole module; it stays as it is.
      tags: of the one variant to keep, in any order; None keeps all.
      signature: to keep, with the variants that have it; None keeps all.

    Raises:
      NoSuchVariantError: there is no variant with the tags.
      NoSuchSignatureError: no variant has the signature.
    """
    variants = summary.variants
    if tags is not None:
        key = tuple(sorted(set(tags)))
        if find_variant(summary, key) is None:
            raise no_such_variant(key, [variant.tags for variant in variants], written=_as_option)
        # All of them: a damaged file may hold two variants with the same tags.
        variants = tuple(variant for variant in variants if variant.tags == key)
    if signature is not None:
        holders = tuple(variant for variant in variants if find_signature(variant, signature))
        if not holders:
            names = {other.name for variant in variants for other in variant.signatures}
            raise no_such_signature(signature, sorted(names))
        variants = tuple(_with_only(variant, signature) for variant in holders)
    return _with_variants(summary, variants)


def likewise(
    other: ModuleSummary, narrow: ModuleSummary, signature: str | None, whole: ModuleSummary | None = None
) -> ModuleSummary:
    """Returns what corresponds to `narrow` in another module, which need not have all of it.

    The only variants of `whole`, of which `narrow` is a part, and of the other module correspond to each
    other, whatever their tags.
    """
    tag_sets = {variant.tags for variant in narrow.variants}
    is_only = whole is not None and len(whole.variants) == len(other.variants) == 1
    variants = tuple(variant for variant in other.variants if is_only or variant.tags in tag_sets)
    if signature is not None:
        variants = tuple(_with_only(variant, signature) for variant in variants)
    return _with_variants(other, variants)


def _as_option(tags: Tags) -> str:
    """Returns tags as an option of the command, for which this file narrows summaries."""
    return f"--tags {','.join(tags)!r}"


def _with_only(variant: VariantSummary, name: str) -> VariantSummary:
    signature = find_signature(variant, name)
    return replace(variant, signatures=(signature,) if signature else ())


def _with_variants(summary: ModuleSummary, variants: tuple[VariantSummary, ...]) -> ModuleSummary:
    # Not `dataclasses.replace`, which keeps the class: that for display has variants of a class of its own.
    facts = {field.name: getattr(summary, field.name) for field in fields(ModuleSummary)}
    return ModuleSummary(**{**facts, "variants": variants})
