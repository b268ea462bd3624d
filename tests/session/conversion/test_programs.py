"""`hub.convert` to ONNX and LiteRT: outputs in their own runtimes equal those of the module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import ConversionError, FailedConversionError, NoSuchSignatureError, UnconvertibleError
from hubexplore.session.conversion.proof import is_far
from hubexplore.session.conversion.report import ConversionReport
from tests.folders import names
from tests.hub import modules

tf1 = tf.compat.v1

CLOSE = 1e-4
DIGITS = "sample:digits"


def convert(*arguments: Any, **options: Any) -> ConversionReport:
    report = hub.convert(*arguments, **options)
    assert isinstance(report, ConversionReport)
    return report


def differences(report: ConversionReport) -> dict[str, dict[str, float]]:
    return {
        call.call: {output.name: output.difference for output in call.by_output} for call in report.compared
    }


def test_digits_to_onnx(converters: Path, tmp_path: Path) -> None:
    report = convert(DIGITS, tmp_path / "out", "onnx")
    found = differences(report)
    assert {name: sorted(outputs) for name, outputs in found.items()} == {
        "default": ["default", "probabilities"],
        "image_feature_vector": ["conv1", "conv2", "conv3", "default"],
    }
    assert max(max(outputs.values()) for outputs in found.values()) < CLOSE
    assert names(tmp_path / "out") == ["default.onnx", "image_feature_vector.onnx"]
    assert report.runtime.startswith("ONNX Runtime 1.")
    assert "outputs that differ by up to" in repr(report)
    assert json.dumps(report.to_dict())
    # It is a model for anyone, not only for the comparison.
    import onnxruntime

    session = onnxruntime.InferenceSession(str(tmp_path / "out" / "default.onnx"))
    assert [one.name for one in session.get_inputs()] == ["images"]
    images = np.zeros((5, 8, 8, 1), np.float32)
    outputs = session.run(["probabilities"], {"images": images})[0]
    assert outputs.shape == (5, 10)
    assert report.converter_seconds < report.seconds


def test_digits_to_litert(converters: Path, tmp_path: Path) -> None:
    report = convert(DIGITS, tmp_path / "digits.tflite")
    found = differences(report)
    # All signatures are in one file, by the names that TF2 gives them.
    assert sorted(found) == ["image_feature_vector", "serving_default"]
    assert sorted(found["serving_default"]) == ["default", "probabilities"]
    assert report.largest_difference is not None
    assert report.largest_difference < CLOSE
    assert [path.name for path in tmp_path.glob("*.*")] == ["digits.tflite"]
    assert report.runtime.startswith("LiteRT")


def test_quantization_says_what_it_costs(converters: Path, tmp_path: Path) -> None:
    exact = convert(DIGITS, tmp_path / "exact.tflite", signature="default", verify=False)
    assert exact.not_compared
    assert "Not compared: verify=False" in repr(exact)
    dynamic = convert(DIGITS, tmp_path / "dynamic.tflite", signature="default", quantize="dynamic")
    assert dynamic.size < 0.7 * exact.size
    assert dynamic.largest_difference is not None
    assert 0 < dynamic.largest_difference < 0.5
    half = convert(DIGITS, tmp_path / "half.tflite", signature="default", quantize="float16")
    assert half.size < 0.75 * exact.size
    assert half.largest_difference is not None
    assert 0 < half.largest_difference < 0.1
    assert "Quantized (float16): the weights of the module take" in repr(half)
    images = np.random.default_rng(0).uniform(0, 1, (40, 8, 8, 1)).astype(np.float32)
    whole = convert(
        DIGITS, tmp_path / "int8.tflite", signature="default", quantize="int8", data={"images": images}
    )
    assert whole.size < half.size
    (call,) = whole.compared
    assert "on 16 of the examples in data=" in call.note
    (output,) = [output for output in call.by_output if output.name == "default"]
    assert output.relative is not None
    assert 0 < output.relative < 0.2


def test_the_values_of_a_session_are_converted(converters: Path, tmp_path: Path) -> None:
    def scaled() -> None:
        x = tf1.placeholder(tf.float32, [None, 2])
        w = tf1.get_variable("w", initializer=[[1.0], [2.0]])
        hub.add_signature(inputs=x, outputs=x @ w)

    spec = hub.create_module_spec(scaled)
    with tf.Graph().as_default(), tf1.Session() as session:
        module = hub.Module(spec, trainable=True)
        session.run(tf1.global_variables_initializer())
        session.run(tf1.assign(module.variable_map["w"], [[10.0], [20.0]]))
        report = convert(module, tmp_path / "w.onnx", session=session)
    assert report.largest_difference is not None
    assert report.largest_difference < CLOSE
    assert "The output 'default' of the signature 'default' is called 'default_output'" in repr(report)
    import onnxruntime

    opened = onnxruntime.InferenceSession(str(tmp_path / "w.onnx"))
    (inputs,) = opened.get_inputs()
    assert opened.run(None, {inputs.name: np.ones((1, 2), np.float32)})[0].item() == pytest.approx(30.0)


def labelled() -> None:
    """Digits with the names of their classes: a table behind what computes."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    w = tf1.get_variable("w", initializer=np.eye(4, dtype=np.float32))
    scores = tf.nn.softmax(tf.nn.relu(x @ w), name="scores")
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.range(4, dtype=tf.int64), tf.constant(list("abcd"))), "?"
    )
    hub.add_signature(inputs=x, outputs={"label": table.lookup(tf.argmax(scores, 1)), "scores": scores})
    hub.add_signature("plain", inputs=x, outputs=scores)


