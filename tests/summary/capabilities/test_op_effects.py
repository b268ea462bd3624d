"""The table of op effects covers the installed TensorFlow, and names arguments that exist."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hubexplore.summary.capabilities import op_effects
from hubexplore.summary.capabilities.model import Capability
from hubexplore.summary.capabilities.op_effects import (
    FILE,
    EffectArgument,
    OpEffect,
    classed_ops,
    effect_of,
    unregistered_ops,
)
from hubexplore.summary.graph.ops.op_definitions import OpDefinition
from hubexplore.summary.graph.ops.op_packages import provider
from tools.check_op_effects import registered, suspicious

# Argument names that sound like a path, an address or a program, of ops that the table calls harmless; each
# was looked up in the kernel.
SOUNDS_HARMFUL = {
    "CudnnRNN*": {"direction"},  # of the recurrence: "unidirectional"
    "RiscSort": {"direction"},  # "ASCENDING"
    "RegexFullMatch RegexReplace StaticRegexFullMatch StaticRegexReplace": {"pattern"},  # of RE2
    "RemoteCall": {"target"},  # a device of the program's own cluster
    "ExperimentalSetStatsAggregatorDataset SetStatsAggregatorDataset": {"counter_prefix"},
    "GetMinibatchesInCsrWithPhysicalReplica GetMinibatchSplitsWithPhysicalReplica "
    "StoreMinibatchStatisticsInFdo": {"program_key"},  # key of a program that the TPU runtime holds
}  # fmt: skip


@pytest.fixture(scope="module")
def ops() -> dict[str, OpDefinition]:
    return registered()


def effect(op: str) -> OpEffect:
    found = effect_of(op)
    assert found is not None, op
    return found


def allowed(op: str) -> set[str]:
    """The arguments of a harmless op that sound harmful, and are known not to be."""
    return {
        name
        for ops, names in SOUNDS_HARMFUL.items()
        for pattern in ops.split()
        if op == pattern or (pattern.endswith("*") and op.startswith(pattern[:-1]))
        for name in names
    }


def test_every_op_of_the_installed_tensorflow_is_classed(ops: dict[str, OpDefinition]) -> None:
    assert sorted(ops.keys() - classed_ops()) == [], "class them; tools/check_op_effects.py shows them"


def test_every_other_op_of_the_table_is_marked(ops: dict[str, OpDefinition]) -> None:
    assert sorted(classed_ops() - ops.keys()) == []
    assert sorted(unregistered_ops() & ops.keys()) == []


def test_no_op_is_listed_twice() -> None:
    words = []
    harmless = False
    for line in FILE.read_text("ascii").splitlines():
        if line.startswith("["):
            harmless = line.startswith("[]")
        elif line and not line.startswith("#"):
            words += line.split() if harmless else [line.removeprefix("-").split()[0]]
    assert len(words) == len(set(words)) == len(classed_ops() | unregistered_ops())


def test_every_argument_is_one_of_the_op(ops: dict[str, OpDefinition]) -> None:
    for name in classed_ops():
        inputs = {each.name for each in ops[name].inputs}
        for argument in effect(name).arguments:
            names = ops[name].attributes.keys() if argument.is_attribute else inputs
            assert argument.name in names, f"{name}: {argument.name}"


def test_every_reason_is_a_sentence() -> None:
    for name in classed_ops() | unregistered_ops():
        reason = effect(name).reason
        assert reason[0].isupper(), name
        assert reason.endswith("."), name


def test_no_harmless_op_has_an_argument_that_sounds_harmful(ops: dict[str, OpDefinition]) -> None:
    found = {
        name: sorted(set(suspicious(ops[name])) - allowed(name))
        for name in classed_ops()
        if not effect(name).capabilities
    }
    assert {name: arguments for name, arguments in found.items() if arguments} == {}


def test_no_argument_that_sounds_harmful_of_another_op_is_overlooked(ops: dict[str, OpDefinition]) -> None:
    known = {
        "CreateSummaryFileWriter": {"filename_suffix"},  # of the file in logdir
        "ExperimentalSqlDataset": {"driver_name", "query"},  # "sqlite"; in the file that is listed
        "SqlDataset": {"driver_name", "query"},
    }
    for version in ("", "V2", "V3", "V4"):
        known[f"DataServiceDataset{version}"] = {"target_workers"}  # "AUTO", "ANY" or "LOCAL"
    for name in classed_ops():
        if effect(name).capabilities:
            listed = {argument.name for argument in effect(name).arguments}
            assert set(suspicious(ops[name])) - listed == known.get(name, set()), name


def test_a_stateful_op_does_not_compute_from_its_inputs_alone(ops: dict[str, OpDefinition]) -> None:
    stateful = {
        name
        for name in classed_ops()
        if effect(name).reason.startswith("Computes") and "TPU" not in effect(name).reason
        if ops[name].stateful or any(each.reference or each.dtype == "resource" for each in ops[name].inputs)
    }
    # These take fresh memory, or look at the device; a cuDNN layer drops values at random.
    known = {"Empty", "StatelessRandomGetAlg", "XlaDequantize"}
    assert {name for name in stateful if not name.startswith("CudnnRNN")} == known


def test_a_harmless_op_with_functions_says_that_they_are_looked_at(ops: dict[str, OpDefinition]) -> None:
    silent = {
        name
        for name in classed_ops()
        if not effect(name).capabilities and "unction" not in effect(name).reason
        if any(spec.kind in {"func", "list(func)"} for spec in ops[name].attributes.values())
    }
    assert silent == {"FuncAttr", "FuncListAttr"}, "these are TensorFlow's own tests"


@pytest.mark.parametrize(
    ("op", "capabilities", "arguments"),
    [
        ("ReadFile", (Capability.READS,), "filename"),
        ("WriteFile", (Capability.WRITES,), "filename"),
        (
            "MergeV2Checkpoints",
            (Capability.READS, Capability.WRITES),
            "checkpoint_prefixes destination_prefix",
        ),
        ("DataServiceDatasetV4", (Capability.NETWORK,), "address"),
        ("EagerPyFunc", (Capability.CODE,), "token"),
        ("DatasetFromGraph", (Capability.HIDES,), "graph_def"),
        ("SqlDataset", (Capability.READS, Capability.WRITES), "data_source_name"),
        ("Skipgram", (Capability.READS,), "filename"),
        ("WholeFileReaderV2", (Capability.READS,), ""),
        ("Abort", (Capability.CODE,), ""),
        ("TRTEngineOp", (Capability.CODE, Capability.HIDES), "serialized_segment"),
        ("StatefulPartitionedCall", (), ""),
        ("HashTableV2", (), ""),
    ],
)
def test_an_op(op: str, capabilities: tuple[Capability, ...], arguments: str) -> None:
    assert effect(op).capabilities == capabilities
    assert [argument.name for argument in effect(op).arguments] == arguments.split()


@pytest.mark.parametrize(
    ("op", "value", "harmless"),
    [
        ("PrintV2", "stderr", True),
        ("PrintV2", b"log(info)", True),
        ("PrintV2", "file:///tmp/x", False),
        ("CacheDatasetV2", "", True),
        ("CacheDatasetV2", "/tmp/x", False),
        ("DecodeProtoV2", "local://", True),
        ("DecodeProtoV2", b"bytes://\xff\xfe", True),
        ("DecodeProtoV2", "/etc/passwd", False),
        ("FixedUnigramCandidateSampler", "", True),
        ("ReadFile", "", False),
        ("XlaCallModule", b"ML\xefR\x00custom_call\x00memcpy\x00", False),
        ("XlaCallModule", b"ML\xefR\x00xla_python_cpu_callback\x00", False),
        ("XlaCallModule", "stablehlo.custom_call @free(%a)", False),
        (
            "XlaCallModule",
            b"ML\xefR\x00custom_call\x00shape_assertion\x00freeze\x00memset_1\x00my_malloc\x00",
            True,
        ),
        ("DebugIdentity", "memcbk://x", True),
        ("DebugIdentity", "file:///tmp/x", False),
        ("CacheDataset", "\udc80", False),
    ],
)
def test_a_value_of_the_first_argument(op: str, value: str | bytes, harmless: bool) -> None:
    assert effect(op).arguments[0].is_harmless(value) is harmless


def test_without_harmless_values_none_is() -> None:
    assert not EffectArgument("path").is_harmless("")


@pytest.mark.parametrize("op", ["IO>KafkaDataset", "TFText>X", "SimpleMLLoadModelFromPath", "No", "", "a b"])
def test_ops_of_other_packages_are_unknown(op: str) -> None:
    assert effect_of(op) is None


def test_packages_have_no_harmless_op_of_the_table() -> None:
    named = {op for op in classed_ops() if provider(op) is not None}
    assert named == set()


def test_unknown_names_are_not_kept() -> None:
    effect("NoOp")
    before = op_effects._parsed.cache_info().currsize
    assert all(effect_of(f"Unknown{index}") is None for index in range(100))
    assert op_effects._parsed.cache_info().currsize == before


def test_it_needs_neither_tensorflow_nor_numpy() -> None:
    program = (
        "import sys; from hubexplore.summary.capabilities.op_effects import effect_of; effect_of('Abs');"
        "print({'tensorflow', 'numpy', 'google.protobuf'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
