"""The choice of a signature and a graph variant."""

from __future__ import annotations

from collections.abc import Callable

from hubexplore.display.wording import tags_text, visible
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.summary.lookup import default_signature
from hubexplore.summary.model import ModuleSummary, SignatureSummary, VariantSummary
from hubexplore.summary.module_format import INTERNAL_SIGNATURES
from hubexplore.summary.tags import serving_tags


class SignatureSelector(widgets.HBox):
    """Dropdowns for signature and variant; a dropdown with a single option is left out.

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
        style = {"description_width": "initial"}
        # Limited, since names of signatures are as long as their authors like.
        wide = {"width": "auto", "max_width": "30em"}
        self._signature = widgets.Dropdown(description="Signature", layout=wide, style=style)
        # The values of options are numbers: two names may be displayed alike, and a damaged file may have two
        # variants with the same tags. A Dropdown finds its value by equality.
        self._variant = widgets.Dropdown(
            description="Graph variant",
            options=[(tags_text(variant.tags), index) for index, variant in enumerate(summary.variants)],
            index=_first_variant(summary.variants, tags),
            layout=wide,
            style=style,
        )
        self._fill(signature)
        self._variant.observe(self._on_variant, "value")
        self._signature.observe(self._on_signature, "value")
        super().__init__(self.children, classes=("hub-row",))

    @property
    def variant(self) -> VariantSummary:
        """The chosen graph variant."""
        chosen: int = self._variant.value
        return self._variants[chosen]

    @property
    def signature(self) -> SignatureSummary:
        """The chosen signature."""
        chosen: int = self._signature.value
        return callable_signatures(self.variant)[chosen]

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
            self._variant.value = _first_variant(self._variants, tags)
            self._fill(signature)
        finally:
            self._changed = changed
        self._changed()

    def _on_variant(self, _: object) -> None:
        # Filling the other dropdown changes its value as well; the form must be built once only.
        changed, self._changed = self._changed, lambda: None
        try:
            self._fill(self._chosen)
        finally:
            self._changed = changed
        self._changed()

    def _on_signature(self, _: object) -> None:
        if self._signature.value is not None:
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
        with self._signature.hold_sync():
            self._signature.options = [(visible(name), index) for index, name in enumerate(names)]
            self._signature.index = names.index(chosen)
        self._chosen = chosen
        numbers = ((self._signature, len(names)), (self._variant, len(self._variants)))
        self.children = tuple(dropdown for dropdown, number in numbers if number > 1)


def callable_signatures(variant: VariantSummary) -> list[SignatureSummary]:
    """Returns the signatures of a variant that can be called."""
    # A SavedModel lists the op that it runs on loading among its signatures.
    return [signature for signature in variant.signatures if signature.name not in INTERNAL_SIGNATURES]


def _first_variant(variants: tuple[VariantSummary, ...], tags: tuple[str, ...] | None) -> int:
    all_tags = [variant.tags for variant in variants]
    if tags in all_tags:
        return all_tags.index(tags)
    return all_tags.index(() if () in all_tags else tuple(serving_tags(all_tags)))
