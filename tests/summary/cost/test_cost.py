"""What signatures cost: whole layers, loops, open sizes, and shapes that do not fit."""

from __future__ import annotations

import pytest

from hubexplore.errors import DiagramError, NoSuchSignatureError, SignatureError
from hubexplore.summary.cost import cost_of
from hubexplore.summary.cost.formulas import formula
from hubexplore.summary.model import ModuleSummary, PartitionSummary, VariableSummary, VariantSummary
from tests.summary.cost.graphs import INT32, Model, frame_loop, while_loop


def dense() -> Model:
    """Two dense layers."""
    model = Model()
    last = model.input("x", None, 10)
    for scope, before, units in (("body/first", 10, 20), ("body/second", 20, 5)):
        product = model.add(
            f"{scope}/MatMul", "MatMul", last, model.variable(f"{scope}/kernel", before, units)
        )
        added = model.add(f"{scope}/BiasAdd", "BiasAdd", product, model.variable(f"{scope}/bias", units))
        last = model.add(f"{scope}/Relu", "Relu", added)
    return model


def test_dense_layers_by_op_and_scope() -> None:
    cost = dense().cost("body/second/Relu", batch=3)
    assert cost.multiply_adds == 3 * (10 * 20 + 20 * 5)
    assert cost.flops == 2 * cost.multiply_adds
    assert cost.parameters == 10 * 20 + 20 + 20 * 5 + 5
    # Product, sum and activation of each layer, in float32.
    assert cost.activation_bytes == 3 * 3 * (20 + 5) * 4
    assert cost.shapes == (("x", (3, 10)),)
    assert [(op.name, op.multiply_adds, op.parameters) for op in cost.ops][:2] == [
        ("body/first/MatMul", 3 * 10 * 20, 10 * 20),
        ("body/first/BiasAdd", 0, 20),
    ]
    assert [(scope.name, scope.ops, scope.multiply_adds) for scope in cost.scopes] == [
        ("body", 6, 3 * 300),
        ("body/first", 3, 3 * 200),
        ("body/second", 3, 3 * 100),
    ]
    assert cost.by_op() == {"body/first/MatMul": 600, "body/second/MatMul": 300}
    assert cost.by_op("flops")["body/first/MatMul"] == 1200
    with pytest.raises(ValueError, match="parameters, multiply_adds"):
        cost.by_op("time")


def test_what_a_signature_does_not_read() -> None:
    cost = dense().cost("body/first/Relu")
    assert (cost.parameters, cost.unused_parameters) == (10 * 20 + 20, 20 * 5 + 5)
    assert cost.multiply_adds == 10 * 20


def test_a_shared_variable_counts_once() -> None:
    model = Model()
    weights = model.variable("w", 8, 8)
    first = model.add("first", "MatMul", model.input("x", None, 8), weights)
    cost = model.cost(model.add("second", "MatMul", first, weights))
    assert (cost.parameters, cost.multiply_adds) == (64, 2 * 64)


def test_a_partitioned_variable() -> None:
    model = Model()
    parts = [model.variable(f"w/part_{index}", 4, 8) for index in range(2)]
    model.variables = [
        VariableSummary(
            "w", "float32", (8, 8), True,
            partitions=tuple(PartitionSummary(f"w/part_{at}", (4 * at, 0), (4, 8)) for at in range(2)),
        )
    ]  # fmt: skip
    model.number("axis", 0)
    whole = model.add("w/concat", "ConcatV2", *parts, "axis", N=2)
    cost = model.cost(model.add("product", "MatMul", model.input("x", None, 8), whole))
    assert {op.name: op.parameters for op in cost.ops}["product"] == 64
    assert cost.multiply_adds == 64


def attention(tokens: int | None) -> Model:
    """Self-attention with 2 heads of 4 numbers, over tokens of 8."""
    model = Model()
    model.input("tokens", None, tokens, 8)
    for name in ("query", "key", "value"):
        model.add(f"{name}/einsum", "Einsum", "tokens", model.variable(f"{name}/kernel", 8, 2, 4),
                  equation="abc,cde->abde", N=2)  # fmt: skip
    model.add("scores", "Einsum", "key/einsum", "query/einsum", equation="aecd,abcd->acbe", N=2)
    model.add("weights", "Softmax", "scores")
    model.add("mixed", "Einsum", "weights", "value/einsum", equation="acbe,aecd->abcd", N=2)
    model.add("output", "Einsum", "mixed", model.variable("output/kernel", 2, 4, 8),
              equation="abcd,cde->abe", N=2)  # fmt: skip
    return model


