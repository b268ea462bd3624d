"""A part of a summary: one graph variant, one signature."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace

from hubexplore.errors import NoSuchSignatureError, NoSuchVariantError, closest
from hubexplore.summary.compare.replacement import tags_text
from hubexplore.summary.model import ModuleSummary, VariantSummary


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
        wanted = tuple(sorted(set(tags)))
        variants = tuple(each for each in variants if each.tags == wanted)
        if not variants:
            existing = [tags_text(each.tags) for each in summary.variants]
            raise NoSuchVariantError(
                f"There is no graph variant with the tags {tags_text(wanted)!r}, only: "
                f"{'; '.join(existing) or 'none'}.{closest(tags_text(wanted), existing)}"
            )
    if signature is not None:
        having = tuple(each for each in variants if signature in _names(each))
        if not having:
            names = sorted({name for each in variants for name in _names(each)})
            raise NoSuchSignatureError(
                f"There is no signature {signature!r}, only: {', '.join(names) or 'none'}."
                f"{closest(signature, names)}"
            )
        variants = tuple(_with_only(each, signature) for each in having)
    return _with_variants(summary, variants)


def likewise(other: ModuleSummary, narrow: ModuleSummary, signature: str | None) -> ModuleSummary:
    """Returns what corresponds to `narrow` in another module, which need not have all of it."""
    wanted = {each.tags for each in narrow.variants}
    variants = tuple(each for each in other.variants if each.tags in wanted)
    if signature is not None:
        variants = tuple(_with_only(each, signature) for each in variants)
    return _with_variants(other, variants)


def _names(variant: VariantSummary) -> set[str]:
    return {each.name for each in variant.signatures}


def _with_only(variant: VariantSummary, signature: str) -> VariantSummary:
    return replace(variant, signatures=tuple(each for each in variant.signatures if each.name == signature))


def _with_variants(summary: ModuleSummary, variants: tuple[VariantSummary, ...]) -> ModuleSummary:
    facts = {each.name: getattr(summary, each.name) for each in fields(ModuleSummary)}
    return ModuleSummary(**{**facts, "variants": variants})
