"""Graphs with known shapes, written by hand, and the cost of their signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hubexplore.summary.cost import Cost, cost_of
from hubexplore.summary.graph.messages import MetaGraphDef
from hubexplore.summary.model import (
    ModuleSummary,
    Shape,
    SignatureSummary,
    TensorSummary,
    VariableSummary,
    VariantSummary,
)
from hubexplore.summary.source import Source

FLOAT, INT32, BOOL = 1, 3, 10


class Nodes:
    """Nodes of a graph or of the body of a function, of which each dtype is float32 unless it is given."""

    def __init__(self, nodes: Any) -> None:
        self._nodes = nodes

    def add(self, name: str, op: str, *inputs: str, **attributes: Any) -> str:
        """Adds a node and returns its name; attributes are ints, bools, texts, lists of ints, or messages."""
        node = self._nodes.add(name=name, op=op, input=inputs)
        node.attr["T"].type = attributes.pop("T", FLOAT)
        for key, value in attributes.items():
            attribute = node.attr[key]
            if isinstance(value, bool):
                attribute.b = value
            elif isinstance(value, int):
                attribute.i = value
            elif isinstance(value, str):
                attribute.s = value.encode()
            elif isinstance(value, list):
                attribute.list.i.extend(value)
            else:
                attribute.CopyFrom(value)
        return name

    def numbers(self, name: str, *values: int, scalar: bool = False) -> str:
        """Adds a constant of int32."""
        self.add(name, "Const")
        node = self._nodes[-1]
        node.attr["dtype"].type = INT32
        tensor = node.attr["value"].tensor
        tensor.dtype = INT32
        if not scalar:
            tensor.tensor_shape.dim.add(size=len(values))
        tensor.int_val.extend(values)
        return name

    def number(self, name: str, value: int) -> str:
        """Adds a scalar of int32."""
        return self.numbers(name, value, scalar=True)


class Model(Nodes):
    """A graph with variables and one signature."""

    def __init__(self) -> None:
        self.message: Any = MetaGraphDef()
        super().__init__(self.message.graph_def.node)
        self.variables: list[VariableSummary] = []
        self.inputs: list[TensorSummary] = []

    def input(self, name: str, *shape: int | None, dtype: str = "float32") -> str:
        """Adds an input of the signature."""
        self.add(name, "Placeholder")
        self.inputs.append(TensorSummary(name, dtype, shape, "dense", f"{name}:0"))
        return name

    def variable(self, name: str, *shape: int) -> str:
        """Adds a variable and what reads it; returns the name of the latter."""
        self.add(name, "VarHandleOp")
        node = self.message.graph_def.node[-1]
        for size in shape:
            node.attr["shape"].shape.dim.add(size=size)
        self.variables.append(VariableSummary(name, "float32", shape, True, name))
        return self.add(f"{name}/read", "ReadVariableOp", name)

    def function(self, name: str, inputs: Sequence[str], outputs: dict[str, str]) -> Nodes:
        """Adds a function whose results are these edges of its body; returns its nodes."""
        function = self.message.graph_def.library.function.add()
        function.signature.name = name
        for argument in inputs:
            function.signature.input_arg.add(name=argument, type=FLOAT)
        for result, edge in outputs.items():
            function.signature.output_arg.add(name=result, type=FLOAT)
            function.ret[result] = edge
        return Nodes(function.node_def)

    def calling(self, name: str, op: str, *inputs: str, **functions: str) -> str:
        """Adds an op that runs functions."""
        self.add(name, op, *inputs)
        for attribute, function in functions.items():
            self.message.graph_def.node[-1].attr[attribute].func.name = function
        return name

    def summary(self, output: str, shape: Shape = None, name: str = "default") -> ModuleSummary:
        """The module with the signature from the inputs to this node."""
        outputs = (TensorSummary("out", "float32", shape, "dense", f"{output}:0"),)
        signature = SignatureSummary(name, tuple(self.inputs), outputs)
        variant = VariantSummary((), (signature,), tuple(self.variables))
        return ModuleSummary("title", (variant,), source=Source({(): self.message}))

    def cost(self, output: str, inputs: Any = None, **options: Any) -> Cost:
        """What the signature from the inputs to this node costs."""
        summary = self.summary(output)
        return cost_of(summary, summary.variants[0], inputs, **options)


def while_loop(passes: int | None, width: int = 8) -> tuple[Model, str]:
    """A `While` that multiplies a row with a square matrix in each pass; None if the limit is an input."""
    model = Model()
    model.input("x", None, width)
    weights = model.variable("w", width, width)
    limit = model.number("limit", passes) if passes is not None else model.input("limit", dtype="int32")
    condition = model.function("cond", ["i", "n", "state", "w"], {"go": "less:z:0"})
    condition.add("less", "Less", "i", "n")
    arguments = ["i", "n", "state", "w"]
    body = model.function(
        "body", arguments, {"i_": "add:z:0", "n_": "n", "state_": "step/MatMul:product:0", "w_": "w"}
    )
    body.number("one", 1)
    body.add("add", "AddV2", "i", "one:output:0", T=INT32)
    body.add("step/MatMul", "MatMul", "state", "w")
    start = model.number("start", 0)
    model.calling("loop", "While", start, limit, "x", weights, cond="cond", body="body")
    return model, model.add("end", "Identity", "loop:2")


def frame_loop(passes: int, width: int = 8) -> tuple[Model, str]:
    """The same as a loop of TF1."""
    model = Model()
    model.input("x", None, width)
    weights = model.variable("w", width, width)
    model.number("zero", 0)
    model.number("limit", passes)
    for name, source in (("i", "zero"), ("n", "limit"), ("state", "x"), ("weights", weights)):
        model.add(f"while/enter_{name}", "Enter", source, frame_name="while/context")
    model.add("while/merge_i", "Merge", "while/enter_i", "while/next_i")
    model.add("while/merge_state", "Merge", "while/enter_state", "while/next_state")
    model.add("while/less", "Less", "while/merge_i", "while/enter_n")
    model.add("while/cond", "LoopCond", "while/less")
    model.add("while/switch_i", "Switch", "while/merge_i", "while/cond")
    model.add("while/switch_state", "Switch", "while/merge_state", "while/cond")
    model.number("while/one", 1)
    model.add("while/add", "Add", "while/switch_i:1", "while/one", T=INT32)
    model.add("while/MatMul", "MatMul", "while/switch_state:1", "while/enter_weights")
    model.add("while/next_i", "NextIteration", "while/add")
    model.add("while/next_state", "NextIteration", "while/MatMul")
    model.add("while/exit", "Exit", "while/switch_state")
    return model, "while/exit"
