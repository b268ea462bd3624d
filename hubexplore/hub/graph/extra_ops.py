"""Adds ops that no output needs to a call, or to the state, when a program requests them by name.

Existing ops are reused, so what is added belongs to the same call: its inputs, dropout masks, updates. A
tensor inside a called function is computed by ops of that function, beside the call (see `inlined_calls`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import GraphError, NoSuchTensorError
from hubexplore.hub import op_internals, tf_internals
from hubexplore.hub.graph.contexts import ContextSpec, check_contexts, rebuild
from hubexplore.hub.graph.functions import FunctionImporter
from hubexplore.hub.graph.gc_pause import gc_paused
from hubexplore.hub.graph.inlined_calls import FlatVariant, Interior
from hubexplore.hub.graph.plan import close_over_contexts
from hubexplore.hub.graph.shared_names import prefix_shared_names
from hubexplore.hub.graph.slice import GraphSlice, check_complete, slice_graph
from hubexplore.hub.graph.state import State
from hubexplore.hub.variants.graph_checks import check_names, output_count
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.summary.graph.traversal import PLACEHOLDERS, Cut, Reach, node_of

MSG_NO_VALUE: Final = (
    "{tensor!r} depends on the placeholder {placeholder!r}, which is not an input of signature "
    "{signature!r}, so it has no value in this call. {remedy}"
)
MSG_FED_ELSEWHERE: Final = "It is an input of signature {signature!r}: call that one."
MSG_FEED: Final = (
    "Request the tensors outside of any call, and feed them: "
    "session.run(module.tensor('{scope}/{tensor}'), "
    "{{module.tensor('{scope}/{placeholder}:0'): value, ...}})."
)
MSG_ELSEWHERE: Final = (
    "The call {scope!r} was made in {where}, and its tensors can be used only there. Write "
    "module.tensor({name!r}) there, and return the tensor from it."
)


@dataclass(eq=False)
class OpScope:
    """The ops of the module that one call, or the state, has in a graph.

    Attributes:
      graph: the graph that holds them.
      scope: absolute name scope, without a trailing slash; below it they have the names of the module.
      imported: names of the module's nodes below the scope.
      fed: tensor of the module -> the tensor that the caller passed for it.
      signature: what was called; None for the state.
      context: the TF1 cond or loop in which the call was made, or None.
    """

    graph: tf.Graph
    scope: str
    imported: set[str]
    fed: Mapping[str, tf.Tensor] = field(default_factory=dict)
    signature: str | None = None
    context: Any = None


class TensorFinder:
    """Finds the tensors of one module in its graph by their names in the module, adding ops that are missing.

    Args:
      variant: of the module.
      state: of the module.
      home: the state as a place.
      functions: of the module.
    """

    def __init__(
        self, variant: GraphVariant, state: State, home: OpScope, functions: FunctionImporter
    ) -> None:
        self._variant = variant
        self._state = state
        self.home = home
        self._functions = functions
        self._interior = Interior(variant)
        # A copy, since `home.imported` grows by ops that may depend on placeholders: those are not shared.
        self._shared = frozenset(home.imported)

    def find(self, place: OpScope, name: str) -> tf.Tensor:
        """The tensor called `name` ("scope/op:0") at a place; its ops are added if they are missing.

        A name may be that of an op inside a called function, or of a tensor that a TF2 loop hands to its next
        pass, which stands for its value after the last one.

        Linear in the ops that are added; a second request for the same name only looks it up. The first name
        inside a function costs a walk over the graph and its functions.

        Raises:
          NoSuchTensorError: (a KeyError) the module has no such tensor, or it has no value at the place.
          GraphError: (a RuntimeError) the place is in a function, cond or loop that is not being built.
        """
        name = self._located(name)
        node = node_of(name)
        if node not in self._variant.nodes:
            return self._find_inner(place, name)
        if name in place.fed:
            return place.fed[name]
        with _as_in_call(place, name):
            if node in self._variant.state_nodes or self._is_shared(place, node):
                return tf_internals.capture(place.graph, self._state.value_for(place.graph, name))
            if node not in place.imported:
                self._add(place, name, self._variant)
            return place.graph.get_tensor_by_name(f"{place.scope}/{name}")

    def _find_inner(self, place: OpScope, name: str) -> tf.Tensor:
        """The tensor called `name` inside a called function."""
        flat = self._interior.flat
        assert flat is not None  # noqa: S101 - only then a name is inside a call
        result = flat.results_of(place.imported).get(name)
        if result is not None:
            return self.find(place, result)
        with _as_in_call(place, name):
            if node_of(name) not in place.imported:
                self._add(place, name, flat.variant, flat)
            return place.graph.get_tensor_by_name(f"{place.scope}/{name}")

    def _is_shared(self, place: OpScope, node: str) -> bool:
        """Whether a node that the call did not add exists in the state, so that it needs no copy."""
        return (
            place is not self.home
            and node in self._shared
            and node not in place.imported
            and self._shared.isdisjoint(map(node_of, place.fed))
        )

    def _located(self, name: str) -> str:
        """The name of the tensor in the module, or inside a call, that `name` stands for."""
        if name.partition(":")[0] not in self._variant.nodes:
            name = self._interior.locate(name)
        node, _, number = name.partition(":")
        nodes = self._variant.nodes if node in self._variant.nodes else self._interior.nodes
        # Checked here, as a wrong number would surface in TensorFlow only after ops were added.
        count = output_count(nodes[node])
        if count == 0:
            raise NoSuchTensorError(f"The op {node!r} of the module has no outputs, so it has no tensor.")
        if not number.isdecimal() or (count is not None and int(number) >= count):
            raise NoSuchTensorError(
                f"{name!r} does not exist: the outputs of that op are called {node}:0"
                f"{'' if count == 1 else f' to {node}:{count - 1}' if count else ', ...'}."
            )
        return name

    def _add(self, place: OpScope, name: str, variant: GraphVariant, flat: FlatVariant | None = None) -> None:
        """Adds the op of a tensor, with what it needs, from the variant or from its flat form."""
        available = place.imported if place is self.home else place.imported | self._variant.state_nodes
        fed = frozenset(place.fed)
        results = {} if flat is None else flat.results_of(place.imported)
        cut = Cut(fed | results.keys(), frozenset(available), frozenset(available | set(map(node_of, fed))))
        region, contexts = close_over_contexts(variant, cut, [name])
        check_complete(region.missing)
        check_names(variant.nodes, region.cut_tensors, "The module's graph")
        if flat is not None:
            flat.check(name, region)
        check_contexts(contexts, variant.nodes, region.nodes | set(map(node_of, region.cut_tensors)))
        if place is not self.home:
            self._check_placeholders(place, name, variant, region, contexts)
        graph_slice = slice_graph(variant, region.nodes)
        replaced = {
            tensor: self._live(place, results.get(tensor, tensor)) for tensor in sorted(region.cut_tensors)
        }
        shared_names = {} if flat is None else flat.shared_names(graph_slice, self._state.scope)
        with gc_paused():
            self._build(place, graph_slice, replaced, region, shared_names)
        # Only after the import, which raises without a trace in the graph; the contexts below need the new
        # names.
        place.imported |= region.nodes

        def rename(element: str) -> str | None:
            tensor = replaced.get(element if ":" in element else f"{element}:0")
            if tensor is not None:
                return str(tensor.name if ":" in element else tensor.op.name)
            return f"{place.scope}/{element}" if node_of(element) in place.imported else None

        rebuild(contexts, place.graph, place.scope, rename)

    def _check_placeholders(
        self,
        place: OpScope,
        name: str,
        variant: GraphVariant,
        region: Reach,
        contexts: tuple[ContextSpec, ...],
    ) -> None:
        # A placeholder inside of a cond or loop needs a value only if its branch is taken.
        conditional = {node for context in contexts for node in context.nodes}
        needed = sorted(node for node in region.nodes - conditional if variant.nodes[node].op in PLACEHOLDERS)
        if not needed:
            return
        placeholder = needed[0]
        fed_by = [
            signature
            for signature in sorted(self._variant.signature_names)
            for info in self._variant.input_infos(signature).values()
            if f"{placeholder}:0" in info.component_names
        ]
        remedy = MSG_FED_ELSEWHERE.format(signature=fed_by[0]) + " " if fed_by else ""
        remedy += MSG_FEED.format(scope=self.home.scope, tensor=name, placeholder=placeholder)
        raise NoSuchTensorError(
            MSG_NO_VALUE.format(
                tensor=name, placeholder=placeholder, signature=place.signature, remedy=remedy
            )
        )

    def _live(self, place: OpScope, name: str) -> tf.Tensor:
        """The tensor of the graph that new ops at a place read for a tensor of the module."""
        if name in place.fed:
            tensor = place.fed[name]
        elif node_of(name) in place.imported:
            return place.graph.get_tensor_by_name(f"{place.scope}/{name}")
        else:
            tensor = self._state.value_for(place.graph, name)
        tensor = tf_internals.capture(place.graph, tensor)
        return tensor if place.context is None else place.context.AddValue(tensor)

    def _build(
        self,
        place: OpScope,
        graph_slice: GraphSlice,
        replaced: Mapping[str, tf.Tensor],
        region: Reach,
        shared_names: Mapping[str, bytes],
    ) -> None:
        graph_def = type(graph_slice.graph_def)()
        graph_def.CopyFrom(graph_slice.graph_def)
        prefix_shared_names(graph_def, place.scope)
        waits: dict[str, list[tf.Operation]] = {}
        for node in graph_def.node:
            if node.name in shared_names:
                node.attr["shared_name"].s = shared_names[node.name]
            # These are added afterwards, not by the importer: what stands for the node here may be an op of
            # an outer graph, and then there is nothing to wait for.
            for edge in [edge for edge in node.input if edge[:1] == "^" and edge[1:] in region.cut_controls]:
                node.input.remove(edge)
                waits.setdefault(node.name, []).extend(self._ops(place, edge[1:]))
        self._functions.import_graph_def(graph_def, graph_slice.library, place.scope, replaced)
        for name, ops in waits.items():
            tf_internals.add_control_inputs(place.graph.get_operation_by_name(f"{place.scope}/{name}"), ops)
        constraints = {
            f"{place.scope}/{name}": (
                [f"{place.scope}/{former}" for former in graph_slice.inner_companions.get(name, ())],
                [op.name for former in former_companions for op in self._ops(place, former)],
            )
            for name, former_companions in graph_slice.outer_companions.items()
        }
        op_internals.add_colocations(
            place.graph, {name: pair for name, pair in constraints.items() if pair[1]}
        )

    def _ops(self, place: OpScope, node: str) -> list[tf.Operation]:
        """The op at a place for a node of the module that is not added; empty if it is in another graph."""
        if node in place.imported:
            return [place.graph.get_operation_by_name(f"{place.scope}/{node}")]
        tensors = [tensor for name, tensor in sorted(place.fed.items()) if node_of(name) == node]
        if tensors:
            return [tensor.op for tensor in tensors[:1] if tensor.graph is place.graph]
        if node in self._variant.state_nodes and self._state.graph is place.graph:
            return [place.graph.get_operation_by_name(f"{self._state.scope}/{node}")]
        return []


@contextlib.contextmanager
def _as_in_call(place: OpScope, name: str) -> Iterator[None]:
    """Makes the graph and context of the call current, without scopes and dependencies of the caller."""
    current = tf.compat.v1.get_default_graph()
    if tf_internals.is_function_graph(place.graph) and current is not place.graph:
        where = f"the function {place.graph.name!r}"
        raise GraphError(MSG_ELSEWHERE.format(scope=place.scope, where=where, name=name))
    if place.context is None:
        with place.graph.as_default(), tf.control_dependencies(None):
            yield
    elif current is place.graph and tf_internals.control_flow_context(place.graph) is place.context:
        yield
    else:
        raise GraphError(MSG_ELSEWHERE.format(scope=place.scope, where="a cond or loop", name=name))
