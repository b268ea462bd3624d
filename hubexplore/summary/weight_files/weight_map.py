"""The JSON file beside a file of variables: what each is, and where it belongs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hubexplore.summary.free_names import free_name
from hubexplore.summary.model import ModuleSummary, VariantSummary
from hubexplore.summary.weight_files.stored_weights import StoredWeight, StoredWeights
from hubexplore.summary.weight_files.variable_uses import Use, variable_uses

VERSION: Final = 1
"""Of the layout of the JSON file."""
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')
_MOST_KEY: Final = 500


def keys(weights: Iterable[StoredWeight], reserved: Iterable[str] = ()) -> list[str]:
    """Keys of variables in a file: their names, such that none leads out of the folder of an unpacked file.

    Args:
      weights: the variables.
      reserved: keys that the format itself uses.
    """
    used = set(reserved)
    found = []
    for weight in weights:
        parts = weight.variable.name[:_MOST_KEY].split("/")
        safe = ["_" if part in ("", ".", "..") else _UNSAFE.sub("_", part) for part in parts]
        key = free_name("/".join(safe), used, first=2)
        used.add(key)
        found.append(key)
    return found


def weight_map(  # noqa: PLR0917 - one caller
    summary: ModuleSummary,
    variant: VariantSummary,
    stored: StoredWeights,
    names: Sequence[str],
    dtypes: Mapping[str, str],
    file: str,
) -> dict[str, Any]:
    """What is known of the variables, as JSON.

    Args:
      summary: of the module.
      variant: whose variables they are.
      stored: the variables.
      names: their keys in the file, in the same order.
      dtypes: dtype of TensorFlow -> dtype in the file.
      file: its name.
    """
    graph = summary.source.meta_graphs.get(variant.tags) if summary.source is not None else None
    nodes = {weight.variable.name: _nodes(weight) for weight in stored.weights}
    every = [node for own in nodes.values() for node in own]
    uses = variable_uses(graph, every) if graph is not None else {}
    variables = [
        {
            "key": key,
            "name": weight.variable.name,
            "dtype": weight.dtype,
            "stored_as": dtypes[weight.dtype],
            "shape": list(weight.shape),
            "trainable": weight.variable.trainable,
            **_purpose([use for node in nodes[weight.variable.name] for use in uses.get(node, ())], weight),
        }
        for key, weight in zip(names, stored.weights, strict=True)
    ]
    return {
        "version": VERSION,
        "file": file,
        "module": summary.title,
        "tags": list(variant.tags),
        "digest": summary.digest,
        "variables": variables,
        "scopes": _scopes(names),
        "left_out": [{"name": name, "reason": reason} for name, reason in stored.left_out],
    }


def _nodes(weight: StoredWeight) -> list[str]:
    variable = weight.variable
    return list(
        dict.fromkeys(node for node in (variable.node, *(p.node for p in variable.partitions)) if node)
    )


def _purpose(uses: Sequence[Use], weight: StoredWeight) -> dict[str, Any]:
    listed = [
        {"op": use.op, "node": use.node, "input": use.input, "as": use.role.name, "attributes":
        dict(use.attributes)} for use in uses
    ]  # fmt: skip
    purpose: dict[str, Any] = {"used_by": listed}
    if not uses or not uses[0].role.layout:
        return purpose
    role = uses[0].role
    # A kernel of one dimension less was expanded before it is used.
    missing = len(role.layout) - len(weight.shape)
    if missing == 1 and role.layout.startswith("HW"):
        return {"layout": role.layout[1:], **purpose}
    if missing:
        return purpose
    purpose = {"layout": role.layout, **purpose}
    if role.layer:
        purpose["pytorch"] = {"parameter": role.layer, "permute": list(role.permute)}
    return purpose


def _scopes(names: Iterable[str]) -> dict[str, Any]:
    """The keys as a tree: a scope is an object; a variable is its key."""
    tree: dict[str, Any] = {}
    for name in names:
        *scopes, last = name.split("/")
        level = tree
        for scope in scopes:
            inner = level.setdefault(f"{scope}/", {})
            level = inner
        level[last] = name
    return tree
