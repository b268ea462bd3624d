"""`load`: a model outside of graphs; `resolve`: where the files of a model are."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import DamagedModuleError, UnsupportedFormatError
from hubexplore.hub import resolve as handles
from hubexplore.hub.danger_check import warn_of_saved_model
from hubexplore.hub.definition import DefinedSpec
from hubexplore.hub.eager.loaded_module import LoadedModule
from hubexplore.hub.eager.saved_optimizer import optimizers_of_keras_2
from hubexplore.hub.loading import explained, load_module_spec
from hubexplore.hub.quiet_start import start_devices
from hubexplore.hub.spec import ModuleSpec
from hubexplore.hub.storage.meta_graphs import read_variants
from hubexplore.hub.variants.graph_variant import GraphVariant, as_tag_set
from hubexplore.summary.files.paths import for_tensorflow, text_of
from hubexplore.summary.files.redaction import redacted
from hubexplore.summary.lookup import no_such_variant
from hubexplore.summary.module_format import GRAPH_FILES, MODULE_FILE

MSG_FOREIGN: Final = (
    "hub.load takes a handle or a spec that hubexplore made, and {name} is neither. "
    "In a graph it can be used: hub.Module(spec)."
)


def load(
    handle: str | bytes | os.PathLike[str] | ModuleSpec,
    tags: Iterable[str] | None = None,
    options: tf.saved_model.LoadOptions | None = None,
) -> Any:
    """Loads a model for use outside of graphs: eagerly, in `tf.function`, in `Dataset.map`.

    ```python
    embed = hub.load("/path/to/module")
    vectors = embed(["a sentence", "another one"])
    ```

    Args:
      handle: what `load_module_spec` takes, or a ModuleSpec.
      tags: of the graph variant that calls use; None means no tags, or the only variant there is.
      options: of `tf.saved_model.load`, for a TF2 SavedModel; a module needs none.

    Returns:
      A `LoadedModule`. For a TF2 SavedModel, what `tf.saved_model.load` returns.

    Raises:
      MissingModuleError: (a FileNotFoundError, ValueError and tf.errors.NotFoundError) nothing is there.
      NotAModuleError: (a ValueError and tf.errors.NotFoundError) it is something else; the message says what.
      DamagedModuleError: (a ValueError) files are missing, truncated or altered.
      NoSuchVariantError: (a ValueError) no graph variant has these tags; it lists those there are.
      CheckpointMismatchError: (a ValueError) the checkpoint lacks a variable, or has another one.
    """
    if isinstance(handle, ModuleSpec):
        return _loaded_module(handle, tags, "")
    return handles.read(handle, functools.partial(_load_from, handle, tags, options))


def resolve(handle: str | bytes | os.PathLike[str]) -> str:
    """The directory of a model, which is downloaded or unpacked into the cache if need be.

    ```python
    path = hub.resolve("/path/to/module.tar.gz")  # a folder of the cache: saved_model.pb, variables, assets
    ```

    Args:
      handle: what `load_module_spec` takes. What is in the directory is not looked at.

    Returns:
      A path, absolute if it is a local one. For a path that is a directory or a file itself, that path.

    Raises:
      HandleError: (a ValueError and RuntimeError) it has no known form.
      MissingModuleError: (a FileNotFoundError, ValueError and tf.errors.NotFoundError) nothing is there.
      ArchiveError: (an OSError and ValueError) the archive is damaged, too large, or would write outside of
        its folder.
      DownloadError: (an OSError) the download failed. Nothing of it stays in the cache.
    """
    return handles.read(handle, functools.partial(_existing, handle))


def _existing(handle: str | bytes | os.PathLike[str], directory: str) -> str:
    if not tf.io.gfile.exists(for_tensorflow(directory)):
        raise explained(directory, handle)
    return directory


def _load_from(handle: Any, tags: Iterable[str] | None, options: Any, directory: str) -> Any:
    variants = _tf2_variants(directory)
    if not variants:
        return _loaded_module(load_module_spec(handle), tags, directory)
    all_tags = [variant.tags for variant in variants]
    if tags is not None and as_tag_set(tags) not in all_tags:
        raise no_such_variant(as_tag_set(tags), all_tags)
    chosen = None if tags is None else sorted(as_tag_set(tags))
    warn_of_saved_model(directory, redacted(text_of(handle)))
    start_devices()
    with optimizers_of_keras_2():
        return tf.saved_model.load(directory, tags=chosen, options=options)


def _tf2_variants(directory: str) -> list[GraphVariant]:
    """The graphs of a TF2 SavedModel; none if something else is there."""
    if tf.io.gfile.exists(os.path.join(directory, MODULE_FILE)):
        return []
    if not any(tf.io.gfile.exists(os.path.join(directory, name)) for name in GRAPH_FILES):
        return []
    try:
        variants = read_variants(directory)
    except (DamagedModuleError, tf.errors.OpError):
        # load_module_spec says what is there.
        return []
    return variants if any(variant.as_read.HasField("object_graph_def") for variant in variants) else []


def _loaded_module(spec: ModuleSpec, tags: Iterable[str] | None, path: str) -> LoadedModule:
    if not isinstance(spec, DefinedSpec):
        raise UnsupportedFormatError(MSG_FOREIGN.format(name=type(spec).__name__))
    only = spec.get_tags()
    tag_set = only[0] if tags is None and len(only) == 1 else as_tag_set(tags)
    # Checks that it is there before any variable is made.
    chosen = spec.variant(tag_set).tags
    start_devices()
    return LoadedModule(spec, chosen, path)
