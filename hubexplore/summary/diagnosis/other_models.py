"""Files of models in formats that are not opened here: what they are, and what opens or converts them.

Formats: Keras (keras/src/saving/saving_lib.py, legacy/saving/legacy_h5_format.py), ONNX (ModelProto of
onnx.proto), Core ML (Model.proto), safetensors (its README), TensorFlow.js (model.json of tfjs-converter),
PyTorch (torch/serialization.py), NumPy.
"""

from __future__ import annotations

from typing import Final

from hubexplore.summary.diagnosis.file_kind import FileKind
from hubexplore.summary.files import magic, wire

ENDINGS: Final = (
    ".keras", ".h5", ".hdf5", ".tflite", ".onnx", ".pt", ".pth", ".safetensors", ".mlmodel", ".npz",
    "model.json",
)  # fmt: skip
"""Endings of the names of files that may be models in these formats."""

_TO_SAVED_MODEL: Final = (
    "Keras may run Python code that is in it: `hubexplore scan {shell}` says whether there is any. "
    "Convert it to a SavedModel, and open that: "
    "keras.saving.load_model({path!r}, compile=False).export({target!r})"
)
_KERAS: Final = FileKind("a Keras model", _TO_SAVED_MODEL)
_KERAS_RENAMED: Final = FileKind(
    "a Keras model", "Give it a name that ends with '.keras'; keras.saving.load_model opens no other."
)
_KERAS_HDF5: Final = FileKind("a Keras model in an HDF5 file", _TO_SAVED_MODEL)
_KERAS_HDF5_RENAMED: Final = FileKind(
    "a Keras model in an HDF5 file",
    "Give it a name that ends with '.h5'; keras.saving.load_model opens no HDF5 file of another name.",
)
_KERAS_WEIGHTS: Final = FileKind(
    "the weights of a Keras model, without the model",
    "Build the model with its code, then write a SavedModel, and open that: "
    "model.load_weights({path!r}); model.export({target!r})",
)
_HDF5: Final = FileKind("an HDF5 file", "List what is in it: list(h5py.File({path!r}))")
_TF_LITE: Final = FileKind(
    "a TensorFlow Lite model",
    "Run it with tf.lite.Interpreter(model_path={path!r}). It cannot be converted back; open the model that "
    "it was made from.",
)
# The package declares none of the others, without which it does not start.
_ONNX_PACKAGES: Final = (
    "pip install onnx2tf onnx onnx_graphsurgeon sng4onnx psutil ai_edge_litert tensorflow tf_keras"
)
_ONNX: Final = FileKind(
    "an ONNX model",
    f"Convert it to a SavedModel in a shell, after `{_ONNX_PACKAGES}`, and open that: "
    "onnx2tf -i {shell} -o {shell_target}",
)
_CORE_ML: Final = FileKind(
    "a Core ML model",
    "coremltools.models.MLModel({path!r}) opens it, after `pip install coremltools`. It cannot be converted "
    "back; open the model that it was made from.",
)
_SAFETENSORS: Final = FileKind(
    "weights in the format safetensors, without a graph",
    "After `pip install safetensors`, a dict of arrays by name: safetensors.numpy.load_file({path!r})",
)
_PYTORCH: Final = FileKind(
    "a PyTorch file",
    "Write the model as ONNX with torch.onnx.export in PyTorch, then convert it in a shell, after "
    f"`{_ONNX_PACKAGES}`: onnx2tf -i model.onnx -o {{shell_target}}",
)
_PICKLE: Final = FileKind(
    "a Python pickle",
    "Load it in the program that wrote it. Loading runs code that its author chose: do so only if you trust "
    "where it is from.",
)
_ARRAYS: Final = FileKind(
    "arrays of NumPy, without a graph", "A mapping of arrays by name: np.load({path!r})"
)
_ARRAY: Final = FileKind("an array of NumPy, without a graph", "Load it with np.load({path!r}).")
_TFJS_LAYERS: Final = FileKind(
    "a Keras model for TensorFlow.js",
    "Convert it to a Keras model in a shell, after `pip install tensorflowjs`: tensorflowjs_converter "
    "--input_format=tfjs_layers_model --output_format=keras {shell} {shell_target}.h5",
)
_TFJS_GRAPH: Final = FileKind(
    "a graph for TensorFlow.js",
    "Convert it to a SavedModel in a shell, after `pip install tfjs-graph-converter`, and open that: "
    "tfjs_graph_converter --output_format tf_saved_model {shell} {shell_target}",
)

