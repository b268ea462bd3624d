"""Reads the graphs of a module directory, with TensorFlow's own messages and file systems."""

from __future__ import annotations

import contextlib
import os

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from hubexplore.errors import MSG_AGAIN, DamagedModuleError
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.summary.files.filesystem import is_special, open_regular
from hubexplore.summary.files.paths import is_url
from hubexplore.summary.graph import saved_model_parser
from hubexplore.summary.module_format import GRAPH_FILE, GRAPH_TEXT_FILE


def read_variants(directory: str) -> list[GraphVariant]:
    """The graph variants of a SavedModel directory, binary or text.

    Raises:
      DamagedModuleError: it cannot be parsed, or holds no graph.
    """
    path = binary = os.path.join(directory, GRAPH_FILE)
    # Binary first: both files may exist, and TensorFlow prefers the binary one, too.
    data = read_if_there(binary)
    if data is None:
        path = os.path.join(directory, GRAPH_TEXT_FILE)
        data = _read(path)
    saved_model = saved_model_pb2.SavedModel()
    try:
        saved_model_parser.parse(data, saved_model, is_text=path != binary, is_strict=True)
    except ValueError as error:
        raise DamagedModuleError(f"{path!r} ({len(data):,} bytes) {error}. {MSG_AGAIN}") from error
    return [GraphVariant(meta_graph) for meta_graph in saved_model.meta_graphs]


def read_if_there(path: str) -> bytes | None:
    """The content of a file; None where there is none, or where its file system cannot be reached.

    Raises:
      tf.errors.OpError: it is there, but cannot be read.
    """
    try:
        return _read(path)
    except tf.errors.OpError:
        if _is_there(path):
            raise
        return None


def check_regular(path: str) -> None:
    """Raises DamagedModuleError for a file that TensorFlow would wait for, or read without end."""
    if is_special(path):
        raise DamagedModuleError(f"{path!r} is a pipe, socket or device, not a file. {MSG_AGAIN}")


def _is_there(path: str) -> bool:
    try:
        return bool(tf.io.gfile.exists(path))
    except tf.errors.OpError:
        return False


def _read(path: str) -> bytes:
    if not is_url(path):
        # Twice as fast as through TensorFlow, which below reports what is wrong with the file.
        with contextlib.suppress(OSError), open_regular(path) as file:
            return file.read()
        check_regular(path)
    with tf.io.gfile.GFile(path, "rb") as file:
        return bytes(file.read())
