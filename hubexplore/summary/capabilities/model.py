"""What was found of a module's capabilities: frozen dataclasses that all renderings share."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Capability(enum.StrEnum):
    """What an op can do beside computing; the values are shown to users."""

    READS = "reads files"
    WRITES = "writes or deletes files"
    NETWORK = "network"
    CODE = "runs Python or native code"
    UNKNOWN = "unknown ops"
    HIDES = "hides graphs"


class Severity(enum.StrEnum):
    """Whether a module is refused for a finding until the user trusts it."""

    DANGER = "danger"
    NOTE = "note"


class When(enum.StrEnum):
    """What makes an op run."""

    LOADED = "loaded"
    CALLED = "called"
    TRAINED = "trained"
    ASKED = "asked for"


class Origin(enum.StrEnum):
    """Where an argument of an op, such as a path or an address, comes from."""

    CONSTANT = "constant"
    ASSET = "asset"
    INPUT = "input"
    VARIABLE = "variable"
    COMPUTED = "computed"


@dataclass(frozen=True, slots=True)
class Trigger:
    """What makes an op run: loading, calling a signature, training, or only somebody who asks for it.

    Attributes:
      when: which of these.
      tags: of the graph variant, sorted.
      signature: name of the signature or function that is called; empty for other triggers.
    """

    when: When
    tags: tuple[str, ...] = ()
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One op that can touch something outside of the module, and what makes it run.

    Attributes:
      capability: what it can do.
      severity: danger, or note.
      trigger: what makes it run.
      chain: how the trigger reaches it: the signature or initializer, then scopes and functions, then the
        node.
      op: type of the op.
      node: name of its node, in the graph or in the body of its function.
      function: name of the function that holds the node; empty for the graph itself.
      path: name of the op in the graph with calls inlined, by which diagrams know it; empty where they have
        none.
      argument: the literal argument, such as a path, an address or the name of a Python function; the names
        of the inputs or variables that it depends on; empty if the op has none.
      origin: where the argument comes from; None if the op has none.
      sentence: all of it, for users, in one sentence.
    """

    capability: Capability
    severity: Severity
    trigger: Trigger
    chain: tuple[str, ...]
    op: str
    node: str
    sentence: str
    function: str = ""
    path: str = ""
    argument: str = ""
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """All that was found in a module; dangers first, then in the order load, call, train, asked for.

    Attributes:
      findings: see `Finding`.
      unread: sentences on what could not be looked into, such as a damaged graph inside a constant.
    """

    findings: tuple[Finding, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def dangers(self) -> tuple[Finding, ...]:
        """The findings for which a module is refused until the user trusts it."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.DANGER)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """The findings that are worth knowing, and harmless."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.NOTE)


NOTHING = Capabilities()
