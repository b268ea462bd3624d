"""What is installed, from the metadata of packages: importing them would take seconds."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import re
from pathlib import Path
from typing import Final

TENSORFLOW: Final = (
    "tensorflow", "tensorflow-cpu", "tf-nightly", "tensorflow-intel", "tensorflow-macos", "tensorflow-rocm",
    "tensorflow-gpu", "tf-nightly-cpu",
)  # fmt: skip
"""Distributions that bring the package `tensorflow`."""


@functools.lru_cache(maxsize=256)
def version(distribution: str) -> str:
    """Returns the version of a distribution; empty if it is not installed."""
    try:
        return importlib.metadata.version(distribution) or ""
    except importlib.metadata.PackageNotFoundError:
        return ""


def minor(version_text: str) -> tuple[int, int] | None:
    """Returns major and minor of a version; None if the text has no such beginning."""
    match = re.match(r"(\d+)\.(\d+)", version_text)
    return (int(match[1]), int(match[2])) if match else None


def tensorflow_versions() -> dict[str, str]:
    """Returns distribution -> version of each one that brings TensorFlow."""
    found = {name: version(name) for name in TENSORFLOW}
    return {name: text for name, text in found.items() if text}


def tensorflow_minor() -> tuple[int, int] | None:
    """Returns major and minor version of TensorFlow; None if it is not installed or not known."""
    return next((found for text in tensorflow_versions().values() if (found := minor(text))), None)


def folder_of(package: str) -> Path | None:
    """Returns the folder of a package, which is not imported; None if there is no such package."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return Path(folders[0]) if folders else None


def unmet(distribution: str) -> list[tuple[str, str, str]]:
    """Returns (requirement, package, installed version or "") of each that a distribution lacks.

    Requirements of extras are left out. Without the package `packaging`, which TensorFlow needs, nothing is
    known.
    """
    try:
        from packaging.requirements import InvalidRequirement, Requirement
        from packaging.version import InvalidVersion

        texts = importlib.metadata.requires(distribution) or []
    except (ImportError, importlib.metadata.PackageNotFoundError):
        return []
    lacking = []
    for text in texts:
        try:
            requirement = Requirement(text)
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue
            found = version(requirement.name)
            if not found or not requirement.specifier.contains(found, prereleases=True):
                lacking.append((f"{requirement.name}{requirement.specifier}", requirement.name, found))
        except (InvalidRequirement, InvalidVersion):
            continue
    return lacking
