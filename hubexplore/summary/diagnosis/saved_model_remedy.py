"""What to write to use a TF1 SavedModel as a module, and which collections modules can carry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from hubexplore.summary.module_format import ATTACHMENTS, MAIN_OPS
from hubexplore.summary.tags import serving_tags

# An allow-list: an unknown collection may name nodes in a form of its own, which cannot be renamed when the
# graph is imported into a scope.
SUPPORTED_COLLECTIONS: Final = frozenset(
    {
        "variables",
        "trainable_variables",
        "model_variables",
        "table_initializer",
        "update_ops",
        "regularization_losses",
        "asset_filepaths",
        "cond_context",
        "while_context",
        ATTACHMENTS,
        "saved_model_assets",
    }
)
# What only serving needs: tables have their initialisers in a collection of their own.
DROPPED_COLLECTIONS: Final = frozenset({
    *MAIN_OPS, "global_step", "local_variables", "metric_variables", "saved_model_train_op",
})  # fmt: skip
_SHOWN: Final = 12
"""Maximum number of names that a note lists."""
_LONGEST: Final = 80
"""Maximum length in characters of a name in a note."""


def unsupported(collections: Iterable[str]) -> list[str]:
    """The names of collections that have to be dropped to make a module of a SavedModel, sorted."""
    return sorted(set(collections) - SUPPORTED_COLLECTIONS - DROPPED_COLLECTIONS)


def left_out(collections: Sequence[str], repeated: Iterable[Sequence[str]] = ()) -> tuple[str, ...]:
    """Sentences that say what of a TF1 SavedModel is not in the module that is made of it.

    Args:
      collections: names of those that a module cannot carry.
      repeated: tags of graph variants that have those of an earlier one.
    """
    names = [f"{name[:_LONGEST]}..." if len(name) > _LONGEST else name for name in collections]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    listed = ", ".join(map(repr, names[:_SHOWN])) + more
    sentences = [
        f"Two graph variants have the tags {list(tags)}; only the first is used." for tags in repeated
    ]
    if len(names) == 1:
        sentences.append(f"The collection {listed} is left out, because a module cannot have it.")
    elif names:
        sentences.append(f"The collections {listed} are left out, because a module cannot have them.")
    return tuple(sentences)


def spec_code(path: str, dropped: Sequence[str]) -> str:
    """The expression that makes a ModuleSpec of the TF1 SavedModel at `path`."""
    drop = f", drop_collections={list(dropped)!r}" if dropped else ""
    return f"hub.create_module_spec_from_saved_model({path!r}{drop})"


def module_code(source: str, tag_sets: Iterable[Sequence[str]]) -> str:
    """The expression that makes a Module, to be run in a graph.

    Args:
      source: code of what it is made of, a path or a spec.
      tag_sets: tags of each graph variant. The code uses that for serving, or one that is not for training.
    """
    tags = serving_tags(tag_sets)
    return f"hub.Module({source}{f', tags={tags!r}' if tags else ''})"
