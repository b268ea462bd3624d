"""The report of the doctor: text, HTML, JSON, data frame."""

from __future__ import annotations

import json

import hubexplore as hub
from hubexplore.checkup.findings import OK, PROBLEM, WARNING, Finding, Section, cause_and_remedy
from hubexplore.checkup.report import Report

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e"
REPORT = Report((
    Section("Module", (
        Finding("m", PROBLEM, "The file 'x' is missing.", "Copy it again."),
        Finding(HOSTILE, WARNING, HOSTILE, HOSTILE),
    )),
    Section("Cache", (Finding("cache", OK, "The cache is empty."),)),
))  # fmt: skip


def test_text() -> None:
    lines = REPORT.to_text().splitlines()
    assert lines[0] == "hubexplore doctor: 1 problem and 1 warning found."
    assert "  problem  m: The file 'x' is missing." in lines
    assert "             Copy it again." in lines
    assert "\x1b" not in REPORT.to_text()
    assert "\u202e" not in REPORT.to_text()
    assert "\x1b[1m" in REPORT.to_text(colour=True)


def test_lines_fit_and_words_stay_whole() -> None:
    long = Report((Section("A", (Finding("b", OK, "word " * 60, "x" * 150),)),))
    lines = long.to_text(width=70).splitlines()
    assert all(len(line) <= 70 or "x" * 150 in line for line in lines)
    assert any("x" * 150 in line for line in lines)


def test_html_is_escaped_and_sections_without_notes_are_folded() -> None:
    page = REPORT.to_html()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert REPORT._repr_html_()
    assert page.count("<details open") == 1
    assert page.count("<details>") == 1


def test_json() -> None:
    content = json.loads(REPORT.to_json())
    assert content["healthy"] is False
    assert content["sections"][0]["findings"][0] == {
        "subject": "m",
        "state": "problem",
        "sentence": "The file 'x' is missing.",
        "remedy": "Copy it again.",
    }


def test_data_frame() -> None:
    assert list(REPORT.df["state"]) == ["problem", "warning", "ok"]


def test_warnings_are_healthy_and_what_was_not_examined_is_not() -> None:
    section = Section("A", (Finding("b", WARNING, "c"),))
    assert Report((section,)).healthy
    assert not Report((section,), examined=False).healthy
    assert "Not everything could be checked" in repr(Report((section,), examined=False))


def test_cause_and_remedy() -> None:
    assert cause_and_remedy("It fails. Do this. Then that.") == ("It fails.", "Do this. Then that.")
    assert cause_and_remedy("It fails") == ("It fails", "")
    assert cause_and_remedy("At 'a. B' it fails. Do this.", ("a. B",)) == ("At 'a. B' it fails.", "Do this.")


def test_the_public_function() -> None:
    report = hub.doctor()
    assert [section.heading for section in report.sections] == [
        "Packages", "Jupyter", "Programs and network", "Cache",
    ]  # fmt: skip
    assert report.examined
    assert len(hub.doctor(topics=True).findings) == 28
    error = ValueError("Missing implementation that supports: loader(*('/tmp/x',), **{})")
    assert "A path that is not a module" in repr(hub.doctor(error=error))
    assert not hub.doctor(error="quite another thing").examined
