"""A Python name for the model that a handle stands for."""

from __future__ import annotations

import keyword
import re

from hubexplore.summary.files.redaction import redacted


def variable_name(handle: str) -> str:
    """A Python name made of the last part of a handle: `sample:text-embedding` gives `text_embedding`."""
    last = re.split(r"[/\\:]", re.sub(r"[?#].*", "", redacted(handle)).rstrip("/\\"))[-1]
    name = re.sub(
        r"\W", "_", re.sub(r"\.(tar(\.(gz|bz2|xz))?|tgz|tbz2?|txz|zip)$", "", last), flags=re.ASCII
    ).strip("_")
    name = name if name and not name[0].isdigit() else f"module_{name}".rstrip("_")
    return f"{name}_" if keyword.iskeyword(name) else name
