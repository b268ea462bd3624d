"""Adding ops that no output needs to a call, or to the state, when a program asks for them by name.

Ops that are there are used, so what is added belongs to the same call: its inputs, dropout masks, updates.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import GraphError, NoSuchTensorError, closest
from hubexplore.hub import tf_internals
from hubexplore.hub.graph.contexts import ContextSpec, check_contexts, rebuild
from hubexplore.hub.graph.functions import FunctionImporter
from hubexplore.hub.graph.gc_pause import many_new_objects
from hubexplore.hub.graph.plan import close_over_contexts
from hubexplore.hub.graph.shared_names import prefix_shared_names
from hubexplore.hub.graph.slice import GraphSlice, check_complete, slice_graph
from hubexplore.hub.graph.state import State
from hubexplore.hub.variants.graph_checks import check_names, output_count
from hubexplore.hub.variants.variant import Variant
from hubexplore.summary.graph.traversal import PLACEHOLDERS, Cut, Reach, node_of

MSG_NO_VALUE: Final = (
    "{tensor!r} depends on the placeholder {placeholder!r}, which is not an input of signature "
    "{signature!r}, so it has no value in this call. {remedy}"
)
MSG_FED_ELSEWHERE: Final = "It is an input of signature {signature!r}: call that one."
MSG_FEED: Final = (
    "Ask for the tensors outside of any call, and feed them: "
    "session.run(module.tensor('{scope}/{tensor}'), "
    "{{module.tensor('{scope}/{placeholder}:0'): value, ...}})."
)
MSG_ELSEWHERE: Final = (
    "The call {scope!r} was made in {where}, and its tensors can be used only there. Write "
    "module.tensor({name!r}) there, and return the tensor from it."
)


@dataclass(eq=False)
class Place:
    """Where ops of the module are: a call, or the state.

    Attributes:
      graph: the graph that holds them.
      scope: absolute name scope, without a trailing slash; below it they have the names of the module.
      imported: names of the module's nodes that are there.
      given: tensor of the module -> the tensor that a caller gave for it.
      signature: what was called; None for the state.
      context: the TF1 cond or loop in which the call was made, or None.
    """

    graph: tf.Graph
    scope: str
    imported: set[str]
    given: Mapping[str, tf.Tensor] = field(default_factory=dict)
    signature: str | None = None
    context: Any = None


class Adder:
    """Finds the tensors of one module in its graph by their names in the module, adding what is not there.

    Args:
      variant: of the module.
      state: of the module.
      home: the state as a place.
      functions: of the module.
    """

    def __init__(self, variant: Variant, state: State, home: Place, functions: FunctionImporter) -> None:
        self._variant = variant
        self._state = state
        self.home = home
        self._functions = functions
        # Without what is added to it later, which may depend on placeholders.
        self._shared = frozenset(home.imported)

    def find(self, place: Place, name: str) -> tf.Tensor:
        """The tensor called `name` ("scope/op:0") at a place; its ops are added if they are not there.

        Raises:
          NoSuchTensorError: (a KeyError) the module has no such tensor, or it has no value at the place.
          GraphError: (a RuntimeError) the place is in a function, cond or loop that is not being built.
        """
        self._check(name)
        node = node_of(name)
        if name in place.given:
            return place.given[name]
        with _inside(place, name):
            if node in self._variant.state_nodes or self._is_shared(place, node):
                return tf_internals.capture(place.graph, self._state.value_for(place.graph, name))
            if node not in place.imported:
                self._add(place, name)
            return place.graph.get_tensor_by_name(f"{place.scope}/{name}")

    def _is_shared(self, place: Place, node: str) -> bool:
        """Whether a node that the call did not add is there with the state, so that it needs no copy."""
        return (
            place is not self.home
            and node in self._shared
            and node not in place.imported
            and self._shared.isdisjoint(map(node_of, place.given))
        )

    def _check(self, name: str) -> None:
        node, _, number = name.partition(":")
        nodes = self._variant.nodes
        if node not in nodes:
            raise NoSuchTensorError(f"The module has no op {node!r}.{closest(node, nodes)}")
        count = output_count(nodes[node])
        if count == 0:
            raise NoSuchTensorError(f"The op {node!r} of the module has no outputs, so it has no tensor.")
        if not number.isdecimal() or (count is not None and int(number) >= count):
            raise NoSuchTensorError(
                f"{name!r} does not exist: the outputs of that op are called {node}:0"
                f"{'' if count == 1 else f' to {node}:{count - 1}' if count else ', ...'}."
            )

    def _add(self, place: Place, name: str) -> None:
        variant = self._variant
        outside = place.imported if place is self.home else place.imported | variant.state_nodes
        fed = frozenset(place.given)
        cut = Cut(fed, frozenset(outside), frozenset(outside | {node_of(each) for each in fed}))
        found, contexts = close_over_contexts(variant, cut, [name])
        check_complete(found.missing)
        check_names(variant.nodes, found.cut_tensors, "The module's graph")
        check_contexts(contexts, variant.nodes, found.nodes | set(map(node_of, found.cut_tensors)))
        if place is not self.home:
            self._check_placeholders(place, name, found, contexts)
        part = slice_graph(variant, found.nodes)
        replaced = {each: self._live(place, each) for each in sorted(found.cut_tensors)}
        with many_new_objects():
            self._build(place, part, replaced, found)
        place.imported |= found.nodes

        def rename(element: str) -> str | None:
            tensor = replaced.get(element if ":" in element else f"{element}:0")
            if tensor is not None:
                return str(tensor.name if ":" in element else tensor.op.name)
            return f"{place.scope}/{element}" if node_of(element) in place.imported else None

        rebuild(contexts, place.graph, place.scope, rename)

    def _check_placeholders(
        self, place: Place, name: str, found: Reach, contexts: tuple[ContextSpec, ...]
    ) -> None:
        conditional = {each for context in contexts for each in context.nodes}
        needed = sorted(
            each for each in found.nodes - conditional if self._variant.nodes[each].op in PLACEHOLDERS
        )
        if not needed:
            return
        placeholder = needed[0]
        others = [
            signature
            for signature in sorted(self._variant.signature_names)
            if f"{placeholder}:0"
            in {
                each
                for info in self._variant.input_infos(signature).values()
                for each in info.component_names
            }
        ]
        remedy = MSG_FED_ELSEWHERE.format(signature=others[0]) + " " if others else ""
        remedy += MSG_FEED.format(scope=self.home.scope, tensor=name, placeholder=placeholder)
        raise NoSuchTensorError(
            MSG_NO_VALUE.format(
                tensor=name, placeholder=placeholder, signature=place.signature, remedy=remedy
            )
        )

    def _live(self, place: Place, name: str) -> tf.Tensor:
        """What stands at a place for a tensor of the module from which new ops read."""
        if name in place.given:
            tensor = place.given[name]
        elif node_of(name) in place.imported:
            return place.graph.get_tensor_by_name(f"{place.scope}/{name}")
        else:
            tensor = self._state.value_for(place.graph, name)
        tensor = tf_internals.capture(place.graph, tensor)
        return tensor if place.context is None else place.context.AddValue(tensor)

    def _build(self, place: Place, part: GraphSlice, replaced: Mapping[str, tf.Tensor], found: Reach) -> None:
        graph_def = type(part.graph_def)()
        graph_def.CopyFrom(part.graph_def)
        prefix_shared_names(graph_def, place.scope)
        waits: dict[str, list[tf.Operation]] = {}
        for node in graph_def.node:
            for edge in [edge for edge in node.input if edge[:1] == "^" and edge[1:] in found.cut_controls]:
                node.input.remove(edge)
                waits.setdefault(node.name, []).extend(self._ops(place, edge[1:]))
        self._functions.import_graph_def(graph_def, part.library, place.scope, replaced)
        for name, ops in waits.items():
            tf_internals.add_control_inputs(place.graph.get_operation_by_name(f"{place.scope}/{name}"), ops)
        constraints = {
            f"{place.scope}/{name}": (
                [f"{place.scope}/{other}" for other in part.inside.get(name, ())],
                [op.name for other in others for op in self._ops(place, other)],
            )
            for name, others in part.dangling.items()
        }
        tf_internals.add_colocations(
            place.graph, {name: pair for name, pair in constraints.items() if pair[1]}
        )

    def _ops(self, place: Place, node: str) -> list[tf.Operation]:
        """The op that stands at a place for a node of the module that is not added; none in another graph."""
        if node in place.imported:
            return [place.graph.get_operation_by_name(f"{place.scope}/{node}")]
        tensors = [tensor for name, tensor in sorted(place.given.items()) if node_of(name) == node]
        if tensors:
            return [tensor.op for tensor in tensors[:1] if tensor.graph is place.graph]
        if node in self._variant.state_nodes and self._state.graph is place.graph:
            return [place.graph.get_operation_by_name(f"{self._state.scope}/{node}")]
        return []


@contextlib.contextmanager
def _inside(place: Place, name: str) -> Iterator[None]:
    """Adds to the place as its call did, whatever scopes the caller is in."""
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
