"""The list of what is installed for the journeys in other front ends."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from tools import front_ends, pins


def names_and_versions() -> dict[str, str]:
    """The lines of the list without comments."""
    lines = front_ends.PACKAGES.read_text("utf-8").splitlines()
    wanted = [line.partition("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in wanted}


def test_every_version_is_named() -> None:
    """pip chooses nothing, as it does not ask what a package needs."""
    assert [text for text in names_and_versions().values() if not re.fullmatch(r"\d[\w.]*", text)] == []


def test_it_adds_only_what_the_checks_do_not_have() -> None:
    assert set(names_and_versions()) & set(pins.pins()) == set()


def test_the_script_of_html_manager_has_a_version() -> None:
    assert re.fullmatch(r"@jupyter-widgets/html-manager@\d+\.\d+\.\d+", front_ends.HTML_MANAGER)