def test_attention() -> None:
    tokens = 6
    projections = 4 * tokens * 8 * 8
    products = 2 * tokens * tokens * 2 * 4
    assert attention(tokens).cost("output", batch=3).multiply_adds == 3 * (projections + products)


def test_attention_over_an_open_number_of_tokens() -> None:
    model = attention(None)
    cost = model.cost("output")
    assert cost.multiply_adds is None
    assert cost.flops is None
    assert cost.missing == ("tokens[1]",)
    # Quadratic in the tokens, as by hand: 16 products of 2 heads x 4, and four projections of 8 x 8.
    assert formula(cost.total.multiply_adds) == "16·tokens[1]² + 256·tokens[1]"
    assert model.cost("output", (1, 6, 8)).multiply_adds == 16 * 36 + 256 * 6
    rows = model.cost("output", batch=None)
    assert formula(rows.total.multiply_adds) == "16·tokens[0]·tokens[1]² + 256·tokens[0]·tokens[1]"


def test_a_size_that_follows_from_the_graph() -> None:
    # The side of the image is open, but a dense layer behind it fixes how many numbers there are.
    model = Model()
    model.input("image", None, None, 4, 1)
    model.numbers("flat", -1, 32)
    flat = model.add("reshape", "Reshape", "image", "flat")
    model.add("rows", "Relu", flat)
    cost = model.cost(model.add("product", "MatMul", "rows", model.variable("w", 32, 3)))
    assert cost.multiply_adds == 32 * 3
    assert cost.shapes == (("image", (1, 8, 4, 1)),)


def test_a_loop_that_counts() -> None:
    model, last = while_loop(7)
    cost = model.cost(last, batch=2)
    assert cost.multiply_adds == 7 * 2 * 8 * 8
    assert cost.by_op() == {"loop/body/step/MatMul": 7 * 2 * 8 * 8}
    assert cost.parameters == 64
    assert cost.notes == ()


def test_a_loop_of_tf1_that_counts() -> None:
    model, last = frame_loop(7)
    cost = model.cost(last, batch=2)
    assert cost.by_op() == {"while/MatMul": 7 * 2 * 8 * 8}
    assert [op.passes for op in cost.ops if op.name == "while/MatMul"] == [7]
    assert cost.notes == ()


def test_a_loop_whose_length_is_a_value() -> None:
    model, last = while_loop(None)
    cost = model.cost(last)
    assert cost.multiply_adds == 8 * 8
    assert "single pass" in cost.notes[0]
    assert "'loop'" in cost.notes[0]
    assert [op.passes for op in cost.ops if op.op == "MatMul"] == [None]


def test_a_loop_over_an_open_length() -> None:
    # The limit is the number of rows, which shape inference follows into the condition.
    model, _ = while_loop(3)
    model.add("shape", "Shape", "x")
    model.numbers("b", 0)
    model.numbers("e", 1)
    rows = model.add("rows", "StridedSlice", "shape", "b", "e", "e", shrink_axis_mask=1, T=INT32)
    loop = next(node for node in model.message.graph_def.node if node.name == "loop")
    loop.input[1] = rows
    assert formula(model.cost("end", batch=None).total.multiply_adds) == "64·x[0]²"


def test_the_branch_that_costs_most() -> None:
    model = Model()
    model.input("x", None, 8)
    weights = model.variable("w", 8, 8)
    model.function("small", ["a", "w"], {"out": "relu:activations:0"}).add("relu", "Relu", "a")
    model.function("large", ["a", "w"], {"out": "product:product:0"}).add("product", "MatMul", "a", "w")
    condition = model.input("which", dtype="bool")
    model.calling("if", "If", condition, "x", weights, then_branch="small", else_branch="large")
    cost = model.cost(model.add("end", "Identity", "if"))
    assert cost.multiply_adds == 64
    assert {op.name: op.passes for op in cost.ops} == {
        "if/then_branch/relu": 0,
        "if/else_branch/product": 1,
    }
    assert "branches" in cost.notes[0]


