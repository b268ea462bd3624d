"""What a graph reads its strings as: text, tf.Example messages, pictures, or sounds."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.traversal import consumers_of, follow, index_nodes, node_of, reached_functions
from hubexplore.summary.model import Shape, elements

MOST_VALUES: Final = 1_000_000
"""Maximum number of values of one feature; a graph that asks for more gets one."""
MOST_WALKS: Final = 32
"""Maximum number of features of which is looked up whether the graph decodes them."""
_PARSERS: Final = frozenset({"ParseExample", "ParseExampleV2", "ParseSingleExample"})
_DECODERS: Final = {
    "DecodeJpeg": "JPEG", "DecodeAndCropJpeg": "JPEG", "DecodePng": "PNG", "DecodeBmp": "BMP",
    "DecodeGif": "GIF", "DecodeImage": "PNG",
}  # fmt: skip


@dataclass(frozen=True)
class Feature:
    """A feature of a tf.Example.

    Attributes:
      name: its key.
      dtype: "string", "int64" or "float32".
      count: how many values it has; 1 where that is open.
      is_open: whether an example may have any number of values.
      is_required: whether an example has to have it.
      default: the values of an example without it, those at the end that repeat left out; () where there are
        none, or the graph does not show them.
      picture: the format of the pictures that it holds, as in `Encoding`; "" for others.
      base64: whether the graph decodes web-safe base64 first.
    """

    name: str
    dtype: str
    count: int = 1
    is_open: bool = field(default=False, compare=False)
    is_required: bool = field(default=False, compare=False)
    default: tuple[Any, ...] = field(default=(), compare=False)
    picture: str = field(default="", compare=False)
    base64: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Encoding:
    """What strings hold.

    Attributes:
      kind: "example", "image", "audio" (WAV files), or "" for text.
      features: of an example.
      picture: the format of a picture: "JPEG", "PNG", "BMP" or "GIF".
      base64: whether the graph decodes web-safe base64 first.
      rate: of sounds, in samples in a second; 0 where the graph states none.
    """

    kind: str = ""
    features: tuple[Feature, ...] = ()
    picture: str = ""
    base64: bool = False
    rate: int = 0


PLAIN: Final = Encoding()


class Reader:
    """Looks in a graph for the ops that read strings.

    Args:
      meta_graph: MetaGraphDef-shaped message; it is not changed.
      nodes: its index, node name -> node, where there is one.

    Attributes:
      walked: how many nodes were looked at so far.
    """

    def __init__(self, meta_graph: Any, nodes: Mapping[str, Any] | None = None) -> None:
        self._graph = meta_graph.graph_def
        self._nodes = index_nodes(self._graph.node) if nodes is None else nodes
        self.walked = 0

    def encoding(self, tensor: str) -> Encoding:
        """What the graph reads the strings of an input as.

        Args:
          tensor: name of the input in the graph.
        """
        source = node_of(tensor)
        scopes = list(self._scopes(follow(self._consumers, [source] if source in self._nodes else ())))
        self.walked += sum(len(reached) for reached, _ in scopes) + len(self._graph.library.function)
        ops = {node.op for reached, _ in scopes for node in reached}
        features = [
            feature
            for reached, nodes in scopes
            for node in reached
            if node.op in _PARSERS
            for feature in _features(node, nodes)
        ]
        if ops & _PARSERS and ops & _DECODERS.keys():
            formats = dict(_pictures(scopes, self._graph.library))
            features = [replace(feature, **formats.get(feature.name, {})) for feature in features]
        if ops & _PARSERS:
            return Encoding("example", tuple({feature.name: feature for feature in features}.values()))
        for op, picture in _DECODERS.items():
            if op in ops:
                return Encoding("image", picture=picture, base64="DecodeBase64" in ops)
        if "DecodeWav" in ops:
            return Encoding("audio", base64="DecodeBase64" in ops)
        return PLAIN

    @functools.cached_property
    def _consumers(self) -> Mapping[str, list[str]]:
        return consumers_of(self._nodes)

    def _scopes(self, names: set[str]) -> Iterator[tuple[Sequence[Any], Mapping[str, Any]]]:
        """(Nodes, all nodes beside them by name): of the graph, and of every function that is called."""
        reached = [self._nodes[name] for name in sorted(names)]
        yield reached, self._nodes
        for function in reached_functions(reached, self._graph.library):
            yield function.node_def, index_nodes(function.node_def)


def _features(node: Any, nodes: Mapping[str, Any]) -> Iterator[Feature]:
    # ParseExample takes the serialized examples, their names, then one tensor for each sparse key and each
    # dense key; ParseExampleV2 one tensor for all keys of a kind; ParseSingleExample has them as attributes.
    # The defaults of the dense keys are the last inputs of all three.
    attr = node.attr
    dense = [dtype_name(item) for item in attr["Tdense"].list.type]
    sparse = [dtype_name(item) for item in attr["sparse_types"].list.type]
    edges = [edge for edge in node.input if not edge.startswith("^")]
    if node.op == "ParseSingleExample":
        sparse_keys = [_text(item) for item in attr["sparse_keys"].list.s]
        dense_keys = [_text(item) for item in attr["dense_keys"].list.s]
    elif node.op == "ParseExampleV2":
        keys = [_texts(edge, nodes) for edge in edges[2:5]]
        sparse_keys, dense_keys = keys[:2] if len(keys) > 1 else ([], [])
        ragged = [dtype_name(item) for item in attr["ragged_value_types"].list.type]
        for name, dtype in zip(keys[2] if len(keys) > 2 else (), ragged, strict=False):
            yield Feature(name, dtype, is_open=True)
    else:
        first = 2 + len(sparse)
        sparse_keys = [key for edge in edges[2:first] for key in _texts(edge, nodes)]
        dense_keys = [key for edge in edges[first : first + len(dense)] for key in _texts(edge, nodes)]
    # Lists of unequal lengths occur only in damaged graphs, of which as much is read as fits.
    for name, dtype in zip(sparse_keys, sparse, strict=False):
        yield Feature(name, dtype, is_open=True)
    shapes = [shape_of(item) for item in attr["dense_shapes"].list.shape]
    defaults = [_default(edge, nodes) for edge in edges[len(edges) - len(dense) :]]
    for name, dtype, shape, default in zip(dense_keys, dense, shapes, defaults, strict=False):
        is_open = shape is None or None in shape
        is_required = default == () and not is_open
        yield Feature(name, dtype, _count(shape), is_open, is_required, default or ())


def _pictures(
    scopes: Sequence[tuple[Sequence[Any], Mapping[str, Any]]], library: Any
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the features whose strings the graph decodes as pictures, with what `Feature` says of them."""
    for reached, nodes in scopes:
        parsers = [node for node in reached if node.op in _PARSERS]
        consumers = consumers_of(nodes) if parsers else {}
        for node in parsers:
            strings = [feature for feature in _features(node, nodes) if feature.dtype == "string"]
            # Each is a walk through the graph.
            for feature in strings[:MOST_WALKS]:
                edges = _edges_of(feature, node, nodes)
                readers = [name for name in consumers.get(node.name, ()) if edges & set(nodes[name].input)]
                behind = [nodes[name] for name in sorted(follow(consumers, readers))]
                inner = (
                    entry for function in reached_functions(behind, library) for entry in function.node_def
                )
                ops = {entry.op for entry in (*behind, *inner)}
                picture = next((picture for op, picture in _DECODERS.items() if op in ops), "")
                if picture:
                    yield feature.name, {"picture": picture, "base64": "DecodeBase64" in ops}


