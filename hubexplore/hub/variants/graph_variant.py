"""One graph variant of a module: its meta graph, indexed once and planned once per signature."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, Final

import tensorflow as tf
from google.protobuf.message import DecodeError

from hubexplore.errors import HubError, TagsError, reading
from hubexplore.hub import tensor_info, tf_internals
from hubexplore.hub.tensor_info import InfoDict
from hubexplore.hub.variants.graph_checks import check_functions, check_loops
from hubexplore.summary.formats.converted import Converted
from hubexplore.summary.graph.declared_tensors import Declared
from hubexplore.summary.graph.hub_messages import ModuleAttachment
from hubexplore.summary.graph.traversal import (
    NO_CUT,
    PLACEHOLDERS,
    Cut,
    downstream,
    index_nodes,
    node_of,
    reach,
    reached_functions,
)
from hubexplore.summary.lookup import no_such_signature
from hubexplore.summary.module_format import ATTACHMENTS, DEFAULT_SIGNATURE

_TABLES_WITH_INPUTS: Final = frozenset({"MutableDenseHashTable", "MutableDenseHashTableV2"})


class UnknownOpsError(HubError, tf.errors.NotFoundError):  # type: ignore[misc]  # TensorFlow is untyped
    """Ops that this TensorFlow lacks, all of them, with the packages that provide them where known."""

    def __init__(self, op_types: set[str], needs: Mapping[str, Iterable[str]] | None = None) -> None:
        # On first use, for speed only: nearly all graphs have no unknown op.
        from hubexplore.summary.graph.ops import op_packages

        super().__init__(
            None,
            None,
            f"TensorFlow {tf.__version__} has no op {op_packages.describe(op_types, needs)}. A module needs "
            f"all of its ops: install and import the package that registers them before loading it.",
        )
        self.op_types = frozenset(op_types)


def as_tag_set(tags: Any) -> frozenset[str]:
    """The tags of one graph variant as users give them: a str, several, or None for no tags.

    Raises:
      TagsError: (a TypeError and ValueError) anything else.
    """
    try:
        tag_set = frozenset({tags} if tags and isinstance(tags, str) else tags or ())
    except TypeError:
        tag_set = frozenset({None})
    if not all(isinstance(tag, str) for tag in tag_set):
        raise TagsError(f"The tags of a graph variant must be str, as in tags=['train']; got tags={tags!r}.")
    return tag_set


def is_state_op(node: Any) -> bool:
    """Whether a node holds state: its op is stateful and takes no input (variables, tables, queues).

    One kind of table takes two keys that it may not hold, which are constants.
    """
    op_def = tf_internals.op_def(node.op)
    return (
        op_def is not None and op_def.is_stateful and (not op_def.input_arg or node.op in _TABLES_WITH_INPUTS)
    )


def node_list(meta_graph: Any, collection: str) -> list[str]:
    """The names in a collection of ops or tensors; empty where there is none."""
    if collection not in meta_graph.collection_def:
        return []
    return list(meta_graph.collection_def[collection].node_list.value)


class GraphVariant:
    """A MetaGraphDef with its tags.

    The meta graph belongs to the variant: devices are cleared in it once, and nothing else is
    changed. All derived structures are computed on first use and cached, so loading a spec indexes nothing.

    Args:
      meta_graph: of the variant.
      converted: what it was made by, if it is that of a model of another format.

    Attributes:
      as_read: the MetaGraphDef for its collections and signatures; devices may still be in its nodes.
      tags: of the variant.
      converted: how it came to be.
    """

    def __init__(self, meta_graph: Any, converted: Converted | None = None) -> None:
        self.as_read = meta_graph
        self.converted = converted or Converted(meta_graph)
        self._is_converted = converted is not None
        self.tags = frozenset(meta_graph.meta_info_def.tags)

    @property
    def meta_graph(self) -> Any:
        """The MetaGraphDef, without devices."""
        self._nodes  # noqa: B018  # clears them, the first time
        return self.as_read

    @functools.cached_property
    def _nodes(self) -> list[Any]:
        """All nodes, without devices. Cached, since iterating over the message makes all wrappers again."""
        graph_def = self.as_read.graph_def
        nodes = list(graph_def.node)
        for node in chain(nodes, *(function.node_def for function in graph_def.library.function)):
            if node.device:
                node.ClearField("device")
        return nodes

    @property
    def versions(self) -> Any:
        """The VersionDef as of which TensorFlow reads the graph."""
        return self.as_read.graph_def.versions

    @property
    def library(self) -> Any:
        """The FunctionDefLibrary of the variant."""
        return self.meta_graph.graph_def.library

    @functools.cached_property
    def nodes(self) -> dict[str, Any]:
        """Node name -> NodeDef."""
        return index_nodes(self._nodes)

    @functools.cached_property
    def ops(self) -> frozenset[str]:
        """Op types, also inside functions; functions that are called by name are not included."""
        ops = {node.op for node in self._nodes}
        for function in self.library.function:
            ops.update(node.op for node in function.node_def)
        return frozenset(ops.difference(function.signature.name for function in self.library.function))

    @functools.cached_property
    def unknown_ops(self) -> frozenset[str]:
        """Op types, also inside functions, that TensorFlow does not know."""
        return frozenset(op for op in self.ops if not tf_internals.is_op_registered(op))

    @property
    def may_touch_outside(self) -> bool:
        """Whether it holds an op that may do more than compute; nothing is said of where and how."""
        if self.converted.original is not None:
            # What was left out of the graph may run as well, where something else loads the model.
            return True
        # On first use, for speed only: nothing else here reads the table of ops.
        from hubexplore.summary.capabilities.op_effects import effect_of

        effects = map(effect_of, self.ops)
        return any(effect is None or effect.capabilities for effect in effects)

    def check_ops(self) -> None:
        """Checks that TensorFlow can take the graph.

        Raises:
          UnknownOpsError: (a `tf.errors.NotFoundError`) names every op that is unknown.
          DamagedModuleError: a loop or a function is altered.
        """
        if self.unknown_ops and not self._runs_without_unknown:
            raise UnknownOpsError(set(self.unknown_ops), self._needs_of_unknown)
        # Both abort the process inside of TensorFlow if they are wrong, so they are checked before the first
        # import.
        check_loops(self.nodes)
        check_functions(self._nodes, self.library)

    def check_signature(self, name: str) -> None:
        """Checks that TensorFlow has the ops of a signature of a graph that `check_ops` lets pass.

        Raises:
          UnknownOpsError: (a `tf.errors.NotFoundError`) names those that are unknown.
        """
        if not self.unknown_ops:
            return
        needs = {op: names for op, names in self._needs_of_unknown.items() if name in names}
        if needs:
            raise UnknownOpsError(set(needs), needs)

    @functools.cached_property
    def _needs_of_unknown(self) -> Mapping[str, Iterable[str]]:
        """Op that TensorFlow does not know -> the signatures that need it."""
        from hubexplore.summary.graph.ops.op_kernels import who_needs
        from hubexplore.summary.reading.signatures import read_signatures

        signatures = read_signatures(self.meta_graph, Declared(self.meta_graph, self.nodes))
        return who_needs(self.unknown_ops, signatures, self.meta_graph)

    @property
    def _runs_without_unknown(self) -> bool:
        """Whether some signatures need no unknown op; in a module, which is one graph, that is no reason."""
        if not self._is_converted:
            return False
        needing = {name for names in self._needs_of_unknown.values() for name in names}
        return bool(set(self.signature_names) - needing)

    def needs_unknown(self, name: str) -> bool:
        """Whether a node needs an op that TensorFlow does not know, in a graph that `check_ops` lets pass."""
        if not self.unknown_ops:
            return False
        region = reach(self.nodes, [name]).nodes
        called = reached_functions((self.nodes[each] for each in region), self.library)
        bodies = chain((self.nodes[each] for each in region), *(function.node_def for function in called))
        return any(node.op in self.unknown_ops for node in bodies)

    @functools.cached_property
    def state_nodes(self) -> frozenset[str]:
        """Names of the nodes that hold state shared by all calls."""
        # The registry is asked once per op type: nodes are thousands, op types a few dozen.
        is_stateful: dict[str, bool] = {}
        names = []
        for node in self._nodes:
            if node.op not in is_stateful:
                is_stateful[node.op] = is_state_op(node)
            if is_stateful[node.op]:
                names.append(node.name)
        return frozenset(names)

    def needing_placeholder(self, names: Iterable[str], cut: Cut = NO_CUT) -> set[str]:
        """Those of `names` and of the nodes they need that have no value unless a placeholder is replaced."""
        region = {name: self.nodes[name] for name in reach(self.nodes, names, cut).nodes}
        # Downstream of a placeholder there is no value; everything else in the region has one.
        sources = [name for name, node in region.items() if node.op in PLACEHOLDERS]
        return downstream(region, sources, cut) if sources else set()

    @functools.cached_property
    def state_losses(self) -> tuple[str, ...]:
        """Regularization losses that depend on state only."""
        names = node_list(self.meta_graph, tf.compat.v1.GraphKeys.REGULARIZATION_LOSSES)
        dependent = self.needing_placeholder(names)
        return tuple(name for name in names if node_of(name) not in dependent)

    @functools.cached_property
    def declared(self) -> Declared:
        """What the graph says of the tensors of signatures."""
        return Declared(self.meta_graph, self.nodes)

    @property
    def signature_names(self) -> list[str]:
        """Names of the signatures, sorted: a map of protobuf has another order in each process."""
        return sorted(self.meta_graph.signature_def)

    def signature(self, name: str | None) -> Any:
        """The SignatureDef of a name; None and "" mean `default`.

        Raises:
          NoSuchSignatureError: (a KeyError and ValueError) lists the signatures there are.
        """
        key: Any = name or DEFAULT_SIGNATURE
        if not isinstance(key, str) or key not in self.meta_graph.signature_def:
            raise no_such_signature(key, self.signature_names)
        return self.meta_graph.signature_def[key]

    def input_infos(self, signature: str | None) -> InfoDict:
        """Inputs of a signature by name."""
        return tensor_info.parse("Inputs", self.signature(signature).inputs, self.declared)

    def output_infos(self, signature: str | None) -> InfoDict:
        """Outputs of a signature by name."""
        return tensor_info.parse("Outputs", self.signature(signature).outputs, self.declared)

    @functools.cached_property
    def attachments(self) -> Mapping[str, bytes]:
        """Serialized attached messages by key; the last one wins."""
        attachments: dict[str, bytes] = {}
        if ATTACHMENTS in self.meta_graph.collection_def:
            for serialized in self.meta_graph.collection_def[ATTACHMENTS].bytes_list.value:
                with reading("The module's list of attached messages", DecodeError):
                    attachment = ModuleAttachment.FromString(serialized)
                attachments[attachment.key] = attachment.value
        return attachments
