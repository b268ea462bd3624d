"""A frozen graph as a module: a GraphDef whose weights are constants.

It declares neither inputs nor outputs: `graph_interface` finds them, or the user defines them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hubexplore.errors import NotAModuleError
from hubexplore.summary.formats.converted import Converted
from hubexplore.summary.formats.graph_files import constants, graph_interface
from hubexplore.summary.formats.graph_files import graph_parts as parts
from hubexplore.summary.formats.graph_files.chosen_signatures import (
    ChosenSignature,
    read_signatures,
)
from hubexplore.summary.formats.graph_files.flat_graph import FlatGraph, flatten
from hubexplore.summary.formats.graph_files.module_graph import build, named, plan
from hubexplore.summary.lookup import first_names
from hubexplore.summary.module_format import DEFAULT_SIGNATURE
from hubexplore.summary.wishes import NO_WISHES, Wishes

_MOST_NAMED: Final = 3
MSG_NOT_FROZEN: Final = (
    "{title} is a graph with variables, but a GraphDef has no values for them: {names}. Open the checkpoint "
    "that belongs to it, PREFIX with PREFIX.meta and PREFIX.index beside it; or freeze the graph with "
    "tf.compat.v1.graph_util.convert_variables_to_constants(session, graph_def, output_node_names)."
)
MSG_NO_OUTPUT: Final = (
    "{title} has {count:,} nodes, but none of them looks like a result. Say which tensors are inputs and "
    "outputs: load_module_spec({path!r}, signatures={{'default': (['INPUT:0'], ['OUTPUT:0'])}})."
)


def as_module(meta_graph: Any, title: str, wishes: Wishes = NO_WISHES) -> Converted:
    """Rewrites a GraphDef into the form of a module. Linear in its nodes.

    Args:
      meta_graph: MetaGraphDef-shaped message that holds only the graph; it is not changed.
      title: what messages call it: its path.
      wishes: signatures, see `chosen_signatures`, and whether the weights become variables. Without the
        signature `default` there is one from the placeholders to the tensors that nothing uses.

    Raises:
      DamagedModuleError: the graph contradicts itself.
      NotAModuleError: outputs need variables, for which there are no values; or there are no outputs.
      SignatureError, NoSuchTensorError: see `chosen_signatures.read_signatures`.
    """
    name = repr(title)
    flat = flatten(meta_graph, name)
    nodes = flat.nodes
    variables = [node for node, message in nodes.items() if message.op in parts.VARIABLES]
    notes: list[str] = []
    asked: dict[str, ChosenSignature] = {}
    if wishes.signatures is not None:
        asked = _resolved(
            read_signatures(wishes.signatures, _with_calls(meta_graph, flat), flat.functions), flat
        )
    chosen = asked
    if DEFAULT_SIGNATURE not in asked:
        chosen = named(graph_interface.find(nodes, flat.functions), nodes) | asked
        if not chosen:
            raise NotAModuleError(MSG_NO_OUTPUT.format(title=name, count=len(nodes), path=title))
        if DEFAULT_SIGNATURE in chosen:
            notes.append(describe_choice(chosen))
    what = plan(nodes, chosen)
    if asked and any(node in what.needed for node in variables):
        # What the user chose may need none of the variables, though other results do.
        chosen, what = asked, plan(nodes, asked)
        notes.clear()
    unfrozen = [node for node in variables if node in what.needed]
    if unfrozen:
        raise NotAModuleError(MSG_NOT_FROZEN.format(title=name, names=first_names(unfrozen, _MOST_NAMED)))
    new = build(meta_graph, nodes, chosen, what)
    if wishes.lift_constants:
        constants.lift(new)
    left_out = len(nodes) - len(what.needed)
    if left_out > 0:
        notes.append(f"{left_out:,} of {len(nodes):,} nodes, which no signature needs, are left out.")
    weights = () if wishes.lift_constants else constants.weights(new)
    return Converted(
        meta_graph=new, constants=weights, notes=tuple(notes), wishes=wishes, original=meta_graph
    )


def _with_calls(meta_graph: Any, flat: FlatGraph) -> Mapping[str, Any]:
    """The nodes by which a user may name tensors: those of the file, and those that calls became."""
    if not flat.tensors:
        return flat.nodes
    return {**{node.name: node for node in meta_graph.graph_def.node}, **flat.nodes}


def _resolved(chosen: Mapping[str, ChosenSignature], flat: FlatGraph) -> dict[str, ChosenSignature]:
    """The same signatures on the tensors of the flat graph."""
    if not flat.tensors:
        return dict(chosen)
    return {
        name: ChosenSignature(
            {key: flat.tensors.get(tensor, tensor) for key, tensor in signature.inputs.items()},
            {key: flat.tensors.get(tensor, tensor) for key, tensor in signature.outputs.items()},
        )
        for name, signature in chosen.items()
    }


def describe_choice(chosen: Mapping[str, ChosenSignature]) -> str:
    """Says which tensors were taken for the inputs and outputs of a graph that declares none."""
    signature = next(iter(chosen.values()))
    inputs = first_names(signature.inputs.values(), _MOST_NAMED) or "no tensor"
    outputs = first_names(signature.outputs.values(), _MOST_NAMED)
    return (
        f"The graph declares no signature. Its inputs are {inputs}, its outputs {outputs}; "
        f"signatures={{'default': (inputs, outputs)}} chooses others."
    )
