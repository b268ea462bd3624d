"""`load_module_spec`: a directory or handle as a spec."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

import tensorflow as tf

from hubexplore.errors import (
    MSG_AGAIN,
    DamagedModuleError,
    HubError,
    MissingModuleError,
    ModelsBelowError,
    NotAModuleError,
    SignatureError,
    UnsupportedFormatError,
)
from hubexplore.hub import resolve
from hubexplore.hub.definition import DefinedSpec, check_variants
from hubexplore.hub.graph.shared_names import separate_tables
from hubexplore.hub.resolve.tf_filesystem import filesystem_of
from hubexplore.hub.storage import assets
from hubexplore.hub.storage.glob_paths import restorable
from hubexplore.hub.storage.meta_graphs import check_regular, read_if_there, read_variants
from hubexplore.hub.storage.provenance import AssetFiles, SourceFile
from hubexplore.hub.variants.checkpoint import Checkpoint, open_checkpoint
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.hub.variants.variable_collections import list_saved
from hubexplore.hub.variants.variable_specs import VARIABLE_COLLECTIONS, members
from hubexplore.summary.diagnosis.saved_model_remedy import (
    DROPPED_COLLECTIONS,
    left_out,
    spec_code,
    unsupported,
)
from hubexplore.summary.files.paths import for_tensorflow, text_of
from hubexplore.summary.files.redaction import redacted
from hubexplore.summary.formats.converted import Converted
from hubexplore.summary.formats.tf2 import tf2_saved_model
from hubexplore.summary.graph.hub_messages import check_definition
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.model import TF2_SAVED_MODEL
from hubexplore.summary.module_directory import ModuleDirectory
from hubexplore.summary.module_format import (
    GRAPH_FILE,
    GRAPH_FILES,
    INTERNAL_SIGNATURES,
    MODULE_FILE,
    VARIABLES_PREFIX,
)
from hubexplore.summary.reading.local_variables import main_op_values
from hubexplore.summary.weights import fingerprint
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry
from hubexplore.summary.wishes import NO_WISHES, Signatures, Wishes, plain

MSG_NO_SIGNATURES: Final = (
    "{path!r} is a TF2 SavedModel without signatures or functions, so there is nothing in it to call. Save "
    "the model with signatures: tf.saved_model.save(model, path, signatures={{'serving_default': call}}). "
    "Or load it with tf.saved_model.load({path!r}), and call its functions."
)
_LOGGER: Final = logging.getLogger("hubexplore")
_LARGEST_CONSTANTS: Final = 1 << 30  # bytes; a graph of 2 GiB cannot be serialized


class _NotFoundError(tf.errors.NotFoundError):  # type: ignore[misc]  # TensorFlow is untyped
    """An error of TensorFlow with only a message."""

    def __init__(self, message: str) -> None:
        super().__init__(None, None, message)
        self.args = (message,)

    __str__ = HubError.__str__


class NoModuleError(_NotFoundError, NotAModuleError):
    """What is at a path is not a module."""


class NoModuleHereError(_NotFoundError, ModelsBelowError):
    """What is at a path is not a module, but there are modules below it."""


class NoPathError(_NotFoundError, MissingModuleError):
    """Nothing is at a path."""


# The classes of the diagnosis know nothing of TensorFlow; these are also the ones that users catch.
_NOT_FOUND: Final[Mapping[type, Callable[[str], HubError]]] = {
    ModelsBelowError: NoModuleHereError,
    NotAModuleError: NoModuleError,
    MissingModuleError: NoPathError,
}


def load_module_spec(
    path: str | bytes | os.PathLike[str],
    *,
    signatures: Signatures | None = None,
    lift_constants: bool = False,
) -> DefinedSpec:
    """Loads the spec of a TF1 Hub module, or of a TF1 or TF2 SavedModel as one.

    Collections of a TF1 SavedModel that a module cannot carry, which only training needs, are left out;
    `create_module_spec_from_saved_model` refuses them instead. What was left out or chosen is in the notes of
    the spec, which its display shows, and which the logger "hubexplore" says at the level INFO.

    The signatures, variables and assets of a TF2 SavedModel become those of a graph variant with its tags,
    usually `serve`. Variables have the names of their paths among the objects of the model. If it declares no
    signatures, its functions are its signatures, and `default` is what a call of the model itself runs.

    Args:
      path: a directory on any filesystem TensorFlow knows; a `.tar.gz`, `.tar`, `.tar.bz2`, `.tar.xz` or
        `.zip` archive; an `http(s)` URL of a module page or of an archive; or `sample:NAME`. Archives and
        downloads are unpacked once into the cache (`TFHUB_CACHE_DIR`, else a folder of the user). Or a frozen
        graph (a GraphDef, binary or text), or a training checkpoint with its `.meta`: its prefix, one of its
        files, or its directory, whose latest one is taken.
      signatures: for a frozen graph or a training checkpoint: name -> (inputs, outputs), each the name of a
        tensor, several, or a dict from names to tensors. If none of them is called `default`, there is one
        from the placeholders to the tensors that nothing uses.
      lift_constants: whether the weights of a frozen graph become variables, which start from the constants
        and can be trained and exported.

    Returns:
      A ModuleSpec.

    Raises:
      MissingModuleError: (a FileNotFoundError, ValueError and tf.errors.NotFoundError) nothing is there.
      NotAModuleError: (a ValueError and tf.errors.NotFoundError) it is something else; the message says what,
        and how to open it.
      DamagedModuleError: (a ValueError) files are missing, truncated or altered.
      UnsupportedFormatError: (a ValueError) the format or a required feature is unknown.
      SignatureError: (a TypeError and ValueError) `signatures` do not fit the graph, or the model has
        its own.
      NoSuchTensorError: (a KeyError) `signatures` name a tensor that the graph does not have.
      CheckpointMismatchError: (a ValueError) the checkpoint is that of another graph.
    """
    spec = open_spec(path, signatures=signatures, lift_constants=lift_constants)
    # Nothing went wrong, so that it is no warning; the card of the spec, or of a module of it, has the notes.
    for note in spec.notes:
        _LOGGER.info("%s: %s", spec.title, note)
    return spec


def open_spec(
    path: str | bytes | os.PathLike[str],
    *,
    signatures: Signatures | None = None,
    lift_constants: bool = False,
) -> DefinedSpec:
    """Loads a spec as `load_module_spec` does, whose caller shows its `notes`."""
    return resolve.read(path, functools.partial(_spec_in, path, Wishes(plain(signatures), lift_constants)))


def _spec_in(path: str | bytes | os.PathLike[str], wishes: Wishes, directory: str) -> DefinedSpec:
    """The spec of the module in `directory`, which is what the handle `path` stands for."""
    directory = for_tensorflow(directory)
    if wishes:
        return graph_spec(path, wishes, directory) or _refused(path, directory)
    # One read decides: most paths are modules, so what else is there is diagnosed only on failure.
    definition = read_if_there(os.path.join(directory, MODULE_FILE))
    if definition is None:
        return _other_format(path, directory)
    # Before the other files: a module of another format may not have them.
    check_definition(os.path.join(directory, MODULE_FILE), definition)
    try:
        origin = SourceFile.of(os.path.join(directory, GRAPH_FILE))
    except tf.errors.OpError as error:
        raise explained(directory, path) from error
    place = ModuleDirectory(directory, filesystem_of(directory)).marked()
    try:
        variants = read_variants(directory)
    except DamagedModuleError as error:
        raise explained(directory, path) from error
    title = redacted(text_of(path))
    check_variants(variants, functools.partial(spec_code, title))
    return spec_from_directory(place, variants, title, origin)


def _other_format(path: str | bytes | os.PathLike[str], directory: str) -> DefinedSpec:
    """The spec of a model that is not a TF1 Hub module but can be one."""
    other = graph_spec(path, NO_WISHES, directory)
    if other is not None:
        return other
    place = ModuleDirectory(directory, filesystem_of(directory)).marked()
    try:
        has_graphs = any(tf.io.gfile.exists(os.path.join(directory, name)) for name in GRAPH_FILES)
        variants = read_variants(directory) if has_graphs else []
    except (DamagedModuleError, tf.errors.OpError) as error:
        raise explained(directory, path) from error
    if not variants:
        raise explained(directory, path)
    is_tf2 = any(variant.as_read.HasField("object_graph_def") for variant in variants)
    return (_tf2_spec if is_tf2 else tf1_spec)(place, variants, redacted(text_of(path)))


def tf1_spec(
    place: ModuleDirectory, variants: list[GraphVariant], title: str, dropped: frozenset[str] | None = None
) -> DefinedSpec:
    """The spec of a TF1 SavedModel whose graphs were read.

    Args:
      place: of the model; see `spec_from_directory`.
      variants: its graphs, which are changed: what a module cannot carry is taken out.
      title: what displays call it.
      dropped: collections to leave out. None leaves out all that a module cannot carry, and graphs with the
        tags of an earlier one, which TensorFlow does not load either; the notes of the spec say so.

    Raises:
      UnsupportedCollectionError: (a ValueError) a collection that modules cannot carry is not in `dropped`.
      AuthoringError: (a ValueError) two variants have the same tags, and `dropped` is given.
    """
    if dropped is None:
        names = unsupported(name for variant in variants for name in variant.as_read.collection_def)
        by_tags = {variant.tags: variant for variant in reversed(variants)}
        notes = left_out(names, [sorted(v.tags) for v in variants if by_tags[v.tags] is not v])
        variants = [variant for variant in variants if by_tags[variant.tags] is variant]
        for variant in variants:
            variant.converted = replace(variant.converted, notes=notes)
        dropped = frozenset(names)
    # Before collections are trimmed, which name the main op.
    started = {variant.tags: main_op_values(variant.meta_graph, variant.nodes) for variant in variants}
    for variant in variants:
        _trim(variant, DROPPED_COLLECTIONS | dropped)
    check_variants(variants, lambda names: spec_code(title, sorted(dropped.union(names))))
    return spec_from_directory(place, variants, title, started=started)


def _trim(variant: GraphVariant, dropped: Iterable[str]) -> None:
    for key in dropped:
        variant.meta_graph.collection_def.pop(key, None)
    for name in INTERNAL_SIGNATURES:
        variant.meta_graph.signature_def.pop(name, None)
    variant.meta_graph.ClearField("saver_def")


def _tf2_spec(place: ModuleDirectory, variants: list[GraphVariant], title: str) -> DefinedSpec:
    """The spec of a TF2 SavedModel whose graphs were read."""
    directory = place.directory
    misfit = fingerprint.find_misfit(directory, place.filesystem)
    if misfit:
        raise DamagedModuleError(f"The model at {directory!r} cannot be loaded. {misfit}")
    prefix = os.path.join(directory, VARIABLES_PREFIX)
    checkpoint = open_checkpoint(prefix) if tf.io.gfile.exists(f"{prefix}.index") else None
    entries = checkpoint.entries if checkpoint else {}
    models = [tf2_saved_model.as_module(variant.as_read, entries) for variant in variants]
    if not any(model.meta_graph.signature_def for model in models):
        raise NoModuleError(MSG_NO_SIGNATURES.format(path=title))
    for model in models:
        _fill_constants(model, prefix, entries)
    converted = [GraphVariant(model.meta_graph, model) for model in models]
    check_variants(converted)
    if checkpoint is not None:
        names = {key: name for model in models for key, name in model.names.items()}
        checkpoint = checkpoint.under(names)
    return spec_from_directory(place, converted, title, checkpoint=checkpoint, format_name=TF2_SAVED_MODEL)


def _fill_constants(model: Converted, prefix: str, entries: Mapping[str, CheckpointEntry]) -> None:
    """Gives the constants of a new graph their values from the checkpoint."""
    if not model.stored:
        return
    size = sum(entries[name].size or 0 for name in model.stored.values())
    if size > _LARGEST_CONSTANTS:
        raise UnsupportedFormatError(
            f"The tables in the checkpoint have {size:,} bytes, of which at most {_LARGEST_CONSTANTS:,} can "
            f"be part of a graph. Open the model with tf.saved_model.load."
        )
    reader = tf.train.load_checkpoint(restorable(prefix))
    for node in model.meta_graph.graph_def.node:
        if node.name in model.stored:
            value = reader.get_tensor(model.stored[node.name])
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))


def graph_spec(path: str | bytes | os.PathLike[str], wishes: Wishes, directory: str) -> DefinedSpec | None:
    """The spec of a frozen graph or a checkpoint with its graph; None if something else is there."""
    # On first use, for speed only: nearly all handles are those of modules or SavedModels.
    from hubexplore.summary.formats.graph_files import model_files

    filesystem = filesystem_of(directory)
    try:
        files = model_files.find(directory, filesystem)
        if files is None:
            return None
        from hubexplore.hub.graph_loading import read_spec

        return read_spec(files, filesystem, redacted(text_of(path)), wishes)
    except OSError as error:
        if isinstance(error, HubError):
            raise
        raise explained(directory, path) from error


def _refused(path: str | bytes | os.PathLike[str], directory: str) -> DefinedSpec:
    """Raises the error for options that only graphs without signatures take."""
    from hubexplore.summary.formats.graph_files.model_files import MSG_DECLARED

    if tf.io.gfile.exists(directory):
        for name in (*GRAPH_FILES, MODULE_FILE):
            if tf.io.gfile.exists(os.path.join(directory, name)):
                raise SignatureError(MSG_DECLARED.format(title=redacted(text_of(path))))
    raise explained(directory, path)


def explained(directory: str, handle: str | bytes | os.PathLike[str]) -> HubError:
    """The error that says what is at a path instead of a module.

    If nothing or something else is there, it also is the `tf.errors.NotFoundError` that callers of
    `hub.Module` catch.
    """
    # On first use, for speed only, as in `graph_spec`.
    from hubexplore.summary.diagnosis.path_diagnosis import explain

    error = explain(directory, filesystem_of(directory), redacted(text_of(handle)))
    if type(error) in _NOT_FOUND:
        found = _NOT_FOUND[type(error)](str(error))
        if isinstance(error, ModelsBelowError) and isinstance(found, ModelsBelowError):
            found.names = error.names
        return found
    return error or DamagedModuleError(f"The module at {directory!r} is not readable. {MSG_AGAIN}")


def spec_from_directory(
    place: ModuleDirectory,
    variants: list[GraphVariant],
    title: str,
    origin: SourceFile | None = None,
    *,
    started: Mapping[frozenset[str], Mapping[str, str]] | None = None,
    checkpoint: Checkpoint | None = None,
    format_name: str | None = None,
) -> DefinedSpec:
    """A spec of variants whose assets and checkpoint lie in a directory, both complete.

    Args:
      place: of the model, an absolute path; marked before the graphs were read.
      variants: its graphs.
      title: what displays call it.
      origin: the file that holds just these graphs, if there is one.
      started: for a TF1 SavedModel: for the tags of a variant its `main_op_values`.
      checkpoint: its checkpoint, if it is open already.
      format_name: see `DefinedSpec`.
    """
    directory = place.directory
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
    if checkpoint is None and not _start_by_themselves(variants, prefix, started):
        checkpoint = _checkpoint(variants, prefix)
    if started is not None:
        # The collections of a SavedModel need not name any of its variables.
        if checkpoint is None and tf.io.gfile.exists(f"{prefix}.index"):
            checkpoint = open_checkpoint(prefix)
        for variant in variants:
            # After the checkpoint is open, since only it says which unlisted variables were saved.
            list_saved(variant, checkpoint.variables if checkpoint else {}, started[variant.tags])
    return DefinedSpec(
        variants, title, checkpoint, origin, place, asset_files=asset_files, format_name=format_name
    )


def _start_by_themselves(
    variants: Iterable[GraphVariant], prefix: str, started: Mapping[frozenset[str], Mapping[str, str]] | None
) -> bool:
    """Whether the main op starts all listed variables of a SavedModel, which then needs no checkpoint.

    Local variables that were made trainable are listed, but not saved.
    """
    return (
        started is not None
        and not tf.io.gfile.exists(f"{prefix}.index")
        and all(
            node_of(name) in started[variant.tags]
            for variant in variants
            for key in VARIABLE_COLLECTIONS
            for name in members(variant.as_read, key)
        )
    )


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
