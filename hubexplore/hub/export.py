"""Writing a module directory: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from hubexplore.errors import ExportError, ExportExistsError, HubError
from hubexplore.hub import assets
from hubexplore.hub.sharing import neutralize_shared_names
from hubexplore.hub.variant import Variant
from hubexplore.summary import paths
from hubexplore.summary.graph import node_of
from hubexplore.summary.protos import FORMAT_V3, ModuleDef

if TYPE_CHECKING:
    from hubexplore.hub.definition import DefinedSpec

MODULE_FILE: Final = "tfhub_module.pb"
GRAPH_FILE: Final = "saved_model.pb"
VARIABLES_PREFIX: Final = "variables/variables"
# Where one of these is, the directory already holds a model.
_OCCUPIED: Final = frozenset({MODULE_FILE, GRAPH_FILE, "saved_model.pbtxt", "variables", "assets"})
_RESTORE_OPS: Final = frozenset({"RestoreV2", "Restore", "RestoreSlice"})
_STORAGE_ERRORS: Final = (
    OSError,
    tf.errors.AbortedError,
    tf.errors.InvalidArgumentError,  # a name that is too long
    tf.errors.OutOfRangeError,
    tf.errors.PermissionDeniedError,
    tf.errors.ResourceExhaustedError,
    tf.errors.UnavailableError,
    tf.errors.UnimplementedError,
    tf.errors.UnknownError,
)


def write_module(
    path: str | os.PathLike[str], spec: DefinedSpec, write_variables: Callable[[str], None] | None
) -> None:
    """Writes a module beside `path`, then renames it into place.

    Args:
      path: directory to write, on any filesystem TensorFlow knows; see `summary.paths`. It may exist, but
        must hold no model.
      spec: all its variants are written.
      write_variables: writes the checkpoint at the prefix it is given; None if there are no variables.

    Raises:
      ExportExistsError: (a FileExistsError) something is at `path`.
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
        _check_free(path)
        with _staging(path) as folder:
            _write_graphs(folder, spec)
            if write_variables is not None:
                tf.io.gfile.makedirs(os.path.join(folder, "variables"))
                write_variables(os.path.join(folder, VARIABLES_PREFIX))
            _write_bytes(os.path.join(folder, MODULE_FILE), ModuleDef(format=FORMAT_V3).SerializeToString())
            _move_into_place(folder, path)
    except HubError:
        raise
    except tf.errors.FailedPreconditionError as error:
        raise NotInitializedExportError(
            f"The module cannot be exported to {path!r}: a variable has no value in this session. Run "
            f"`session.run(tf.compat.v1.global_variables_initializer())` first. Nothing was changed."
        ) from error
    except _STORAGE_ERRORS as error:
        raise ExportError(
            f"The module could not be written to {path!r}: {error}. Nothing was changed."
        ) from error


class NotInitializedExportError(ExportError, tf.errors.FailedPreconditionError):  # type: ignore[misc]  # TensorFlow is untyped
    """An export from a session in which a variable has no value."""

    def __init__(self, message: str) -> None:
        tf.errors.FailedPreconditionError.__init__(self, None, None, message)

    def __str__(self) -> str:
        return str(self.message)


class ModuleExistsError(ExportExistsError, tf.errors.AlreadyExistsError):  # type: ignore[misc]  # TensorFlow is untyped
    """The target of an export already holds something."""

    def __init__(self, message: str) -> None:
        tf.errors.AlreadyExistsError.__init__(self, None, None, message)

    def __str__(self) -> str:
        return str(self.message)


def _check_free(path: str) -> None:
    if not tf.io.gfile.exists(path):
        return
    if not tf.io.gfile.isdir(path):
        raise ModuleExistsError(f"{path!r} is a file. Export to a directory that does not exist yet.")
    occupied = sorted(_OCCUPIED.intersection(_entries(path)))
    if occupied:
        raise ModuleExistsError(
            f"{path!r} already holds a model ({', '.join(occupied)}). Export to another directory, or "
            f"remove it."
        )


def _entries(path: str) -> list[str]:
    return [entry.rstrip("/") for entry in tf.io.gfile.listdir(path)]


