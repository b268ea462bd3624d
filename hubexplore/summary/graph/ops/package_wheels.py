"""Which release of a package with further ops fits a Python and a TensorFlow, without asking an index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# package: release, TensorFlow that its ops are built for, versions of Python with a wheel; the newest first.
# Read in November 2026 from the metadata of the wheels for Linux on x86-64. Wheels for Python below 3.11 are
# left out, since hubexplore does not run there.
_WHEELS: Final = """
    tensorflow-text: 2.21.1 2.21 3.11 3.12 3.13
    tensorflow-text: 2.20.1 2.20 3.11 3.12 3.13
    tensorflow-text: 2.19.0 2.19 3.11 3.12
    tensorflow-text: 2.18.1 2.18 3.11 3.12
    tensorflow-text: 2.17.0 2.17 3.11
    tensorflow-text: 2.16.1 2.16 3.11
    tensorflow-decision-forests: 1.12.0 2.19 3.11 3.12
    tensorflow-decision-forests: 1.11.0 2.18 3.11
    tensorflow-decision-forests: 1.10.1 2.17 3.11
    tensorflow-decision-forests: 1.9.2 2.16 3.11
    tensorflow-io: 0.37.1 2.16 3.11 3.12
    tensorflow-recommenders-addons: 0.8.1 2.16 3.11
    struct2tensor: 0.48.1 2.17 3.11
    struct2tensor: 0.47.0 2.16 3.11
    scann: 1.4.2 2.20 3.11 3.12 3.13
    scann: 1.4.0 2.19 3.11 3.12
    scann: 1.3.5 2.18 3.11 3.12
    tensorflow-addons: 0.23.0 2.15 3.11
    dm-reverb: 0.14.0 2.15 3.11
    tensorflow-compression: 2.14.1 2.14 3.11
"""
_MODULES: Final = {
    "dm-reverb": "reverb",
    "tensorflow-io": "tensorflow_io",
}

Version = tuple[int, int]
"""Major and minor version."""


@dataclass(frozen=True)
class Wheel:
    """A release of a package.

    Attributes:
      package: its name on the package index.
      release: its version.
      tensorflow: the version of TensorFlow that its ops are built for.
      pythons: versions of Python that it has a wheel for.
    """

    package: str
    release: str
    tensorflow: Version
    pythons: tuple[Version, ...]


def wheels(package: str) -> Iterator[Wheel]:
    """Yields the known releases of a package, the newest first."""
    for line in _WHEELS.split("\n"):
        name, colon, rest = line.strip().partition(": ")
        if colon and name == package:
            release, tensorflow, *pythons = rest.split()
            yield Wheel(name, release, _version(tensorflow), tuple(map(_version, pythons)))


def module_of(package: str) -> str:
    """Returns the name by which a program imports a package."""
    return _MODULES.get(package, package.replace("-", "_"))


def fitting(package: str, tensorflow: Version, python: Version) -> Wheel | None:
    """Returns the release of a package that fits; None if none is known."""
    return next(
        (wheel for wheel in wheels(package) if wheel.tensorflow == tensorflow and python in wheel.pythons),
        None,
    )


def _version(text: str) -> Version:
    major, _, minor = text.partition(".")
    return int(major), int(minor)
