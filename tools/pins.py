"""Finds the packages that the project needs on a Python, from installed metadata and without an index."""

from __future__ import annotations

import functools
import importlib.metadata
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import converters

ROOT: Final = Path(__file__).resolve().parents[1]
DEBIAN: Final = "3.11.2"
"""The Python of Debian 12, on which `make lab` and `make test` have to work."""


def project() -> dict[str, Any]:
    """Returns the table `project` of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return table


def declared_pythons() -> list[str]:
    """Returns the lowest release of each Python that pyproject.toml declares, and Debian's release."""
    minors = re.findall(r":: (3\.\d+)'", str(project()["classifiers"]))
    return [*(f"{minor}.0" for minor in minors), DEBIAN]


def extras() -> list[str]:
    """Returns the names of all extras."""
    return list(project()["optional-dependencies"])


def pins() -> dict[str, str]:
    """Returns normalised name -> version of each line of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


@dataclass
class Dependencies:
    """The packages that an extra needs on a Python.

    Attributes:
      requirements: the requirements on each package, by name.
      absent: needed packages that are not installed, so that their own requirements are unknown.
    """

    requirements: dict[str, list[Requirement]] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)


def dependencies(python: str, extra: str) -> Dependencies:
    """Follows an extra through the metadata of installed packages, as if on Linux with that Python."""
    declared = project()
    result = Dependencies()
    lines = declared["dependencies"] + declared["optional-dependencies"][extra]
    pending = list(_applicable(map(Requirement, lines), python, ""))
    # (package, its extra or ""): each pair is followed once, because packages require each other in cycles.
    seen: set[tuple[str, str]] = set()
    while pending:
        requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        result.requirements.setdefault(name, []).append(requirement)
        requires = _requires(name)
        if requires is None:
            result.absent.add(name)
            continue
        for package_extra in {"", *requirement.extras} - {
            known for package, known in seen if package == name
        }:
            seen.add((name, package_extra))
            pending.extend(_applicable(requires, python, package_extra))
    return result


@functools.cache
def installed() -> dict[str, importlib.metadata.Distribution]:
    """Returns normalised name -> installed package, those of build/converters included."""
    folders = [str(folder) for folder in converters.PLACE.glob("lib/python*/site-packages")]
    found = (
        *(importlib.metadata.distributions(path=folders) if folders else ()),
        *importlib.metadata.distributions(),
    )
    return {str(canonicalize_name(one.name)): one for one in found}


def _requires(name: str) -> tuple[Requirement, ...] | None:
    """Returns the requirements of an installed package; None if it is not installed."""
    found = installed().get(name)
    return None if found is None else tuple(Requirement(line) for line in found.requires or ())


def _applicable(requirements: Iterable[Requirement], python: str, extra: str) -> Iterator[Requirement]:
    """Yields the requirements whose marker holds on Linux with that Python and extra."""
    # Written by hand, because packaging can only describe the Python that is running.
    environment = {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "implementation_version": python,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "sys_platform": "linux",
        "os_name": "posix",
        "extra": extra,
    }
    for requirement in requirements:
        if requirement.marker is None or requirement.marker.evaluate(environment):
            yield requirement
