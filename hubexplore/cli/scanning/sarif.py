"""What a scan found in SARIF 2.1.0, the format of static analysis that code hosts and editors show.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", 27 March 2020.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

from hubexplore import __version__
from hubexplore.cli.scanning.judging import Judged
from hubexplore.display.card.access_section import STEP
from hubexplore.display.wording import MAX_SENTENCE, visible
from hubexplore.summary.capabilities.model import Capability, Finding, Severity

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES: Final = {
    Capability.READS: ("reads-files", "A model reads files outside of itself."),
    Capability.WRITES: ("writes-files", "A model writes or deletes files."),
    Capability.NETWORK: ("network", "A model connects to other machines."),
    Capability.CODE: ("runs-code", "A model runs Python or native code."),
    Capability.UNKNOWN: ("unknown-op", "A model has an op that TensorFlow does not have."),
    Capability.HIDES: ("hides-graph", "A model holds another graph inside of a constant."),
}
_LEVELS: Final = {Severity.DANGER: "error", Severity.NOTE: "note"}


def as_sarif(results: Sequence[Judged]) -> str:
    """Returns a log of one run, as JSON of ASCII characters."""
    run = {
        "tool": {"driver": {"name": "hubexplore", "version": __version__, "rules": _rules()}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": all(one.verdict != "unreadable" for one in results),
                "toolExecutionNotifications": [
                    {
                        "level": "error",
                        "message": {"text": visible(one.error, MAX_SENTENCE)},
                        "locations": [_location(one)],
                    }
                    for one in results
                    if one.verdict == "unreadable"
                ],
            }
        ],
        "results": [entry for one in results for entry in _results(one)],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "id": name,
            "shortDescription": {"text": words},
            "defaultConfiguration": {"level": "error"},
            "properties": {"tags": ["security"]},
        }
        for name, words in _RULES.values()
    ]


def _results(judged: Judged) -> Iterator[dict[str, Any]]:
    for finding in judged.capabilities.findings:
        yield {
            "ruleId": _RULES[finding.capability][0],
            "ruleIndex": list(_RULES).index(finding.capability),
            "level": _LEVELS[finding.severity],
            "message": {"text": visible(finding.sentence, MAX_SENTENCE)},
            "locations": [_location(judged, finding)],
            # The same finding has the same fingerprint in the next scan, wherever the model lies then.
            "partialFingerprints": {"finding/v1": _fingerprint(finding)},
            "properties": {
                "op": finding.op,
                "argument": finding.argument,
                "trigger": finding.trigger.when.value,
                "signature": finding.trigger.signature,
                "tags": list(finding.trigger.tags),
            },
        }


def _location(judged: Judged, finding: Finding | None = None) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": _uri(judged.file)}}}
    names = [judged.label] if judged.label != judged.file else []
    if finding is not None:
        names += finding.chain
    if names:
        location["logicalLocations"] = [
            {"name": names[-1], "fullyQualifiedName": STEP.join(names), "kind": "member"}
        ]
    return location


def _uri(path: str) -> str:
    """Returns the path from the current directory where it lies below it, else an absolute file address."""
    if "://" in path:
        return path
    absolute = os.path.abspath(path)  # noqa: PTH100 - `..` must be resolved, links must not
    relative = os.path.relpath(absolute)
    if not relative.startswith(".."):
        return quote(os.fsencode(relative.replace(os.sep, "/")))
    return f"file://{quote(os.fsencode(absolute.replace(os.sep, '/')))}"


def _fingerprint(finding: Finding) -> str:
    words = [finding.capability, *finding.chain, finding.op, finding.argument]
    return hashlib.sha256(json.dumps(words).encode("ascii")).hexdigest()[:32]
