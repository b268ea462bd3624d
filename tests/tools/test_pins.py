"""The versions in constraints.txt can be installed on each declared Python, and on other machines than this.

Nothing is asked of an index: what a release admits and needs, its installed metadata say.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tools import pins

PYTHONS = pins.declared_pythons()
PINS = pins.pins()
PATCHES = range(30)


def installed() -> dict[str, importlib.metadata.Distribution]:
    """The metadata of those pinned releases that are installed; other releases say nothing about them."""
    found = {str(canonicalize_name(each.name)): each for each in importlib.metadata.distributions()}
    return {name: found[name] for name, pin in PINS.items() if name in found and found[name].version == pin}


def followed(known: Iterable[str]) -> None:
    """A test that has seen a part only says which."""
    if others := sorted(set(PINS).difference(known)):
        pytest.skip(
            f"all else is right, but these are not installed; `make docs` does that: {', '.join(others)}"
        )


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
        admits = SpecifierSet(distribution.metadata["Requires-Python"] or "")
        if refused := [python for python in pythons if python not in admits]:
            wrong.append(
                f"{name}=={PINS[name]} needs Python {admits}: pin a release that admits {refused[0]}"
            )
    assert not wrong
    followed(installed())


def test_a_pin_came_from_an_index() -> None:
    """What was installed from a file or a repository is nowhere else."""
    assert [name for name, each in installed().items() if each.read_text("direct_url.json")] == []
    followed(installed())


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("extra", pins.extras())
def test_all_that_an_extra_needs_is_pinned_to_what_it_accepts(extra: str, python: str) -> None:
    found = pins.needed(python, extra)
    assert sorted(set(found.asks) - set(PINS)) == [], f"constraints.txt lacks what [{extra}] needs"
    wrong = [
        f"{ask} is asked for, {PINS[name]} is pinned"
        for name, asks in found.asks.items()
        for ask in asks
        if not ask.specifier.contains(PINS[name], prereleases=True)
    ]
    assert not wrong
    followed(set(PINS) - found.absent)


def test_no_pin_is_of_what_nothing_needs() -> None:
    found = [pins.needed(python, extra) for python in PYTHONS for extra in pins.extras()]
    followed(set(PINS).difference(*(each.absent for each in found)))
    assert sorted(set(PINS).difference(*(each.asks for each in found))) == []
