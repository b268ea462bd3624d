"""The list of what is installed for the tests of conversions."""

from __future__ import annotations

import tomllib
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import converters, pins

EXTRAS: Final = ("onnx", "litert", "safetensors")


def test_the_versions_are_those_of_the_constraints() -> None:
    lines = converters.PACKAGES.read_text("utf-8").splitlines()
    wanted = [line.partition("==") for line in lines if not line.startswith("#")]
    pinned = pins.pins()
    assert wanted
    assert {name: version for name, _, version in wanted if pinned[canonicalize_name(name)] != version} == {}


def test_everything_that_the_extras_name_is_installed() -> None:
    text = (pins.ROOT / "pyproject.toml").read_text("utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    named = {Requirement(line).name for extra in EXTRAS for line in extras[extra]}
    listed = {line.partition("==")[0] for line in converters.PACKAGES.read_text("utf-8").splitlines()}
    assert named <= listed