def test_a_table_is_named_with_the_cut_before_it(tmp_path: Path) -> None:
    spec = hub.create_module_spec(labelled)
    with pytest.raises(UnconvertibleError) as refused:
        convert(spec, tmp_path / "labelled.tflite")
    message = str(refused.value)
    assert "LookupTableFindV2 (LiteRT has no lookup tables of TensorFlow)" in message
    assert "spec.cut(inputs={'default': 'x:0'}, outputs={" in message
    assert "'scores': 'scores:0'" in message
    assert "signature=['plain']" in message
    assert refused.value.cut is not None
    # A module that is in memory only has no name in a terminal.
    assert "hubexplore cut" not in message
    path = modules.export(spec, tmp_path / "labelled")
    with pytest.raises(UnconvertibleError, match="in a terminal: hubexplore cut"):
        convert(path, tmp_path / "labelled.tflite")
    assert list(tmp_path.glob("*.*")) == []


def test_the_cut_that_is_advised_can_be_converted(converters: Path, tmp_path: Path) -> None:
    spec = hub.create_module_spec(labelled)
    with pytest.raises(UnconvertibleError) as refused:
        convert(spec, tmp_path / "labelled.tflite", signature="default")
    assert refused.value.cut is not None
    advice: Any = refused.value.cut
    report = convert(spec.cut(**advice), tmp_path / "part.tflite")
    assert report.largest_difference is not None
    assert report.largest_difference < CLOSE
    assert {output.name for call in report.compared for output in call.by_output} == {*advice["outputs"]}


def sized() -> None:
    """Words with buckets for unknown ones: the sum of both needs the size of the table."""
    words = tf1.placeholder(tf.string, [None, 3], name="words")
    table = tf.lookup.StaticVocabularyTable(
        tf.lookup.KeyValueTensorInitializer(list("abc"), tf.range(3, dtype=tf.int64)), 2
    )
    ids = table.lookup(words)
    embedded = tf.reshape(tf.gather(tf1.get_variable("table", [5, 4]), ids), [-1, 12])
    hidden = tf.nn.relu(embedded @ tf1.get_variable("w", [12, 4]))
    # As functions of TF2 do, it waits for the lookup.
    with tf.control_dependencies([ids]):
        scaled = tf.nn.softmax(hidden) / tf.cast(table.size(), tf.float32)
    hub.add_signature(inputs=words, outputs={"default": scaled, "hidden": hidden})


