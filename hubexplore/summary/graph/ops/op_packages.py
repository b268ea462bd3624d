"""Which pip package provides an op that TensorFlow itself lacks."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Final

from hubexplore.summary.lookup import first_names

NOWHERE: Final = "tf.contrib of TensorFlow 1; no package has it for TensorFlow 2"
_RENAMED: Final = f"{NOWHERE} under this name; {{other}}"
MOST_NAMED: Final = 12
"""Maximum number of signatures that a message names for an op."""

# Package -> the op types that it registers; "*" ends a prefix. Read from the shared libraries of their
# wheels: tensorflow-text 2.21.1, tensorflow-addons 0.23.0, tensorflow-io 0.37.1, tensorflow-decision-forests
# 1.12.0, tensorflow-recommenders-addons 0.8.1, dm-reverb 0.14.0, struct2tensor 0.48.1,
# tensorflow-compression 2.14.1, tensorflow-quantum 0.7.6, scann 1.4.2, tensorflow-lattice 0.9.8,
# tf-sentencepiece 0.1.90; of horovod 0.28.1 from its source, of tf.contrib from TensorFlow 1.14.
# tensorflow-ranking 0.5.5, tensorflow-gnn 1.0.3, tensorflow-transform 1.21.0 and tensorflow-estimator 2.15.0
# have no such library: they register none.
_OPS: Final = {
    "tensorflow-text": """
        TFText>* CaseFoldUTF8 ConstrainedSequence FastBertNormalize FastWordpieceTokenizeWithOffsets
        FindSourceOffsets MaxSpanningTree NormalizeUTF8 NormalizeUTF8WithOffsetsMap PhraseTokenize
        RegexSplitWithOffsets SentenceFragments SentenceFragmentsV2 SentencepieceDetokenizeOp
        SentencepieceIdToStringOp SentencepieceOp SentencepieceStringToIdOp SentencepieceTokenizeOp
        SentencepieceTokenizeWithOffsetsOp SentencepieceVocabSizeOp SplitMergeTokenizeWithOffsets
        TokenizerFromLogits UnicodeScriptTokenizeWithOffsets WhitespaceTokenizeWithOffsets
        WordpieceTokenizeWithOffsets""",
    "tf-sentencepiece, which is for TensorFlow 1.15 to 2.2": """
        SentencepieceDecode SentencepieceEncodeDense SentencepieceEncodeSparse SentencepieceGetPieceSize
        SentencepieceGetPieceType SentencepieceIdToPiece SentencepiecePieceToId""",
    "tensorflow-addons": "Addons>*",
    "tensorflow-io": """
        IO>* BigtableClient BigtableDataset BigtableEmptyRowRange BigtablePrefixRowRange BigtablePrintFilter
        BigtablePrintRowRange BigtablePrintRowSet BigtableRowRange BigtableRowSetAppendRow
        BigtableRowSetIntersect BigtableSplitRowSetEvenly BigtableTimestampRangeFilter""",
    "tensorflow-decision-forests": "SimpleML*",
    "tensorflow-recommenders-addons": "TFRA>* TfraSparseFillEmptyRows",
    "dm-reverb": """
        ReverbClient ReverbClientInsert ReverbClientSample ReverbClientUpdatePriorities ReverbPatternDataset
        ReverbTimestepDataset ReverbTrajectoryDataset""",
    "struct2tensor": """
        DecodeProtoMap DecodeProtoMapV2 DecodeProtoSparseV2 DecodeProtoSparseV3 DecodeProtoSparseV4
        EquiJoinAnyIndices EquiJoinIndices ParquetDataset RunLengthBefore""",
    "tensorflow-compression": """
        CreateRangeDecoder CreateRangeEncoder EntropyDecodeChannel EntropyDecodeFinalize EntropyDecodeIndex
        EntropyEncodeChannel EntropyEncodeFinalize EntropyEncodeIndex PmfToQuantizedCdf RunLengthDecode
        RunLengthEncode RunLengthGammaDecode RunLengthGammaEncode StochasticRound UnboundedIndexRangeDecode
        UnboundedIndexRangeEncode Y4MDataset""",
    "tensorflow-quantum": "Tfq*",
    "scann": "Scann>*",
    "horovod": "Horovod*",
    "tensorflow-lattice 0.9.8, which is for TensorFlow 1": """
        HypercubeGradient HypercubeInterpolation MonotoneLattice MonotonicProjection PwlIndexingCalibrator
        PwlIndexingCalibratorGradient PwlIndexingCalibratorSparse""",
    "older releases of TensorFlow, such as 1.14": "TensorForest*",
    "TensorFlow 2.15, which is built with TensorRT": "TRTEngineOp",
    # Of tf.contrib in TensorFlow 1.14, first what lives on under another name.
    _RENAMED.format(other="tensorflow-addons has Addons>Resampler"): "Resampler ResamplerGrad",
    _RENAMED.format(other="tensorflow-addons has Addons>GatherTree"): "GatherTree",
    _RENAMED.format(other="tensorflow-addons has Addons>AdjustHsvInYiq"): "AdjustHsvInYiq",
    _RENAMED.format(
        other="tensorflow-addons has Addons>ImageConnectedComponents"
    ): "ImageConnectedComponents",
    _RENAMED.format(
        other="tensorflow-addons has Addons>SkipGramGenerateCandidates"
    ): "SkipGramGenerateCandidates",
    _RENAMED.format(other="TensorFlow has ImageProjectiveTransformV2"): "ImageProjectiveTransform",
    _RENAMED.format(other="tensorflow-io has IO>DecodeLibsvm"): "DecodeLibsvm",
    _RENAMED.format(other="tensorflow-io has IO>KafkaDataset"): "KafkaDataset",
    NOWHERE: """
        BigQueryReader BigtableLookupDataset BigtablePrefixKeyDataset BigtableRangeKeyDataset
        BigtableSampleKeyPairsDataset BigtableSampleKeysDataset BigtableScanDataset BigtableTable
        BipartiteMatch BucketizeWithInputBoundaries BuildCategoricalEqualitySplits
        BuildDenseInequalitySplits BuildSparseInequalitySplits BytesInUse BytesLimit
        CenterTreeEnsembleBias CreateFertileStatsVariable CreateQuantileAccumulator
        CreateStatsAccumulatorScalar CreateStatsAccumulatorTensor CreateTreeEnsembleVariable
        CreateTreeVariable DatasetToBigtable DecisionTreeEnsembleResourceHandleOp
        DecisionTreeResourceHandleOp DecodeAudio DecodeAudioV2 DecodeVideo EncodeAudio EncodeAudioV2
        FeatureUsageCounts FertileStats* FinalizeTree FusedConv2DBiasActivation
        GcsConfigureBlockCache GcsConfigureCredentials GenerateBigQueryReaderPartitions
        GradientTrees* GrowTreeEnsemble GrowTreeV4 HardRoutingFunction HyperplaneLSHProbes
        IgniteDataset KFeatureGradient KFeatureRoutingFunction KinesisDataset MakeQuantileSummaries
        MaskedMatmul MaxBytesInUse ObtainNext PeriodicResample PeriodicResampleOpGrad ProcessInputV4
        QuantileAccumulator* QuantileBuckets QuantileStreamResourceHandleOp Quantiles ReduceSliceMax
        ReduceSliceMin ReduceSliceProd ReduceSliceSum ReinterpretStringToFloat
        RemoteFusedGraphExecute RoutingFunction RoutingGradient Rpc ScatterAddNdim
        SequenceFileDataset SingleImageRandomDotStereograms SparseFeatureCross SparseFeatureCrossV2
        StatsAccumulator* StochasticHardRoutingFunction StochasticHardRoutingGradient TraverseTreeV4
        TreeDeserialize TreeEnsembleDeserialize TreeEnsembleIsInitializedOp TreeEnsembleSerialize
        TreeEnsembleStampToken TreeEnsembleStats TreeEnsembleUsedHandlers TreeIsInitializedOp
        TreePredictionsV4 TreeSerialize TreeSize TryRpc UnpackPath UpdateModelV4
        WALSComputePartialLhsAndRhs ZeroInitializer ZeroVarInitializer""",
}


@functools.cache
def _patterns() -> Mapping[str, str]:
    """Returns op types, and prefixes of op types that end in "*" -> package."""
    return {pattern: package for package, patterns in _OPS.items() for pattern in patterns.split()}


@functools.cache
def _beginnings() -> Mapping[str, str]:
    """Returns prefixes of op types -> package."""
    return {pattern[:-1]: package for pattern, package in _patterns().items() if pattern.endswith("*")}


def provider(op_type: str) -> str | None:
    """The package that registers `op_type`, or None where it is not known."""
    patterns = _patterns()
    if op_type in patterns:
        return patterns[op_type]
    beginnings = _beginnings()
    if not op_type.startswith(tuple(beginnings)):
        return None
    return next(package for prefix, package in beginnings.items() if op_type.startswith(prefix))


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
    names = first_names(signatures, MOST_NAMED)
    return f"run by signature {names}" if names else "no signature runs it"
