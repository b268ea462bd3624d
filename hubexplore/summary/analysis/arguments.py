"""Where an argument of an op comes from: followed back through ops, functions and their call sites.

Constant expressions are computed. All that a value may be is followed: both branches, every call site, every
element of a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hubexplore.summary.analysis.folding import (
    COLLECTING,
    FOLDING,
    PASSING,
    constant_parts,
    fold,
)
from hubexplore.summary.analysis.program import CallSite, Program, Region, data_inputs, inputs_of
from hubexplore.summary.analysis.values import MOST_PARTS, Value, computed_of, constant, dependent, merged
from hubexplore.summary.capabilities.model import Origin
from hubexplore.summary.capabilities.op_effects import effect_of
from hubexplore.summary.graph.functions.bodies import passed_to, runs_functions
from hubexplore.summary.graph.ops.op_definitions import definition, definition_of
from hubexplore.summary.graph.ops.op_outputs import output_of
from hubexplore.summary.graph.traversal import node_of, tensor_of

_VARIABLES: Final = frozenset({"VarHandleOp", "VariableV2", "Variable", "_VarHandlesOp"})
_PLACEHOLDERS: Final = frozenset({"Placeholder", "PlaceholderV2"})
_MAPPING: Final = frozenset({
    "MapDataset", "ParallelMapDataset", "ParallelMapDatasetV2", "FlatMapDataset", "InterleaveDataset",
    "ParallelInterleaveDataset", "ParallelInterleaveDatasetV2", "ParallelInterleaveDatasetV3",
    "ParallelInterleaveDatasetV4", "MapAndBatchDataset",
})  # fmt: skip
# What these pass, beside their inputs, is what another of their functions returns.
_STATEFUL: Final = frozenset({
    "GeneratorDataset", "GroupByReducerDataset", "ExperimentalGroupByReducerDataset",
})  # fmt: skip
# How deep expressions are computed; what is deeper is only followed.
_DEEPEST: Final = 60
_MOST_STEPS: Final = 5_000  # of one argument
_MOST_STEPS_TOGETHER: Final = 400_000  # of all arguments
_MOST_SITES: Final = 4_096  # call sites of a function

Place = tuple[Region, str]
"""A tensor: an edge as it is written in a region."""


class Arguments:
    """Follows the arguments of ops in a program.

    Args:
      program: with all of its functions.
      known: tensor of the graph ("node:0") -> its value: inputs of signatures, assets, the saver's file name.
      variables: node of a variable of the graph -> its value, where that is known.
      captured: function name -> values of the last of its arguments, for each way in which somebody outside
        of the program calls it; the arguments before are inputs.
    """

    def __init__(
        self,
        program: Program,
        known: Mapping[str, Value],
        variables: Mapping[str, Value] | None = None,
        captured: Mapping[str, list[list[Value]]] | None = None,
    ) -> None:
        self._program = program
        self._known = known
        self._variables = variables or {}
        self._captured = captured or {}
        self._values: dict[tuple[str, str], Value] = {}
        self._open: set[tuple[str, str]] = set()
        self._steps = 0
        self._loops = 0
        self._left = _MOST_STEPS_TOGETHER

    def value(self, region: Region, edge: str) -> Value:
        """The value of a data input, as it is written in a region."""
        self._steps = 0
        return self._value(region, edge, 0)

    def _value(self, region: Region, edge: str, depth: int) -> Value:
        key = (region.name, edge)
        known = self._values.get(key)
        if known is not None:
            return known
        if key in self._open:
            self._loops += 1
            return constant()  # a loop adds nothing to what comes into it
        self._steps += 1
        if depth > _DEEPEST or self._steps > _MOST_STEPS:
            return self._sources(region, edge)
        self._open.add(key)
        loops = self._loops
        found = self._find(region, edge, depth + 1)
        self._open.discard(key)
        # Within a loop that is still open, what comes into it may be missing.
        if loops == self._loops or not self._open:
            self._values[key] = found
        return found

    def _find(self, region: Region, edge: str, depth: int) -> Value:
        edge = self._beginning(region, edge)
        node, port = self._node(region, edge)
        if node is None:
            return self._argument(region, edge, depth)
        leaf = self._leaf(region, node, edge)
        if leaf is not None:
            return leaf
        inputs = data_inputs(node)
        op = node.op
        if op in COLLECTING:
            return merged(self._value(region, item, depth) for item in self._collected(node, inputs))
        if op in FOLDING:
            loops = self._loops
            values = [self._value(region, item, depth) for item in inputs]
            # What a loop puts together grows each time; where there are too many elements, some are missing.
            is_whole = loops == self._loops and all(
                value.parts is not None and len(value.parts) < MOST_PARTS for value in values
            )
            parts = fold(node, [value.parts or () for value in values]) if is_whole else None
            return constant(*parts) if parts is not None else computed_of(values, op)
        results = list(self._results(region, node, port))
        if results:
            return merged(self._value(inner, result, depth) for inner, result in results)
        return self._sources(region, edge)

    def _beginning(self, region: Region, edge: str) -> str:
        """The tensor at the beginning of a chain of ops that pass their elements on."""
        # Not by recursion: a chain may be as long as the graph. It ends where it comes back to itself.
        seen: set[str] = set()
        while edge not in seen:
            seen.add(edge)
            node, _ = self._node(region, edge)
            if node is None or node.op not in PASSING or self._leaf(region, node, edge) is not None:
                break
            edge = next(iter(data_inputs(node)), edge)
        return edge

    def _argument(self, region: Region, edge: str, depth: int) -> Value:
        values = [self._value(place, passed, depth) for place, passed in self._passed(region, edge)]
        values += self._outside(region, edge)
        sites = self._program.call_sites.get(region.name, ())
        values += [
            dependent(Origin.COMPUTED, site.node.op)
            for site in sites[:_MOST_SITES]
            if not self._is_followed(site)
        ]
        if len(sites) > _MOST_SITES:
            values.append(dependent(Origin.COMPUTED, node_of(edge)))
        return merged(values) if values else dependent(Origin.INPUT, node_of(edge))

    # What an edge leads to

    def _node(self, region: Region, edge: str) -> tuple[Any | None, str]:
        """The node that makes a tensor, and which of its outputs; None for an argument of the function."""
        name, _, port = edge.partition(":")
        if region.function is not None and name in region.arguments and name not in region.nodes:
            return None, port
        return region.nodes.get(name), port

    def _leaf(self, region: Region, node: Any, edge: str) -> Value | None:
        """The value of a tensor that comes from nowhere else in the program; None for one that does."""
        known = self._known.get(tensor_of(edge)) if region.function is None else None
        return self._own(region, node) if known is None else known

    def _own(self, region: Region, node: Any) -> Value | None:
        """The value of what a node makes from nothing in the program."""
        op = node.op
        if op == "Const":
            parts = constant_parts(node)
            return constant(*parts) if parts is not None else dependent(Origin.COMPUTED, node.name)
        if op in _PLACEHOLDERS:
            return dependent(Origin.INPUT, node.name)
        if op in _VARIABLES:
            if region.function is None and node.name in self._variables:
                return self._variables[node.name]
            return dependent(Origin.VARIABLE, node.name)
        effect = effect_of(op)
        is_risky = op not in self._program.functions if effect is None else bool(effect.capabilities)
        return dependent(Origin.COMPUTED, op) if is_risky and op not in PASSING else None

    def _collected(self, node: Any, inputs: list[str]) -> list[str]:
        if node.op in ("Select", "SelectV2"):
            return inputs[1:]
        if node.op in ("ConcatV2",):
            return inputs[:-1]
        if node.op in ("Concat", "Split"):
            return inputs[1:]
        return inputs[:1] if node.op in ("SplitV", "TensorListGetItem", "TensorListFromTensor") else inputs

    def _results(self, region: Region, node: Any, port: str) -> Iterator[Place]:
        """What the functions return that a node calls, for one of its outputs."""
        op = node.op
        is_loop, maps = op.endswith("While"), op in _MAPPING
        if not (is_loop or maps or op.endswith(("Call", "If", "Case")) or op in self._program.functions):
            return
        position = self._position(node, port)
        if is_loop:
            inputs = data_inputs(node)
            if position is not None and position < len(inputs):
                yield region, inputs[position]
        for inner in self._callees(region, node):
            if is_loop and inner.name == (node.attr["cond"].func.name if "cond" in node.attr else ""):
                continue  # the condition returns no value of the loop
            outputs = inner.function.signature.output_arg
            is_plain = not any(output.number_attr or output.type_list_attr for output in outputs)
            for index, output in enumerate(outputs):
                if maps or not is_plain or position is None or index == position:
                    edge = inner.function.ret.get(output.name, "")
                    if edge:
                        yield inner, edge

    def _callees(self, region: Region, node: Any) -> list[Region]:
        _, callees = region.call_of.get(node.name, (None, ()))
        return [self._program.regions[name] for name in callees if name in self._program.functions]

    def _position(self, node: Any, port: str) -> int | None:
        if ":" not in port:
            return int(port) if port.isdecimal() and len(port) < 9 else 0 if not port else None
        function = self._program.functions.get(node.op)
        op = definition(node.op) if function is None else definition_of(function.signature)
        return None if op is None else output_of(op, node.attr, port)[0]

    def _passed(self, region: Region, edge: str) -> Iterator[Place]:
        """What the call sites of a function pass for an argument."""
        index = region.arguments.get(node_of(edge))
        if index is None:
            return
        for site in self._program.call_sites.get(region.name, ())[:_MOST_SITES]:
            passed = self._inputs_for(site) if self._is_followed(site) else []
            item = passed[index] if index < len(passed) else None
            if item is not None:
                yield site.region, item
            yield from self._carried(site, index)

    def _is_followed(self, site: CallSite) -> bool:
        """Whether it is known what a call passes for which argument."""
        op = site.node.op
        return op in self._program.functions or (runs_functions(op) and op not in _STATEFUL)

    def _carried(self, site: CallSite, index: int) -> Iterator[Place]:
        """What a loop passes for an argument after its first step: a result of its body."""
        node, function = site.node, site.body.function
        if node.op.endswith("While"):
            function = (
                self._program.functions.get(node.attr["body"].func.name) if "body" in node.attr else None
            )
        else:
            op = definition(node.op)
            has_state = op is not None and any(given.name == "initial_state" for given in op.inputs)
            if not has_state or index >= len(inputs_of(node, "initial_state")):
                return
        if function is not None and index < len(function.signature.output_arg):
            edge = function.ret.get(function.signature.output_arg[index].name, "")
            if edge:
                yield self._program.regions[function.signature.name], edge

    def _inputs_for(self, site: CallSite) -> list[str | None]:
        return list(passed_to(site.node, site.body))

    def _outside(self, region: Region, edge: str) -> list[Value]:
        """The values of an argument for those who call the function from outside."""
        index = region.arguments.get(node_of(edge), 0)
        values = []
        for captures in self._captured.get(region.name, ()):
            position = index - (len(region.arguments) - len(captures))
            name = node_of(edge)
            values.append(
                captures[position] if 0 <= position < len(captures) else dependent(Origin.INPUT, name)
            )
        return values

    # Without computing

    def _sources(self, region: Region, edge: str) -> Value:
        """What a tensor depends on."""
        found: list[Value] = []
        seen: set[tuple[str, str]] = set()
        stack: list[Place] = [(region, edge)]
        start, _ = self._node(region, edge)
        while stack:
            place, item = stack.pop()
            # By node: which output of a node it is matters for calls only, and those are followed in full.
            key = (place.name, node_of(item))
            if key in seen:
                continue
            seen.add(key)
            known = self._values.get((place.name, item))
            if known is not None and known.parts is None:
                found.append(known)
                continue
            self._left -= 1
            if len(seen) > _MOST_STEPS or self._left < 0:
                found.append(dependent(Origin.COMPUTED))
                break
            node, _ = self._node(place, item)
            if node is None:
                outside = self._outside(place, item)
                passed = list(self._passed(place, item))
                found += outside
                stack += passed
                if not outside and not passed:
                    found.append(dependent(Origin.INPUT, node_of(item)))
                continue
            leaf = self._leaf(place, node, item)
            if leaf is not None:
                found.append(leaf)
                continue
            inputs = data_inputs(node)
            results = [
                (inner, result)
                for inner in self._callees(place, node)
                for result in inner.function.ret.values()
            ]
            stack += results
            stack += [(place, inner) for inner in inputs]
            if not inputs and not results:
                found.append(dependent(Origin.COMPUTED, node.op))
        return computed_of(found, start.op if start is not None else "")
