"""Cuts a model at many places, and compares each cut with the whole, also written and loaded again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hubexplore as hub
from hubexplore.errors import CutError, NoSuchTensorError
from hubexplore.hub.cutting.tensors import dtype_of
from hubexplore.hub.graph.inlined_calls import Interior
from hubexplore.summary.graph.declared_tensors import component_names
from hubexplore.summary.graph.traversal import PLACEHOLDERS, Cut, node_of, reach
from hubexplore.summary.module_format import INTERNAL_SIGNATURES
from tests.hub import modules

_HANDLES = frozenset({20, 21})
_NO_PLACES = PLACEHOLDERS | {"Const", "PlaceholderWithDefault", "VarHandleOp", "VariableV2", "NoOp"}
_MANY = 20
REFUSED = (
    "is inside of a loop",
    "is in a branch of a cond",
    "so it has no single value",
    "is an input of",
    "is a variable, which",
)


def places(variant: Any, signature: str, count: int) -> list[str]:
    """Names of tensors between the inputs and outputs of a signature, evenly spread, also inside of calls."""
    nodes = dict(Interior(variant).nodes)
    outputs = variant.meta_graph.signature_def[signature].outputs.values()
    targets = [tensor for info in outputs for tensor in component_names(info)]
    inputs = variant.meta_graph.signature_def[signature].inputs.values()
    fed = frozenset(tensor for info in inputs for tensor in component_names(info))
    reached = reach(variant.nodes, targets, Cut(fed, controls=frozenset(map(node_of, fed)))).nodes
    inner = [name for name in nodes if name not in variant.nodes]
    found = [
        name
        for name in [*(name for name in nodes if name in reached), *inner]
        if nodes[name].op not in _NO_PLACES
        and 0 < (dtype := dtype_of(f"{name}:0", nodes, variant.library)) < 100
        and dtype not in _HANDLES
    ]
    step = max(len(found) // count, 1)
    return found[step // 2 :: step][:count]


def cuts(spec: Any, count: int = 3) -> Iterator[tuple[str, Any]]:
    """Yields cuts that can be made, with what was asked for: up to a place, and from it on."""
    for tags in spec.get_tags():
        variant = spec.variant(tags)
        for signature in spec.get_signature_names(tags):
            if signature in INTERNAL_SIGNATURES:
                continue
            arguments: dict[str, Any] = {"of": signature, "tags": tags, "signature": "part"}
            own = list(spec.get_input_info_dict(signature, tags))
            ends = list(spec.get_output_info_dict(signature, tags))
            few, made = places(variant, signature, count), 0
            # Loops of TensorFlow 1 can be most of a graph; nothing in them can be cut.
            for number, place in enumerate([*few, *places(variant, signature, _MANY)]):
                if made and number >= len(few):
                    break
                try:
                    up_to = spec.cut(outputs={"middle": place}, **arguments)
                    made += 1
                    yield f"up to {place}", up_to
                except (CutError, NoSuchTensorError) as error:
                    if not any(text in str(error) for text in REFUSED):
                        raise
                cut = _from(spec, [place, *own], ends[0], arguments)
                if cut is not None:
                    made += 1
                    yield f"from {place}", cut


def _from(spec: Any, inputs: list[str], end: str, arguments: dict[str, Any]) -> Any:
    """The cut from a tensor to an output, with those inputs of the module that the output needs beside it."""
    while inputs:
        try:
            return spec.cut(inputs, {end: end}, **arguments)
        except (CutError, NoSuchTensorError) as error:
            unused = re.search(r"needs the input '[^']*' \('([^']*)'\)", str(error))
            if unused is None:
                if not any(text in str(error) for text in REFUSED):
                    raise
                return None
            inputs.remove(unused.group(1))
    return None


def check(spec: Any, folder: Path, count: int = 3) -> int:
    """Checks the cuts of a model; returns how many values were compared."""
    compared = 0
    for number, (label, cut) in enumerate(cuts(spec, count)):
        report = hub.check_cut(cut)
        assert not report.largest_difference, f"{label}: {report}"
        compared += sum(output.difference is not None for output in report.outputs)
        if number % 3 == 0:
            _check_export(cut, folder / f"cut_{number}", label)
    return compared


def _check_export(cut: Any, path: Path, label: str) -> None:
    """Checks that a cut that was written is what it was."""
    with hub.NotebookSession() as session:
        module = session.load(cut, "cut", min(cut.get_tags(), key=len), trust=True)
        report = session.export(module, path, verify=True)
    assert not report.largest_difference, f"{label}: {report}"
    written = hub.load_module_spec(path)
    assert {key.key for key in written.all_variables} == {key.key for key in cut.all_variables}
    assert modules.read_graphs(path).meta_graphs