def test_a_call_is_counted_where_it_is() -> None:
    model = Model()
    model.input("x", None, 8)
    weights = model.variable("w", 8, 8)
    model.function("layer", ["a", "w"], {"out": "MatMul:product:0"}).add("MatMul", "MatMul", "a", "w")
    for name, source in (("one", "x"), ("two", "one")):
        model.calling(name, "StatefulPartitionedCall", source, weights, f="layer")
    cost = model.cost(model.add("end", "Relu", "two"))
    assert cost.by_op() == {"one/MatMul": 64, "two/MatMul": 64}


def test_what_cannot_be_counted_is_said() -> None:
    model = Model()
    model.input("x", None, 8)
    model.add("jax", "XlaCallModule", "x")
    model.add("odd", "SomebodysOp", "jax")
    cost = model.cost(model.add("product", "MatMul", "odd", "odd"))
    assert cost.multiply_adds == 0
    assert any("XlaCallModule ('jax')" in note for note in cost.notes)
    assert any("MatMul ('product')" in note for note in cost.notes)


def test_an_unknown_first_dimension_counts_as_rows() -> None:
    model = Model()
    model.input("x", None)
    model.add("parsed", "SomebodysOp", "x")
    shape = model.message.graph_def.node[-1].attr["_output_shapes"].list.shape.add()
    for size in (-1, 8):
        shape.dim.add(size=size)
    cost = model.cost(model.add("product", "MatMul", "parsed", model.variable("w", 8, 4)), batch=5)
    assert cost.multiply_adds == 5 * 8 * 4
    assert any("number of rows" in note for note in cost.notes)


def test_a_window_that_is_larger_than_its_image() -> None:
    model = Model()
    model.input("x", None, 4, 4, 1)
    options = {"strides": [1, 1, 1, 1], "padding": "VALID"}
    first = model.add("first", "Conv2D", "x", model.variable("a", 9, 9, 1, 2), **options)
    cost = model.cost(model.add("second", "Conv2D", first, model.variable("b", 9, 9, 2, 2), **options))
    # Not the product of two negative sizes.
    assert cost.multiply_adds == 0
    assert "'first'" in cost.notes[0]


def test_a_handle_of_a_variable_in_a_loop_is_no_conflict() -> None:
    model, last = while_loop(2)
    loop = next(node for node in model.message.graph_def.node if node.name == "loop")
    # The shapes that TensorFlow writes: of the variable's handle, a scalar.
    for sizes in ((), (), (-1, 8), ()):
        shape = loop.attr["_output_shapes"].list.shape.add()
        for size in sizes:
            shape.dim.add(size=size)
    assert model.cost(last, (3, 8)).multiply_adds == 2 * 3 * 64


def test_dropout_keeps_sizes() -> None:
    model = Model()
    model.input("x", 1, 6, 8)
    model.numbers("flat", -1, 8)
    model.add("reshaped", "Reshape", "x", "flat")
    model.add("shape", "Shape", "reshaped")
    model.add("noise", "RandomUniform", "shape")
    model.add("dropped", "Mul", "reshaped", "noise")
    cost = model.cost(model.add("product", "MatMul", "dropped", model.variable("w", 8, 4)))
    assert cost.multiply_adds == 6 * 8 * 4
    assert cost.notes == ()


def test_a_fed_op_does_not_run() -> None:
    model = Model()
    model.input("x", None, 8)
    model.add("inner", "MatMul", "x", model.variable("w", 8, 8))
    model.inputs = [model.inputs[0].__class__("inner", "float32", (None, 8), "dense", "inner:0")]
    assert model.cost(model.add("end", "Relu", "inner")).multiply_adds == 0


def test_a_signature_without_inputs() -> None:
    model = Model()
    product = model.add("product", "MatMul", model.variable("a", 2, 3), model.variable("b", 3, 4))
    cost = model.cost(product)
    assert (cost.multiply_adds, cost.shapes) == (24, ())
    with pytest.raises(SignatureError, match="no inputs"):
        model.cost(product, (1, 2))


def test_values_have_shapes() -> None:
    numpy = pytest.importorskip("numpy")
    model = dense()
    for inputs in (numpy.zeros((3, 10)), [[0.0] * 10] * 3, (3, 10), {"x": (3, 10)}, {"x": (3, None)}):
        assert model.cost("body/first/Relu", inputs).multiply_adds == 3 * 200 or inputs == {"x": (3, None)}
    assert model.cost("body/first/Relu", {"x": (3, None)}).shapes == (("x", (3, 10)),)


