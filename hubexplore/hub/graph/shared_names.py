"""Shared names, under which TensorFlow finds tables, queues and variables at run time.

Nodes of equal container, resource type and shared name are one resource of the session, whatever graph or
function they are in. So these names must differ for what the module's author kept apart, in each instance, in
what is written and in what is loaded. Every function here is linear in the nodes that it looks at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from hubexplore.summary.graph.traversal import calls_of_attr, node_of

# Attributes with names that TensorFlow resolves at run time, whatever graph the node is in.
SHARED_NAMES: Final = ("shared_name", "frame_name")
# TensorFlow's marker for a resource without a name (`ResourceHandle::ANONYMOUS_NAME`).
_ANONYMOUS: Final = b"cd2c89b7-88b7-44c8-ad83-06c2a9158347"
_VARIABLE: Final = "VarHandleOp"
_TABLE_READERS: Final = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})


def prefix_shared_names(graph_def: Any, scope: str) -> None:
    """Prefixes shared names of tables, queues and variables, and names of loops' frames.

    Two instances then share nothing, and two calls run no loop in one frame.
    """
    for node in graph_def.node:
        for key in SHARED_NAMES:
            if _text(node, key):
                _prefix(node, key, scope)
        # Without a shared name other ops use the name of their node, but all variables are then one resource.
        if node.op == _VARIABLE and not _text(node, "shared_name"):
            node.attr["shared_name"].s = f"{scope}/".encode()


def prefix_in_functions(functions: Iterable[Any], scope: str) -> None:
    """Prefixes the shared names in the bodies of functions; each call of one has its own frames anyway."""
    for function in functions:
        for node in function.node_def:
            if _text(node, "shared_name"):
                _prefix(node, "shared_name", scope)


def _prefix(node: Any, key: str, scope: str) -> None:
    name = node.name.encode() if node.attr[key].s == _ANONYMOUS else node.attr[key].s
    node.attr[key].s = f"{scope}/".encode() + name


def sharing_functions(functions: Collection[Any], seeds: Iterable[str] = ()) -> set[str]:
    """Names of the functions with shared names in their bodies.

    Functions that call one of them, or one of `seeds`, directly or not, are included.
    """
    sharing = set(seeds) | {
        function.signature.name
        for function in functions
        if any(_text(node, "shared_name") for node in function.node_def)
    }
    if not sharing:
        return sharing
    # From callees to callers: a function that calls a renamed one has another body, so it is renamed, too.
    callers: dict[str, set[str]] = {}
    for function in functions:
        for called in _called(function):
            callers.setdefault(called, set()).add(function.signature.name)
    stack = list(sharing)
    while stack:
        added = callers.get(stack.pop(), set()) - sharing
        sharing |= added
        stack.extend(added)
    return sharing


def _called(function: Any) -> Iterator[str]:
    for node in function.node_def:
        yield node.op
        for attr in node.attr.values():
            yield from (call.name for call in calls_of_attr(attr))


def neutralize_shared_names(meta_graphs: Iterable[Any], files: Mapping[str, str]) -> None:
    """Takes the paths of assets out of shared names; names that differ before differ afterwards.

    Args:
      meta_graphs: all graph variants of a module, changed in place.
      files: path of an asset -> its file name in the module.
    """
    # A shared name of a table contains the path of its vocabulary (TensorFlow names it so that equal files
    # share a table), and with it the folders of the author.
    paths = {os.fsencode(path): os.fsencode(name) for path, name in files.items() if _names_machine(path)}
    if not paths:
        return
    # Longest first: an alternation takes the first match, and one path may be the beginning of another.
    pattern = re.compile(b"|".join(map(re.escape, sorted(paths, key=len, reverse=True))))
    holders = [node.attr["shared_name"] for graph in meta_graphs for node in _holders(graph.graph_def)]
    names = sorted({holder.s for holder in holders})
    neutral = {name: pattern.sub(lambda match: paths[match[0]], name) for name in names}
    used = {name for name in names if neutral[name] == name}
    for name in names:
        if neutral[name] != name:
            neutral[name] = _free(neutral[name], used)
            used.add(neutral[name])
    for holder in holders:
        holder.s = neutral[holder.s]


def _names_machine(path: str) -> bool:
    return os.path.isabs(path) or "://" in path


def _holders(graph_def: Any) -> Iterator[Any]:
    """The nodes with a shared name, also those in functions."""
    for nodes in (graph_def.node, *(function.node_def for function in graph_def.library.function)):
        for node in nodes:
            if _text(node, "shared_name"):
                yield node


def _free(name: bytes, used: Collection[bytes]) -> bytes:
    candidate, number = name, 0
    while candidate in used:
        number += 1
        candidate = b"%s_%d" % (name, number)
    return candidate


def separate_tables(nodes: Mapping[str, Any], files: Mapping[str, str]) -> bool:
    """Gives tables that are filled from different files different shared names.

    TensorFlow fills such a table from whichever file comes first. hubexplore 0.1.0 wrote modules in which two
    vocabularies of one base name had come to share a table.

    Args:
      nodes: node name -> NodeDef of a graph, changed in place.
      files: name of the node that holds the path of an asset -> the asset's file name.

    Returns:
      Whether anything was changed.
    """
    if len(set(files.values())) < 2:
        return False
    groups: dict[tuple[str, bytes, bytes], dict[str, set[str]]] = {}
    for node in nodes.values():
        if node.op not in _TABLE_READERS or len(node.input) < 2:
            continue
        table, source = (_origin(nodes, edge) for edge in node.input[:2])
        if table in nodes and source in files and (shared := _text(nodes[table], "shared_name")):
            key = nodes[table].op, _text(nodes[table], "container"), shared
            groups.setdefault(key, {}).setdefault(files[source], set()).add(table)
    mixed = {key: by_file for key, by_file in groups.items() if len(by_file) > 1}
    used = {_text(node, "shared_name") for node in nodes.values()} if mixed else set()
    for (_, _, shared), by_file in sorted(mixed.items()):
        for file, tables in sorted(by_file.items()):
            name = _free(shared + b"_" + os.fsencode(file), used)
            used.add(name)
            for table in tables:
                nodes[table].attr["shared_name"].s = name
    return bool(mixed)


def _text(node: Any, key: str) -> bytes:
    """A string attribute, empty if it is missing. Indexing a protobuf map would insert the missing entry."""
    return bytes(node.attr[key].s) if key in node.attr else b""


def _origin(nodes: Mapping[str, Any], edge: str) -> str:
    """The node that an input comes from, through any number of Identity ops."""
    name, visited = node_of(edge), set()
    while name in nodes and nodes[name].op == "Identity" and nodes[name].input and name not in visited:
        visited.add(name)
        name = node_of(nodes[name].input[0])
    return name
