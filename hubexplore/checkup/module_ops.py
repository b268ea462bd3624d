"""Checks of the ops of a module: which ones this TensorFlow cannot run, and what would bring them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Final

from hubexplore.checkup import installed
from hubexplore.checkup.findings import OK, PROBLEM, WARNING, Finding, State
from hubexplore.display.wording import counted
from hubexplore.summary.graph.ops import newer_ops, op_kernels, op_packages, package_wheels
from hubexplore.summary.lookup import first_names
from hubexplore.summary.model import ModuleSummary, VariantSummary

_SUBJECT: Final = "ops"
_SHOWN: Final = 8
"""Maximum number of ops that a sentence names."""


def findings(
    summary: ModuleSummary,
    tensorflow: tuple[int, int] | None,
    python: tuple[int, int] = sys.version_info[:2],
) -> Iterator[Finding]:
    """Checks the ops of all graph variants.

    Args:
      summary: of the module.
      tensorflow: major and minor version; None if it is not installed.
      python: major and minor version.
    """
    found = [
        *_of_packages(summary, tensorflow, python),
        *_newer(summary, tensorflow),
        *_without_kernel(summary),
    ]
    yield from found
    kinds = len({op.op for variant in summary.variants for op in variant.ops})
    if not found and kinds:
        yield Finding(_SUBJECT, OK, f"All ops of the module are in TensorFlow ({counted(kinds, 'type')}).")
    writer, own = installed.minor(summary.tensorflow_version), tensorflow
    if writer and own and writer > own:
        sentence = f"TensorFlow {summary.tensorflow_version} wrote the module; this one is {own[0]}.{own[1]}."
        remedy = f"If it does not load: pip install 'tensorflow~={writer[0]}.{writer[1]}.0'"
        yield Finding("TensorFlow", WARNING, sentence, remedy)


def _of_packages(
    summary: ModuleSummary, tensorflow: tuple[int, int] | None, python: tuple[int, int]
) -> Iterator[Finding]:
    """Yields what is known of the ops that TensorFlow lacks, by package."""
    by_package: dict[str, set[str]] = {}
    for variant in summary.variants:
        for op in variant.ops:
            if op.unknown:
                by_package.setdefault(op.package, set()).add(op.op)
    for package, ops in sorted(by_package.items()):
        state, needed = _needed(summary, ops)
        verb = "is" if len(ops) == 1 else "are"
        listed = first_names(sorted(ops), _SHOWN)
        if not package:
            sentence = f"{listed} {verb} not in TensorFlow, nor in any package that is known; {needed}."
            remedy = (
                "Import the package that registers it before the module is loaded; ask its author for it."
            )
            yield Finding(_SUBJECT, state, sentence, remedy)
            continue
        name = package.partition(",")[0].partition(" ")[0]
        version = installed.version(name)
        if version:
            sentence = f"{listed} {verb} in {package}, of which {version} is installed; {needed}."
            remedy = f"Import it before the module is loaded: import {package_wheels.module_of(name)}"
            yield Finding(_SUBJECT, WARNING, sentence, remedy)
            continue
        sentence = f"{listed} {verb} in {package}; {needed}."
        yield Finding(_SUBJECT, state, sentence, _how_to_get(name, tensorflow, python))


def _how_to_get(package: str, tensorflow: tuple[int, int] | None, python: tuple[int, int]) -> str:
    """Returns what to install so that the ops of a package are there."""
    known = list(package_wheels.wheels(package))
    if not known:
        return "No wheel of it is known for a TensorFlow that hubexplore runs with. Use another module."
    here = f"Python {python[0]}.{python[1]}"
    if tensorflow:
        wheel = package_wheels.fitting(package, tensorflow, python)
        own = f"TensorFlow {tensorflow[0]}.{tensorflow[1]}"
        if wheel:
            module = package_wheels.module_of(package)
            return (
                f"A wheel for {here} and {own} exists: pip install {package}=={wheel.release}, then "
                f"`import {module}` before the module is loaded."
            )
        here = f"{here} and {own}"
    others = [wheel for wheel in known if python in wheel.pythons and wheel.tensorflow >= newer_ops.OLDEST]
    if others:
        best = others[0]
        number = f"{best.tensorflow[0]}.{best.tensorflow[1]}"
        return (
            f"No wheel for {here} is known. In another environment: pip install {package}=={best.release} "
            f"'tensorflow~={number}.0'"
        )
    best = known[0]
    number = f"{best.tensorflow[0]}.{best.tensorflow[1]}"
    pythons = " or ".join(f"{major}.{minor}" for major, minor in best.pythons)
    needs = f"{package} {best.release} needs TensorFlow {number} and Python {pythons}"
    text = f"No wheel for {here} is known. {needs}"
    return (
        f"{text}." if best.tensorflow >= newer_ops.OLDEST else f"{text}, which hubexplore does not run with."
    )


def _newer(summary: ModuleSummary, tensorflow: tuple[int, int] | None) -> Iterator[Finding]:
    if tensorflow is None:
        return
    ops = {op.op for variant in summary.variants for op in variant.ops}
    newer = newer_ops.lacking(ops, tensorflow, installed.folder_of("tensorflow"))
    if newer:
        state, needed = _needed(summary, newer)
        listed = first_names(newer, _SHOWN)
        own = f"{tensorflow[0]}.{tensorflow[1]}"
        major, minor = newer_ops.TABLE_VERSION
        sentence = f"{listed} came after TensorFlow {own}, which is installed; {needed}."
        yield Finding(_SUBJECT, state, sentence, f"pip install 'tensorflow~={major}.{minor}.0'")


def _without_kernel(summary: ModuleSummary) -> Iterator[Finding]:
    lacking = op_kernels.without_kernel()
    ops = sorted({op.op for variant in summary.variants for op in variant.ops if op.op in lacking})
    for op in ops[:_SHOWN]:
        state, needed = _needed(summary, [op])
        remedy = (
            "Run it on a machine with a GPU."
            if lacking[op]
            else "Run what needs it with the version of TensorFlow that wrote the module."
        )
        yield Finding(_SUBJECT, state, f"{op!r} cannot run here: {op_kernels.reason(op)}; {needed}.", remedy)


def _needed(summary: ModuleSummary, ops: Iterable[str]) -> tuple[State, str]:
    """Returns whether ops stop a signature, and which signatures run them."""
    names: dict[str, None] = {}
    for variant in summary.variants:
        needs = _who_needs(summary, variant, ops)
        if needs is None:
            return PROBLEM, "the signatures that run it are not known"
        names.update(dict.fromkeys(name for found in needs for name in found))
    return (PROBLEM if names else WARNING), op_packages.needed_by(names)


def _who_needs(summary: ModuleSummary, variant: VariantSummary, ops: Iterable[str]) -> list[list[str]] | None:
    meta_graph = summary.source.meta_graphs.get(variant.tags) if summary.source else None
    if meta_graph is None:
        return None
    own = {op.op for op in variant.ops}.intersection(ops)
    if not own:
        return []
    needs = op_kernels.who_needs(own, variant.signatures, meta_graph)
    return list(needs.values()) if needs else None