def _edges_of(feature: Feature, node: Any, nodes: Mapping[str, Any]) -> frozenset[str]:
    """The edges with the values of a feature, as the inputs of other nodes name them."""
    sparse = len(node.attr["sparse_types"].list.type)
    names = [entry.name for entry in _features(node, nodes)]
    if feature.name not in names:
        return frozenset()
    ragged = len(names) - sparse - len(node.attr["Tdense"].list.type)
    place = names.index(feature.name) - ragged
    # Indices, values and shapes of the sparse features come before the dense ones.
    kind, index, offset = (
        ("sparse_values", place, sparse + place)
        if 0 <= place < sparse
        else ("dense_values", place - sparse, 2 * sparse + place)
    )
    flat = {node.name} if offset == 0 else {f"{node.name}:{offset}"}
    # Edges inside of functions have the name of the output.
    return frozenset({*flat, f"{node.name}:{kind}:{index}"}) if place >= 0 else frozenset()


def _default(edge: str, nodes: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The values of a constant; None where it is something else."""
    node = nodes.get(node_of(edge))
    # TensorFlow 1 puts a default into the shape of its feature.
    if node is not None and node.op == "Reshape" and node.input:
        node = nodes.get(node_of(node.input[0]))
    if node is None or node.op != "Const":
        return None
    # On first use, for speed only: it brings NumPy, which most summaries do without.
    from hubexplore.summary.weights.constant_values import stored_values

    values = stored_values(node.attr["value"].tensor)
    return None if values is None else tuple(values if isinstance(values, tuple) else values.tolist())


def _texts(edge: str, nodes: Mapping[str, Any]) -> list[str]:
    """The strings of a constant; none where it is something else."""
    node = nodes.get(node_of(edge))
    if node is None or node.op != "Const":
        return []
    tensor = node.attr["value"].tensor
    texts = [_text(value) for value in tensor.string_val]
    # Values that repeat at the end may be left out: TensorFlow repeats the last one (`MakeNdarray` in
    # tensorflow/python/framework/tensor_util.py).
    count = min(_count(shape_of(tensor.tensor_shape)), MOST_VALUES)
    return texts + texts[-1:] * (count - len(texts))


def _count(shape: Shape) -> int:
    count = elements(tuple(size or 1 for size in shape or ()))
    return count if count is not None and count <= MOST_VALUES else 1


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
