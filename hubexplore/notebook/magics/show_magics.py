"""`%hub_show`, `%hub_card`, `%hub_compare`, `%hub_list`, `%hub_log` and `%hub_samples`."""

from __future__ import annotations

import argparse
import os
import re
from typing import TYPE_CHECKING, Any, Final

from IPython.core.magic import line_magic, magics_class
from IPython.core.magic_arguments import argument

import hubexplore
from hubexplore.display.rich.small_table import Table
from hubexplore.display.tables.grid import Column
from hubexplore.display.wording import tags_text
from hubexplore.notebook.magics.base import INPUTS_HELP, OUTPUTS_HELP, TRUST_HELP, HubMagicsBase
from hubexplore.notebook.magics.line_parser import magic
from hubexplore.summary.lookup import default_tags
from hubexplore.summary.model import VariantSummary
from hubexplore.summary.wishes import from_options

if TYPE_CHECKING:
    from hubexplore.display.rich.summaries import Summary

# The last @ separates. Tags of a line hold no slash, backslash or colon, as paths and addresses with an @ do.
_WITH_TAGS: Final = re.compile(r"(?P<module>.+)@(?P<tags>[^@/\\:]*)")


@magics_class
class ShowMagics(HubMagicsBase):
    """The magics that show modules, sessions' contents and calls."""

    @magic()
    @argument("module", metavar="X", help="Variable, name of a loaded module, or handle.")
    @argument("--graph", action="store_true", help="Draw the graph of a signature.")
    @argument("--signature", help="The signature to draw; by default 'default'.")
    @argument("--tags", help="Tags of the graph variant, separated by commas.")
    @argument("--inputs", metavar="T[,T]", help=INPUTS_HELP)
    @argument("--outputs", metavar="T[,T]", help=OUTPUTS_HELP)
    @line_magic
    def hub_show(self, options: argparse.Namespace) -> Any:
        """Show a module, one of its graph variants, or a diagram of a signature.

        The equivalent Python: `hubexplore.summarize(X)`, `.variant(tags)`, `.graph(signature, tags)`.
        """
        summary = self.summary(options.module, from_options(options.inputs, options.outputs))
        if options.graph or options.signature is not None:
            return summary.graph(options.signature, options.tags)
        return summary if options.tags is None else summary.variant(options.tags)

    @magic()
    @argument("module", metavar="X", help="Variable, name of a loaded module, or handle.")
    @argument(
        "path",
        nargs="?",
        metavar="FILE",
        help="FILE.md or FILE.html to write; without it, the card is shown.",
    )
    @argument("--title", help="Title of the card; by default the name of the module.")
    @argument("--no-examples", action="store_true", help="Read the module only, do not run it.")
    @argument("--overwrite", action="store_true", help="Replace files that are there.")
    @argument("--trust", action="store_true", help=TRUST_HELP)
    @line_magic
    def hub_card(self, options: argparse.Namespace) -> Any:
        """Make the card that goes with a published model: what is known of it, and questions for the rest.

        A loaded module is run with the values that its variables have now. With FILE, the card is written,
        and the result is the list of files.

        The equivalent Python: `hubexplore.card(X, title=..., session=session).save(FILE)`.
        """
        from hubexplore.explorer.model_card.card import card, files_of

        if options.path is not None:
            # Before the model is run, which may take a minute.
            files_of(options.path, options.overwrite)
        module = self.subject(options.module)
        is_loaded = self.book.is_started and self.session.owns(getattr(module, "graph", None))
        made = card(
            module,
            title=options.title,
            examples=not options.no_examples,
            trust=options.trust,
            session=self.session if is_loaded else None,
        )
        return made if options.path is None else made.save(options.path, overwrite=options.overwrite)

    @magic()
    @argument(
        "first", metavar="A", help="Variable, name of a loaded module, or handle; NAME@TAGS is one variant."
    )
    @argument("second", metavar="B", help="Like A; NAME@ is the variant without tags.")
    @argument("--weights", action="store_true", help="Also compare the values of the variables.")
    @line_magic
    def hub_compare(self, options: argparse.Namespace) -> Any:
        """Compare two modules, or two graph variants.

        The equivalent Python: `hubexplore.summarize(A).compare(hubexplore.summarize(B))`, and for two
        variants of one module `hubexplore.summarize(A).compare("", "train")`; `weights=True` with --weights.
        """
        from hubexplore.display.rich import comparing

        (first, first_tags), (second, second_tags) = map(self._with_tags, (options.first, options.second))
        summary, other = self.summary(first), self.summary(second)
        if first_tags is None and second_tags is None:
            return summary.compare(other, weights=options.weights)
        variants = _variant(summary, first_tags), _variant(other, second_tags)
        return comparing.variants((summary, other), variants, options.weights)

    @magic()
    @line_magic
    def hub_list(self, options: argparse.Namespace) -> Table:
        """List the modules that the current session has loaded.

        The equivalent Python: `session.modules()`.
        """
        columns = [
            Column("Name", code=True),
            Column("Tags"),
            Column("Trainable"),
            Column("Variables", "right"),
            Column("Signatures"),
        ]
        # A session that is not open has loaded nothing, and opening it would import TensorFlow.
        loaded = self.session.modules() if self.book.is_started else {}
        rows = [
            (
                name,
                tags_text(sorted(module.tags)),
                "yes" if module.trainable else "no",
                str(len(module.variables)),
                ", ".join(module.get_signature_names()),
            )
            for name, module in loaded.items()
        ]
        empty = "nothing is loaded yet: %hub_load HANDLE, for example one of %hub_samples"
        return Table(f"Loaded in session {self.book.current_name}", columns, rows, empty)

    @magic()
    @argument(
        "--replay", type=int, metavar="N", help="Run call number N again, with the weights as they are now."
    )
    @line_magic
    def hub_log(self, options: argparse.Namespace) -> Any:
        """List the calls of the current session with times, shapes and durations; or run one of them again.

        The equivalent Python: `session.log`, `session.log.df`, `session.log.replay(N)`.
        """
        log = self.session.log
        return log if options.replay is None else log.replay(options.replay)

    @magic()
    @line_magic
    def hub_samples(self, options: argparse.Namespace) -> Table:
        """List the sample modules that come with hubexplore.

        The equivalent Python: `hubexplore.samples.names()`.
        """
        # An attribute that the package imports on first use, so that `%load_ext` does not pay for it.
        samples = hubexplore.samples
        rows = [(f"sample:{name}", samples.description(name)) for name in samples.names()]
        return Table("Samples", [Column("Handle", code=True), Column("Description")], rows)

    def _with_tags(self, word: str) -> tuple[str, str | None]:
        """Splits NAME@TAGS, unless a loaded module or an existing path has the whole word as its name."""
        match = _WITH_TAGS.fullmatch(word)
        if match is None or word in self.module_names() or os.path.exists(word):  # noqa: PTH110 - as resolve()
            return word, None
        return match["module"], match["tags"]


def _variant(summary: Summary, tags: str | None) -> VariantSummary:
    """Returns the variant with these tags; without any, the one without tags or the only one."""
    return summary.variant(
        default_tags(variant.tags for variant in summary.variants) if tags is None else tags
    )
