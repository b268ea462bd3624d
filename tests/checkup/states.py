"""What tests ask of findings."""

from __future__ import annotations

from collections.abc import Iterable

from hubexplore.checkup.findings import OK, PROBLEM, Finding


def problems(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.state == PROBLEM]


def noted(findings: Iterable[Finding]) -> list[Finding]:
    """Warnings and problems."""
    return [finding for finding in findings if finding.state != OK]


def the(findings: Iterable[Finding], words: str) -> Finding:
    """The only finding whose sentence or remedy has these words."""
    (found,) = [item for item in findings if words in item.sentence or words in item.remedy]
    return found
