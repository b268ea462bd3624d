"""The section of a card on what the module can touch outside of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubexplore.display.card.blocks import Block, Finding, Findings, Section, lines
from hubexplore.display.card.limits import RowBudget
from hubexplore.display.tables.grid import Remark
from hubexplore.display.wording import counted, omission
from hubexplore.summary.capabilities.model import Capabilities, Severity
from hubexplore.summary.capabilities.model import Finding as FindingFacts

HEADING: Final = "Outside access"
BUDGET: Final = (24, 24_000)
"""Maximum number of findings, and of bytes of HTML."""
STEP: Final = " > "
"""Separates the steps by which an op is reached."""
_MARKUP_BYTES: Final = 120  # of a finding, in addition to its text


def verdict(capabilities: Capabilities) -> str:
    """Returns a phrase such as "2 dangers" or "no outside access"."""
    if capabilities.dangers:
        return counted(len(capabilities.dangers), "danger")
    if capabilities.unread:
        return "outside access not known"
    return "no dangers" if capabilities.findings else "no outside access"


def outside_access(capabilities: Capabilities) -> Section | None:
    """Returns what a module can touch, unfolded if there is a danger; None if there is nothing to say."""
    findings, unread = capabilities.findings, capabilities.unread
    if not findings and not unread:
        return None
    blocks: list[Block] = [bounded(findings)] if findings else []
    if unread:
        blocks.append(lines(RowBudget(*BUDGET), unread, "part", "Not checked"))
    counts = [
        counted(len(part), noun)
        for part, noun in ((capabilities.dangers, "danger"), (capabilities.notes, "note"))
        if part
    ]
    if unread:
        counts.append(f"{counted(len(unread), 'part')} not checked")
    return Section(HEADING, ", ".join(counts), tuple(blocks), open=bool(capabilities.dangers or unread))


def bounded(findings: Sequence[FindingFacts]) -> Findings:
    """Returns the findings as a block of a card, as many as there is room for."""
    budget = RowBudget(*BUDGET)
    items: list[Finding] = []
    for finding in findings:
        chain = STEP.join(finding.chain)
        if not budget.take((Remark(finding.sentence), Remark(chain)), _MARKUP_BYTES):
            break
        items.append(Finding(finding.severity is Severity.DANGER, finding.sentence, chain))
    return Findings(tuple(items), omission(len(findings) - len(items), "finding"))
