"""Summaries that show themselves: a card in a notebook, text in a terminal, plain data for code."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from hubexplore.display import records
from hubexplore.display.card import html, text
from hubexplore.display.card.variable_tree import unique_variables
from hubexplore.display.rich.listings import Files, Listing, Variables, Variants, variables
from hubexplore.display.safe_display import automatic
from hubexplore.errors import HandleError
from hubexplore.summary.model import (
    AssetSummary,
    CollectionSummary,
    FunctionSummary,
    MessageSummary,
    ModuleSummary,
    OpSummary,
    SignatureSummary,
    TableSummary,
    VariantSummary,
)

if TYPE_CHECKING:
    from hubexplore.display.diagram import Diagram, Scale
    from hubexplore.display.rich.comparison_view import ShownComparison
    from hubexplore.display.rich.cost_view import ShownCost
    from hubexplore.summary.source import Source
from hubexplore.summary.lookup import named_variant

Item = TypeVar("Item")
Tags = str | Iterable[str]
"""Tags of a graph variant: "gpu,train" or ["gpu", "train"]; "" or [] for the variant without tags."""

MSG_COMPARE: Final = (
    "compare() takes the tags of two graph variants, as in summary.compare('', 'train'), or one other "
    "summary, as in summary.compare(hubexplore.summarize('path')). Got {got}."
)
_LISTED: Final = (
    "signatures", "collections", "tables", "assets", "messages", "losses", "update_ops", "functions", "ops",
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class Variant(VariantSummary):
    """A graph variant whose lists show themselves, each with a data frame `.df`."""

    signatures: Listing[SignatureSummary]
    variables: Variables = dataclasses.field(default_factory=Variables)
    collections: Listing[CollectionSummary] = dataclasses.field(default_factory=Listing)
    tables: Listing[TableSummary] = dataclasses.field(default_factory=Listing)
    assets: Listing[AssetSummary] = dataclasses.field(default_factory=Listing)
    messages: Listing[MessageSummary] = dataclasses.field(default_factory=Listing)
    losses: Listing[str] = dataclasses.field(default_factory=Listing)
    update_ops: Listing[str] = dataclasses.field(default_factory=Listing)
    functions: Listing[FunctionSummary] = dataclasses.field(default_factory=Listing)
    ops: Listing[OpSummary] = dataclasses.field(default_factory=Listing)

    def __repr__(self) -> str:
        return text.module(self._alone())

    @automatic
    def _repr_html_(self) -> str:
        return html.module(self._alone())

    def _alone(self) -> ModuleSummary:
        title = f"Graph variant: {', '.join(self.tags) or 'no tags'}"
        return ModuleSummary(title, (self,), format="part of a module")


@dataclass(frozen=True, repr=False)
class Summary(ModuleSummary):
    """The summary of a module, which shows itself: as a card in a notebook, as text in a terminal.

    `signatures`, `variables`, `ops`, ... list what all graph variants hold, equal things once; each list has
    a data frame `.df`. `variants[0].ops` lists what one variant holds.
    """

    variants: Variants
    files: Files = dataclasses.field(default_factory=Files)

    @property
    def signatures(self) -> Listing[SignatureSummary]:
        """The signatures of all graph variants."""
        return self._listing("signatures", lambda variant: variant.signatures)

    @property
    def variables(self) -> Variables:
        """The variables, each once; `.stats()` reads their values."""
        once = [entry.variable for entry in unique_variables(self.variants)]
        return variables(once, self.variants, self.source)

    @property
    def collections(self) -> Listing[CollectionSummary]:
        """The collections of the graphs."""
        return self._listing("collections", lambda variant: variant.collections)

    @property
    def tables(self) -> Listing[TableSummary]:
        """The lookup tables."""
        return self._listing("tables", lambda variant: variant.tables)

    @property
    def assets(self) -> Listing[AssetSummary]:
        """The files that the graphs read."""
        return self._listing("assets", lambda variant: variant.assets)

    @property
    def messages(self) -> Listing[MessageSummary]:
        """The attached messages."""
        return self._listing("messages", lambda variant: variant.messages)

    @property
    def losses(self) -> Listing[str]:
        """Tensors of the regularization losses."""
        return self._listing("losses", lambda variant: variant.losses)

    @property
    def update_ops(self) -> Listing[str]:
        """Nodes of the update ops."""
        return self._listing("update_ops", lambda variant: variant.update_ops)

    @property
    def functions(self) -> Listing[FunctionSummary]:
        """The functions in the libraries."""
        return self._listing("functions", lambda variant: variant.functions)

    @property
    def ops(self) -> Listing[OpSummary]:
        """Op types with their counts; a type whose count differs between variants is listed once for each."""
        return self._listing("ops", lambda variant: variant.ops)

    def variant(self, tags: Tags = "") -> Variant:
        """Returns the graph variant with these tags.

        Raises:
          NoSuchVariantError: (a KeyError and ValueError) no variant has the tags; the message names the
            nearest.
        """
        return cast(Variant, named_variant(self, tags))

    def graph(
        self,
        signature: str | None = None,
        tags: Tags | None = None,
        expand: Iterable[str] = (),
        depth: int | None = None,
        *,
        color: Any = None,
        label: str = "",
    ) -> Diagram:
        """Draws the part of the graph that a signature runs; see `hubexplore.display.diagram.diagram`.

        ```python
        summary.graph("default", color="flops")                       # counted, one row of input
        summary.graph("default", color={"conv1": 0.3, "fc": 0.9})     # your own numbers
        ```

        Args:
          signature: the signature whose part of the graph is shown; None for all signatures together.
          tags: tags of the variant; by default the variant without tags, else the first one.
          expand: names of scopes, series, function calls, functions or ops to unfold.
          depth: maximum number of levels of scopes; by default as many as are readable.
          color: what the colours stand for, in place of kinds: "parameters", "multiply_adds", "flops",
            "activation_bytes"; a `cost()`; or numbers by name, as a dict or a pandas Series, of ops, scopes
            or variables. A box without a number of its own has the sum of what is in it.
          label: what numbers by name are; by default the name of the Series.

        Raises:
          DiagramError: (a ValueError) `color` is none of these; or see `diagram`.
          NoSuchScopeError: (a KeyError and ValueError) none of the names of `color` is in the diagram.
        """
        from hubexplore.display.diagram import diagram

        scale = None if color is None else self._scale(color, label, signature, tags)
        return diagram(self, signature, tags, expand, depth, scale=scale)

    def _scale(self, color: Any, label: str, signature: str | None, tags: Tags | None) -> Scale:
        """What the colours of a diagram stand for."""
        from hubexplore.display.diagram import colouring

        if isinstance(color, colouring.Scale):
            return color
        if isinstance(color, str) and color in colouring.COUNTED:
            variant = self._variant_or_default(tags)
            names = [entry.name for entry in variant.signatures] if signature is None else [signature]
            numbers: dict[str, float] = {}
            for name in names:
                numbers.update(self.cost(signature=name, tags=variant.tags).by_op(color))
            return colouring.counted(color, numbers)
        # A cost knows what it is about.
        scale = getattr(color, "scale", None)
        return scale() if callable(scale) else colouring.scale_of(color, label)

    def _variant_or_default(self, tags: Tags | None) -> Variant:
        if tags is not None or not self.variants:
            return self.variant(tags or "")
        first = next((variant for variant in self.variants if not variant.tags), self.variants[0])
        return cast(Variant, first)

    def cost(
        self,
        inputs: Any = None,
        signature: str | None = None,
        *,
        tags: Tags | None = None,
        batch: int | None = 1,
    ) -> ShownCost:
        """Counts what a call of a signature costs, in its graph, without running it.

        ```python
        cost = summary.cost()                                     # one row
        summary.cost((8, 224, 224, 3), "default").multiply_adds   # a shape of the only input
        summary.cost({"tokens": (1, 128), "mask": (1, 128)}).df   # shapes by name; a row for each op
        ```

        Args:
          inputs: shapes as tuples of sizes (None is open), or values that have these shapes, by name; for a
            single input also alone. None takes the shapes that the signature declares.
          signature: its name; None for `default`, or `serving_default` of a SavedModel.
          tags: of the graph variant; by default the one without tags, else the first one.
          batch: number of rows of inputs that are not given; None counts with a symbol for it.

        Returns:
          A frozen `Cost` that shows itself: parameters, multiply-adds and bytes of activations, in total, by
          op and by scope. Sizes that stay open are symbols in it, and `missing` lists them.

        Raises:
          NoSuchVariantError, NoSuchSignatureError: (a KeyError and ValueError) the message names the nearest.
          SignatureError: (a TypeError and ValueError) an input has another name, or a shape does not fit.
          DiagramError: (a ValueError) the summary has no graph.
        """
        from hubexplore.display.rich import cost_view
        from hubexplore.summary.cost import cost_of

        variant = self._variant_or_default(tags)
        return cost_view.displayable(cost_of(self, variant, inputs, signature, batch))

    def compare(
        self, first: Tags | ModuleSummary, second: Tags | None = None, *, weights: bool = False
    ) -> ShownComparison:
        """Compares two graph variants, or this module with another one.

        Args:
          first: tags of a variant; or the summary of the other module, without `second`.
          second: tags of the other variant.
          weights: also read the values of the variables, and compare them number by number: norm of the
            difference, relative change, cosine, share of changed numbers, NaN and infinite numbers. The
            result is `.weights`. Memory is bounded; both sides are read once, their checksums verified.

        Raises:
          NoSuchVariantError: (a KeyError and ValueError) no variant has the tags.
          HandleError: (a ValueError) the arguments are neither two sets of tags nor one summary.
          HubError: with `weights`, a module has variables but no values that can be read.
          DamagedModuleError: with `weights`, a data file is missing or truncated.
        """
        from hubexplore.display.rich import comparing

        if isinstance(first, ModuleSummary) and second is None:
            return comparing.modules(self, first, weights)
        if second is None or isinstance(first, ModuleSummary) or isinstance(second, ModuleSummary):
            # The second argument is named only if it was passed.
            got = f"a {type(first).__name__}" + (
                f" and a {type(second).__name__}" if second is not None else ""
            )
            raise HandleError(MSG_COMPARE.format(got=got))
        return comparing.variants((self, self), (self.variant(first), self.variant(second)), weights)

    def to_dict(self) -> dict[str, Any]:
        """All facts as plain dicts and lists; see `hubexplore.display.records` for the contract."""
        return records.to_dict(self)

    def to_json(self, indent: int | None = None) -> str:
        """The same as JSON, of ASCII characters."""
        return records.to_json(self, indent)

    def to_html(self) -> str:
        """One self-contained HTML page."""
        return html.page(self)

    def _listing(self, kind: str, of: Callable[[VariantSummary], Sequence[Item]]) -> Listing[Item]:
        # A dict keeps the order of the first variant; summaries are frozen dataclasses, so equal items are
        # one key.
        once = dict.fromkeys(item for variant in self.variants for item in of(variant))
        return Listing(once, kind, self.variants)

    def __repr__(self) -> str:
        return text.module(self)

    @automatic
    def _repr_html_(self) -> str:
        return html.module(self)


def displayable(summary: ModuleSummary) -> Summary:
    """Returns a summary that shows itself, with the same facts."""
    # dataclasses.replace on a Summary may have put plain variants into it.
    if isinstance(summary, Summary) and all(isinstance(variant, Variant) for variant in summary.variants):
        return summary
    variants = [_displayable_variant(variant, summary.source) for variant in summary.variants]
    # Not asdict(), which copies and converts all nested dataclasses.
    facts = {field.name: getattr(summary, field.name) for field in dataclasses.fields(ModuleSummary)}
    return Summary(
        **{
            **facts,
            "variants": Variants(variants, "variants", variants),
            "files": Files(summary.files, "files"),
        }
    )


def _displayable_variant(variant: VariantSummary, source: Source | None) -> Variant:
    facts = {field.name: getattr(variant, field.name) for field in dataclasses.fields(VariantSummary)}
    listed = {kind: Listing(facts[kind], kind, (variant,)) for kind in _LISTED}
    return Variant(**{**facts, **listed, "variables": variables(variant.variables, (variant,), source)})
