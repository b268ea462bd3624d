"""Which graphs compute the same, and where others differ."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hubexplore.summary.compare.structure import Finding, compare_graphs
from hubexplore.summary.compare.structure.variant_graphs import ComparedGraph
from hubexplore.summary.reading.variant import read_variant
from tests.summary.compare.structure_graphs import add, compared, constant, meta_graph
from tests.work import calls

PLAIN = f"""
x = Placeholder() dtype=type: DT_FLOAT
w = Const() {constant(2.0)}
m = Mul(x, w) T=type: DT_FLOAT
b = Const() {constant(1.0)}
y = AddV2(m, b, ^w) T=type: DT_FLOAT
"""


def of(first: str, second: str) -> list[Finding]:
    return list(compared(meta_graph(first), meta_graph(second)).findings)


def test_a_graph_and_itself() -> None:
    result = compared(meta_graph(PLAIN), meta_graph(PLAIN))
    assert (result.basis, result.findings, result.unused) == ("nodes", (), (1, 1))


def test_order_devices_hints_and_defaults_do_not_count() -> None:
    first = meta_graph("x = Placeholder()\nk = Const() dtype=type: DT_FLOAT\ny = MatMul(x, k)")
    second = meta_graph(
        """
        y = MatMul(x, k:0) transpose_a=b: false; _output_shapes=list { }; _class=list { s: "loc:@k" }
        k = Const() dtype=type: DT_FLOAT
        x = Placeholder() shape=shape { unknown_rank: true }
        """
    )
    second.graph_def.node[0].device = "/device:TPU:0"
    result = compared(first, second)
    assert (result.basis, result.findings) == ("nodes", ())


def test_other_names_are_the_same_structure() -> None:
    second = meta_graph(
        "p/b = Const() " + constant(1.0) + "\np/x = Placeholder()\n"
        "p/y = AddV2(p/m, p/b, ^p/w) T=type: DT_FLOAT\n"
        "p/m = Mul(p/x, p/w) T=type: DT_FLOAT\np/w = Const() " + constant(2.0),
        {"x": "p/x:0"}, {"y": "p/y:0"},
    )  # fmt: skip
    result = compared(meta_graph(PLAIN), second)
    assert (result.basis, result.findings) == ("structure", ())
    assert result.matched == {name: f"p/{name}" for name in "ymwb"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Mul(x, w)", "Sub(x, w)", Finding("nodes", "m", "Mul", "Sub")),
        ("Mul(x, w)", "Mul(w, x)", Finding("wiring", "m: input 0", "input 'x'", "Const w")),
        ("AddV2(m, b", "AddV2(m, w", Finding("wiring", "y: input 1", "Const b", "Const w")),
        (", ^w)", ")", Finding("wiring", "y: runs after", "w", "nothing else")),
        (
            constant(1.0), constant(3.0),
            Finding("constants", "b", "float32 scalar: 1.0", "float32 scalar: 3.0"),
        ),
        ("y = AddV2(m", "r = Relu(m)\ny = AddV2(r", Finding("nodes", "r", None, "Relu")),
        ("AddV2(m, b, ^w) T=type: DT_FLOAT", "AddV2(m, b, ^w) T=type: DT_HALF",
         Finding("attributes", "y: T", "float32", "float16")),
    ],
)  # fmt: skip
def test_a_difference_is_reported_where_it_is(old: str, new: str, expected: Finding) -> None:
    assert old in PLAIN
    findings = of(PLAIN, PLAIN.replace(old, new))
    assert expected in findings
    flipped = expected._replace(first=expected.second, second=expected.first)
    assert flipped in of(PLAIN.replace(old, new), PLAIN)


def test_a_default_that_is_left_out_differs_from_other_values() -> None:
    text = "x = Placeholder()\ny = FusedBatchNorm(x, x, x, x, x) {}"
    assert of(text.format(""), text.format("is_training=b: true")) == []
    assert of(text.format(""), text.format("is_training=b: false")) == [
        Finding("attributes", "y: is_training", "True", "False")
    ]


def test_two_ways_to_write_a_constant() -> None:
    first = "y = Const() " + constant(1.0, shape="dim { size: 4 }")
    again = "y = Const() " + constant(1.0, 1.0, 1.0, 1.0, shape="dim { size: 4 }")
    raw = r"\000\000\200?" * 4
    content = (
        "y = Const() dtype=type: DT_FLOAT; value=tensor { dtype: DT_FLOAT tensor_shape { dim { size: 4 } } "
        f'tensor_content: "{raw}" }}'
    )
    assert of(first, again) == of(first, content) == []
    other = content.replace(raw, raw[:-1] + "@")
    assert of(first, other) == [
        Finding("constants", "y", "float32 (4,): 1.0, 1.0, 1.0, 1.0", "float32 (4,): 1.0, 1.0, 1.0, 4.0")
    ]
    assert of("y = Const() " + constant(0.0), "y = Const() " + constant(-0.0)) != []


def test_the_first_difference_of_long_constants_is_shown() -> None:
    values = [float(number) for number in range(40)]
    texts = [
        "y = Const() " + constant(*numbers, shape="dim { size: 2 } dim { size: 20 }")
        for numbers in (values, [*values[:25], 0.5, *values[26:]])
    ]
    assert of(*texts) == [
        Finding(
            "constants", "y",
            "float32 (2, 20): 1 of 40 values differ, the first at [1, 5]: 25.0",
            "float32 (2, 20): 1 of 40 values differ, the first at [1, 5]: 0.5",
        )
    ]  # fmt: skip


def test_outputs_and_inputs_that_are_swapped() -> None:
    graph = "a = Placeholder()\nb = Placeholder()\nr = Relu(a)\ns = Tanh(b)"
    ins, outs = {"a": "a:0", "b": "b:0"}, {"r": "r:0", "s": "s:0"}
    first = meta_graph(graph, ins, outs)
    assert not compared(first, meta_graph(graph, ins, outs)).findings
    assert compared(first, meta_graph(graph, ins, {"r": "s:0", "s": "r:0"})).findings == (
        Finding("wiring", "default: output r", "Relu r", "Tanh s"),
        Finding("wiring", "default: output s", "Tanh s", "Relu r"),
    )
    swapped = compared(first, meta_graph(graph, {"a": "b:0", "b": "a:0"}, outs))
    assert set(swapped.findings) == {
        Finding("wiring", "r: input 0", "input 'a'", "input 'b'"),
        Finding("wiring", "s: input 0", "input 'b'", "input 'a'"),
    }


def test_another_output_of_one_node() -> None:
    text = "x = Placeholder()\nt = TopKV2(x, x)\ny = Identity(t{})"
    assert of(text.format(""), text.format(":1")) == [
        Finding("wiring", "y: input 0", "output 0 of t", "output 1 of t")
    ]


def test_one_random_number_is_not_two() -> None:
    one = "r = RandomUniform(x)\ny = Sub(r, r)\nx = Placeholder()"
    two = "r = RandomUniform(x)\nq = RandomUniform(x)\ny = Sub(r, q)\nx = Placeholder()"
    assert of(one, two) == [Finding("wiring", "r: used in two places", "r", "q and r")]
    assert of(two, one) == [Finding("wiring", "r: used in two places", "q and r", "r")]
    # What gives the same twice may be computed once.
    assert of(one.replace("RandomUniform", "Relu"), two.replace("RandomUniform", "Relu")) == []


def test_variables_are_identified_by_stored_values() -> None:
    text = 'v = VarHandleOp() shared_name=s: "{}"\nw = VarHandleOp()\nx = Placeholder()\ny = Sub(v, w)'
    first, second = meta_graph(text.format("v")), meta_graph(text.format("old/v"))
    names = {"v": "variable 'v'", "w": "variable 'w'"}
    assert not compared(first, second, (names, names)).findings
    (one, two) = compared(first, second, (names, {"v": "variable 'w'", "w": "variable 'v'"})).findings
    assert one == Finding("wiring", "w: stands for", "variable 'w'", "variable 'v'") or two == one


def test_resources_that_are_shared_on_one_side() -> None:
    text = 't = HashTableV2() shared_name=s: "t"\nu = HashTableV2() shared_name=s: "{}"\ny = Add(t, u)'
    assert of(text.format("u"), text.format("u2")) == []
    assert of(text.format("u"), text.format("t")) == [
        Finding("wiring", "t, u: share", "several resources", "one resource")
    ]


LOOP = """
x = Placeholder()
e = Enter(x) frame_name=s: "FRAME"
m = Merge(e, n)
c = LoopCond(l)
l = Less(m, k)
k = Const() """ + constant(10.0) + """
s = Switch(m, c)
i = Identity(s:1)
a = OP(i, i)
n = NextIteration(a)
y = Exit(s)
"""  # fmt: skip


def loop(frame: str, op: str) -> str:
    return LOOP.replace("FRAME", frame).replace("OP", op)


def test_loops() -> None:
    assert of(loop("f", "Add"), loop("g/f", "Add")) == []
    # What is only behind the edge that closes the loop counts.
    assert of(loop("f", "Add"), loop("f", "Mul")) == [Finding("nodes", "a", "Add", "Mul")]


def with_function(name: str, body: str, call: str = 'PartitionedCall(x) f=func {{ name: "{}" }}') -> object:
    message = meta_graph("x = Placeholder()\ny = " + call.format(name))
    function = message.graph_def.library.function.add()
    function.signature.name = name
    function.signature.input_arg.add(name="a", type=1)
    function.signature.output_arg.add(name="r", type=1)
    function.ret["r"] = "out:y:0"
    add(function.node_def, body)
    return message


def test_functions_are_compared_by_what_they_compute() -> None:
    first = with_function("f_12", "out = Relu(a)")
    assert not compared(first, with_function("f_13", "out = Relu(a)")).findings
    assert compared(first, with_function("f_12", "out = Tanh(a)")).findings == (
        Finding("nodes", "function f_12: out", "Relu", "Tanh"),
    )
    # A node may call a function by its name.
    first = with_function("f_12", "out = Relu(a)", "{}(x)")
    assert not compared(first, with_function("f_13", "out = Relu(a)", "{}(x)")).findings
    assert compared(first, with_function("f_13", "out = Tanh(a)", "{}(x)")).findings


def test_a_function_that_calls_itself_ends() -> None:
    body = 'out = PartitionedCall(a) f=func {{ name: "{}" }}'
    first, second = (with_function(name, body.format(name)) for name in ("f", "g"))
    assert not compared(first, second).findings


def test_a_graph_of_many_equal_nodes_takes_linear_time() -> None:
    width, depth = 12, 40
    lines = ["x = Placeholder()", *(f"n0_{column} = Identity(x)" for column in range(width))]
    for row in range(1, depth):
        for column in range(width):
            taken = ", ".join(f"n{row - 1}_{(column + shift) % width}" for shift in range(width))
            waits = ", ".join(f"^n{row - 1}_{column}" for column in range(width))
            lines.append(f"n{row}_{column} = AddN({taken}, {waits})")
    lines.append(f"y = Identity(n{depth - 1}_0)")
    first = "\n".join(lines)
    second = first.replace("n0_3 = Identity", "n0_3 = Relu")
    assert of(first, first) == []
    assert of(first, second) == [Finding("nodes", "n0_3", "Identity", "Relu")]


def test_a_graph_that_is_too_large_is_counted() -> None:
    graphs = [meta_graph(PLAIN), meta_graph(PLAIN)]
    sides = [ComparedGraph(read_variant(graph, {}, None)[0], graph, {}) for graph in graphs]
    assert compare_graphs(sides[0], sides[1], steps=5).basis == "counted"


def test_deep_graphs_do_not_recurse() -> None:
    lines = ["x = Placeholder()", "n0 = Relu(x)"]
    lines += [f"n{number} = Relu(n{number - 1})" for number in range(1, 5000)]
    text = "\n".join([*lines, "y = Relu(n4999)"])
    assert of(text, text.replace("n0 = Relu", "n0 = Tanh")) == [Finding("nodes", "n0", "Relu", "Tanh")]


def test_signatures_that_build_on_one_another_take_linear_time() -> None:
    def comparison(count: int) -> Callable[[], object]:
        lines = ["n0 = Relu(x)", *(f"n{number} = Relu(n{number - 1})" for number in range(1, count))]
        graph = meta_graph("\n".join(["x = Placeholder()", *lines]), outputs={"y": "n0:0"})
        for number in range(count):
            graph.signature_def[f"s{number}"].CopyFrom(graph.signature_def["default"])
            graph.signature_def[f"s{number}"].outputs["y"].name = f"n{number}:0"
        side = ComparedGraph(read_variant(graph, {}, None)[0], graph, {})
        result = compare_graphs(side, side, steps=500)
        assert (result.basis, result.unused) == ("counted", compare_graphs(side, side).unused)
        return lambda: compare_graphs(side, side, steps=500)

    assert calls(comparison(800)) < 2.5 * calls(comparison(400))
