"""What is read from the text of a converter's error."""

from __future__ import annotations

import pytest
import tensorflow as tf

from hubexplore.session.conversion.converter_errors import refused_nodes, shortened

LITERT = """Could not translate MLIR to FlatBuffer.<unknown>:0: error: loc(callsite(fused["StridedSlice:", \
"mask/slice@__inference_tokens_2"] at fused["StatefulPartitionedCall:", "StatefulPartitionedCall_2"])): \
'tf.StridedSlice' op is neither a custom op nor a flex op
<unknown>:0: note: loc(fused["StatefulPartitionedCall:", "other"]): called from
TF Select ops: StridedSlice
Details:
"""


def nodes(**types: str) -> tf.compat.v1.GraphDef:
    graph_def = tf.compat.v1.GraphDef()
    for name, op in types.items():
        graph_def.node.add(name=name.replace("__", "/"), op=op)
    return graph_def


def test_the_litert_converter_says_which_node() -> None:
    graph = nodes(mask__slice="StridedSlice", other="StridedSlice", x="Add")
    assert refused_nodes([LITERT], graph) == {"StridedSlice": {"mask/slice"}}


def test_an_op_whose_node_is_not_in_the_graph_is_refused_as_such() -> None:
    assert refused_nodes([LITERT], nodes(other="StridedSlice")) == {"StridedSlice": set()}


def test_tf2onnx_names_a_node() -> None:
    text = "make_sure failure: Could not determine table shared name for node size/Size. More"
    assert refused_nodes([text], nodes(size__Size="LookupTableSizeV2")) == {
        "LookupTableSizeV2": {"size/Size"}
    }
    assert refused_nodes([text], nodes(size="LookupTableSizeV2")) == {}


def test_a_long_message_is_cut() -> None:
    assert shortened("a\n  b.") == "a b."
    assert shortened("word " * 1_000).endswith("…")


@pytest.mark.parametrize("texts", [("{loop}", "{node}"), ("{node}", "{loop}")], ids=["last", "first"])
def test_an_error_that_means_all_nodes_counts_beside_one_that_names_some(texts: tuple[str, str]) -> None:
    loop, node = "rewrite failed, so just fast fail it", "make_sure failure: for node one/Exit."
    graph = nodes(one__Exit="Exit", two__Exit="Exit")
    errors = [text.format(loop=loop, node=node) for text in texts]
    assert refused_nodes(errors, graph) == {"Exit": set()}


def test_a_loop_that_is_not_named() -> None:
    text = "rewrite failed, so just fast fail it"
    graph = nodes(while__Exit="Exit", while__Write="TensorArrayWriteV3", relu="Relu", loop="LoopCond")
    assert refused_nodes([text], graph) == {"Exit": set(), "TensorArrayWriteV3": set()}
    assert refused_nodes([text], nodes(relu="Relu")) == {}
    assert refused_nodes(["rewrite failed"], graph) == {}
