"""The facts that displays show, as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TensorSummary:
    """One input or output of a signature.

    `shape` is None where the rank is unknown; an unknown dimension is None.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None
    kind: str = "dense"  # "dense", "sparse" or "ragged"


@dataclass(frozen=True)
class SignatureSummary:
    """A named signature: inputs and outputs sorted by name."""

    name: str
    inputs: tuple[TensorSummary, ...]
    outputs: tuple[TensorSummary, ...]


@dataclass(frozen=True)
class VariantSummary:
    """One graph variant: its tags (sorted; empty for the common untagged one) and signatures."""

    tags: tuple[str, ...]
    signatures: tuple[SignatureSummary, ...]


@dataclass(frozen=True)
class ModuleSummary:
    """What one module holds.

    `facts` are (label, text) pairs for the header: a live Module adds its scope and whether it
    is trainable.
    """

    title: str
    variants: tuple[VariantSummary, ...]
    facts: tuple[tuple[str, str], ...] = ()
