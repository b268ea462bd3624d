"""The tables of wheels and of newer ops agree with those of packages and ops."""

from __future__ import annotations

import re

import pytest

from hubexplore.summary.graph.ops import newer_ops, op_definitions, op_packages, package_wheels

PACKAGES = sorted(set(re.findall(r"^ {4}([\w-]+):", package_wheels._WHEELS, re.MULTILINE)))


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_has_ops_and_its_releases_are_in_order(package: str) -> None:
    assert package in op_packages._OPS
    releases = [tuple(map(int, wheel.release.split("."))) for wheel in package_wheels.wheels(package)]
    assert releases
    assert releases == sorted(releases, reverse=True)


def test_a_release_for_this_python_and_tensorflow() -> None:
    fitting = package_wheels.fitting
    wheel = fitting("tensorflow-text", (2, 21), (3, 13))
    assert wheel is not None
    assert wheel.release == "2.21.1"
    assert fitting("tensorflow-text", (2, 21), (3, 14)) is None
    assert fitting("tensorflow-addons", (2, 21), (3, 11)) is None
    assert fitting("unheard-of", (2, 21), (3, 11)) is None
    assert package_wheels.module_of("dm-reverb") == "reverb"
    assert package_wheels.module_of("tensorflow-text") == "tensorflow_text"


def test_newer_ops_are_ops_of_the_newest_tensorflow() -> None:
    newer = newer_ops.lacking(op_definitions.known_ops(), newer_ops.OLDEST, None)
    assert len(newer) == len(set(newer)) > 30
    assert "DecodeWebP" in newer
    assert newer_ops.lacking(op_definitions.known_ops(), newer_ops.TABLE_VERSION, None) == []
