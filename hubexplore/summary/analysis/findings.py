"""From what ops can touch, and what makes them run, to findings with a sentence for users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hubexplore.summary.analysis.effects import RESTORERS, SAVERS, TABLES, Effect, shortened
from hubexplore.summary.analysis.entries import Entry
from hubexplore.summary.analysis.program import Region
from hubexplore.summary.capabilities.model import Capability, Finding, Origin, Severity, Trigger, When

_LONGEST_CHAIN: Final = 12
_INPUT_PIPELINE: Final = (
    "Dataset",
    "Reader",
    "ReaderRead",
    "MatchingFiles",
    "ReadFile",
    "PyFunc",
    "RecordInput",
)


def severity_of(effect: Effect, op: str, entry: Entry | None) -> Severity | None:
    """Whether what an op can touch is a danger or worth a note; None for what is as it should be.

    Args:
      effect: what it can touch.
      op: its type.
      entry: what makes it run; None for an op that nothing runs by itself.
    """
    if effect.name == "device":
        return Severity.NOTE
    if effect.capability is Capability.UNKNOWN:
        return Severity.NOTE if effect.package or entry is None else Severity.DANGER
    if entry is None:
        return _severity_if_asked(effect, op)
    if op in RESTORERS and (entry.is_replaced or (effect.saver and entry.trigger.when is When.LOADED)):
        return Severity.NOTE if entry.is_replaced else None
    if effect.origin is Origin.ASSET and effect.capability is Capability.READS:
        return None if op in TABLES else Severity.NOTE
    return Severity.DANGER


def _severity_if_asked(effect: Effect, op: str) -> Severity | None:
    """The severity of what nothing runs by itself: whoever asks for it is told what it does."""
    if op in SAVERS or op in RESTORERS or op in TABLES:
        # Savers name their files "model" by default; what is fed or passed is the caller's choice.
        is_usual = effect.origin is not Origin.CONSTANT or op in RESTORERS or effect.argument == "model"
        return None if is_usual else Severity.NOTE
    if effect.origin is Origin.INPUT or _is_pipeline(op, effect):
        return Severity.NOTE
    return Severity.DANGER


def _is_pipeline(op: str, effect: Effect) -> bool:
    """Whether an op is of the kind that programs read their training data with, and leave in the graph."""
    if effect.capability in (Capability.NETWORK, Capability.HIDES):
        return False
    return op.endswith(_INPUT_PIPELINE) or any(
        word in op for word in ("Dataset", "Reader", "PyFunc", "Summary")
    )


def finding(
    effect: Effect,
    severity: Severity,
    trigger: Trigger,
    *,
    chain: Sequence[str],
    region: Region,
    node: Any,
    around: Sequence[str] = (),
    path: str = "",
) -> Finding:
    """A finding with its sentence; `around` names the nodes that run the hidden graphs around the op."""
    return Finding(
        capability=effect.capability,
        severity=severity,
        trigger=trigger,
        chain=_bounded(chain),
        op=shortened(node.op),
        node=node.name,
        sentence=_sentence(effect, trigger, region, node, around),
        function=region.name,
        path=path,
        argument=effect.argument,
        origin=effect.origin,
    )


def _bounded(chain: Sequence[str]) -> tuple[str, ...]:
    if len(chain) <= _LONGEST_CHAIN:
        return tuple(chain)
    half = _LONGEST_CHAIN // 2
    return (*chain[:half], f"... ({len(chain) - 2 * half:,} more)", *chain[-half:])


def _sentence(effect: Effect, trigger: Trigger, region: Region, node: Any, around: Sequence[str]) -> str:
    inside = f" of the graph that is hidden in a constant of {quoted(around[-1])}" if around else ""
    return f"{_subject(trigger, region, node)} {_action(effect)}: {_place(region, node)}{inside}."


def _subject(trigger: Trigger, region: Region, node: Any) -> str:
    match trigger.when:
        case When.LOADED:
            return "Loading it"
        case When.CALLED:
            return f"Calling {quoted(trigger.signature)}"
        case When.TRAINED:
            return "Training it"
        case When.ASKED:
            return (
                f"Running the function {quoted(region.name)}"
                if region.name
                else f"Fetching {quoted(node.name)}"
            )


def _action(effect: Effect) -> str:
    """What is done, with the argument."""
    what, argument = effect.what, effect.argument
    if effect.capability is Capability.UNKNOWN:
        return (
            f"{what}; the package {effect.package!r} has it"
            if effect.package
            else f"{what}, nor any known package"
        )
    if effect.origin is None:
        return what
    if effect.origin is Origin.CONSTANT:
        if what.endswith(" the file"):
            return f"{what} {quoted(argument)}"
        return f"{what} ({effect.name}: {quoted(argument)})"
    if effect.origin is Origin.ASSET:
        return f"{what} ({effect.name}: the module's own asset {quoted(argument)})"
    names = f" {quoted(argument)}" if argument else ""
    source = {
        Origin.INPUT: f"depends on the input{names}",
        Origin.VARIABLE: f"depends on the variable{names}",
        Origin.COMPUTED: f"is computed{' by' + names if names else ''}",
    }[effect.origin]
    return f"{what}, and {effect.name!r} {source}"


def _place(region: Region, node: Any) -> str:
    inside = f" of the function {quoted(region.name)}" if region.name else ""
    return f"{shortened(node.op)} in {quoted(node.name)}{inside}"


def quoted(text: str) -> str:
    """A name that a stranger chose, with what could be taken for something else escaped."""
    return repr(shortened(text))