def test_shapes_that_do_not_fit() -> None:
    model = dense()
    with pytest.raises(SignatureError, match=r"'x' has the shape \(\?, 10\).*dimension 1 is 10, not 11"):
        model.cost("body/first/Relu", (1, 11))
    with pytest.raises(SignatureError, match="it has 3 dimensions, not 2"):
        model.cost("body/first/Relu", (1, 10, 1))
    with pytest.raises(SignatureError, match="no input 'y'; it has 'x'"):
        model.cost("body/first/Relu", {"y": (1, 10)})
    with pytest.raises(SignatureError, match=r"tuple of sizes.*not \(1, 'a'\)"):
        model.cost("body/first/Relu", (1, "a"))
    with pytest.raises(SignatureError, match=r"\(1, -2\)"):
        model.cost("body/first/Relu", (1, -2))
    for rows in (0, -1, True, "x", 1.5):
        with pytest.raises(SignatureError, match="batch is a number of rows"):
            model.cost("body/first/Relu", batch=rows)


def test_a_list_is_no_shape() -> None:
    model = Model()
    model.input("x", None, None, 4)
    last = model.add("end", "Relu", "x")
    with pytest.raises(SignatureError, match=r"1 dimension, not 3.*as a tuple: \(1, 128, 4\)\."):
        model.cost(last, [1, 128, 4])
    with pytest.raises(SignatureError, match=r"any size\.$"):
        model.cost(last, [[1, 128]])


def test_shapes_that_leave_nothing_to_multiply() -> None:
    model = Model()
    model.input("sound", None)
    for name, value in (("begin", 400), ("end", 0)):
        model.numbers(name, value)
    model.numbers("one", 1)
    model.add("rest", "StridedSlice", "sound", "begin", "end", "one", end_mask=1)
    model.numbers("columns", -1, 8)
    model.add("rows", "Reshape", "rest", "columns")
    model.add("product", "MatMul", "rows", model.variable("w", 8, 4))
    cost = model.cost("product")
    assert cost.multiply_adds == 0
    assert [note for note in cost.notes if "the output of op 'product' has no elements" in note]
    assert model.cost("product", (480,)).multiply_adds == 10 * 8 * 4
    assert model.cost("product", (480,)).notes == ()


def test_shapes_that_only_the_graph_refuses() -> None:
    model = Model()
    model.input("x", None, None)
    product = model.add("layer/product", "MatMul", "x", model.variable("w", 8, 4))
    with pytest.raises(SignatureError, match=r"'layer/product' \(MatMul\).*fit: x \(\?, 8\)"):
        model.cost(product, (1, 9))
    assert model.cost(product, (1, 8)).multiply_adds == 32
    assert model.cost(product).multiply_adds == 32


def test_declared_shapes_that_the_graph_refuses_are_only_noted() -> None:
    model = Model()
    model.input("x", None, 9)
    cost = model.cost(model.add("product", "MatMul", "x", model.variable("w", 8, 4)))
    assert "'product'" in cost.notes[0]


def test_several_inputs_are_given_by_name() -> None:
    model = Model()
    model.input("a", None, 8)
    model.input("b", 8, 4)
    product = model.add("product", "MatMul", "a", "b")
    with pytest.raises(SignatureError, match=r"2 inputs \('a', 'b'\)"):
        model.cost(product, (1, 8))
    assert model.cost(product, {"a": (5, 8)}).multiply_adds == 5 * 8 * 4


def test_a_signature_that_there_is_not() -> None:
    with pytest.raises(NoSuchSignatureError, match="defualt"):
        dense().cost("body/first/Relu", signature="defualt")


def test_a_summary_without_a_graph() -> None:
    variant = VariantSummary((), ())
    with pytest.raises(DiagramError, match="has none"):
        cost_of(ModuleSummary("title", (variant,)), variant)


def test_names_of_strangers_stay_as_they_are() -> None:
    name = "<b>a\x1b[31m</b>/é:"
    model = Model()
    model.input("x", None, 8)
    model.add(name.replace(":", ""), "MatMul", "x", model.variable("w", 8, 8))
    cost = model.cost(name.replace(":", ""))
    assert list(cost.by_op()) == [name.replace(":", "")]


def test_a_deep_scope_is_no_recursion() -> None:
    model = Model()
    model.input("x", None, 8)
    deep = "/".join(["s"] * 2000)
    model.add(f"{deep}/op", "MatMul", "x", model.variable("w", 8, 8))
    assert len(model.cost(f"{deep}/op").scopes) == 2000
