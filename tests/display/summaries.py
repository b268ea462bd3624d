"""Summaries for the tests of display; no module has to exist for them."""

from __future__ import annotations

from hubexplore.summary.model import ModuleSummary, SignatureSummary, TensorSummary, VariantSummary

WORDS = SignatureSummary(
    "words",
    inputs=(TensorSummary("sentences", "string", (None,)),),
    outputs=(
        TensorSummary("counts", "int64", (None, 100), kind="sparse"),
        TensorSummary("default", "float32", (None, 100)),
        TensorSummary("words", "string", (None, None), kind="ragged"),
    ),
)
IMAGES = SignatureSummary(
    "default",
    inputs=(TensorSummary("images", "float32", (None, 224, 224, 3)),),
    outputs=(TensorSummary("default", "float32", None), TensorSummary("loss", "float32", ())),
)
CONSTANT = SignatureSummary("constant", inputs=(), outputs=(TensorSummary("default", "int32", (2,)),))

PLAIN = ModuleSummary("/modules/words", (VariantSummary((), (WORDS,)),))
ONE_TABLE_FOR_TWO = ModuleSummary(
    "/modules/images",
    (VariantSummary((), (IMAGES, CONSTANT)), VariantSummary(("train",), (IMAGES, CONSTANT))),
    facts=(("scope", "module_1"), ("trainable", "yes")),
)
TWO_TABLES = ModuleSummary(
    "sample:two",
    (VariantSummary((), (IMAGES,)), VariantSummary(("gpu", "train"), (CONSTANT, IMAGES))),
)
EMPTY = ModuleSummary("/modules/empty", ())
ALL = {"plain": PLAIN, "one_table_for_two": ONE_TABLE_FOR_TWO, "two_tables": TWO_TABLES, "empty": EMPTY}


def tensors(count: int) -> tuple[TensorSummary, ...]:
    """As many scalars as asked for."""
    return tuple(TensorSummary(f"t{i}", "float32", ()) for i in range(count))


def named(text: str) -> ModuleSummary:
    """A module in which everything that has a name has this one."""
    tensor = TensorSummary(text, text, (None, 3), kind=text)
    signature = SignatureSummary(text, (tensor,), (tensor,))
    return ModuleSummary(text, (VariantSummary((text,), (signature,)),), ((text, text),))
