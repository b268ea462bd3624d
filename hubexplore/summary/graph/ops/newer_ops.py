"""Ops that an older, supported TensorFlow lacks, found without importing TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

TABLE_VERSION: Final = (2, 21)
"""The TensorFlow whose ops are known; see `op_definitions`."""
OLDEST: Final = (2, 16)

# Ops of TensorFlow 2.21 that the registry of 2.16.2 lacks. Ops that only the runtime makes are left out.
_SINCE_OLDEST: Final = """
    CheckPinned ConvertToListOfSparseCoreCooTensors ConvertToSparseCoreCsrWrappedCooTensor DecodeJxl
    DecodeWebP GetStatsFromListOfSparseCoreCooTensors GlobalShuffleDataset IndexFlatMapDataset
    IteratorGetModelProto SortListOfSparseCoreCooTensors TPUDummyInput WeightedFlatMapDataset
    XlaSparseDenseMatmulCustomCombinerOnTcGradWithAdagradAndCsrInput
    XlaSparseDenseMatmulCustomCombinerOnTcGradWithAdagradMomentumAndCsrInput
    XlaSparseDenseMatmulCustomCombinerOnTcGradWithAdamAndCsrInput
    XlaSparseDenseMatmulCustomCombinerOnTcGradWithCsrInput
    XlaSparseDenseMatmulCustomCombinerOnTcGradWithFtrlAndCsrInput
    XlaSparseDenseMatmulCustomCombinerOnTcGradWithSgdAndCsrInput
    XlaSparseDenseMatmulCustomCombinerOnTcWithCsrInput
    XlaSparseDenseMatmulGradWithAdagradAndStaticBufferSize
    XlaSparseDenseMatmulGradWithAdamAndStaticBufferSize XlaSparseDenseMatmulGradWithCsrInput
    XlaSparseDenseMatmulGradWithAdagradMomentumAndStaticBufferSize
    XlaSparseDenseMatmulGradWithFtrlAndStaticBufferSize XlaSparseDenseMatmulGradWithSgdAndStaticBufferSize
    XlaSparseDenseMatmulWithStaticBufferSize
"""
# Of these the generated wrappers of Python have no trace, so nothing is known of the versions in between.
_WITHOUT_WRAPPER: Final = """
    CalibrationStatisticsSaver ComputeDedupDataSizeV2 ComputeDedupDataTupleMaskV2 FinalizeTPUEmbeddingV2
    GetTpuTaskId UpdateTaskIdAndGlobalCoreArray XlaRecvTPUEmbeddingActivationsV2
    XlaRecvTPUEmbeddingDeduplicationDataV2 XlaSendTPUEmbeddingGradientsV2 XlaSparseActivationsUnstack
    XlaSparseGradientsStack
"""


def lacking(op_types: Iterable[str], version: tuple[int, int], package: Path | None) -> list[str]:
    """Returns which op types TensorFlow gained after `version`, sorted.

    Args:
      op_types: of a graph.
      version: of the TensorFlow that is installed.
      package: its folder, `tensorflow`; None if it is not known.
    """
    if version >= TABLE_VERSION:
        return []
    newer = set(_SINCE_OLDEST.split()).intersection(op_types)
    if version <= OLDEST:
        return sorted(newer.union(set(_WITHOUT_WRAPPER.split()).intersection(op_types)))
    if not newer or package is None:
        return []
    # A TensorFlow in between has some of them. Its generated wrappers name those that Python can call.
    wrappers = "\n".join(
        file.read_text("utf-8", "replace") for file in (package / "python" / "ops").glob("gen_*.py")
    )
    return [op for op in sorted(newer) if f'"{op}"' not in wrappers]
