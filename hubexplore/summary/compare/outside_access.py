"""What one side can touch outside of itself that the other side cannot.

Findings are compared by what happens when, not by the names of nodes: these differ between exports of one
program.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hubexplore.summary.capabilities.model import Capabilities, Finding, Origin, Severity, Trigger, When

Tags = tuple[str, ...]

UNCHECKED: Final = "not checked"
"""Name of the difference in what a scan could not look into."""
# TensorFlow numbers functions by a counter of the process.
_NUMBER: Final = re.compile(r"_[0-9]+\Z")

MSG_DANGERS: Final = "it has {dangers} that the other lacks, so it is refused until you trust it"


@dataclass(frozen=True)
class AccessComparison:
    """What differs in what two sides can touch.

    Attributes:
      differences: (name, tags, text of the first side, text of the second side); the text is None on a side
        that touches nothing of the kind, and the tags are None for the module itself.
      gained: what the second side can touch and the first cannot, each finding once.
    """

    differences: tuple[tuple[str, Tags | None, str | None, str | None], ...] = ()
    gained: tuple[Finding, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the second side cannot replace the first, as clauses."""
        count = sum(finding.severity is Severity.DANGER for finding in self.gained)
        dangers = f"{count:,} danger{'s' if count > 1 else ''}"
        return (MSG_DANGERS.format(dangers=dangers),) if count else ()


def compare_access(
    first: Capabilities, second: Capabilities, pairs: Iterable[tuple[Tags, Tags]]
) -> AccessComparison:
    """Compares what two modules can touch.

    Args:
      first: of the first module.
      second: of the second module.
      pairs: tags of the graph variants that correspond. One side of a pair need not exist.
    """
    differences: list[tuple[str, Tags | None, str | None, str | None]] = []
    compared: tuple[list[Finding], list[Finding]] = [], []
    for tags, other_tags in pairs:
        findings, other_findings = _of(first, tags), _of(second, other_tags)
        texts, other_texts = _described(findings), _described(other_findings)
        differences += (
            (name, tags, texts.get(name), other_texts.get(name))
            for name in texts.keys() | other_texts.keys()
            if texts.get(name) != other_texts.get(name)
        )
        compared[0].extend(findings)
        compared[1].extend(other_findings)
    # A sentence on what could not be read does not say in which variant that is.
    unread, other_unread = (" ".join(sorted(side.unread)) or None for side in (first, second))
    if unread != other_unread:
        differences.append((UNCHECKED, None, unread, other_unread))
    return AccessComparison(tuple(differences), _gained(*compared))


def _of(capabilities: Capabilities, tags: Tags) -> Sequence[Finding]:
    return [finding for finding in capabilities.findings if finding.trigger.tags == tags]


def _gained(first: Iterable[Finding], second: Iterable[Finding]) -> tuple[Finding, ...]:
    known = {(_name(finding), _text(finding)) for finding in first}
    new: dict[tuple[str, str], Finding] = {}
    for finding in second:
        key = (_name(finding), _text(finding))
        if key not in known:
            new.setdefault(key, finding)
    # Dangers first; sorting keeps the order otherwise.
    return tuple(sorted(new.values(), key=lambda finding: finding.severity is not Severity.DANGER))


def _described(findings: Iterable[Finding]) -> Mapping[str, str]:
    """Returns name -> text: "loading: reads files" -> "danger: ReadFile, '/etc/passwd'"."""
    texts_of: dict[str, set[str]] = {}
    for finding in findings:
        texts_of.setdefault(_name(finding), set()).add(_text(finding))
    return {name: "; ".join(sorted(texts)) for name, texts in texts_of.items()}


def _name(finding: Finding) -> str:
    return f"{_trigger_text(finding.trigger)}: {finding.capability}"


def _trigger_text(trigger: Trigger) -> str:
    match trigger.when:
        case When.LOADED:
            return "loading"
        case When.CALLED:
            return f"calling {_NUMBER.sub('_*', trigger.signature)!r}"
        case When.TRAINED:
            return "training"
        case When.ASKED:
            return "only if asked for"


def _text(finding: Finding) -> str:
    return f"{finding.severity}: {finding.op}{_argument(finding)}"


def _argument(finding: Finding) -> str:
    match finding.origin:
        case None:
            return ""
        case Origin.CONSTANT:
            return f", {finding.argument!r}"
        case Origin.ASSET:
            return f", asset {finding.argument!r}"
        case Origin.INPUT | Origin.VARIABLE:
            names = f" {finding.argument!r}" if finding.argument else ""
            return f", depends on the {finding.origin}{names}"
        case Origin.COMPUTED:
            # The argument names nodes, and those may have other names on the other side.
            return ", computed"
