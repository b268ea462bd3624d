"""What one module can touch and another cannot."""

from __future__ import annotations

import dataclasses

import pytest

from hubexplore.summary.capabilities.model import (
    NOTHING,
    Capabilities,
    Capability,
    Finding,
    Origin,
    Severity,
    Trigger,
    When,
)
from hubexplore.summary.compare.comparison import compare_modules, compare_variants
from hubexplore.summary.compare.outside_access import compare_access
from hubexplore.summary.model import ModuleSummary, VariantSummary

READ = Finding(
    Capability.READS,
    Severity.DANGER,
    Trigger(When.CALLED, (), "default"),
    ("signature 'default'", "read"),
    "ReadFile",
    "read",
    "Calling 'default' reads the file '/etc/passwd': ReadFile in 'read'.",
    argument="/etc/passwd",
    origin=Origin.CONSTANT,
)
NOTE = dataclasses.replace(
    READ, severity=Severity.NOTE, argument="words.txt", origin=Origin.ASSET, op="ReaderReadV2"
)
PAIR = [((), ())]


def module(title: str, capabilities: Capabilities, *tags: tuple[str, ...]) -> ModuleSummary:
    variants = tuple(VariantSummary(one, ()) for one in tags or ((),))
    return ModuleSummary(title, variants, scan=lambda: capabilities)


def test_a_danger_of_the_second_side_is_gained_and_a_reason() -> None:
    compared = compare_modules(module("a", NOTHING), module("b", Capabilities((NOTE, READ))))
    assert compared.gained == (READ, NOTE)
    assert compared.reasons == ("it has 1 danger that the other lacks, so it is refused until you trust it",)
    assert not compared.same
    (difference,) = compared.differences
    assert (difference.section, difference.name) == ("outside access", "calling 'default': reads files")
    assert difference.first is None
    assert difference.second == "danger: ReadFile, '/etc/passwd'; note: ReaderReadV2, asset 'words.txt'"


def test_a_danger_that_is_gone_is_a_difference_and_no_obstacle() -> None:
    compared = compare_modules(module("a", Capabilities((READ,))), module("b", NOTHING))
    assert compared.gained == ()
    assert compared.replaceable
    assert [difference.lacking for difference in compared.differences] == ["second"]


def test_the_names_of_nodes_and_numbers_of_functions_do_not_count() -> None:
    first = dataclasses.replace(READ, trigger=Trigger(When.CALLED, (), "__inference_f_12"))
    second = dataclasses.replace(
        first, node="other", chain=("x",), trigger=Trigger(When.CALLED, (), "__inference_f_7")
    )
    assert compare_access(Capabilities((first,)), Capabilities((second,)), PAIR).differences == ()
    computed, renamed = (dataclasses.replace(READ, origin=Origin.COMPUTED, argument=name) for name in "ab")
    assert compare_access(Capabilities((computed,)), Capabilities((renamed,)), PAIR).gained == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"argument": "/etc/shadow"},
        {"severity": Severity.NOTE},
        {"op": "WholeFileReaderV2"},
        {"capability": Capability.WRITES},
        {"trigger": Trigger(When.LOADED)},
        {"origin": Origin.INPUT, "argument": "x"},
        {"origin": None, "argument": ""},
    ],
)
def test_whatever_else_differs_counts(changes: dict[str, object]) -> None:
    other = dataclasses.replace(READ, **changes)  # type: ignore[arg-type]  # fields of several types
    compared = compare_access(Capabilities((READ,)), Capabilities((other,)), PAIR)
    assert compared.gained == (other,)
    assert compared.differences


def test_a_variant_that_one_side_lacks() -> None:
    trained = dataclasses.replace(READ, trigger=Trigger(When.CALLED, ("train",), "default"))
    first = module("a", Capabilities((READ,)))
    compared = compare_modules(first, module("b", Capabilities((READ, trained)), (), ("train",)))
    # The first module can do the same, in another variant.
    assert compared.gained == ()
    assert [(one.section, one.tags) for one in compared.differences] == [
        ("outside access", ("train",)),
        ("variants", None),
    ]


def test_only_variants_are_compared_whatever_their_tags() -> None:
    served = dataclasses.replace(READ, trigger=Trigger(When.CALLED, ("serve",), "default"))
    compared = compare_modules(
        module("a", Capabilities((READ,))), module("b", Capabilities((served,)), ("serve",))
    )
    assert compared.gained == ()
    assert "outside access" not in {difference.section for difference in compared.differences}


def test_two_variants_of_one_module() -> None:
    trained = dataclasses.replace(READ, trigger=Trigger(When.CALLED, ("train",), "default"))
    both = Capabilities((trained,))
    compared = compare_variants(
        VariantSummary((), ()), VariantSummary(("train",), ()), capabilities=(both, both)
    )
    assert compared.gained == (trained,)


def test_what_could_not_be_checked() -> None:
    (difference,) = compare_access(NOTHING, Capabilities((), ("It cannot be read.",)), PAIR).differences
    assert difference == ("not checked", None, None, "It cannot be read.")
