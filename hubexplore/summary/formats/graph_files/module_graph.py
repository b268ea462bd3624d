"""Makes the meta graph of a module from a flat graph and signatures on its tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.summary.formats.graph_files import graph_parts as parts
from hubexplore.summary.formats.graph_files.chosen_signatures import ChosenSignature
from hubexplore.summary.formats.graph_files.graph_interface import Interface
from hubexplore.summary.formats.graph_files.tensor_names import argument_names
from hubexplore.summary.free_names import free_name
from hubexplore.summary.graph.declared_tensors import Declared
from hubexplore.summary.graph.ops.op_definitions import OpDefinition
from hubexplore.summary.graph.traversal import Cut, index_nodes, node_of, reach, reached_functions, tensor_of
from hubexplore.summary.model import Shape

METHOD: Final = ""
_FILE_TABLES: Final = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})


@dataclass(frozen=True)
class Plan:
    """What becomes of a graph.

    Attributes:
      needed: names of the nodes that stay.
      placeholders: tensor that becomes an input of its own -> name of the placeholder that replaces it.
      initializers: nodes that fill the tables that stay.
      files: tensors with the paths of files that these read.
      cut: where a walk back from what stays ends, which is at the inputs.
    """

    needed: set[str]
    placeholders: Mapping[str, str]
    initializers: tuple[str, ...]
    files: tuple[str, ...]
    cut: Cut


def named(interfaces: Mapping[str, Interface], nodes: Mapping[str, Any]) -> dict[str, ChosenSignature]:
    """Signatures whose inputs and outputs have names that are made from those of their nodes."""
    return {
        name: ChosenSignature(
            {argument: tensor for tensor, argument in argument_names(face.inputs, nodes).items()},
            {argument: tensor for tensor, argument in argument_names(face.outputs, nodes).items()},
        )
        for name, face in interfaces.items()
    }


def plan(nodes: Mapping[str, Any], signatures: Mapping[str, ChosenSignature]) -> Plan:
    """Finds what signatures need of a graph, and which of their inputs need a placeholder."""
    needed: set[str] = set()
    given: dict[str, None] = {}
    for signature in signatures.values():
        inputs = frozenset(signature.inputs.values())
        cut = Cut(tensors=inputs, controls=frozenset(map(node_of, inputs)))
        needed |= reach(nodes, signature.outputs.values(), cut).nodes
        given |= dict.fromkeys(signature.inputs.values())
    placeholders: dict[str, str] = {}
    taken = set(nodes)
    for tensor in given:
        name = node_of(tensor)
        if nodes[name].op in ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault"):
            needed |= reach(nodes, [name]).nodes
        elif name not in needed:
            is_free = name not in placeholders.values()
            placeholders[tensor] = name if is_free else free_name(tensor.replace(":", "_"), taken)
            taken.add(placeholders[tensor])
    initializers, files = _tables(nodes, needed)
    needed |= reach(nodes, initializers).nodes
    cut = Cut(tensors=frozenset(given), controls=frozenset(map(node_of, given)))
    return Plan(needed, placeholders, tuple(initializers), tuple(files), cut)


def _tables(nodes: Mapping[str, Any], needed: set[str]) -> tuple[list[str], list[str]]:
    """The nodes that fill needed tables, and the tensors with the paths of the files that these read."""
    initializers, files = [], []
    for name, node in nodes.items():
        if node.op in parts.TABLE_INITIALIZERS and node.input and _source(nodes, node.input[0]) in needed:
            if any(nodes[item].op in parts.PLACEHOLDERS for item in reach(nodes, [name]).nodes):
                continue
            initializers.append(name)
            if node.op in _FILE_TABLES:
                path = _source(nodes, node.input[1])
                if nodes[path].op == "Const":
                    files.append(f"{path}:0")
    return initializers, list(dict.fromkeys(files))


def _source(nodes: Mapping[str, Any], edge: str) -> str:
    """The node that an input comes from, seen through ops that pass it on."""
    name = node_of(edge)
    while nodes[name].op in ("Identity", "PlaceholderWithDefault") and nodes[name].input:
        name = node_of(nodes[name].input[0])
    return name


def build(
    meta_graph: Any, nodes: Mapping[str, Any], chosen: Mapping[str, ChosenSignature], what: Plan
) -> Any:
    """A new meta graph with the nodes that stay, and the signatures on their tensors.

    Args:
      meta_graph: MetaGraphDef-shaped message; it is not changed.
      nodes: the nodes of its flat graph.
      chosen: the signatures.
      what: what to keep.
    """
    new = type(meta_graph)()
    new.meta_info_def.CopyFrom(meta_graph.meta_info_def)
    del new.meta_info_def.tags[:]
    graph = new.graph_def
    graph.versions.CopyFrom(meta_graph.graph_def.versions)
    declared = Declared(meta_graph, nodes)
    replaced = set(what.placeholders.values())
    for tensor, name in what.placeholders.items():
        _add_placeholder(graph.node.add(name=name, op="Placeholder"), tensor, nodes, declared)
    for name, node in nodes.items():
        if name in what.needed and name not in replaced:
            graph.node.add().CopyFrom(node)
            _mend_edges(graph.node[-1], what)
    for function in reached_functions(graph.node, meta_graph.graph_def.library):
        graph.library.function.add().CopyFrom(function)
    called = {function.signature.name for function in graph.library.function}
    for gradient in meta_graph.graph_def.library.gradient:
        if gradient.function_name in called:
            graph.library.gradient.add().CopyFrom(gradient)
    if what.initializers:
        new.collection_def["table_initializer"].node_list.value.extend(what.initializers)
    if what.files:
        new.collection_def["asset_filepaths"].node_list.value.extend(what.files)
    _declare(new, chosen, what)
    return new


def _mend_edges(node: Any, what: Plan) -> None:
    """Makes a node take the placeholders, and wait for nothing that is not there."""
    edges = list(node.input)
    mended = []
    for edge in edges:
        if edge[:1] == "^":
            if edge[1:] in what.needed or edge[1:] in what.placeholders.values():
                mended.append(edge)
        else:
            mended.append(what.placeholders.get(tensor_of(edge), edge) if what.placeholders else edge)
    if mended != edges:
        del node.input[:]
        node.input.extend(mended)
    # An op may only be placed with one that is there.
    if "_class" in node.attr:
        kept = [
            label
            for label in node.attr["_class"].list.s
            if not label.startswith(b"loc:@") or label[5:].decode(errors="replace") in what.needed
        ]
        if len(kept) < len(node.attr["_class"].list.s):
            del node.attr["_class"].list.s[:]
            node.attr["_class"].list.s.extend(kept)
            if not kept:
                del node.attr["_class"]


def _add_placeholder(node: Any, tensor: str, nodes: Mapping[str, Any], declared: Declared) -> None:
    producer = nodes[node_of(tensor)]
    node.attr["dtype"].type = parts.base_dtype(declared.dtype(0, tensor))
    shape = _shape(producer, int(tensor.rpartition(":")[2]))
    _set_shape(node.attr["shape"].shape, shape)


def _shape(node: Any, number: int) -> Shape:
    """The shape that a node says an output has; None where it says none."""
    if node.op == "Const":
        # The value is an example of what is fed, so only its rank counts; that of a file's content is 0.
        return tuple(None for _ in node.attr["value"].tensor.tensor_shape.dim)
    for attribute in ("_output_shapes", "output_shapes", "shapes"):
        if attribute in node.attr:
            shapes = node.attr[attribute].list.shape
            if number < len(shapes) and not shapes[number].unknown_rank:
                return tuple(None if dim.size < 0 else dim.size for dim in shapes[number].dim)
    return None


def _set_shape(proto: Any, shape: Shape) -> None:
    if shape is None:
        proto.unknown_rank = True
    else:
        proto.SetInParent()
        for size in shape:
            proto.dim.add(size=-1 if size is None else size)


def _declare(new: Any, chosen: Mapping[str, ChosenSignature], what: Plan) -> None:
    """Adds the signatures, with the dtypes and shapes that the graph says."""
    for name, signature in chosen.items():
        proto = new.signature_def[name]
        proto.method_name = METHOD
        for side, tensors in ((proto.inputs, signature.inputs), (proto.outputs, signature.outputs)):
            for argument, tensor in tensors.items():
                placeholder = what.placeholders.get(tensor)
                side[argument].name = tensor if placeholder is None else f"{placeholder}:0"
    declare_types(new)


def declare_types(new: Any) -> None:
    """Fills in dtype and shape of all dense tensors in signatures that say none, by what the graph says."""
    declared = Declared(new, index_nodes(new.graph_def.node))
    infos = [
        info
        for signature in new.signature_def.values()
        for side in (signature.inputs, signature.outputs)
        for info in side.values()
        if not info.dtype and not info.HasField("tensor_shape")
    ]
    # All are asked before one is written: what signatures say counts as well.
    facts = [(declared.dtype(0, info.name), declared.shape(info)) for info in infos]
    for info, (dtype, shape) in zip(infos, facts, strict=True):
        info.dtype = parts.base_dtype(dtype)
        _set_shape(info.tensor_shape, shape)


def function_definitions(library: Any, ops: Iterable[str]) -> dict[str, OpDefinition]:
    """The definitions of the functions that nodes call by their type."""
    from hubexplore.summary.graph.ops.op_definitions import definition_of

    used = set(ops)
    return {
        function.signature.name: definition_of(function.signature)
        for function in library.function
        if function.signature.name in used
    }
