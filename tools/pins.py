"""Which packages the project needs on a Python, followed through what is installed, without an index."""

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

ROOT: Final = Path(__file__).resolve().parents[1]
DEBIAN: Final = "3.11.2"
"""The Python of Debian 12, on which both commands have to work."""


def project() -> dict[str, Any]:
    """The table `project` of pyproject.toml."""
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return found


def declared_pythons() -> list[str]:
    """The lowest release of each Python that pyproject.toml declares, and Debian's."""
    minors = re.findall(r":: (3\.\d+)'", str(project()["classifiers"]))
    return [*(f"{minor}.0" for minor in minors), DEBIAN]


def extras() -> list[str]:
    """The names of all extras."""
    return list(project()["optional-dependencies"])


def pins() -> dict[str, str]:
    """Name, as indexes write it, and version of each line of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


@dataclass
class Needed:
    """What an extra needs on a Python.

    Attributes:
      asks: the requirements of each package, by name.
      absent: packages that are needed and not installed, so that what they need in turn is not known.
    """

    asks: dict[str, list[Requirement]] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)


def needed(python: str, extra: str) -> Needed:
    """Follows an extra through the metadata of what is installed, as if on Linux with that Python."""
    declared = project()
    found = Needed()
    lines = declared["dependencies"] + declared["optional-dependencies"][extra]
    todo = list(_those(map(Requirement, lines), python, ""))
    seen: set[tuple[str, str]] = set()
    while todo:
        ask = todo.pop()
        name = canonicalize_name(ask.name)
        found.asks.setdefault(name, []).append(ask)
        requires = _requires(name)
        if requires is None:
            found.absent.add(name)
            continue
        for of_it in {"", *ask.extras} - {each for known, each in seen if known == name}:
            seen.add((name, of_it))
            todo.extend(_those(requires, python, of_it))
    return found


@functools.cache
def _requires(name: str) -> tuple[Requirement, ...] | None:
    """What an installed package asks for; None if it is not installed."""
    try:
        return tuple(Requirement(line) for line in importlib.metadata.requires(name) or ())
    except importlib.metadata.PackageNotFoundError:
        return None


def _those(requirements: Iterable[Requirement], python: str, extra: str) -> Iterator[Requirement]:
    """Those whose marker holds."""
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
    for each in requirements:
        if each.marker is None or each.marker.evaluate(environment):
            yield each
