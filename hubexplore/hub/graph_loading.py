"""Loads frozen graphs, and training checkpoints with their graphs, as specs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from hubexplore.errors import DamagedModuleError, SignatureError
from hubexplore.hub.definition import DefinedSpec, check_variants
from hubexplore.hub.graph.state import read_variables_or_fail
from hubexplore.hub.storage import assets
from hubexplore.hub.storage.provenance import AssetFiles
from hubexplore.hub.variants.checkpoint import Checkpoint, open_checkpoint, stored_variables
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.hub.variants.restore import find_misfit
from hubexplore.hub.variants.variable_collections import list_saved
from hubexplore.summary.formats.converted import Converted
from hubexplore.summary.formats.graph_files import frozen_graph, model_files, training_checkpoint
from hubexplore.summary.formats.graph_files.model_files import ModelFiles
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.model import FROZEN_GRAPH
from hubexplore.summary.module_directory import ModuleDirectory
from hubexplore.summary.module_format import ASSETS_FOLDER
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry
from hubexplore.summary.wishes import Wishes

if TYPE_CHECKING:
    from hubexplore.summary.files.filesystem import Filesystem

MSG_MISFIT: Final = (
    "The checkpoint {prefix!r} is not one of the graph {graph!r}: {misfit} Put the '.meta' file that "
    "was written "
    "with this checkpoint beside it."
)
MSG_FILE: Final = (
    "A table of {title!r} is filled from the file {path!r}, which does not exist on this machine. "
    "Copy it there, "
    "or beside {graph!r}."
)


def read_spec(files: ModelFiles, filesystem: Filesystem, title: str, wishes: Wishes) -> DefinedSpec:
    """The spec of a frozen graph or a training checkpoint.

    Raises:
      HubError: it is damaged, incomplete or not a model, or `wishes` do not fit it.
      OSError: a file cannot be read.
    """
    place = ModuleDirectory.of(files, filesystem)
    meta_graph = meta_graph_pb2.MetaGraphDef()
    model_files.read_graph(files, filesystem, meta_graph, is_strict=True)
    if files.format == FROZEN_GRAPH:
        model = frozen_graph.as_module(meta_graph, title, wishes)
        return _spec(model, title, files, place, None)
    if wishes.lift_constants:
        raise SignatureError(
            f"{title!r} is a training checkpoint, whose weights are variables already: load it without "
            f"lift_constants=True and pass trainable=True."
        )
    checkpoint = _checkpoint(files)
    entries = _entries(checkpoint)
    model = training_checkpoint.as_module(meta_graph, entries, title, wishes)
    if checkpoint is None and "variables" in model.meta_graph.collection_def:
        problem = model_files.missing_values(files, filesystem)
        raise DamagedModuleError(problem or f"{files.graph!r} has no values.")
    if checkpoint is not None:
        checkpoint = checkpoint.under(model.names)
    return _spec(model, title, files, place, checkpoint)


def _checkpoint(files: ModelFiles) -> Checkpoint | None:
    """The checkpoint of a graph, V2 or V1; None if it is not there."""
    if tf.io.gfile.exists(f"{files.prefix}.index"):
        return open_checkpoint(files.prefix)
    if not tf.io.gfile.exists(files.prefix):
        return None
    try:
        return Checkpoint(files.prefix, stored_variables(files.prefix))
    except (tf.errors.OpError, ValueError) as error:
        raise DamagedModuleError(
            f"{files.prefix!r} is not a checkpoint that can be read: {error} Copy it again."
        ) from error


def _entries(checkpoint: Checkpoint | None) -> Mapping[str, CheckpointEntry]:
    """What the index says; of a V1 checkpoint, which has none, what TensorFlow's reader says."""
    if checkpoint is None or checkpoint.entries or not checkpoint.variables:
        return {} if checkpoint is None else checkpoint.entries
    return {
        name: CheckpointEntry(stored.dtype.as_datatype_enum, tuple(stored.shape.as_list()), (), ())
        for name, stored in checkpoint.variables.items()
    }


def _spec(
    model: Converted, title: str, files: ModelFiles, place: ModuleDirectory, checkpoint: Checkpoint | None
) -> DefinedSpec:
    variant = GraphVariant(model.meta_graph, model)
    check_variants([variant])
    used = _point_to(variant, title, files)
    if checkpoint is not None:
        list_saved(variant, checkpoint.variables, {})
        misfit = find_misfit(
            checkpoint.variables, read_variables_or_fail(variant).values(), checkpoint.prefix, {}
        )
        if misfit is not None:
            message = MSG_MISFIT.format(prefix=checkpoint.prefix, graph=files.graph, misfit=misfit)
            raise type(misfit)(message)
    return DefinedSpec(
        [variant],
        title,
        checkpoint,
        place=place,
        asset_files=AssetFiles.of(used),
        format_name=files.format,
    )


def _point_to(variant: GraphVariant, title: str, files: ModelFiles) -> list[str]:
    """Makes the constants with the paths of files name files that exist; returns their paths.

    The paths are those of the machine that wrote the graph. If nothing is there, a file of the same
    name beside the graph, or in its folder of assets, takes its place.
    """
    paths = []
    for tensor, path in assets.used_files(variant.meta_graph, variant.nodes).items():
        name = path.replace("\\", "/").rpartition("/")[2]
        folder = files.folder
        candidates = [path, os.path.join(folder, name), os.path.join(folder, ASSETS_FOLDER, name)]
        existing = next((candidate for candidate in candidates if tf.io.gfile.exists(candidate)), None)
        if existing is None:
            raise DamagedModuleError(MSG_FILE.format(title=title, path=path, graph=files.graph))
        if "://" not in existing:
            existing = str(Path(existing).absolute())
        assets.set_path(variant.nodes[node_of(tensor)], os.fsencode(existing))
        paths.append(existing)
    return paths
