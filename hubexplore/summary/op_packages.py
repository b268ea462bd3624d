"""Which pip package provides an op that TensorFlow itself lacks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

# Op type, or a prefix of op types ending in "*", -> package. From the packages' own op registrations.
_PROVIDERS: Final = (
    ("Addons>*", "tensorflow-addons"),
    ("IO>*", "tensorflow-io"),
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
    ("HorovodAllreduce", "horovod"),
    ("Horovod*", "horovod"),
    ("Ngram*", "tensorflow-text"),
)


def provider(op_type: str) -> str | None:
    """The package that registers `op_type`, or None where it is not known."""
    for pattern, package in _PROVIDERS:
        if op_type == pattern or (pattern.endswith("*") and op_type.startswith(pattern[:-1])):
            return package
    return None


def describe(op_types: Iterable[str]) -> str:
    """`"'A' (pip install x), 'B'"` for the op types, sorted by name."""
    parts = []
    for op_type in sorted(op_types):
        package = provider(op_type)
        parts.append(f"{op_type!r}" + (f" (in {package})" if package else ""))
    return ", ".join(parts)