@contextlib.contextmanager
def _staging(path: str) -> Iterator[str]:
    """A new directory beside `path`; gone afterwards, with parents that were made for it on failure."""
    parent, name = os.path.split(path)
    made = _missing_parents(parent)
    # A name may have 255 bytes, and this one is longer.
    folder = os.path.join(parent, f".{name[:40]}.{uuid.uuid4().hex[:12]}.part")
    try:
        _make(folder, path)
        yield folder
        _remove(folder)
    except BaseException:
        _remove(folder)
        for directory in made:
            with contextlib.suppress(tf.errors.OpError, OSError):
                if not _entries(directory):
                    tf.io.gfile.rmtree(directory)
        raise


def _make(folder: str, path: str) -> None:
    try:
        tf.io.gfile.makedirs(folder)
    except tf.errors.OpError as error:
        raise ExportError(
            f"No module can be written to {path!r}: {error.message}. Nothing was changed."
        ) from error


def _remove(folder: str) -> None:
    with contextlib.suppress(tf.errors.OpError, OSError):
        tf.io.gfile.rmtree(folder)


def _missing_parents(parent: str) -> list[str]:
    """Directories that do not exist yet, innermost first."""
    missing = []
    while parent and not tf.io.gfile.exists(parent):
        missing.append(parent)
        shorter = os.path.dirname(parent)
        if shorter == parent:
            break
        parent = shorter
    return missing


def _move_into_place(folder: str, path: str) -> None:
    if not tf.io.gfile.exists(path):
        tf.io.gfile.rename(folder, path)
        return
    # The directory was made by the caller: it stays, with what it holds. The file that makes it a
    # module comes last, and what was moved goes back if a later move fails.
    moved: list[str] = []
    try:
        for entry in sorted(_entries(folder), key=lambda entry: entry == MODULE_FILE):
            tf.io.gfile.rename(os.path.join(folder, entry), os.path.join(path, entry))
            moved.append(os.path.join(path, entry))
    except BaseException:
        for target in moved:
            with contextlib.suppress(tf.errors.OpError, OSError):
                (tf.io.gfile.rmtree if tf.io.gfile.isdir(target) else tf.io.gfile.remove)(target)
        raise


def _write_graphs(folder: str, spec: DefinedSpec) -> None:
    target = os.path.join(folder, GRAPH_FILE)
    listed = {variant.tags: assets.read_assets(variant.meta_graph) for variant in spec.variants}
    if spec.origin is not None and spec.origin.is_unchanged() and _lists_all_assets(spec, listed):
        tf.io.gfile.copy(spec.origin.path, target)
        source = os.path.join(os.path.dirname(spec.origin.path), assets.ASSETS_FOLDER)
        for name in sorted({name for names in listed.values() for name in names.values()}):
            _copy_asset(os.path.join(source, name), os.path.join(folder, assets.ASSETS_FOLDER, name))
        return
    saved_model, files = _serializable(spec)
    for name, path in {name: path for path, name in files.items()}.items():
        _copy_asset(path, os.path.join(folder, assets.ASSETS_FOLDER, name))
    _write_bytes(target, saved_model.SerializeToString(deterministic=True))


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


def _asset_files(variant: Variant) -> dict[str, str]:
    return assets.used_files(variant.meta_graph, variant.nodes)


def _neutralize(meta_graph: meta_graph_pb2.MetaGraphDef, asset_nodes: set[str]) -> None:
    """Takes paths of this machine out of a graph: of assets, and of checkpoints of modules used inside."""
    restored = {
        node_of(node.input[0]) for node in meta_graph.graph_def.node if node.op in _RESTORE_OPS and node.input
    }
    for node in meta_graph.graph_def.node:
        if node.op != "Const" or node.attr["dtype"].type != tf.string.as_datatype_enum:
            continue
        if node.name in asset_nodes:
            assets.set_path(node, assets.NEUTRAL_PATH)
        elif node.name in restored and os.path.isabs(assets.const_path(node)):
            assets.set_path(node, b"")


def _copy_asset(source: str, target: str) -> None:
    tf.io.gfile.makedirs(os.path.dirname(target))
    try:
        tf.io.gfile.copy(source, target)
    except tf.errors.NotFoundError as error:
        raise ExportError(
            f"The asset {source!r} is not there any more, so the module cannot be written."
        ) from error


def _write_bytes(path: str, data: bytes) -> None:
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(data)
