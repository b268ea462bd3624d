"""What `chain` and `head` are given, as specs with names."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.display.wording import counted
from hubexplore.errors import HandleError, ScopeNameError, SignatureError
from hubexplore.hub.loading import load_module_spec
from hubexplore.hub.module import Module
from hubexplore.hub.resolve.nearest import open_nearest
from hubexplore.hub.spec import ModuleSpec
from hubexplore.summary.files.handle_names import variable_name
from hubexplore.summary.files.paths import text_of
from hubexplore.summary.files.redaction import redacted
from hubexplore.summary.free_names import free_name
from hubexplore.summary.lookup import default_signature

MSG_KIND: Final = (
    "{function} takes handles, paths and ModuleSpecs, each alone or as (module, 'signature'); got a {found}."
)
MSG_LIVE: Final = (
    "{function} takes no Module, whose weights are in a session. Pass module.spec for the published weights; "
    "for those that it has now, write it first, module.export(path, session), and pass the path."
)
MSG_NAME: Final = (
    "A name of a part starts with a letter or digit, followed by letters, digits, '_', '-' and '.', as the "
    "names of its variables start with it; {name!r} does not."
)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Part:
    """A module that becomes part of another one.

    Attributes:
      spec: of the module.
      name: the scope of its variables in the new module.
      code: how the user writes it: its handle in quotation marks, or its name.
      title: what messages call it.
      signature: that was asked for; None for the default one.
    """

    spec: ModuleSpec
    name: str
    code: str
    title: str
    signature: str | None = None

    def signature_in(self, tags: frozenset[str]) -> str:
        """The signature that is meant in a graph variant; it need not be there."""
        if self.signature:
            return self.signature
        names = self.spec.get_signature_names(tags)
        return names[0] if len(names) == 1 else default_signature(names)


def open_parts(function: str, given: Sequence[Any], names: Sequence[str] | None = None) -> list[Part]:
    """Opens modules, and gives each a name of its own.

    Args:
      function: that the user called, for messages.
      given: a handle, path or spec each, alone or with the name of a signature.
      names: of the parts; by default made from the handles.

    Raises:
      HandleError: (a ValueError) something else was given.
      ScopeNameError: (a ValueError) a name that variables cannot begin with, or two that are the same.
      SignatureError: (a TypeError and ValueError) the name of a signature is no str, or not as many names as
        parts were given.
      HubError: one cannot be loaded, as `load_module_spec` raises it.
    """
    if names is not None:
        _check_names(names, len(given))
    parts: list[Part] = []
    for number, value in enumerate(given):
        module, signature = value if isinstance(value, tuple) and len(value) == 2 else (value, None)
        if signature is not None and not isinstance(signature, str):
            raise SignatureError(
                f"The second of (module, signature) is the name of a signature, a str; got {signature!r}."
            )
        spec, title, code = _opened(function, module)
        name = names[number] if names is not None else _free(variable_name(title), parts)
        parts.append(Part(spec, name, code or name, title, signature))
    return parts


def _opened(function: str, module: Any) -> tuple[ModuleSpec, str, str]:
    """The spec of a module, its title, and its handle as code; an empty text for a spec."""
    if isinstance(module, ModuleSpec):
        return module, str(getattr(module, "title", type(module).__name__)), ""
    if isinstance(module, Module):
        raise HandleError(MSG_LIVE.format(function=function))
    if not isinstance(module, (str, bytes, os.PathLike)):
        raise HandleError(MSG_KIND.format(function=function, found=type(module).__name__))
    title = redacted(text_of(module))
    return open_nearest(module, load_module_spec).value, title, repr(title)


def _free(name: str, parts: Sequence[Part]) -> str:
    # TensorFlow compares names of scopes without regard to case.
    used = {part.name.lower() for part in parts}
    return free_name(name, used, ignore_case=True)


def _check_names(names: Any, parts: int) -> None:
    if isinstance(names, str) or len(names) != parts:
        found = repr(names) if isinstance(names, str) else counted(len(names), "name")
        raise SignatureError(f"names= has one name for each part, in order: {parts} of them; got {found}.")
    seen: set[str] = set()
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ScopeNameError(MSG_NAME.format(name=name))
        if name.lower() in seen:
            raise ScopeNameError(f"Each part needs a name of its own; {name!r} occurs twice in names=.")
        seen.add(name.lower())
