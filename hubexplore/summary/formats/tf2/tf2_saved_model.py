"""A TF2 SavedModel as a module: its signatures as one flat graph, its variables by their names.

In the file a signature is one call of a function, which takes placeholders, and then the handles, tables and
constants that it captures. Loading runs an op that initialises tables, declared as a signature of its own.

What becomes of it:

* Nodes that no signature needs are left out: those that save and restore, variables of the optimizer.
* The node of a variable gets the variable's name. Its value is read and its initialiser is declared as for a
  variable of TF1; the checkpoint has it under the path of the object.
* The path of an asset, for which the file has a placeholder and a variable, becomes a constant.
* Calls are inlined, and what initialises tables becomes the collection `table_initializer`.

Sources: tensorflow/python/saved_model/save.py, tensorflow/core/protobuf/saved_object_graph.proto.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from hubexplore.summary.formats.converted import Converted
from hubexplore.summary.formats.graph_files.graph_check import check_cycle
from hubexplore.summary.formats.new_nodes import node_name, unused
from hubexplore.summary.formats.tf2 import custom_gradients, object_graph
from hubexplore.summary.formats.tf2.functions_as_signatures import has_signatures, with_signatures
from hubexplore.summary.formats.tf2.tf2_tables import add_import, find_contents
from hubexplore.summary.formats.tf2.tf2_variables import (
    ASSIGN,
    ASSIGN_NAME,
    READ,
    READ_NAME,
    VARIABLE,
    ZEROS_NAME,
    declare,
    find_variables,
)
from hubexplore.summary.graph.functions.inlining import Inlined, inline
from hubexplore.summary.graph.traversal import index_nodes, node_of, reach, reached_functions
from hubexplore.summary.module_format import DEFAULT_SIGNATURE, INIT_OP, INTERNAL_SIGNATURES, MAIN_OPS
from hubexplore.summary.size_check import check_count
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry

_STRING: Final = 7  # DT_STRING
_MAIN: Final = (DEFAULT_SIGNATURE, "serving_default")
_CALLED: Final = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
# An anonymous table is made anew in each run; one with a name lives as long as the session.
_NAMED_TABLES: Final[Mapping[str, str]] = {
    "AnonymousHashTable": "HashTableV2",
    "AnonymousMutableHashTable": "MutableHashTableV2",
    "AnonymousMutableHashTableOfTensors": "MutableHashTableOfTensorsV2",
    "AnonymousMutableDenseHashTable": "MutableDenseHashTableV2",
}


def as_module(meta_graph: Any, entries: Mapping[str, CheckpointEntry]) -> Converted:
    """Rewrites a graph of a TF2 SavedModel into the form of a module.

    Linear in the nodes of the graph and of the functions that signatures call.

    Args:
      meta_graph: MetaGraphDef-shaped message with `object_graph_def`; it is not changed.
      entries: what the checkpoint holds by name.

    Raises:
      DamagedModuleError: its parts do not fit together, or its functions call themselves.
      UnsupportedFormatError: it has more objects than are read.
    """
    check_count(len(meta_graph.object_graph_def.nodes), object_graph.MOST_OBJECTS, "objects")
    original = meta_graph
    notes: tuple[str, ...] = ()
    if not has_signatures(meta_graph):
        meta_graph, notes = with_signatures(meta_graph)
    objects = meta_graph.object_graph_def
    nodes = index_nodes(meta_graph.graph_def.node)
    initializer = _initializer(meta_graph)
    roots = [getattr(*slot) for slot in _tensor_slots(meta_graph.signature_def)]
    paths = _AssetPaths(meta_graph, nodes)
    needed = reach(nodes, [*map(node_of, [*roots, *initializer]), *paths.placeholders]).nodes
    variables, unneeded = find_variables(objects, nodes, needed - paths.replaced, entries)
    edges = _Edges({variable.node: variable.name for variable in variables}, paths)
    edges.make_room(name for name in needed if name not in paths.replaced)
    kept = [node for name, node in nodes.items() if name in needed]
    graph = _main_graph(meta_graph.graph_def, kept, edges, objects)
    protos = [declare(graph, nodes[item.node], item, entries.get(item.stored_as)) for item in variables]
    flat = inline(graph, _scopes(meta_graph.signature_def, edges))
    new = type(meta_graph)()
    new.meta_info_def.CopyFrom(meta_graph.meta_info_def)
    new.asset_file_def.extend(meta_graph.asset_file_def)
    for name, signature in meta_graph.signature_def.items():
        if name not in INTERNAL_SIGNATURES:
            new.signature_def[name].CopyFrom(signature)

    def tensor_of(tensor: str) -> str:
        renamed = edges.renamed(tensor)
        return str(flat.tensors.get(renamed, renamed))

    slots = [
        *_tensor_slots(new.signature_def),
        *((asset.tensor_info, "name") for asset in new.asset_file_def),
    ]
    for message, attribute in slots:
        setattr(message, attribute, tensor_of(getattr(message, attribute)))
    started = list(dict.fromkeys(_completions(initializer, nodes, edges, flat)))
    tables = find_contents(objects, nodes, [node.name for node in flat.nodes], tensor_of, entries)
    started += [add_import(flat.nodes, table, entries) for table in tables]
    if started:
        new.collection_def["table_initializer"].node_list.value.extend(started)
    for proto in protos:
        new.collection_def["variables"].bytes_list.value.append(proto.SerializeToString())
        if proto.trainable:
            new.collection_def["trainable_variables"].bytes_list.value.append(proto.SerializeToString())
    _fill(
        new,
        meta_graph.graph_def,
        flat,
        [name for proto in protos for name in (proto.initializer_name, proto.snapshot_name)],
    )
    return Converted(
        meta_graph=new,
        names={item.name: item.stored_as for item in variables if item.stored_as != item.name},
        stored={node: name for table in tables for node, name in table.stored.items()},
        unneeded=unneeded,
        notes=notes,
        original=original,
    )


def _scopes(signatures: Any, edges: _Edges) -> dict[str, str]:
    """The call of each signature -> what the names of its ops begin with.

    Nothing for the signature that serves, else the name of the signature: several often run the same layers.
    """
    names = sorted(set(signatures) - INTERNAL_SIGNATURES, key=lambda name: (name not in _MAIN, name))
    scopes: dict[str, str] = {}
    for name in names:
        for _, info in sorted(signatures[name].outputs.items()):
            call = node_of(edges.renamed(info.name))
            scopes.setdefault(call, "" if name == names[0] else node_name(name.replace("/", "_")))
    return scopes


def _initializer(meta_graph: Any) -> list[str]:
    """The op that loading runs, by its name or that of its tensor."""
    if INIT_OP in meta_graph.signature_def:
        return [info.name for info in meta_graph.signature_def[INIT_OP].outputs.values()]
    return [
        name
        for key in MAIN_OPS
        if key in meta_graph.collection_def
        for name in meta_graph.collection_def[key].node_list.value
    ][:1]


def _tensor_slots(signatures: Any) -> Iterator[tuple[Any, str]]:
    """The places of the tensor names in signatures: the message, and its attribute that has the name."""
    infos = [
        info
        for name in sorted(signatures)
        if name not in INTERNAL_SIGNATURES
        for side in (signatures[name].inputs, signatures[name].outputs)
        for _, info in sorted(side.items())
    ]
    for info in infos:  # grows while it is walked
        match info.WhichOneof("encoding"):
            case "coo_sparse":
                for attribute in ("values_tensor_name", "indices_tensor_name", "dense_shape_tensor_name"):
                    yield info.coo_sparse, attribute
            case "composite_tensor":
                infos.extend(info.composite_tensor.components)
            case _:
                yield info, "name"


# ---- assets


class _AssetPaths:
    """Where a graph has the paths of assets.

    Attributes:
      placeholders: nodes that are fed with the paths.
      values: node of a variable that holds a path, or of a read of it -> the placeholder.
      replaced: all nodes that the constants with the paths replace, except for the placeholders.
    """

    def __init__(self, meta_graph: Any, nodes: Mapping[str, Any]) -> None:
        tensors = {node_of(asset.tensor_info.name) for asset in meta_graph.asset_file_def}
        self.placeholders = {name for name in sorted(tensors) if name in nodes}
        assigns = {
            node.name: node
            for node in nodes.values()
            if node.op == ASSIGN and len(node.input) > 1 and node_of(node.input[1]) in self.placeholders
        }
        self.values = {node_of(node.input[0]): node_of(node.input[1]) for node in assigns.values()}
        reads = {
            node.name: self.values[node_of(node.input[0])]
            for node in nodes.values()
            if node.op == READ and node.input and node_of(node.input[0]) in self.values
        }
        self.replaced = {*assigns, *reads, *self.values}
        self.values |= reads


# ---- the graph


class _Edges:
    """What the edges of the file's graph become.

    Args:
      names: node -> its new name.
      paths: of assets, whose constants replace what reads them.
    """

    def __init__(self, names: dict[str, str], paths: _AssetPaths) -> None:
        self.names = names
        self.paths = paths

    def make_room(self, others: Iterable[str]) -> None:
        """Gives other names to those nodes that have the name of a variable or of one of its ops."""
        taken = {name.lower() for name in self.names.values()}
        used = set(taken)
        for variable in taken:
            used.update(f"{variable}/{end}".lower() for end in (READ_NAME, ASSIGN_NAME, ZEROS_NAME))
        for name in others:
            if name not in self.names and name.lower() in used:
                self.names[name] = unused(name, used)

    def renamed(self, edge: str) -> str:
        """A data input or the name of a tensor."""
        producer, colon, port = edge.partition(":")
        producer = self.paths.values.get(producer, producer)
        return f"{self.names.get(producer, producer)}{colon}{port}"

    def inputs(self, node: Any) -> list[str]:
        """The inputs of a node; what waits for a path to be assigned need not wait any more."""
        edges = []
        for edge in node.input:
            if not edge.startswith("^"):
                edges.append(self.renamed(edge))
            elif edge[1:] not in self.paths.replaced:
                edges.append(f"^{self.names.get(edge[1:], edge[1:])}")
        return edges


def _main_graph(graph: Any, nodes: list[Any], edges: _Edges, objects: Any) -> Any:
    """The nodes of the graph that are needed, under their new names, with the functions they call."""
    new = type(graph)()
    new.versions.CopyFrom(graph.versions)
    kept = [node for node in nodes if node.name not in edges.paths.replaced]
    new.node.extend(kept)
    for node in new.node:
        inputs = edges.inputs(node)
        if node.name in edges.paths.placeholders:
            _make_path(node)
        elif inputs != list(node.input):
            del node.input[:]
            node.input.extend(inputs)
        if node.name in edges.names:
            node.name = edges.names[node.name]
            if node.op == VARIABLE:
                node.attr["shared_name"].s = node.name.encode()
    # No node calls the gradients yet that their author wrote.
    roots = type(graph)()
    for item in graph.library.registered_gradients:
        roots.node.add().attr["f"].func.name = item.gradient_func
    functions = reached_functions([*kept, *roots.node], graph.library)
    new.library.function.extend(functions)
    custom_gradients.attach(new.library.function, graph.library.registered_gradients, objects)
    called = {function.signature.name for function in functions}
    new.library.gradient.extend(item for item in graph.library.gradient if item.function_name in called)
    return new


def _make_path(node: Any) -> None:
    """Makes a node the constant that holds the path of an asset; loading fills it in."""
    node.op = "Const"
    node.attr.clear()
    del node.input[:]
    node.attr["dtype"].type = _STRING
    node.attr["value"].tensor.dtype = _STRING
    node.attr["value"].tensor.tensor_shape.SetInParent()
    node.attr["value"].tensor.string_val.append(b"")


def _completions(
    initializer: list[str], nodes: Mapping[str, Any], edges: _Edges, flat: Inlined
) -> Iterator[str]:
    """The nodes of the flat graph that initialise tables: for what the op in the file waits."""
    seen: set[str] = set()
    stack = [node_of(name) for name in initializer]
    while stack:
        name = stack.pop()
        node = nodes.get(name)
        if name in seen or node is None or name in edges.paths.replaced:
            continue
        seen.add(name)
        if node.op == "NoOp":
            stack.extend(edge[1:] for edge in node.input if edge.startswith("^"))
            continue
        name = edges.names.get(name, name)
        yield from flat.controls.get(name, () if node.op in _CALLED else (name,))


def _fill(new: Any, old_graph: Any, flat: Inlined, declared: Iterable[str]) -> None:
    """Gives the new meta graph what it needs of the flat graph; bodies may compute what nothing reads."""
    graph = new.graph_def
    graph.versions.CopyFrom(old_graph.versions)
    roots = [node_of(getattr(*slot)) for slot in _tensor_slots(new.signature_def)]
    if "table_initializer" in new.collection_def:
        roots += new.collection_def["table_initializer"].node_list.value
    roots += [node_of(asset.tensor_info.name) for asset in new.asset_file_def]
    roots += [node_of(name) for name in declared]
    live = reach(index_nodes(flat.nodes), roots).nodes
    graph.node.extend(node for node in flat.nodes if node.name in live)
    check_cycle(index_nodes(graph.node), "The graph of the signatures")
    for node in graph.node:
        if node.op in _NAMED_TABLES:
            node.op = _NAMED_TABLES[node.op]
    graph.library.function.extend(flat.functions)
    called = {function.signature.name for function in flat.functions}
    graph.library.gradient.extend(
        gradient for gradient in old_graph.library.gradient if gradient.function_name in called
    )