@pytest.mark.parametrize("suffix", ["onnx", "tflite"])
def test_the_cut_past_a_table_takes_its_sizes_along(suffix: str, converters: Path, tmp_path: Path) -> None:
    spec = hub.create_module_spec(sized)
    with pytest.raises(UnconvertibleError) as refused:
        convert(spec, tmp_path / f"sized.{suffix}")
    advice: Any = refused.value.cut
    report = convert(spec.cut(**advice), tmp_path / f"part.{suffix}")
    assert report.largest_difference is not None
    assert report.largest_difference < CLOSE
    assert {output.name for call in report.compared for output in call.by_output} == {"default", "hidden"}


def test_the_size_of_a_table_alone_is_refused(tmp_path: Path) -> None:
    def size() -> None:
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(list("abc"), tf.range(3, dtype=tf.int64)), 0
        )
        hub.add_signature(inputs=x, outputs=tf.nn.softmax(tf.tanh(x)) * tf.cast(table.size(), tf.float32))

    with pytest.raises(
        UnconvertibleError, match=r"LookupTableSizeV2 \(.*only beside a lookup in the same table"
    ):
        convert(hub.create_module_spec(size), tmp_path / "size.onnx")


def test_what_the_converter_refuses_is_named_too(
    converters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unusual() -> None:
        x = tf1.placeholder(tf.float32, [None, 3, 3], name="x")
        hub.add_signature(inputs=x, outputs=tf.nn.relu(tf.linalg.cholesky(tf.nn.relu(x + 1), name="root")))

    monkeypatch.setattr("hubexplore.summary.portability.onnx.REMOVED", frozenset({"Cholesky"}))
    with pytest.raises(UnconvertibleError, match=r"Cholesky \(the converter refused it\): 'root'"):
        convert(hub.create_module_spec(unusual), tmp_path / "out.onnx")
    assert list(tmp_path.glob("*.*")) == []


def test_where_no_cut_helps_the_ops_of_tensorflow_are_mentioned(tmp_path: Path) -> None:
    def words() -> None:
        x = tf1.placeholder(tf.string, [None], name="x")
        hub.add_signature(inputs=x, outputs=tf.strings.lower(x))

    with pytest.raises(UnconvertibleError, match=r"No cut leaves a part.*\(Select TF ops\) are not offered"):
        convert(hub.create_module_spec(words), tmp_path / "words.tflite")


def vocabulary(path: Path) -> Any:
    """A module with the signature by which modules of BERT name their vocabulary."""
    path.write_text("a\nb\n")

    def build() -> None:
        file = tf.constant(str(path))
        tf1.add_to_collection(tf1.GraphKeys.ASSET_FILEPATHS, file)
        hub.add_signature("info", {}, {"vocab_file": file, "lower": tf.constant(True)})

    return hub.create_module_spec(build)


def test_paths_of_files_are_not_compared(converters: Path, tmp_path: Path) -> None:
    report = convert(vocabulary(tmp_path / "vocab.txt"), tmp_path / "info.onnx")
    assert differences(report) == {"info": {"lower": 0.0}}
    assert "'vocab_file' not compared: names a file of the module" in report.compared[0].note


@pytest.mark.parametrize("equal", [True, False])
def test_boxes_with_equal_scores(equal: bool, converters: Path, tmp_path: Path) -> None:
    corners = np.random.default_rng(0).uniform(0, 1, [40, 2]).astype(np.float32)
    boxes = np.concatenate([corners, corners + np.float32(0.05)], 1)
    scores = np.random.default_rng(1).uniform(0.2, 1, 40).astype(np.float32)
    if equal:
        scores = np.round(scores * 4).astype(np.float32) / np.float32(4)

    def detector() -> None:
        x = tf1.placeholder(tf.float32, [1], name="x")
        # A factor that no value of the input changes: scores stay equal, or apart.
        found = tf.image.non_max_suppression(boxes, scores * (1 + 0 * x), 10, 0.5, 0.1)
        hub.add_signature(inputs=x, outputs={"boxes": tf.gather(boxes, found)})

    report = convert(hub.create_module_spec(detector), tmp_path / "detector.tflite")
    assert report.largest_difference is not None
    assert (report.largest_difference > CLOSE) == equal
    warning = "The signature 'default' selects boxes by NonMaxSuppressionV3. LiteRT does not order boxes with"
    assert (warning in repr(report)) == equal


def test_only_a_signature_that_selects_boxes_is_said_to_do_so(converters: Path, tmp_path: Path) -> None:
    def both() -> None:
        x = tf1.placeholder(tf.float32, [4], name="x")
        found = tf.image.non_max_suppression(tf.reshape(x, [1, 4]) * tf.ones([8, 4]), tf.ones(8) * x[0], 3)
        hub.add_signature("boxes", inputs=x, outputs=found)
        # Quantization, by which it differs, too.
        w = tf1.get_variable("w", [4, 64], initializer=tf1.random_normal_initializer(seed=1))
        deep = tf.linalg.matvec(w, x, transpose_a=True)
        for number in range(4):
            layer = tf1.get_variable(
                f"w{number}", [64, 64], initializer=tf1.random_normal_initializer(seed=2)
            )
            deep = tf.linalg.matvec(layer, deep)
        hub.add_signature("deep", inputs=x, outputs=deep)

    report = convert(hub.create_module_spec(both), tmp_path / "both.tflite", quantize="dynamic")
    assert [call.call for call in report.compared if is_far(call)] == ["boxes", "deep"]
    assert [warning.split(".")[0] for warning in report.warnings] == [
        "The signature 'boxes' selects boxes by NonMaxSuppressionV3"
    ]


def test_a_refused_node_is_cut_away_alone(converters: Path, tmp_path: Path) -> None:
    def masked() -> None:
        x = tf1.placeholder(tf.float32, [None, None, 4], name="x")
        mask = tf1.placeholder(tf.int32, [None, None], name="mask")
        # LiteRT has no slice with two new axes between open dimensions, as in the attention of BERT.
        wide = tf.cast(tf.identity(mask[:, None, None, :], name="wide"), tf.float32)
        size = tf.shape(x)[1]
        scores = tf.reduce_sum(x, 2)[:, None, None, :] * wide / tf.cast(size, tf.float32)
        hub.add_signature(inputs={"x": x, "mask": mask}, outputs=tf.nn.softmax(scores))

    with pytest.raises(UnconvertibleError) as refused:
        convert(hub.create_module_spec(masked), tmp_path / "masked.tflite")
    assert refused.value.ops == ("StridedSlice",)
    assert "'strided_slice'" in str(refused.value)
    # That of the size can be converted, and is not named.
    assert "'strided_slice_1'" not in str(refused.value)


def test_a_file_of_onnx_holds_one_signature(converters: Path, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="holds one signature, and 2 were asked for"):
        convert(DIGITS, tmp_path / "a.onnx", signature=["default", "image_feature_vector"])
    report = convert(DIGITS, tmp_path / "a.onnx", verify=False)
    assert "Only the signature 'default' is written" in report.warnings[0]
    assert (
        "The other is 'image_feature_vector': name it, signature='image_feature_vector'" in report.warnings[0]
    )


def test_an_unknown_signature(tmp_path: Path) -> None:
    with pytest.raises(NoSuchSignatureError, match=r"no signature 'defualt'\. Did you mean 'default'"):
        convert(DIGITS, tmp_path / "a.tflite", signature="defualt")


def test_without_a_runtime_nothing_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubexplore.session.conversion.programs.is_installed", lambda _: False)
    report = convert(DIGITS, tmp_path / "a.tflite")
    assert report.largest_difference is None
    assert "Not compared: LiteRT is not installed. Run: pip install 'hubexplore[litert]'" in repr(report)
    assert (tmp_path / "a.tflite").exists()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys; print('last', 'words'); sys.stdout.flush(); import time; time.sleep(60)", "time limit"),
        ("import sys; sys.exit('last words')", "exit code 1"),
        ("print('last words', flush=True); import os; os.kill(os.getpid(), 11)", "SIGSEGV"),
    ],
)
def test_a_converter_that_hangs_or_dies(
    script: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "script.py"
    program.write_text(script)
    monkeypatch.setattr("hubexplore.session.conversion.convert.CONVERT", program)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with pytest.raises(FailedConversionError, match=message) as failed:
        convert(DIGITS, tmp_path / "out" / "a.tflite", timeout=0.5)
    assert "last words" in str(failed.value)
    assert not (tmp_path / "out").exists()
    assert names(folder) == []
