"""`%%hub_module`: a module made of a cell."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Sequence
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import line_cell_magic, magics_class
from IPython.core.magic_arguments import argument

from hubexplore.display.wording import printable
from hubexplore.notebook.magics.base import HubMagicsBase
from hubexplore.notebook.magics.cell_code import Cell
from hubexplore.notebook.magics.line_parser import check_variable, magic

NO_TAGS = "none"
Variants = list[tuple[list[str], dict[str, Any]]]


@magics_class
class ModuleMagics(HubMagicsBase):
    """The magic that makes a module."""

    @magic(cell=True, expand=False)
    @argument("name", help="Variable to bind to the loaded module.")
    @argument(
        "--tags",
        nargs="+",
        default=[],
        help="Graph variants: TAGS:ARGUMENT=VALUE, as in train:is_training=True none:is_training=False; "
        "several tags are joined by +, several arguments by commas; none stands for no tags.",
    )
    @line_cell_magic
    def hub_module(self, options: argparse.Namespace, cell: str = "") -> Any:
        """Make a module of the cell, which builds a graph and calls `hub.add_signature`, and load it.

        The cell runs once for each graph variant, as the body of a function: names that it assigns are local.
        It sees the variables of the notebook, the arguments in --tags, and `tf` and `hub` even if they were
        not imported. The result is the spec; NAME becomes the loaded module, of the variant without tags if
        there is one.

        The equivalent Python:
        `spec = hubexplore.create_module_spec(body, tags_and_args); NAME = session.load(spec, NAME)`.
        """
        __tracebackhide__ = True
        name = check_variable(options.name, "%%hub_module")
        variants = [variant(word) for word in options.tags] or [([], {})]
        spec = self._spec(name, variants, cell)
        # The variant without tags is what `hub.Module` takes by default.
        tags = next((tags for tags, _ in variants if not tags), variants[0][0])
        self.notebook.user_ns[name] = self.session.load(spec, name, tags)
        return spec

    def _spec(self, name: str, variants: Variants, body: str) -> Any:
        __tracebackhide__ = True
        session = self.session  # opening it imports TensorFlow without its start-up log
        import tensorflow as tf

        import hubexplore
        from hubexplore.hub.authoring import create_module_spec

        del session
        known = {"tf": tf, "hub": hubexplore}
        # What the user has under these names wins, whatever it is.
        extras = {key: value for key, value in known.items() if key not in self.notebook.user_ns}
        parameters = _parameters(variants)
        function = Cell(self.notebook, f"%%hub_module {name}", body).function(name, parameters, extras)
        return create_module_spec(function, variants)


def variant(word: str) -> tuple[list[str], dict[str, Any]]:
    """Parses `train+gpu:is_training=True,rate=0.5`: the tags, and the arguments with literal values."""
    tags, _, text = word.partition(":")
    named = [] if tags == NO_TAGS else [tag for tag in tags.split("+") if tag]
    try:
        # Python parses the arguments of a call; literal_eval runs nothing.
        call = ast.parse(f"_({text})", mode="eval").body
        is_named = isinstance(call, ast.Call) and not call.args and all(item.arg for item in call.keywords)
        if not isinstance(call, ast.Call) or not is_named:
            raise ValueError("arguments have to be NAME=VALUE")
        return named, {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (SyntaxError, ValueError):
        raise UsageError(
            f"%%hub_module: --tags takes TAGS:ARGUMENT=VALUE with numbers, strings, True, False or None as "
            f"values; {printable(word)!r} does not have this form. Write, for example, "
            f"train:is_training=True none:is_training=False"
        ) from None


def _parameters(variants: Sequence[tuple[list[str], dict[str, Any]]]) -> list[str]:
    """The names of the arguments, the same for every graph variant."""
    # One function is the body of all variants, so that all pass the same parameters.
    first = list(variants[0][1])
    for tags, arguments in variants:
        if set(arguments) != set(first):
            raise UsageError(
                f"%%hub_module: every graph variant needs the same arguments; {'+'.join(tags) or NO_TAGS} "
                f"has {sorted(arguments)}, and {'+'.join(variants[0][0]) or NO_TAGS} {sorted(first)}."
            )
    return first
