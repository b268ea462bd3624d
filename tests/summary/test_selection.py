"""One variant, one signature of a module."""

from __future__ import annotations

import dataclasses

import pytest

from hubexplore import errors
from hubexplore.summary.model import ModuleSummary, SignatureSummary, VariantSummary
from hubexplore.summary.selection import likewise, narrowed

ONE, TWO = SignatureSummary("one", (), ()), SignatureSummary("two", (), ())
PLAIN = VariantSummary((), (ONE, TWO))
TRAIN = VariantSummary(("gpu", "train"), (ONE,))
MODULE = ModuleSummary("module", (PLAIN, TRAIN), size=7)


def test_nothing_asked_for_is_everything() -> None:
    assert narrowed(MODULE) == MODULE


def test_a_variant() -> None:
    assert narrowed(MODULE, ["train", "gpu"]) == ModuleSummary("module", (TRAIN,), size=7)
    assert narrowed(MODULE, []).variants == (PLAIN,)


def test_a_signature_with_the_variants_that_have_it() -> None:
    assert narrowed(MODULE, signature="two").variants == (VariantSummary((), (TWO,)),)
    assert narrowed(MODULE, signature="one").variants == (VariantSummary((), (ONE,)), TRAIN)


def test_what_is_not_there() -> None:
    expected = r"\['train'\]; it has \[\], \['gpu', 'train'\]\. Nearest: --tags 'gpu,train'\."
    with pytest.raises(errors.NoSuchVariantError, match=expected):
        narrowed(MODULE, ["train"])
    expected = r"'tow'; it has \['one', 'two'\]\. Did you mean 'two'"
    with pytest.raises(errors.NoSuchSignatureError, match=expected):
        narrowed(MODULE, signature="tow")
    with pytest.raises(errors.NoSuchSignatureError, match=r"no signature 'two'; it has \['one'\]"):
        narrowed(MODULE, ["gpu", "train"], "two")


def test_likewise_takes_what_there_is() -> None:
    other = ModuleSummary("other", (TRAIN,))
    assert likewise(other, narrowed(MODULE, []), None).variants == ()
    assert likewise(other, narrowed(MODULE, signature="two"), "two").variants == ()
    assert likewise(MODULE, narrowed(other, signature="one"), "one").variants == (TRAIN,)
    assert likewise(other, MODULE, None, MODULE).variants == (TRAIN,)
    served = ModuleSummary("served", (dataclasses.replace(TRAIN, tags=("serve",)),))
    assert likewise(other, served, None, served).variants == (TRAIN,), "the only variant of each"
    (variant,) = likewise(other, other, "two").variants
    assert variant.signatures == ()
