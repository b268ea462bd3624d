"""The versions in constraints.txt can be installed on each declared Python, and on other machines.

No index is asked: the metadata of installed packages say which Pythons a release supports and what it needs.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable

import pytest
from packaging.specifiers import SpecifierSet

from tools import pins

PYTHONS = pins.declared_pythons()
PINS = pins.pins()
PATCHES = range(30)


def installed() -> dict[str, importlib.metadata.Distribution]:
    """The metadata of the pinned releases that are installed; other releases say nothing about them."""
    every = pins.installed()
    return {name: every[name] for name, pin in PINS.items() if name in every and every[name].version == pin}


def skip_unless_complete(known: Iterable[str]) -> None:
    """Skips the rest of a test that could check only a part of the pins, and names the others."""
    if others := sorted(set(PINS).difference(known)):
        pytest.skip(f"not installed, so not checked; `make docs` installs them: {', '.join(others)}")


def test_these_pythons_are_declared() -> None:
    assert PYTHONS == ["3.11.0", "3.12.0", "3.13.0", "3.11.2"]


def test_a_pin_is_a_release_that_everybody_can_get() -> None:
    """Neither a local build, nor a file, nor a version for one system alone; each name once."""
    lines = (pins.ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==\d[\w.]*", line)] == []
    assert len(lines) == len(PINS)


def test_a_pin_admits_every_patch_release_of_the_declared_pythons() -> None:
    minors = {python.rpartition(".")[0] for python in PYTHONS}
    pythons = [f"{minor}.{patch}" for minor in sorted(minors) for patch in PATCHES]
    wrong = []
    for name, distribution in installed().items():
        admits = SpecifierSet(str(distribution.metadata.json.get("requires_python", "")))
        if refused := [python for python in pythons if python not in admits]:
            wrong.append(
                f"{name}=={PINS[name]} needs Python {admits}: pin a release that admits {refused[0]}"
            )
    assert not wrong
    skip_unless_complete(installed())


def test_a_pin_came_from_an_index() -> None:
    """A package that was installed from a file or a repository may be on no index."""
    assert [name for name, one in installed().items() if one.read_text("direct_url.json")] == []
    skip_unless_complete(installed())


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("extra", pins.extras())
def test_all_that_an_extra_needs_is_pinned_to_what_it_accepts(extra: str, python: str) -> None:
    needed = pins.dependencies(python, extra)
    assert sorted(set(needed.requirements) - set(PINS)) == [], f"constraints.txt lacks what [{extra}] needs"
    wrong = [
        f"{requirement} is required, {PINS[name]} is pinned"
        for name, requirements in needed.requirements.items()
        for requirement in requirements
        if not requirement.specifier.contains(PINS[name], prereleases=True)
    ]
    assert not wrong
    skip_unless_complete(set(PINS) - needed.absent)


def test_every_pin_is_needed() -> None:
    needed = [pins.dependencies(python, extra) for python in PYTHONS for extra in pins.extras()]
    skip_unless_complete(set(PINS).difference(*(one.absent for one in needed)))
    assert sorted(set(PINS).difference(*(one.requirements for one in needed))) == []
