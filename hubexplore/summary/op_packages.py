"""Which pip package provides an op that TensorFlow itself lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

NOWHERE: Final = "tf.contrib of TensorFlow 1; no package has it for TensorFlow 2"

# Op type, or a prefix of op types ending in "*", -> package. From the packages' own op registrations.
_PROVIDERS: Final = (
    ("Addons>*", "tensorflow-addons"),
    ("IO>*", "tensorflow-io"),
    ("TFText>*", "tensorflow-text"),
    ("Sentencepiece*", "tensorflow-text"),
    ("RaggedTensorToTensorText*", "tensorflow-text"),
    ("NormalizeUTF8*", "tensorflow-text"),
    ("CaseFoldUTF8", "tensorflow-text"),
    ("WhitespaceTokenize*", "tensorflow-text"),
    ("WordpieceTokenize*", "tensorflow-text"),
    ("FastWordpiece*", "tensorflow-text"),
    ("FastBertNormalize*", "tensorflow-text"),
    ("UnicodeScriptTokenize*", "tensorflow-text"),
    ("RegexSplitWithOffsets", "tensorflow-text"),
    ("SplitMergeTokenize*", "tensorflow-text"),
    ("TokenizerFromLogits", "tensorflow-text"),
    ("SentenceFragments*", "tensorflow-text"),
    ("ConstrainedSequence", "tensorflow-text"),
    ("MaxSpanningTree", "tensorflow-text"),
    ("RougeL", "tensorflow-text"),
    ("SimpleML*", "tensorflow-decision-forests"),
    ("DecodeProtoSparse*", "struct2tensor"),
    ("EquiJoinIndices*", "struct2tensor"),
    ("CreateTreeVariable", "tensorflow-estimator (boosted trees; TensorFlow 2.11 or older)"),
    ("XlaSharding*", "tensorflow"),
    ("TRTEngineOp", "tensorflow with TensorRT"),
    ("Horovod*", "horovod"),
    ("Ngram*", "tensorflow-text"),
    # Of tf.contrib, what lives on under another name, and what does not.
    ("Resampler*", f"{NOWHERE} under this name; tensorflow-addons has Addons>Resampler"),
    ("GatherTree", f"{NOWHERE} under this name; tensorflow-addons has Addons>GatherTree"),
    ("ImageConnectedComponents", f"{NOWHERE} under this name; tensorflow-addons has it in tfa.image"),
    ("SkipGramGenerateCandidates", f"{NOWHERE} under this name; tensorflow-addons has it in tfa.text"),
    ("PeriodicResample*", NOWHERE),
    ("ReduceSlice*", NOWHERE),
    ("SingleImageRandomDotStereograms", NOWHERE),
    ("HyperplaneLSHProbes", NOWHERE),
    ("MaskedMatmul", NOWHERE),
    ("WALSComputePartialLhsAndRhs", NOWHERE),
    ("SparseFeatureCross*", NOWHERE),
    ("ZeroInitializer", NOWHERE),
    ("BytesInUse", NOWHERE),
)  # fmt: skip


def provider(op_type: str) -> str | None:
    """The package that registers `op_type`, or None where it is not known."""
    for pattern, package in _PROVIDERS:
        if op_type == pattern or (pattern.endswith("*") and op_type.startswith(pattern[:-1])):
            return package
    return None


def describe(op_types: Iterable[str], needs: Mapping[str, Iterable[str]] | None = None) -> str:
    """`"'A' (in x), 'B'"` for the op types, sorted by name.

    Args:
      op_types: to be named.
      needs: op type -> the signatures that run it; they are named too.
    """
    parts = []
    for op_type in sorted(op_types):
        notes = [f"in {package}"] if (package := provider(op_type)) else []
        if needs is not None and op_type in needs:
            notes.append(needed_by(needs[op_type]))
        parts.append(f"{op_type!r}" + (f" ({'; '.join(notes)})" if notes else ""))
    return ", ".join(parts)


def needed_by(signatures: Iterable[str]) -> str:
    """Returns which signatures run an op, as a clause."""
    names = ", ".join(map(repr, signatures))
    return f"run by signature {names}" if names else "no signature runs it"