# Tags of the fields of ModelProto that follow the version: producer_name, producer_version, domain,
# model_version, doc_string, graph, opset_import.
_ONNX_TAGS: Final = frozenset({0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42})
_ONNX_VERSIONS: Final = range(2, 64)  # SavedModels begin with version 1
_OLD_PYTORCH: Final = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_LARGEST_HEADER: Final = 100_000_000  # bytes that safetensors allows


def model_kind(name: str, head: bytes) -> FileKind | None:  # noqa: PLR0911  # one return per answer
    """Returns what a file is, if it belongs to a model in one of these formats.

    Args:
      name: the file's name. The content goes before it.
      head: its first bytes, see `file_types.HEAD`.
    """
    file_format = magic.format_of(head)
    if file_format == magic.HDF5:
        return _hdf5(name, head)
    if file_format == magic.TF_LITE:
        return _TF_LITE
    if file_format == magic.NUMPY:
        return _ARRAY
    if file_format == magic.ZIP_ENTRY:
        return _zip(name, head)
    if _is_safetensors(head):
        return _SAFETENSORS
    if head[:1] == b"{":
        return _tensorflow_js(head)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return _PYTORCH if _OLD_PYTORCH in head[:32] or name.endswith((".pt", ".pth")) else _PICKLE
    if name.lower().endswith(".mlmodel") and head[:1] == b"\x08":
        return _CORE_ML
    return _ONNX if _is_onnx(head) else None


def _hdf5(name: str, head: bytes) -> FileKind:
    if b"model_config" in head:
        # Keras 2 wrote HDF5 under any name, also under one that ends with '.keras'.
        return _KERAS_HDF5 if name.endswith((".h5", ".hdf5")) else _KERAS_HDF5_RENAMED
    # Keras 2 lists its layers in an attribute; Keras 3 has a group of them, and one of variables.
    if b"layer_names" in head or (b"layers" in head and b"vars" in head):
        return _KERAS_WEIGHTS
    return _HDF5


def _zip(name: str, head: bytes) -> FileKind | None:
    if name.lower().endswith(".keras"):
        return _KERAS
    if b"config.json" in head or b"metadata.json" in head:
        return _KERAS_RENAMED
    # The name of the first entry follows the header of 30 bytes.
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if b"data.pkl" in head or first.endswith((b"/.format_version", b"/version")):
        return _PYTORCH
    return _ARRAYS if first.endswith(b".npy") else None


def _is_safetensors(head: bytes) -> bool:
    # The size of the JSON header, then the header.
    return head[8:10] in (b'{"', b"{}") and 2 <= int.from_bytes(head[:8], "little") <= _LARGEST_HEADER


def _tensorflow_js(head: bytes) -> FileKind | None:
    # The keys at the beginning; the rest of the file is long.
    if b'"graph-model"' in head or b'"modelTopology": {"node"' in head:
        return _TFJS_GRAPH
    return _TFJS_LAYERS if b'"layers-model"' in head or b'"modelTopology"' in head else None


def _is_onnx(head: bytes) -> bool:
    if len(head) < 4 or head[0] != 0x08 or head[1] not in _ONNX_VERSIONS or head[2] not in _ONNX_TAGS:
        return False
    if head[2] != 0x12:
        return True
    # The name of the program that wrote it; in Core ML's files a message is there.
    try:
        length, start = wire.varint(head, 3)
    except ValueError:
        return False
    producer = head[start : start + length]
    return producer.isascii() and producer.decode().isprintable()
