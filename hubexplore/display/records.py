"""A summary as plain data, and as JSON: the form for other programs.

The contract, schema version 1. Later versions of hubexplore may add keys; a key that is renamed, goes away or
changes its meaning raises the number under "schema".

* Everything is a dict with str keys, a list, a str, an int, a bool or None. Names are those in the module.
* Keys are the names of the fields of `ModuleSummary` and of all it holds, as documented there.
* A shape is a list of int or None (unknown), `[]` for a scalar, None for an unknown rank; a set of tags is a
  sorted list, `[]` for the common untagged variant; sizes are in bytes.
* Besides its fields, a module has "schema" and "tensorflow_version", a variable and a variant "parameters",
  a variable "bytes".
* What only this process can use (where graphs and weights are read from) is left out.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Final

from hubexplore.summary.model import ModuleSummary, VariableSummary, VariantSummary

SCHEMA: Final = 1


def to_dict(summary: ModuleSummary) -> dict[str, Any]:
    """Returns all facts of a summary, in the form that this module's docstring promises."""
    facts: dict[str, Any] = _plain_data(summary)
    return {"schema": SCHEMA, "tensorflow_version": summary.tensorflow_version, **facts}


def to_json(summary: ModuleSummary, indent: int | None = None) -> str:
    """Returns the same as JSON, of ASCII characters alone, so that it can be written anywhere.

    `json.loads` gives the dict back; a lone surrogate in a name too.
    """
    return json.dumps(to_dict(summary), indent=indent, allow_nan=False)


def _plain_data(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain_data(item) for item in value]
    if not dataclasses.is_dataclass(value):
        return value
    plain = {
        field.name: _plain_data(getattr(value, field.name))
        for field in dataclasses.fields(value)
        if field.repr
    }
    if isinstance(value, (VariableSummary, VariantSummary)):
        plain["parameters"] = value.parameters
    if isinstance(value, VariableSummary):
        plain["bytes"] = value.bytes
    return plain
