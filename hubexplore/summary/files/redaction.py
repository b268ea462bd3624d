"""Addresses as they may be shown: without what gives access."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "***"

# A name and password, or a token in their place. A password with a slash belongs to no valid address, and
# is not to be shown either; digits after a colon are a port.
_ACCESS: Final = re.compile(r"(?<=://)(?:[^/?#]*|[^/?#@]*:(?!\d*(?:[/?#]|$))[^@]*)@")
# The same after too few or too many slashes, or none: a mistyped address.
_MISTYPED: Final = re.compile(
    r"^(\s*[A-Za-z][A-Za-z0-9+.\-]+:/*|\s*https?/+)[^/?#@:]+:(?!\d*(?:[/?#]|$))[^@]*@"
)
_SECRET_FIELD: Final = re.compile(
    r"([?&;#][^=&;#]*(?:token|key|secret|passw|sig|auth|credential)[^=&;#]*=)[^&;#]*", re.IGNORECASE
)


def redacted(handle: str) -> str:
    """Returns a handle as messages, titles and records may show it; only addresses can differ."""
    if "@" in handle:
        handle = _MISTYPED.sub(rf"\1{HIDDEN}@", handle)
    if "://" not in handle:
        return handle
    return _SECRET_FIELD.sub(rf"\1{HIDDEN}", _ACCESS.sub(f"{HIDDEN}@", handle))


def without_access(handle: str) -> str:
    """Returns a handle without name and password: who may fetch it makes it no other module."""
    return re.sub(r"(?<=://)[^/?#]*@", "", handle)
