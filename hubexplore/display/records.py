"""A summary as plain data and as JSON, for other programs.

The contract, schema version 1. Later versions of hubexplore may add keys; renaming a key, removing it or
changing its meaning raises the number under "schema".

* Everything is a dict with str keys, a list, a str, an int, a bool or None. Names are those in the module.
* Keys are the names of the fields of `ModuleSummary` and of the dataclasses in it, as documented there.
* A shape is a list of int or None (unknown), `[]` for a scalar, None for an unknown rank; a set of tags is a
  sorted list, `[]` for the common untagged variant; sizes are in bytes.
* Besides its fields, a module has "schema" and "tensorflow_version", a variable and a variant "parameters",
  a variable "bytes".
* "capabilities" has "findings", dangers first, and "unread": see `summary.capabilities.model`.
* Fields that only this process can use (the sources of graphs and weights) are left out.
"""

from __future__ import annotations

import dataclasses
import enum
import json
from typing import Any, Final

from hubexplore.summary.model import ModuleSummary, VariableSummary, VariantSummary

SCHEMA: Final = 1


def to_dict(summary: ModuleSummary) -> dict[str, Any]:
    """Returns all facts of a summary in the form that the docstring of this file specifies."""
    facts: dict[str, Any] = plain_data(summary)
    return {
        "schema": SCHEMA,
        "tensorflow_version": summary.tensorflow_version,
        **facts,
        "capabilities": plain_data(summary.capabilities),
    }


def to_json(summary: ModuleSummary, indent: int | None = None) -> str:
    """Returns the same as JSON of ASCII characters only, which can be written in any encoding.

    `json.loads` restores the dict, lone surrogates in names included.
    """
    # allow_nan=False: NaN is not valid JSON, and no fact of a summary is a float.
    return json.dumps(to_dict(summary), indent=indent, allow_nan=False)


def plain_data(value: Any) -> Any:
    """Returns a dataclass as a dict of its fields, and all that is in it likewise."""
    if isinstance(value, (tuple, list)):
        return [plain_data(item) for item in value]
    if isinstance(value, enum.StrEnum):
        return value.value
    # Fields without repr are the sources, which only this process can use.
    if not dataclasses.is_dataclass(value):
        return value
    plain = {
        field.name: plain_data(getattr(value, field.name))
        for field in dataclasses.fields(value)
        if field.repr
    }
    if isinstance(value, (VariableSummary, VariantSummary)):
        # Properties, which dataclasses.fields does not list; other programs should not have to derive them.
        plain["parameters"] = value.parameters
    if isinstance(value, VariableSummary):
        plain["bytes"] = value.bytes
    return plain
