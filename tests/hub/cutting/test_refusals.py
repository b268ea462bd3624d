"""What cannot be cut is refused with one error that says why, and what to write instead."""

from __future__ import annotations

from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import (
    CutError,
    HubError,
    NoSuchSignatureError,
    NoSuchTensorError,
    NoSuchVariantError,
    SignatureError,
)
from tests.hub import called_functions
from tests.hub.cutting import cut_models

tf1 = tf.compat.v1


@pytest.fixture(scope="module")
def tower() -> Any:
    return hub.create_module_spec(cut_models.tower)


REFUSED: dict[str, tuple[dict[str, Any], type[HubError], str]] = {
    "no such tensor": (
        {"outputs": "layer_1/activatoin"}, NoSuchTensorError, "Did you mean 'layer_1/activation'?",
    ),
    "the same name elsewhere": (
        {"outputs": "block/activation"}, NoSuchTensorError, "Did you mean 'layer_0/activation' or",
    ),
    "a signature in place of a tensor": (
        {"outputs": "doubled"}, NoSuchTensorError,
        "'doubled' is a signature. Name its output 'twice' instead, with of='doubled'",
    ),
    "an output of another signature": (
        {"outputs": "twice"}, NoSuchTensorError,
        "Signature 'doubled' has an output of that name: add of='doubled'",
    ),
    "no such output of an op": ({"outputs": "layer_1/activation:3"}, NoSuchTensorError, "has one output"),
    "an op without outputs": ({"outputs": "layer_1/kernel/Assign"}, NoSuchTensorError, "has no outputs"),
    "a placeholder that was cut away": (
        {"inputs": ["layer_1/activation"], "outputs": {"y": "result"}},
        CutError,
        "The output 'y' needs the placeholder 'late', which is not an input of the cut: 'result' <- ",
    ),
    "an input that nothing needs": (
        {"inputs": ["x", "late"], "outputs": "layer_1/activation"},
        CutError,
        "No output of the cut needs the input 'late' ('late')",
    ),
    "an input behind the output": (
        {"inputs": ["layer_3/activation", "x"], "outputs": "layer_1/activation"},
        CutError,
        "No output of the cut needs the input 'activation'",
    ),
    "an output that is an input": (
        {"inputs": ["layer_1/activation"], "outputs": "layer_1/activation"},
        CutError,
        "is an input of the cut",
    ),
    "an input of the module as output": ({"outputs": "x"}, CutError, "is an input of the cut"),
    "inputs twice": (
        {"inputs": ["x", "x:0"], "outputs": "layer_1/activation"}, SignatureError, "names 'x:0' twice",
    ),
    "outputs twice": (
        {"outputs": ["layer_1/activation", "layer_1/activation:0"]}, SignatureError, "twice",
    ),
    "one input by two names": (
        {"inputs": {"a": "x", "b": "x:0"}, "outputs": "layer_1/activation"}, SignatureError, "twice",
    ),
    "a handle": (
        {"inputs": ["layer_1/MatMul/ReadVariableOp/resource"], "outputs": "result"}, NoSuchTensorError, "",
    ),
    "a variable as input": (
        {"inputs": ["layer_1/kernel"], "outputs": "layer_1/activation"},
        CutError,
        "is a variable, which holds its value in the module, so it cannot be an input",
    ),
    "no outputs": ({"outputs": []}, CutError, "at least one output"),
    "outputs left out": ({"inputs": ["x"]}, CutError, "at least one output"),
    "outputs of another type": ({"outputs": 3}, SignatureError, "outputs= takes the name of a tensor"),
    "an output of another type": ({"outputs": {"a": None}}, SignatureError, "not the name of a tensor"),
    "a name of another type": ({"outputs": {1: "x"}}, SignatureError, "got the name 1"),
    "bytes": ({"outputs": b"result"}, SignatureError, "got b'result'"),
    "an empty name": ({"outputs": " "}, SignatureError, "not the name of a tensor"),
    "a signature with a line break": (
        {"outputs": "result", "signature": "a\nb"}, SignatureError, "signature= is the name",
    ),
    "a signature of another type": ({"outputs": "result", "signature": 3}, SignatureError, "got 3"),
    "a signature of TensorFlow": (
        {"outputs": "result", "signature": "__saved_model_init_op"}, SignatureError, "reserves",
    ),
    "a signature that stays": (
        {"outputs": "result", "signature": "doubled", "keep_signatures": True},
        CutError,
        "signature='features'",
    ),
    "no such signature": ({"outputs": "result", "of": "doubeld"}, NoSuchSignatureError, "'doubled'"),
    "of another type": ({"outputs": "result", "of": 3}, NoSuchSignatureError, "of= is the name"),
    "no such variant": ({"outputs": "result", "tags": ["train"]}, NoSuchVariantError, "'train'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(tower: Any, case: str) -> None:
    arguments, error, message = REFUSED[case]
    before = tower.variant(()).meta_graph.SerializeToString(deterministic=True)
    with pytest.raises(error) as raised:
        tower.cut(**arguments)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert tower.variant(()).meta_graph.SerializeToString(deterministic=True) == before


def test_without_a_usual_signature_one_has_to_be_named() -> None:
    def build() -> None:
        x = tf.compat.v1.placeholder(tf.float32, [None])
        hub.add_signature("decoder", x, 2 * x)
        hub.add_signature("encoder", x, x / 2)

    with pytest.raises(NoSuchSignatureError) as raised:
        hub.create_module_spec(build).cut(outputs="mul")
    assert str(raised.value).endswith("In a cut: of='decoder' (--of decoder).")


def test_the_way_to_a_placeholder_is_short(tower: Any) -> None:
    with pytest.raises(CutError) as raised:
        tower.cut(inputs=["late"], outputs={"y": "result"})
    message = str(raised.value)
    assert "needs the placeholder 'x'" in message
    assert "more) <- " in message
    # Another signature would not help: the inputs are named.
    assert message.endswith("'x'. Add 'x' to inputs=, or name an input that is on the way.")


def test_a_placeholder_of_another_signature_is_named(tower: Any) -> None:
    with pytest.raises(CutError, match="of='default'"):
        tower.cut(outputs={"y": "result"}, of="doubled")


def test_two_outputs_of_one_name(tower: Any) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [2], name="x")
        hub.add_signature(inputs=x, outputs={"y": tf.exp(x, name="a"), "a": tf.sin(x, name="b")})

    # 'b' is the output 'a' of the signature, whose name it keeps; the op 'a' has that name itself.
    cut = hub.create_module_spec(module_fn).cut(outputs={"first": "a", "second": "b"})
    assert sorted(cut.get_output_info_dict()) == ["first", "second"]


def test_tensors_of_different_variants() -> None:
    def module_fn(name: str) -> None:
        x = tf1.placeholder(tf.float32, [2], name="x")
        hub.add_signature(inputs=x, outputs=tf.exp(x, name=name))

    spec = hub.create_module_spec(module_fn, [((), {"name": "a"}), ({"train"}, {"name": "b"})])
    with pytest.raises(CutError, match="No graph variant has all of these tensors: 'a' is only in the one"):
        spec.cut(outputs=["a", "b"])
    with pytest.raises(NoSuchTensorError, match="no tensor 'c'"):
        spec.cut(outputs=["a", "c"])
    cut = spec.cut(outputs="b")
    assert cut.get_tags() == [frozenset({"train"})]
    assert "The graph variant with no tags is left out: The module has no tensor 'b'." in cut.notes[1]
    with pytest.raises(NoSuchTensorError, match="no tensor 'b'"):
        spec.cut(outputs="b", tags=[])


def test_inside_of_a_loop_of_tf1(v1_control_flow: None) -> None:
    spec = hub.create_module_spec(cut_models.loop)
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"outputs": "repeat/squeezed"}, "output"),
        ({"inputs": ["repeat/product"], "outputs": "default"}, "input"),
    )
    for arguments, kind in cases:
        with pytest.raises(CutError, match=rf"is inside of a loop.*cannot be an {kind}.*'repeat/Exit"):
            spec.cut(**arguments)


def test_in_a_branch_of_tf1(v1_control_flow: None) -> None:
    spec = hub.create_module_spec(cut_models.condition)
    with pytest.raises(CutError, match=r"is in a branch of a cond.*'choice/Merge:0'"):
        spec.cut(outputs="choice/power")
    with pytest.raises(CutError, match="cannot be an input"):
        spec.cut(inputs=["choice/power"], outputs="default")


def test_in_functions_that_stay_functions() -> None:
    spec = hub.create_module_spec(called_functions.loop)
    with pytest.raises(NoSuchTensorError, match="is inside the loop"):
        spec.cut(outputs="loop/body/squared")
    with pytest.raises(CutError, match="is inside of a loop"):
        spec.cut(inputs=["loop/body/grown"], outputs="default")
    with pytest.raises(NoSuchTensorError, match="is in a branch"):
        spec.cut(outputs="call_1/choice/then_branch/power")


def test_a_handle_of_a_table(vocabulary: str) -> None:
    spec = hub.create_module_spec(lambda: cut_models.tables(vocabulary, vocabulary))
    with pytest.raises(CutError, match=r"is a handle \(resource\)"):
        spec.cut(outputs="left/hash_table")
