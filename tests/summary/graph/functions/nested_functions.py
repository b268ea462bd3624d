"""Functions that call functions, in GraphDef-shaped messages: chains, doublings and recursions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FLOAT, BOOL, INT32 = 1, 10, 3
CALLS = ("PartitionedCall", "StatefulPartitionedCall", "If", "While", "Case", "name")


class Library:
    """Adds functions of one float32 `x` with one result `y` to a graph.

    Args:
      graph_def: GraphDef-shaped message.
    """

    def __init__(self, graph_def: Any) -> None:
        self.graph_def = graph_def

    def function(self, name: str, result: str = "", dtype: int = FLOAT) -> Any:
        """Adds a function and returns its nodes; the result is that of the node `out` unless it is named."""
        function = self.graph_def.library.function.add()
        function.signature.name = name
        function.signature.input_arg.add(name="x", type=FLOAT)
        function.signature.output_arg.add(name="y", type=dtype)
        function.ret["y"] = result or "out:output:0"
        return function.node_def

    def less_one(self, name: str, calls: str, how: str) -> None:
        """Adds x -> f(x - 1)."""
        result = {"name": "out:y:0"}.get(how, "out:output:0")
        nodes = self.function(name, result)
        constant(nodes, "one", 1.0)
        add(nodes, "less", "Sub", ["x", "one:output:0"], T=FLOAT)
        self.call(nodes, "out", "less:z:0", calls, how)

    def call(self, nodes: Any, name: str, source: str, calls: str, how: str) -> None:
        """Adds a call of a function of this library, one way or another."""
        match how:
            case "name":
                add(nodes, name, calls, [source])
            case "If":
                self._at_all_events()
                constant(nodes, f"{name}_zero", 0.0)
                add(nodes, f"{name}_more", "Greater", [source, f"{name}_zero:output:0"], T=FLOAT)
                node = add(nodes, name, "If", [f"{name}_more:z:0", source], Tcond=BOOL)
                types(node, "Tin", "Tout")
                node.attr["then_branch"].func.name = calls
                node.attr["else_branch"].func.name = "same"
            case "Case":
                self._at_all_events()
                add(nodes, f"{name}_index", "Cast", [source], SrcT=FLOAT, DstT=INT32)
                node = add(nodes, name, "Case", [f"{name}_index:y:0", source])
                types(node, "Tin", "Tout")
                for branch in ("same", calls):
                    node.attr["branches"].list.func.add(name=branch)
            case "While":
                self._at_all_events()
                node = add(nodes, name, "While", [source])
                types(node, "T")
                node.attr["cond"].func.name = "is_more"
                node.attr["body"].func.name = calls
            case _:
                node = add(nodes, name, how, [source])
                types(node, "Tin", "Tout")
                node.attr["f"].func.name = calls

    def _at_all_events(self) -> None:
        """What the other branches and the conditions of loops are."""
        if any(function.signature.name == "same" for function in self.graph_def.library.function):
            return
        add(self.function("same"), "out", "Identity", ["x"], T=FLOAT)
        nodes = self.function("is_more", "out:z:0", BOOL)
        constant(nodes, "zero", 0.0)
        add(nodes, "out", "Greater", ["x", "zero:output:0"], T=FLOAT)

    def cycle(self, names: Sequence[str], *ways: str) -> None:
        """Adds functions each of which calls the next with one less, the last one the first."""
        for index, (name, how) in enumerate(zip(names, ways, strict=True)):
            self.less_one(name, names[(index + 1) % len(names)], how)

    def levels(self, count: int, *ways: str) -> None:
        """Adds `count` functions "f0", "f1", ..., each of which calls the next in all these ways."""
        for index in range(count):
            if index == count - 1:
                add(self.function(f"f{index}"), "out", "Identity", ["x"], T=FLOAT)
                continue
            nodes = self.function(f"f{index}", "out:sum:0")
            for number, how in enumerate(ways):
                self.call(nodes, f"call{number}", "x", f"f{index + 1}", how)
            names = [
                f"call{number}:{'y' if how == 'name' else 'output'}:0" for number, how in enumerate(ways)
            ]
            add(nodes, "out", "AddN", names, T=FLOAT).attr["N"].i = len(names)


def add(nodes: Any, name: str, op: str, inputs: Sequence[str], **dtypes: int) -> Any:
    """Adds a node whose attributes are dtypes."""
    node = nodes.add(name=name, op=op, input=inputs)
    for key, dtype in dtypes.items():
        node.attr[key].type = dtype
    return node


def constant(nodes: Any, name: str, value: float) -> None:
    """Adds a float32."""
    node = add(nodes, name, "Const", [], dtype=FLOAT)
    tensor = node.attr["value"].tensor
    tensor.dtype = FLOAT
    tensor.tensor_shape.SetInParent()
    tensor.float_val.append(value)


def types(node: Any, *names: str) -> None:
    """Sets attributes to a list of float32."""
    for name in names:
        node.attr[name].list.type.append(FLOAT)
