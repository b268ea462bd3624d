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

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.errors import DamagedModuleError
from hubexplore.summary.formats import object_graph
from hubexplore.summary.formats.converted import Converted
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.inlining import Inlined, inline
from hubexplore.summary.graph.messages import VariableDef, dtype_name
from hubexplore.summary.graph.traversal import index_nodes, node_of, reach, reached_functions
from hubexplore.summary.model import UNNEEDED, VariableSummary
from hubexplore.summary.module_format import INIT_OP, INTERNAL_SIGNATURES, MAIN_OPS
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry

_VARIABLE: Final = "VarHandleOp"
_READ: Final = "ReadVariableOp"
_ASSIGN: Final = "AssignVariableOp"
_STRING: Final = 7  # DT_STRING
# What TensorFlow's importer does not take in the name of a node.
_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9_.\-/>]")
# An anonymous table is made anew in each run; one with a name lives as long as the session.
_NAMED_TABLES: Final[Mapping[str, str]] = {
    "AnonymousHashTable": "HashTableV2",
    "AnonymousMutableHashTable": "MutableHashTableV2",
    "AnonymousMutableHashTableOfTensors": "MutableHashTableOfTensorsV2",
    "AnonymousMutableDenseHashTable": "MutableDenseHashTableV2",
}


@dataclass(frozen=True)
class _Variable:
    """A variable that signatures need: its node in the file, its name, and its name in the checkpoint."""

    node: str
    name: str
    stored_as: str
    trainable: bool


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
    objects = meta_graph.object_graph_def
    object_graph.check_count(objects.nodes)
    nodes = index_nodes(meta_graph.graph_def.node)
    initializer = _initializer(meta_graph)
    roots = [getattr(*slot) for slot in _tensor_slots(meta_graph.signature_def)]
    paths = _AssetPaths(meta_graph, nodes)
    needed = reach(nodes, [*map(node_of, [*roots, *initializer]), *paths.placeholders]).nodes
    variables, unneeded = _variables(objects, nodes, needed - paths.replaced, entries)
    edges = _Edges({variable.node: variable.name for variable in variables}, paths)
    edges.make_room(name for name in needed if name not in paths.replaced)
    graph = _main_graph(meta_graph.graph_def, [nodes[name] for name in nodes if name in needed], edges)
    protos = [_declare(graph, nodes[item.node], item, entries.get(item.stored_as)) for item in variables]
    flat = inline(graph)
    new = type(meta_graph)()
    new.meta_info_def.CopyFrom(meta_graph.meta_info_def)
    new.asset_file_def.extend(meta_graph.asset_file_def)
    for name, signature in meta_graph.signature_def.items():
        if name not in INTERNAL_SIGNATURES:
            new.signature_def[name].CopyFrom(signature)
    for message, attribute in _tensor_slots(new.signature_def):
        tensor = edges.renamed(getattr(message, attribute))
        setattr(message, attribute, flat.tensors.get(tensor, tensor))
    started = list(_completions(initializer, nodes, edges, flat))
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
        unneeded=unneeded,
    )


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
            if node.op == _ASSIGN and len(node.input) > 1 and node_of(node.input[1]) in self.placeholders
        }
        self.values = {node_of(node.input[0]): node_of(node.input[1]) for node in assigns.values()}
        reads = {
            node.name: self.values[node_of(node.input[0])]
            for node in nodes.values()
            if node.op == _READ and node.input and node_of(node.input[0]) in self.values
        }
        self.replaced = {*assigns, *reads, *self.values}
        self.values |= reads


# ---- variables


def _variables(
    objects: Any, nodes: Mapping[str, Any], needed: Collection[str], entries: Mapping[str, CheckpointEntry]
) -> tuple[list[_Variable], tuple[VariableSummary, ...]]:
    """The variables that signatures need, and the others."""
    numbers = _numbers(objects, nodes, needed)
    stored_as = object_graph.checkpoint_paths(objects.nodes)
    names = object_graph.variable_names(objects.nodes, [number for number in numbers.values() if number >= 0])
    used: set[str] = set()
    variables = []
    for node, number in numbers.items():
        if number < 0:
            variables.append(_Variable(node, _unused(node_name(node), used), node, trainable=False))
            continue
        key = f"{stored_as.get(number, '')}{object_graph.VALUE}"
        trainable = objects.nodes[number].variable.trainable
        variables.append(_Variable(node, _unused(node_name(names[number]), used), key, trainable))
    _check_distinct(variables)
    return variables, tuple(_unneeded(objects.nodes, set(numbers.values()), used, stored_as, entries))


