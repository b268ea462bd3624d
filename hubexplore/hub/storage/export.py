"""Writes a module directory: whole or not at all."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from hubexplore.errors import ExportError, HubError
from hubexplore.hub.graph.shared_names import neutralize_shared_names
from hubexplore.hub.placement import place
from hubexplore.hub.storage import assets
from hubexplore.hub.storage.disk_errors import STORAGE_ERRORS, export_error, is_of_storage
from hubexplore.hub.storage.export_target import is_replaced
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.hub.variants.restore import RESTORE_OPS
from hubexplore.summary.files import paths
from hubexplore.summary.graph.hub_messages import FORMAT_V3, ModuleDef
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.module_format import ASSETS_FOLDER, GRAPH_FILE, MODULE_FILE, VARIABLES_PREFIX

if TYPE_CHECKING:
    from hubexplore.hub.definition import DefinedSpec


def export(
    path: str | os.PathLike[str],
    write: Callable[[str], None],
    overwrite: bool = False,
    last: str = MODULE_FILE,
) -> None:
    """Writes a module beside `path`, then puts it in its place; see `placement`.

    Args:
      path: directory to write, on any filesystem TensorFlow knows; see `summary.paths`. It may exist, but
        must hold no model, or with `overwrite` a module and nothing else.
      write: writes the module into the new directory that it is given.
      overwrite: replace a module that is there.
      last: name of the file without which what is written is not complete.

    Raises:
      ExportExistsError: (a FileExistsError) something is at `path` that stays.
      ExportError: (an OSError and RuntimeError) no permission, no space, an asset that is not there, a
        variable without a value. `path` is as before.
      PathError: (a ValueError, OSError and TypeError) `path` is no path; nothing was written.
    """
    path = paths.for_tensorflow(paths.to_write(path, paths.EXPORT)).rstrip("/")
    if not path:
        raise ExportError(
            "A module cannot be exported into the root directory of the disk. Name a directory inside it."
        )
    try:
        place(path, write, functools.partial(is_replaced, path, overwrite, last), last=last)
    except HubError:
        raise
    except STORAGE_ERRORS as error:
        raise export_error(path, error) from error


def write_module(folder: str, spec: DefinedSpec, write_variables: Callable[[str], None] | None) -> None:
    """Writes the files of a module.

    Args:
      folder: new directory, on any filesystem TensorFlow knows.
      spec: all its variants are written.
      write_variables: writes the checkpoint at the prefix it is given; None if there are no variables.

    Raises:
      ExportError: (an OSError and RuntimeError) an asset is not there, or a variable has no value.
      OSError: or a tf.errors.OpError: something cannot be written.
    """
    # The definition file comes last: a directory without it is not a module, so a reader of an interrupted
    # export on a remote file system cannot take it for one.
    tf.io.gfile.makedirs(folder)
    _write_graphs(folder, spec)
    if write_variables is not None:
        prefix = os.path.join(folder, VARIABLES_PREFIX)
        tf.io.gfile.makedirs(os.path.dirname(prefix))
        write_values(prefix, write_variables)
    write_bytes(os.path.join(folder, MODULE_FILE), ModuleDef(format=FORMAT_V3).SerializeToString())


def write_values(prefix: str, write_variables: Callable[[str], None]) -> None:
    """Writes a checkpoint at a prefix; ExportError where a variable has no value."""
    try:
        write_variables(prefix)
    except tf.errors.FailedPreconditionError as error:
        if is_of_storage(error):
            raise
        raise NotInitializedExportError(
            "The module cannot be exported: a variable has no value in this session. Run "
            "`session.run(tf.compat.v1.global_variables_initializer())` first. Nothing was changed."
        ) from error


class NotInitializedExportError(ExportError, tf.errors.FailedPreconditionError):  # type: ignore[misc]  # TensorFlow is untyped
    """An export from a session in which a variable has no value."""

    def __init__(self, message: str) -> None:
        tf.errors.FailedPreconditionError.__init__(self, None, None, message)


def _write_graphs(folder: str, spec: DefinedSpec) -> None:
    target = os.path.join(folder, GRAPH_FILE)
    listed = {variant.tags: assets.read_assets(variant.meta_graph) for variant in spec.variants}
    # Copying the published file is faster and changes no byte of it; it needs all assets
    # listed, or the copy would lack some.
    if spec.origin is not None and spec.origin.is_unchanged() and _lists_all_assets(spec, listed):
        tf.io.gfile.copy(spec.origin.path, target)
        source = os.path.join(os.path.dirname(spec.origin.path), ASSETS_FOLDER)
        for name in sorted({name for names in listed.values() for name in names.values()}):
            copy_asset(os.path.join(source, name), os.path.join(folder, ASSETS_FOLDER, name))
        return
    saved_model, files = _serializable(spec)
    # Several paths of one file share a name, which is copied once.
    for name, path in {name: path for path, name in files.items()}.items():
        copy_asset(path, os.path.join(folder, ASSETS_FOLDER, name))
    write_bytes(target, saved_model.SerializeToString(deterministic=True))


def _lists_all_assets(spec: DefinedSpec, listed: Mapping[frozenset[str], Mapping[str, str]]) -> bool:
    """Whether every asset that the graphs use is in the lists of assets that the file has."""
    return all(_asset_files(variant).keys() <= listed[variant.tags].keys() for variant in spec.variants)


def _serializable(spec: DefinedSpec) -> tuple[saved_model_pb2.SavedModel, dict[str, str]]:
    """The spec's graphs without paths of this machine, and its assets: path -> file name."""
    saved_model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    files = {variant.tags: _asset_files(variant) for variant in spec.variants}
    names = assets.distinct_names(path for paths in files.values() for path in paths.values())
    for variant in spec.variants:
        meta_graph = saved_model.meta_graphs.add()
        meta_graph.CopyFrom(variant.meta_graph)
        listed = [(tensor, names[path]) for tensor, path in files[variant.tags].items()]
        _neutralize(meta_graph, {node_of(tensor) for tensor, _ in listed})
        assets.write_assets(meta_graph, listed)
    neutralize_shared_names(saved_model.meta_graphs, names)
    return saved_model, names


