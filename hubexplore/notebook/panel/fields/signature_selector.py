"""The choice of a signature and a graph variant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hubexplore.display.wording import tags_text, visible
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.summary.lookup import default_signature
from hubexplore.summary.model import ModuleSummary, SignatureSummary, VariantSummary
from hubexplore.summary.module_format import INTERNAL_SIGNATURES
from hubexplore.summary.tags import serving_tags


class SignatureSelector(widgets.HBox):
    """Dropdowns for signature and variant, each made once there is something to choose.

    Args:
      summary: of the module.
      changed: is called when another signature or variant has been chosen.
      tags: of the variant to begin with; by default the one without tags, else that for serving.
      signature: the signature to begin with; by default `default`, else the first that has inputs.
    """

    def __init__(
        self,
        summary: ModuleSummary,
        changed: Callable[[], None],
        tags: tuple[str, ...] | None = None,
        signature: str | None = None,
    ) -> None:
        self._variants = summary.variants
        self._changed = changed
        self._signature: widgets.Dropdown | None = None
        self._variant: widgets.Dropdown | None = None
        self._variant_index: int = _first_variant(summary.variants, tags)
        self._signature_index: int = 0
        if len(summary.variants) > 1:
            tags_texts = [tags_text(variant.tags) for variant in summary.variants]
            self._variant = _dropdown("Graph variant", tags_texts, self._variant_index)
            self._variant.observe(self._on_variant, "value")
        self._fill(signature)
        super().__init__(self.children, classes=("hub-row",))

    @property
    def variant(self) -> VariantSummary:
        """The chosen graph variant."""
        return self._variants[self._variant_index]

    @property
    def signature(self) -> SignatureSummary:
        """The chosen signature."""
        return callable_signatures(self.variant)[self._signature_index]

    def update(self, summary: ModuleSummary, signature: str) -> None:
        """Takes the summary of the same module with other signatures; `signature` is new or has changed."""
        changed, self._changed = self._changed, lambda: None
        had = self._chosen
        try:
            self._variants = summary.variants
            self._fill(self._chosen)
        finally:
            self._changed = changed
        # The form of another signature stays as the user left it.
        if signature == had or self._chosen != had:
            self._changed()

    def put(self, tags: tuple[str, ...], signature: str) -> None:
        """Chooses a variant and a signature; calls `changed` once if the selection differs."""
        before = self.variant.tags, self.signature.name
        # `changed` is off while both dropdowns are set: in between they show a pair that nobody chose.
        if before == (tags, signature):
            return
        changed, self._changed = self._changed, lambda: None
        try:
            self._variant_index = _first_variant(self._variants, tags)
            if self._variant is not None:
                self._variant.value = self._variant_index
            self._fill(signature)
        finally:
            self._changed = changed
        self._changed()

    def _on_variant(self, change: Mapping[str, Any]) -> None:
        self._variant_index = change["new"]
        # Filling the other dropdown changes its value as well; the form must be built once only.
        changed, self._changed = self._changed, lambda: None
        try:
            self._fill(self._chosen)
        finally:
            self._changed = changed
        self._changed()

    def _on_signature(self, change: Mapping[str, Any]) -> None:
        if change["new"] is not None:
            self._signature_index = change["new"]
            self._chosen = self.signature.name
            self._changed()

    def _fill(self, preferred: str | None) -> None:
        signatures = callable_signatures(self.variant)
        names = [signature.name for signature in signatures]
        default = default_signature(names)
        # One without inputs states facts, such as where a vocabulary is, beside the one that computes.
        first = next((signature.name for signature in signatures if signature.inputs), names[0])
        otherwise = default if default in names else first
        # A signature that both variants have stays chosen when the variant changes.
        chosen = preferred if preferred in names else otherwise
        self._signature_index = names.index(chosen)
        if self._signature is not None:
            with self._signature.hold_sync():
                self._signature.options = _options([visible(name) for name in names])
                self._signature.index = names.index(chosen)
        elif len(names) > 1:
            self._signature = _dropdown("Signature", [visible(name) for name in names], self._signature_index)
            self._signature.observe(self._on_signature, "value")
        # Observers have named what they found on the way.
        self._signature_index, self._chosen = names.index(chosen), chosen
        numbers = ((self._signature, len(names)), (self._variant, len(self._variants)))
        self.children = tuple(dropdown for dropdown, number in numbers if dropdown is not None and number > 1)


def _dropdown(description: str, names: Sequence[str], index: int) -> widgets.Dropdown:
    return widgets.Dropdown(
        description=description,
        options=_options(names),
        index=index,
        # Limited, since names of signatures are as long as their authors like.
        layout={"width": "auto", "max_width": "30em"},
        style={"description_width": "initial"},
    )


def _options(names: Sequence[str]) -> list[tuple[str, int]]:
    # The values of options are numbers: two names may be displayed alike, and a damaged file may have two
    # variants with the same tags. A Dropdown finds its value by equality.
    return [(name, index) for index, name in enumerate(names)]


def callable_signatures(variant: VariantSummary) -> list[SignatureSummary]:
    """Returns the signatures of a variant that can be called."""
    # A SavedModel lists the op that it runs on loading among its signatures.
    return [signature for signature in variant.signatures if signature.name not in INTERNAL_SIGNATURES]


def _first_variant(variants: tuple[VariantSummary, ...], tags: tuple[str, ...] | None) -> int:
    all_tags = [variant.tags for variant in variants]
    if tags in all_tags:
        return all_tags.index(tags)
    return all_tags.index(() if () in all_tags else tuple(serving_tags(all_tags)))