def _numbers(objects: Any, nodes: Mapping[str, Any], needed: Collection[str]) -> dict[str, int]:
    """Node of each variable that is needed -> number of its object, -1 where it has none; in object order."""
    numbers = object_graph.captured(nodes, objects)
    by_name: dict[str, list[int]] = {}
    for number, saved_object in enumerate(objects.nodes):
        if saved_object.WhichOneof("kind") == "variable":
            by_name.setdefault(saved_object.variable.name, []).append(number)
    found = {}
    for name, node in nodes.items():
        if node.op != _VARIABLE or name not in needed:
            continue
        number = numbers.get(name, -1)
        if number < 0 or objects.nodes[number].WhichOneof("kind") != "variable":
            # Not captured by a function of the file: a name that one object has says which it is.
            candidates = by_name.get(node.attr["shared_name"].s.decode(errors="replace"), [])
            number = candidates[0] if len(candidates) == 1 else -1
        found[name] = number
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _check_distinct(variables: Iterable[_Variable]) -> None:
    seen: dict[str, str] = {}
    for variable in variables:
        if variable.stored_as in seen:
            raise DamagedModuleError(
                f"The variables {seen[variable.stored_as]!r} and {variable.name!r} have one place in the "
                f"checkpoint, {variable.stored_as!r}. The model is altered; copy or download it again."
            )
        seen[variable.stored_as] = variable.name


def _unneeded(
    objects: Any,
    needed: Collection[int],
    used: Collection[str],
    stored_as: Mapping[int, str],
    entries: Mapping[str, CheckpointEntry],
) -> Iterator[VariableSummary]:
    numbers = [
        number
        for number, saved_object in enumerate(objects)
        if number not in needed and saved_object.WhichOneof("kind") == "variable"
    ]
    names = object_graph.variable_names(objects, numbers)
    for number in numbers:
        variable, key = objects[number].variable, f"{stored_as.get(number, '')}{object_graph.VALUE}"
        entry = entries.get(key)
        # Keras lists copies of its variables, which have the names of these.
        name = stored_as.get(number, names[number]) if names[number] in used else names[number]
        yield VariableSummary(
            name=name,
            dtype=dtype_name(variable.dtype),
            shape=shape_of(variable.shape),
            trainable=variable.trainable,
            key="" if entry is None else key,
            stored=None if entry is None else entry.size,
            kind=UNNEEDED,
        )


def node_name(text: str) -> str:
    """A text of strangers as the name of a node that TensorFlow takes."""
    parts = [_FORBIDDEN.sub("_", part) or "_" for part in text.split("/")]
    name = "/".join(parts).lstrip("_/->")
    return name or "variable"


def _unused(name: str, used: set[str]) -> str:
    """`name`, or `name_1`, ..., which is then in use; names differ also where case does not count."""
    candidate, number = name, 0
    while candidate.lower() in used:
        number += 1
        candidate = f"{name}_{number}"
    used.add(candidate.lower())
    return candidate


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
        """Gives other names to those nodes of the graph that have the name of a variable or one of its ops."""
        taken = {name.lower() for name in self.names.values()}
        used = set(taken)
        for variable in taken:
            used.update(f"{variable}/{end}".lower() for end in (_READ_NAME, _ASSIGN_NAME, _ZEROS_NAME))
        for name in others:
            if name not in self.names and name.lower() in used:
                self.names[name] = _unused(name, used)

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


def _main_graph(graph: Any, nodes: list[Any], edges: _Edges) -> Any:
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
            if node.op == _VARIABLE:
                node.attr["shared_name"].s = node.name.encode()
    functions = reached_functions(kept, graph.library)
    new.library.function.extend(functions)
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


_CALLED: Final = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_READ_NAME: Final = "Read/ReadVariableOp"
_ASSIGN_NAME: Final = "Assign"
_ZEROS_NAME: Final = "Initializer/zeros"


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
    for node in graph.node:
        if node.op in _NAMED_TABLES:
            node.op = _NAMED_TABLES[node.op]
    graph.library.function.extend(flat.functions)
    called = {function.signature.name for function in flat.functions}
    graph.library.gradient.extend(
        gradient for gradient in old_graph.library.gradient if gradient.function_name in called
    )


def _declare(graph: Any, handle: Any, variable: _Variable, entry: CheckpointEntry | None) -> Any:
    """Adds what reads and initialises a variable, and returns its VariableDef.

    The initial value is a constant without content, which TensorFlow takes for zeros; loading puts the value
    of the checkpoint in its place.
    """
    name, dtype = variable.name, handle.attr["dtype"].type
    read = graph.node.add(name=f"{name}/{_READ_NAME}", op=_READ)
    read.input.append(name)
    read.attr["dtype"].type = dtype
    zeros = graph.node.add(name=f"{name}/{_ZEROS_NAME}", op="Const")
    zeros.attr["dtype"].type = dtype
    tensor = zeros.attr["value"].tensor
    tensor.dtype = dtype
    tensor.tensor_shape.SetInParent()
    declared = shape_of(handle.attr["shape"].shape)
    sizes = entry.shape if entry is not None and (declared is None or None in declared) else declared or ()
    for size in sizes:
        tensor.tensor_shape.dim.add(size=size or 0)
    assign = graph.node.add(name=f"{name}/{_ASSIGN_NAME}", op=_ASSIGN)
    assign.input.extend([name, zeros.name])
    assign.attr["dtype"].type = dtype
    return VariableDef(
        variable_name=f"{name}:0",
        initializer_name=assign.name,
        initial_value_name=f"{zeros.name}:0",
        snapshot_name=f"{read.name}:0",
        is_resource=True,
        trainable=variable.trainable,
    )
