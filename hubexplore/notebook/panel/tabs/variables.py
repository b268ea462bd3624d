"""The Variables tab: a list to filter, the values of a variable, statistics, and the tree with sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hubexplore.display.card.variable_tree import MAX_FLAT, unique_variables
from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.rich import weight_statistics
from hubexplore.display.rich.summaries import Summary
from hubexplore.display.wording import amount_text, counted, size_text, tags_text, visible
from hubexplore.errors import HubError
from hubexplore.explorer.weights import is_embedding, looked_up, row_labels
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.panel_texts import error_text
from hubexplore.notebook.panel.tabs.results import ResultItem, Results
from hubexplore.notebook.panel.weights.other_module import OtherModule
from hubexplore.notebook.panel.weights.variable_list import VariableList
from hubexplore.notebook.panel.weights.weight_comparison import WeightComparison
from hubexplore.notebook.panel.weights.weight_items import Weight, WeightPair
from hubexplore.summary.model import VariableSummary, VariantSummary
from hubexplore.summary.weights.statistics import VariableStats, source_stats
from hubexplore.summary.weights.variable_values import at_rows, read_values

MAX_STATISTICS_BYTES: Final = 64_000_000
"""Maximum number of bytes of weights that one click reads: reading blocks the kernel."""
MAX_COUNTED: Final = 100_000
"""Maximum number of nodes of which multiply-adds are counted when the tab is opened: about a second."""
MSG_NONE: Final = "No variable matches {text!r}: enter a part of a name, or a pattern with * and ?."
MSG_NOT_THERE: Final = "{title} has no variable {name!r}."
MSG_OTHER_ROWS: Final = "{title} has other rows of {name!r}, too many to be compared."


class VariablesTab(widgets.VBox):
    """The list of variables; one that is chosen shows its values, beside those of another module.

    Args:
      summary: of the module.
      changed: is called when the content of the tab has changed.
    """

    def __init__(self, summary: Summary, changed: Callable[[], None]) -> None:
        self._summary, self._notify = summary, changed
        entries = unique_variables(summary.variants)
        # The first variant that has a variable: its graph says what the variable is for.
        self._holders = {entry.variable: entry.tags[0] for entry in reversed(entries)}
        self._looked_up: dict[tuple[str, ...], frozenset[str]] = {}
        self._counted: dict[tuple[str, ...], dict[str, int]] = {}
        self._chosen: VariableSummary | None = None
        self._pending: list[VariableSummary] = []
        self._stats: list[VariableStats] = []
        # Rendered once, since a summary does not change; `static_html` returns the same text.
        self._tree = summary.variables._repr_html_() or ""
        self.compared = OtherModule(summary, self._on_other)
        self.list = VariableList(
            [entry.variable for entry in entries], self._choose, self._on_filter, self._remark, self._products
        )
        self._variables = [entry.variable for entry in entries]
        self.weights = WeightComparison(self._on_weights)
        self._error = widgets.HTML()
        self.results = Results(title="Values of a variable")
        self._button = widgets.Button(
            description="Statistics", tooltip="Summarise the weights of the listed variables"
        )
        # Hidden until a selection exceeds what one click reads.
        self._more = widgets.Button(description="More", layout=widgets.Layout(display="none"))
        self._statistics = widgets.HTML()
        self._button.on_click(lambda _: self._start())
        self._more.on_click(lambda _: self._read_next())
        row = widgets.HBox([self.compared, self._button, self._more], classes=("hub-row",))
        super().__init__(
            [
                *(self.list, row, self.weights, self._error, self.results, self._statistics),
                *([widgets.HTML(self._by_scope())] if len(entries) > MAX_FLAT else []),
            ]
        )

    def static_html(self) -> Markup:
        """Returns the tab as static HTML."""
        return join(
            self.weights.static_html(),
            self.results.static_html(),
            Markup(self._statistics.value),
            Markup(self._tree),
        )

    def _by_scope(self) -> Markup:
        return tag("details", tag("summary", "By scope, with sizes"), Markup(self._tree))

    # The values of a variable.

    def _choose(self, variable: VariableSummary) -> None:
        self._chosen = variable
        self._show()

    def _on_other(self) -> None:
        self.weights.offer(self.compared.sides(self._variables))
        self.list.draw()
        self._show()

    def _on_weights(self) -> None:
        """What changed most is on top of the list."""
        self.list.sort((lambda variable: self.weights.rank(variable.name)) if self.weights.is_done else None)
        self._notify()

    def _show(self) -> None:
        """Shows the values of the chosen variable, beside those of another module if there is one."""
        self._error.value = self.list.said = ""
        if self._chosen is None:
            return
        try:
            weight = self._weight(self._chosen)
            # Without a title: the name is that of the only item.
            self.results.show("", None, [self._beside(weight)])
            self.list.said = f"{visible(weight.name)} is shown below"
        except Exception as error:  # noqa: BLE001 - shown here, never raised into the notebook
            self.results.clear()
            self._error.value = tag("div", error_text(error), role="alert", class_="hub-error")
        self._notify()

    def _weight(self, variable: VariableSummary) -> Weight:
        read = read_values(variable, self._summary.source)
        variant = self._summary.variant(self._holders[variable])
        has_words = self._is_embedding(variant, variable)
        labels = row_labels(self._summary, variant, variable) if has_words else ()
        # The rows of a sample keep their own numbers.
        indices = range(read.count) if read.rows is None else read.rows.tolist()
        is_named = bool(labels) or read.rows is not None
        rows = (
            tuple(labels[at] if at < len(labels) else str(at) for at in indices)
            if is_named and read.array.ndim
            else ()
        )
        return Weight(variable, read, rows, has_words)

    def _is_embedding(self, variant: VariantSummary, variable: VariableSummary) -> bool:
        if variant.tags not in self._looked_up:
            source = self._summary.source
            graph = source.meta_graphs.get(variant.tags) if source is not None else None
            self._looked_up[variant.tags] = frozenset() if graph is None else looked_up(graph)
        return is_embedding(variable, self._looked_up[variant.tags])

    def _beside(self, weight: Weight) -> ResultItem:
        other = self.compared.other
        if other is None:
            return weight
        variable = other.variables.get(weight.name)
        if variable is None:
            raise HubError(MSG_NOT_THERE.format(title=other.title, name=weight.name))
        values = at_rows(read_values(variable, other.summary.source), weight.read.rows)
        if values is None:
            raise HubError(MSG_OTHER_ROWS.format(title=other.title, name=weight.name))
        title = visible(self._summary.title)
        tags = self._holders[weight.variable]
        if other.summary is self._summary:
            title = f"variant {tags_text(tags)}"
        return WeightPair(weight, values, (title, other.title))

    def _remark(self, variable: VariableSummary) -> str:
        other = self.compared.other
        if other is None:
            return ""
        return self.weights.remark(variable.name) or other.remark(variable, self._summary)

    def _products(self, variable: VariableSummary) -> str:
        """The multiply-adds, for one row, of the op that reads a variable in its graph variant."""
        tags = self._holders[variable]
        if tags not in self._counted:
            self._counted[tags] = self._count(tags)
        number = self._counted[tags].get(variable.name)
        return "" if number is None else amount_text(number)

    def _count(self, tags: tuple[str, ...]) -> dict[str, int]:
        """Variable -> multiply-adds, of all signatures of a variant: most share what reads a variable."""
        counted: dict[str, int] = {}
        variant = self._summary.variant(tags)
        # Counting is linear in the graph, which a large module with many signatures has many times.
        if self._summary.source is None or variant.nodes * len(variant.signatures) > MAX_COUNTED:
            return counted
        for signature in variant.signatures:
            counted.update(self._summary.cost(signature=signature.name, tags=tags).by_variable())
        return counted

    # Statistics.

    def _on_filter(self) -> None:
        """Statistics are of the variables that are listed: those of others go."""
        self._pending, self._stats = [], []
        self._statistics.value = ""
        self._more.layout.display = "none"

    def _start(self) -> None:
        """Reads the first of the listed variables."""
        self._stats = []
        self._pending = self.list.found
        if not self._pending:
            self._fail(HubError(MSG_NONE.format(text=self.list.text)))
            return
        self._read_next()

    def _read_next(self) -> None:
        """Reads pending variables up to the limit, at least one: a single variable may exceed it."""
        chosen: list[VariableSummary] = []
        size = 0
        while self._pending and (not chosen or size + (self._pending[0].bytes or 0) <= MAX_STATISTICS_BYTES):
            chosen.append(self._pending.pop(0))
            size += chosen[-1].bytes or 0
        source = self._summary.source
        try:
            self._stats += source_stats(chosen, source)
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error)
            return
        self._statistics.value = weight_statistics.markup(self._stats)
        size_left = sum(variable.bytes or 0 for variable in self._pending)
        self._more.description = f"{counted(len(self._pending), 'more variable')}, {size_text(size_left)}"
        self._more.layout.display = None if self._pending else "none"
        self._notify()

    def _fail(self, error: Exception) -> None:
        self._more.layout.display = "none"
        self._statistics.value = tag("div", error_text(error), role="alert", class_="hub-error")
