"""Ops that TensorFlow defines and cannot run, and who needs them."""

from __future__ import annotations

from typing import Any

import pytest

from hubexplore.summary.graph.ops import op_kernels
from hubexplore.summary.graph.ops.op_definitions import known_ops
from hubexplore.summary.graph.ops.op_kernels import reason, who_needs, without_kernel
from hubexplore.summary.graph.ops.op_packages import NOWHERE, describe, provider
from hubexplore.summary.graph.traversal import reach
from hubexplore.summary.reading.variant import read_variant
from tests.summary.compare.structure_graphs import add, meta_graph


def test_the_table_is_that_of_tensorflow() -> None:
    from tensorflow.python.framework import kernels

    runs = {
        kernel.op
        for kernel in kernels.get_all_registered_kernels().kernel
        if kernel.device_type in ("CPU", "DEFAULT")
    }
    # Another TensorFlow may lack more; none of these may run on a CPU with this one.
    assert not without_kernel().keys() & runs
    assert without_kernel()["BoostedTreesBucketize"] == ""
    assert without_kernel()["CudnnRNN"] == "GPU"
    assert "MatMul" not in without_kernel()
    assert reason("CudnnRNN") == "TensorFlow has a kernel for it on GPUs only"


def module(op: str) -> Any:
    graph = meta_graph(f"x = Placeholder()\nb = {op}(x)\ny = Relu(b)\nz = Tanh(x)")
    graph.signature_def["other"].inputs["x"].name = "x:0"
    graph.signature_def["other"].outputs["z"].name = "z:0"
    return graph


def test_the_card_says_what_cannot_run_and_who_needs_it() -> None:
    _, (warning,) = read_variant(module("BoostedTreesBucketize"), {}, None)
    assert warning == (
        "The op 'BoostedTreesBucketize' cannot run: today's TensorFlow defines it, but has no kernel for it "
        "on a CPU or GPU. It is needed by: 'default'."
    )
    _, (warning,) = read_variant(module("ReduceSliceSum"), {}, None)
    assert warning == (
        "TensorFlow has no op 'ReduceSliceSum' (in tf.contrib of TensorFlow 1; no package has it for "
        "TensorFlow 2; run by signature 'default')."
    )
    assert read_variant(module("MatMul"), {}, None)[1] == []


def test_who_needs_an_op_in_a_function() -> None:
    graph = meta_graph('x = Placeholder()\ny = PartitionedCall(x) f=func { name: "f" }')
    function = graph.graph_def.library.function.add()
    function.signature.name = "f"
    add(function.node_def, "b = BoostedTreesBucketize(x)")
    signatures = read_variant(graph, {}, None)[0].signatures
    assert who_needs(["BoostedTreesBucketize", "Mul"], signatures, graph) == {
        "BoostedTreesBucketize": ["default"],
        "Mul": [],
    }


@pytest.mark.parametrize(
    ("op", "package"),
    [
        ("SentencepieceOp", "tensorflow-text"),
        ("SentencepieceEncodeSparse", "tf-sentencepiece, which is for TensorFlow 1.15 to 2.2"),
        ("TFRA>CuckooHashTableFind", "tensorflow-recommenders-addons"),
        ("ReverbTrajectoryDataset", "dm-reverb"),
        ("SimpleMLInferenceOp", "tensorflow-decision-forests"),
        ("IO>DecodeAvro", "tensorflow-io"),
        ("CreateTreeVariable", NOWHERE),
        (
            "ImageConnectedComponents",
            f"{NOWHERE} under this name; tensorflow-addons has Addons>ImageConnectedComponents",
        ),
        ("NgramIdToToken", None),
    ],
)
def test_the_package_of_an_op(op: str, package: str | None) -> None:
    assert provider(op) == package


def test_no_package_is_named_for_what_tensorflow_has() -> None:
    assert [op for op in without_kernel() if provider(op)] == []
    assert [op for op in sorted(known_ops()) if provider(op)] == []


def test_packages() -> None:
    assert describe(["TFText>RoundRobinTrim", "TokenizerFromLogits", "Mine"], {"Mine": []}) == (
        "'Mine' (no signature runs it), 'TFText>RoundRobinTrim' (in tensorflow-text), "
        "'TokenizerFromLogits' (in tensorflow-text)"
    )


def _chain_of_unknown(count: int) -> Any:
    """Unknown ops, each of which reads the one before, and a signature that ends at each."""
    graph = meta_graph("x = Placeholder()\nu0 = Unknown0(x)")
    for number in range(count):
        if number:
            add(graph.graph_def.node, f"u{number} = Unknown{number}(u{number - 1})")
        graph.signature_def[f"s{number:04}"].outputs["y"].name = f"u{number}:0"
    return graph


def test_signatures_are_walked_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these is walked by itself: their nodes together grow with the square of their number."""
    walked: list[int] = []

    def counting(*arguments: Any) -> Any:
        reached = reach(*arguments)
        walked.append(len(reached.nodes))
        return reached

    monkeypatch.setattr(op_kernels, "reach", counting)
    variant, warnings = read_variant(_chain_of_unknown(30), {}, None)
    assert sum(walked) == 30 * 33 // 2  # the placeholder is one more for each
    assert "'Unknown29' (run by signature 's0029')" not in warnings[0]
    assert warnings[0].endswith("'s0010', 's0011' and 18 more).")
    walked.clear()
    monkeypatch.setattr(op_kernels, "MOST_WALKED", 100)
    assert who_needs(["Unknown1"], variant.signatures, _chain_of_unknown(30)) == {}
    assert sum(walked) <= 100 + 31
    assert read_variant(_chain_of_unknown(30), {}, None)[1][0] == "TensorFlow has no op 'Unknown0'."


def test_an_op_that_cannot_run_is_named_whoever_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(op_kernels, "MOST_WALKED", 1)
    _, (warning,) = read_variant(module("BoostedTreesBucketize"), {}, None)
    assert warning.startswith("The op 'BoostedTreesBucketize' cannot run: ")
    assert warning.endswith("CPU or GPU.")