def _asset_files(variant: GraphVariant) -> dict[str, str]:
    return assets.used_files(variant.meta_graph, variant.nodes)


def _neutralize(meta_graph: meta_graph_pb2.MetaGraphDef, asset_nodes: set[str]) -> None:
    """Takes paths of this machine out of a graph: of assets, and of checkpoints of modules used inside."""
    # Modules that the author used inside restore from checkpoints on their own machine; those paths say
    # nothing to others, and the values are in this checkpoint.
    restored = {
        node_of(node.input[0]) for node in meta_graph.graph_def.node if node.op in RESTORE_OPS and node.input
    }
    for node in meta_graph.graph_def.node:
        if node.op != "Const" or node.attr["dtype"].type != tf.string.as_datatype_enum:
            continue
        if node.name in asset_nodes:
            assets.set_path(node, assets.NEUTRAL_PATH)
        elif node.name in restored and os.path.isabs(assets.const_path(node)):
            assets.set_path(node, b"")


def copy_asset(source: str, target: str) -> None:
    """Copies a file with the time of its last change, by which `AssetFiles` knows it."""
    if tf.io.gfile.isdir(source):
        raise ExportError(
            f"The asset {source!r} is a directory; an asset is a file. Add each file in it to the collection "
            f"ASSET_FILEPATHS. Nothing was changed."
        )
    tf.io.gfile.makedirs(os.path.dirname(target))
    try:
        tf.io.gfile.copy(source, target)
    except tf.errors.NotFoundError as error:
        raise ExportError(
            f"The asset {source!r} no longer exists, so the module cannot be written. Put the file "
            f"back, or build the module again. Nothing was changed."
        ) from error
    # gfile.copy gives the copy the time of now.
    if not paths.is_url(source) and not paths.is_url(target):
        status = Path(source).stat()
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def write_bytes(path: str, data: bytes) -> None:
    """Writes a file, on any filesystem TensorFlow knows."""
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(data)
