"""Which signature of which graph variant is tried."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from hubexplore.display.wording import tags_text, visible
from hubexplore.summary.model import ModuleSummary, SignatureSummary, VariantSummary
from hubexplore.summary.module_format import INTERNAL_SIGNATURES


class Selector(widgets.HBox):
    """Two lists; a list of one entry is not shown.

    Args:
      summary: of the module.
      changed: is called after another signature or variant was chosen.
      tags: of the variant at first; by default the one without tags, else the first.
      signature: at first; by default `default`, else the first.
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
        self._signature = widgets.Dropdown(description="Signature", layout=_wide(), style=style)
        self._variant = widgets.Dropdown(
            description="Graph variant",
            options=[(tags_text(each.tags), index) for index, each in enumerate(summary.variants)],
            index=_first_variant(summary.variants, tags),
            layout=_wide(),
            style=style,
        )
        self._fill(signature)
        self._variant.observe(self._on_variant, "value")
        self._signature.observe(self._on_signature, "value")
        super().__init__([self._signature, self._variant])
        self.add_class("hub-row")

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

    def put(self, tags: tuple[str, ...], signature: str) -> None:
        """Chooses what a run used; `changed` is called once if that is another one."""
        before = self.variant.tags, self.signature.name
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

    def _fill(self, wanted: str | None) -> None:
        known = callable_signatures(self.variant)
        names = [each.name for each in known]
        self._signature.options = [(visible(name), index) for index, name in enumerate(names)]
        chosen = wanted if wanted in names else "default" if "default" in names else names[0]
        self._signature.index = names.index(chosen)
        self._chosen = chosen
        self._signature.layout.display = None if len(names) > 1 else "none"
        self._variant.layout.display = None if len(self._variants) > 1 else "none"


def _wide() -> widgets.Layout:
    return widgets.Layout(width="auto", max_width="30em")


def callable_signatures(variant: VariantSummary) -> list[SignatureSummary]:
    """The signatures that a person may run."""
    return [each for each in variant.signatures if each.name not in INTERNAL_SIGNATURES]


def _first_variant(variants: tuple[VariantSummary, ...], tags: tuple[str, ...] | None) -> int:
    known = [each.tags for each in variants]
    return known.index(tags) if tags in known else known.index(()) if () in known else 0
