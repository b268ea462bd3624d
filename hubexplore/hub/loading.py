"""`load_module_spec`: a directory or handle as a spec."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import tensorflow as tf

from hubexplore.errors import (
    MSG_AGAIN,
    DamagedModuleError,
    HubError,
    MissingModuleError,
    NotAModuleError,
)
from hubexplore.hub import resolve
from hubexplore.hub.definition import DefinedSpec, check_variants
from hubexplore.hub.graph.shared_names import separate_tables
from hubexplore.hub.resolve.tf_filesystem import filesystem_of
from hubexplore.hub.storage import assets
from hubexplore.hub.storage.meta_graphs import check_regular, read_if_there, read_variants
from hubexplore.hub.storage.provenance import AssetFiles, SourceFile
from hubexplore.hub.variants.checkpoint import Checkpoint, open_checkpoint
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.hub.variants.variable_collections import list_saved
from hubexplore.hub.variants.variable_specs import VARIABLE_COLLECTIONS
from hubexplore.summary.diagnosis.path_diagnosis import explain
from hubexplore.summary.diagnosis.saved_model_remedy import spec_code
from hubexplore.summary.files.paths import for_tensorflow, text_of
from hubexplore.summary.files.redaction import redacted
from hubexplore.summary.graph.hub_messages import check_definition
from hubexplore.summary.module_format import GRAPH_FILE, MODULE_FILE, VARIABLES_PREFIX
from hubexplore.summary.reading.directory import ModuleDirectory


class _NotFoundError(tf.errors.NotFoundError):  # type: ignore[misc]  # TensorFlow is untyped
    """An error of TensorFlow with only a message."""

    def __init__(self, message: str) -> None:
        super().__init__(None, None, message)
        self.args = (message,)

    __str__ = HubError.__str__


class NoModuleError(_NotFoundError, NotAModuleError):
    """What is at a path is not a module."""


class NoPathError(_NotFoundError, MissingModuleError):
    """Nothing is at a path."""


# The classes of the diagnosis know nothing of TensorFlow; these are also the ones that users catch.
_NOT_FOUND: Final[Mapping[type, Callable[[str], HubError]]] = {
    NotAModuleError: NoModuleError,
    MissingModuleError: NoPathError,
}


def load_module_spec(path: str | bytes | os.PathLike[str]) -> DefinedSpec:
    """Loads the spec of a TF1 Hub module.

    Args:
      path: a directory on any filesystem TensorFlow knows; a `.tar.gz`, `.tar`, `.tar.bz2`, `.tar.xz` or
        `.zip` archive; an `http(s)` URL of a module page or of an archive; or `sample:NAME`. Archives and
        downloads are unpacked once into the cache (`TFHUB_CACHE_DIR`, else a folder of the user).

    Returns:
      A ModuleSpec.

    Raises:
      MissingModuleError: (a FileNotFoundError, ValueError and tf.errors.NotFoundError) nothing is there.
      NotAModuleError: (a ValueError and tf.errors.NotFoundError) it is something else; the message says what,
        and how to open it.
      DamagedModuleError: (a ValueError) files are missing, truncated or altered.
      UnsupportedFormatError: (a ValueError) the format or a required feature is unknown.
    """
    return resolve.read(path, functools.partial(_spec_in, path))


def _spec_in(path: str | bytes | os.PathLike[str], directory: str) -> DefinedSpec:
    """The spec of the module in `directory`, which is what the handle `path` stands for."""
    directory = for_tensorflow(directory)
    # One read decides: most paths are modules, so what else is there is diagnosed only on failure.
    definition = read_if_there(os.path.join(directory, MODULE_FILE))
    if definition is None:
        raise explained(directory, path)
    # Before the other files: a module of another format may not have them.
    check_definition(os.path.join(directory, MODULE_FILE), definition)
    try:
        origin = SourceFile.of(os.path.join(directory, GRAPH_FILE))
    except tf.errors.OpError as error:
        raise explained(directory, path) from error
    try:
        variants = read_variants(directory)
    except DamagedModuleError as error:
        raise explained(directory, path) from error
    title = redacted(text_of(path))
    check_variants(variants, functools.partial(spec_code, title))
    return spec_from_directory(directory, variants, title, origin)


def explained(directory: str, handle: str | bytes | os.PathLike[str]) -> HubError:
    """The error that says what is at a path instead of a module.

    If nothing or something else is there, it also is the `tf.errors.NotFoundError` that callers of
    `hub.Module` catch.
    """
    error = explain(directory, filesystem_of(directory), redacted(text_of(handle)))
    if type(error) in _NOT_FOUND:
        return _NOT_FOUND[type(error)](str(error))
    return error or DamagedModuleError(f"The module at {directory!r} is not readable. {MSG_AGAIN}")


def spec_from_directory(
    directory: str,
    variants: list[GraphVariant],
    title: str,
    origin: SourceFile | None = None,
    started: Mapping[frozenset[str], Mapping[str, str]] | None = None,
) -> DefinedSpec:
    """A spec of variants whose assets and checkpoint lie in `directory`, an absolute path, both complete.

    `started` is given for a SavedModel: for the tags of a variant its `main_op_values`.
    """
    files: list[str] = []
    # Indexing the nodes takes longer than everything else here, so only variants with assets do it now.
    for variant in [variant for variant in variants if assets.read_assets(variant.as_read)]:
        if separate_tables(variant.nodes, assets.files_by_node(variant.meta_graph)) and origin is not None:
            origin = replace(origin, is_mended=True)
        files.extend(assets.point_to(variant.meta_graph, variant.nodes, directory))
    for asset in files:
        check_regular(asset)
    asset_files = AssetFiles.of(files)
    for asset in asset_files.missing:
        raise DamagedModuleError(
            f"The asset {asset!r} is missing: the copy of the module is incomplete. {MSG_AGAIN}"
        )
    prefix = os.path.join(directory, VARIABLES_PREFIX)
    checkpoint = _checkpoint(variants, prefix)
    if started is not None:
        # The collections of a SavedModel need not name any of its variables.
        if checkpoint is None and tf.io.gfile.exists(f"{prefix}.index"):
            checkpoint = open_checkpoint(prefix)
        for variant in variants:
            # After the checkpoint is open, since only it says which unlisted variables were saved.
            list_saved(variant, checkpoint.variables if checkpoint else {}, started[variant.tags])
    place = ModuleDirectory(directory, filesystem_of(directory))
    return DefinedSpec(variants, title, checkpoint, origin, place, asset_files=asset_files)


def _checkpoint(variants: list[GraphVariant], prefix: str) -> Checkpoint | None:
    """The checkpoint of a module; None if it has no variables.

    If some of its variants have none, the module may have been exported from one of these, without any
    values: the other variants then lack all of theirs.
    """
    with_variables = [
        any(key in variant.as_read.collection_def for key in VARIABLE_COLLECTIONS) for variant in variants
    ]
    if not any(with_variables):
        return None
    if not all(with_variables) and not tf.io.gfile.exists(f"{prefix}.index"):
        return Checkpoint(prefix, {})
    return open_checkpoint(prefix)
