"""`create_module_spec_from_saved_model`: a TF1 SavedModel as a module."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable

import tensorflow as tf

from hubexplore.hub.definition import DefinedSpec
from hubexplore.hub.loading import explained, tf1_spec
from hubexplore.hub.resolve import filesystem_of, read
from hubexplore.hub.storage.meta_graphs import read_variants
from hubexplore.summary.files.paths import for_tensorflow, text_of
from hubexplore.summary.files.redaction import redacted
from hubexplore.summary.module_directory import ModuleDirectory
from hubexplore.summary.module_format import GRAPH_FILES


def create_module_spec_from_saved_model(
    saved_model_path: str | bytes | os.PathLike[str], drop_collections: Iterable[str] | None = None
) -> DefinedSpec:
    """Makes a spec from a TF1 SavedModel: from `tf.compat.v1.saved_model`, an Estimator, TensorFlow Serving.

    `load_module_spec` opens the same, and leaves out by itself what a module cannot carry.

    Args:
      saved_model_path: directory with `saved_model.pb` (or `.pbtxt`), or a handle or archive of one.
      drop_collections: names of collections to leave out. `global_step`, `legacy_init_op`,
        `saved_model_main_op` and those of local variables are always left out: local variables that a
        signature reads are kept, and start from the values that the main op gives them. TensorFlow runs
        the main op after it has restored the checkpoint, so a variable that is in both is a local one, too.

    Returns:
      A ModuleSpec with a graph variant for each meta graph, under its tags (often `serve`).

    Raises:
      UnsupportedCollectionError: (a ValueError) a collection that modules cannot carry; it is named, with
        what to pass as `drop_collections`.
      NotAModuleError: (a ValueError) a TF2 SavedModel, or no SavedModel at all.
      DamagedModuleError: (a ValueError) files are missing, truncated or altered.
    """
    return read(saved_model_path, functools.partial(_spec_in, saved_model_path, drop_collections))


def _spec_in(
    saved_model_path: str | bytes | os.PathLike[str], drop_collections: Iterable[str] | None, directory: str
) -> DefinedSpec:
    """The spec of the SavedModel in `directory`, which is what the handle `saved_model_path` stands for."""
    directory = for_tensorflow(directory)
    if not any(tf.io.gfile.exists(os.path.join(directory, name)) for name in GRAPH_FILES):
        raise explained(directory, saved_model_path)
    place = ModuleDirectory(directory, filesystem_of(directory)).marked()
    variants = read_variants(directory)
    if any(variant.meta_graph.HasField("object_graph_def") for variant in variants):
        raise explained(directory, saved_model_path)
    chosen = frozenset({drop_collections} if isinstance(drop_collections, str) else drop_collections or ())
    return tf1_spec(place, variants, redacted(text_of(saved_model_path)), chosen)
