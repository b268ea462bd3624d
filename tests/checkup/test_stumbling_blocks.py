"""Each of the 28 stumbling blocks of TensorFlow Hub's users has its line, and errors lead to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.checkup import stumbling_blocks
from hubexplore.checkup.module_health import examine
from tests.checkup import modules
from tests.cli.test_show import write_module

# What users of TensorFlow Hub saw, from its issues; the numbers are those of the list.
ERRORS = {
    1: "RuntimeError: Missing implementation that supports: loader(*('/home/me/module',), **{})",
    2: "SavedModel file does not exist at: /t/tfhub_modules/9616fd04ec2360621642ef9455b84f4b668e219e",
    3: "tarfile.ReadError: not a gzip file",
    4: "Module 'https://tfhub.dev/google/nnlm/1' already being downloaded by 'host.2213'. Waiting.",
    5: "hub.Module(...) hangs for minutes while it loads, without any progress",
    6: "urllib.error.URLError: <urlopen error [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed>",
    7: "AttributeError: module 'tensorflow_hub' has no attribute 'Module'",
    8: "RuntimeError: Exporting/importing meta graphs is not supported when eager execution is enabled.",
    9: "RuntimeError: MetaGraphDef associated with tags {'serve'} could not be found in SavedModel",
    10: "ValueError: Setting hub.KerasLayer.trainable = True is unsupported when loading from TF1.",
    11: "each call is slower and slower, the memory grows until it is out of memory",
    12: "ValueError: Unknown signature serving_default; missing input for signature",
    13: "RuntimeError: No such graph variant: tags=['train']",
    14: "saved_model_cli show --all: is there a machine readable form?",
    15: "How can I visualize the graph in TensorBoard?",
    16: "KeyError: \"The name 'module/conv1/Relu:0' refers to a Tensor which does not exist.\"",
    17: "FailedPreconditionError: Table not initialized.",
    18: "UPDATE_OPS are not run, so the moving mean of batch norm stays 0",
    19: "I want to freeze all but the last block: var_list?",
    20: "ValueError: Variable module/w already exists; how do I share weights between train and eval?",
    21: "How to export a module after training?",
    22: "How do I make a module from model.ckpt-1000, that is from a checkpoint?",
    23: "ValueError: Unsupported collections in graph: ['my_collection'] Use drop_collections",
    24: "NotFoundError: Op type not registered 'SentencepieceOp' in binary running on host",
    25: "NotFoundError: /tmp/build/vocab.txt; No such file or directory: assets are missing",
    26: "ValueError: Tensor(\"x:0\") must be from the same graph as Tensor(\"y:0\")",
    27: "How do I run the whole dataset, with which batch_size?",
    28: "LookupError: No gradient defined for operation 'module/DecodeJpeg' (op type: DecodeJpeg)",
}  # fmt: skip


def first(error: object) -> int:
    """The number of the stumbling block that comes first for an error."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    found = stumbling_blocks.explanations(text)
    return int(found[0].subject.partition(".")[0]) if found else 0


def test_all_are_listed_with_what_to_do() -> None:
    found = list(stumbling_blocks.listed())
    assert [int(finding.subject.partition(".")[0]) for finding in found] == list(range(1, 29))
    assert all(finding.sentence.endswith(".") and finding.remedy for finding in found)


@pytest.mark.parametrize("number", range(1, 29))
def test_the_words_of_users_lead_to_the_answer(number: int) -> None:
    assert first(ERRORS[number]) == number


def _no_module(tmp_path: Path) -> None:
    hub.load_module_spec(tmp_path)


def _eager_module(tmp_path: Path) -> None:
    hub.Module(write_module(tmp_path / "m"))


def _wrong_tags(tmp_path: Path) -> None:
    with tf.Graph().as_default():
        hub.Module(write_module(tmp_path / "m"), tags=["train"])


def _lost_tensor(tmp_path: Path) -> None:
    tf.Graph().get_tensor_by_name("module/relu:0")


def _empty_table(tmp_path: Path) -> None:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), 0)
        session.run(table.lookup(tf.constant(["a"])))


def _fresh_variable(tmp_path: Path) -> None:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        session.run(tf.compat.v1.get_variable("w", [2], use_resource=False).value())


def _unknown_op(tmp_path: Path) -> None:
    graph_def = tf.compat.v1.GraphDef()
    graph_def.node.add(name="a", op="SentencepieceOp")
    with tf.Graph().as_default():
        tf.import_graph_def(graph_def)


def _two_graphs(tmp_path: Path) -> None:
    with tf.Graph().as_default():
        x = tf.compat.v1.placeholder(tf.float32, [])
    with tf.Graph().as_default():
        tf.raw_ops.AddV2(x=x, y=tf.constant(1.0))


def _no_gradient(tmp_path: Path) -> None:
    with tf.Graph().as_default():
        x = tf.compat.v1.placeholder(tf.float32, [1, 2, 2, 1])
        tf.gradients(tf.raw_ops.ResizeBicubicGrad(grads=x, original_image=x), x)


@pytest.mark.parametrize(
    ("number", "provoke"),
    [
        (1, _no_module), (8, _eager_module), (13, _wrong_tags), (16, _lost_tensor), (17, _empty_table),
        (17, _fresh_variable), (24, _unknown_op), (26, _two_graphs), (28, _no_gradient),
    ],
)  # fmt: skip
def test_errors_as_they_are_raised_today(
    tmp_path: Path, number: int, provoke: Callable[[Path], None]
) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the words are what is tested
        provoke(tmp_path)
    assert first(caught.value) == number


def test_unsupported_collections_as_they_are_raised_today(tmp_path: Path) -> None:
    path = modules.with_collection(tmp_path / "m", "my_things")
    (tmp_path / "m" / "tfhub_module.pb").unlink()
    with pytest.raises(hub.HubError) as caught:
        hub.create_module_spec_from_saved_model(path)
    assert first(caught.value) == 23


def test_what_hubexplore_says_of_a_path_is_what_the_doctor_says(tmp_path: Path) -> None:
    # One text: the doctor collects what errors say.
    with pytest.raises(hub.HubError) as caught:
        hub.summarize(tmp_path)
    (finding,) = examine(tmp_path)[0]
    assert f"{finding.sentence} {finding.remedy}" == str(caught.value)


def test_another_error() -> None:
    assert first("KeyError: 3") == 0
    assert first("") == 0


def test_only_the_end_of_a_long_text_is_read() -> None:
    assert first("x" * 10_000_000 + ERRORS[1]) == 1
