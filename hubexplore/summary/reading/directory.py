"""From a directory to a `ModuleSummary`, without TensorFlow."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from hubexplore.errors import DamagedModuleError, HubError, SignatureError, UnsupportedFormatError
from hubexplore.summary.analysis.asset_files import in_folder, on_disk
from hubexplore.summary.analysis.reader import Graphs, Scan
from hubexplore.summary.capabilities.model import Capabilities
from hubexplore.summary.diagnosis import saved_model_remedy, saved_model_scan
from hubexplore.summary.files.filesystem import Filesystem, is_link, read_message
from hubexplore.summary.files.links import is_own
from hubexplore.summary.formats.converted import Converted
from hubexplore.summary.formats.graph_files import model_files
from hubexplore.summary.formats.graph_files.model_files import ModelFiles
from hubexplore.summary.graph import saved_model_parser
from hubexplore.summary.graph.hub_messages import check_definition
from hubexplore.summary.graph.messages import MetaGraphDef, SavedModel
from hubexplore.summary.model import (
    FROZEN_GRAPH,
    GLOBAL,
    HUB_MODULE,
    TF1_SAVED_MODEL,
    TF2_SAVED_MODEL,
    TRAINING_CHECKPOINT,
    FileSummary,
    ModuleSummary,
)
from hubexplore.summary.module_directory import ModuleDirectory
from hubexplore.summary.module_format import (
    ASSETS_FOLDER,
    GRAPH_FILES,
    GRAPH_TEXT_FILE,
    METADATA_FILE,
    MODULE_FILE,
    VARIABLES_FOLDER,
)
from hubexplore.summary.reading import limits
from hubexplore.summary.reading.resources import AssetFolder
from hubexplore.summary.reading.variables import Entries
from hubexplore.summary.reading.variant import read_variant
from hubexplore.summary.source import Source, Weights
from hubexplore.summary.weights import checkpoint_index, fingerprint
from hubexplore.summary.wishes import NO_WISHES, Signatures, Wishes, plain
from hubexplore.summary.without_gc import without_gc

# Bytes of `tfhub_module.pb`; published ones have two.
_LARGEST_DEFINITION: Final = 1 << 20
# A directory that is not only a module, such as a home directory, is not listed to its end.
_MAX_FILES: Final = 10_000
_MAX_DEPTH: Final = 8
# Folders that may be links: caches keep the content of a module elsewhere.
_LINKED: Final = frozenset({VARIABLES_FOLDER, ASSETS_FOLDER})
_LARGEST_DIGEST: Final = 1 << 30  # bytes
_CHUNK: Final = 1 << 24  # bytes of a file in memory at once

MSG_LONG_TEXT: Final = (
    "{path!r} is a graph in text form of {size:,} bytes. Text is slow to parse, so the limit is {limit:,} "
    "bytes. {remedy}"
)


@without_gc()
def read_module(
    directory: str,
    filesystem: Filesystem,
    title: str | None = None,
    signatures: Signatures | None = None,
    lift_constants: bool = False,
) -> ModuleSummary:
    """Reads a TF1 Hub module, a SavedModel, a frozen graph, or a checkpoint with the graph beside it.

    What is damaged beside the graphs (weights, assets) becomes a warning in the summary.

    Args:
      directory: that holds `saved_model.pb` or `saved_model.pbtxt`; or see `formats.model_files`.
      filesystem: what reads `directory`.
      title: what displays call it; by default the directory.
      signatures: of a graph that declares none; see `formats.chosen_signatures`.
      lift_constants: whether the weights of a frozen graph are variables.

    Raises:
      HubError: it is none of these, or damaged; the message says what it is and the call that opens it.
    """
    place = ModuleDirectory(directory, filesystem).marked()
    names: list[str] = []
    try:
        names = filesystem.listdir(directory) if filesystem.isdir(directory) else []
        is_saved = any(file in names for file in (*GRAPH_FILES, MODULE_FILE))
        files = None if is_saved else model_files.find(directory, filesystem)
    except OSError as error:
        raise _explained(place, title) from error
    if files is not None:
        return _read_graph(files, filesystem, title or directory, Wishes(plain(signatures), lift_constants))
    if signatures is not None or lift_constants:
        raise SignatureError(model_files.MSG_DECLARED.format(title=title or directory))
    try:
        file = next(name for name in GRAPH_FILES if name in names)
        if file == GRAPH_TEXT_FILE and filesystem.size(place.path(file)) > saved_model_scan.LARGEST_TEXT:
            raise UnsupportedFormatError(_long_text(place, filesystem.size(place.path(file))))
        content = read_message(filesystem, place.path(file))
    except (OSError, StopIteration) as error:
        raise _explained(place, title, str(error) if isinstance(error, DamagedModuleError) else "") from error
    saved_model = _parse(content, file, place, title)
    warnings = []
    if MODULE_FILE in names:
        format_name = HUB_MODULE
        warnings = _format_warnings(place)
    elif any(meta_graph.HasField("object_graph_def") for meta_graph in saved_model.meta_graphs):
        format_name = TF2_SAVED_MODEL
        misfit = fingerprint.find_misfit(directory, filesystem)
        warnings = [misfit] if misfit else []
    else:
        format_name = TF1_SAVED_MODEL
    summary = describe(
        saved_model.meta_graphs, title or directory, format_name, place, format_name == TF1_SAVED_MODEL
    )
    notes = _left_out(summary) if format_name == TF1_SAVED_MODEL else ()
    return replace(summary, warnings=(*warnings, *summary.warnings), notes=(*summary.notes, *notes))


def _left_out(summary: ModuleSummary) -> tuple[str, ...]:
    names = (collection.name for variant in summary.variants for collection in variant.collections)
    return saved_model_remedy.left_out(saved_model_remedy.unsupported(names))


def _read_graph(
    files: ModelFiles,
    filesystem: Filesystem,
    title: str,
    wishes: Wishes,
) -> ModuleSummary:
    """The summary of a frozen graph or of a checkpoint with its graph."""
    place = ModuleDirectory.of(files, filesystem)
    meta_graph = MetaGraphDef()
    model_files.read_graph(files, filesystem, meta_graph)
    warnings: list[str] = []
    if files.format == FROZEN_GRAPH:
        # Imported here, as other formats are: who opens a module waits for none of them.
        from hubexplore.summary.formats.graph_files import frozen_graph

        model = frozen_graph.as_module(meta_graph, title, wishes)
    else:
        from hubexplore.summary.formats.graph_files import training_checkpoint

        weights, warnings = _weights(place)
        entries = weights.index.entries if weights else {}
        model = training_checkpoint.as_module(meta_graph, entries, title, wishes)
        missing = model_files.missing_values(files, filesystem)
        if missing and "variables" in model.meta_graph.collection_def:
            warnings = [missing]
    summary = describe([model], title, files.format, place, files.format == TRAINING_CHECKPOINT)
    return replace(
        summary,
        warnings=(*warnings, *(text for text in summary.warnings if text not in warnings)),
    )


def describe(
    models: Iterable[Any],
    title: str,
    format_name: str,
    place: ModuleDirectory | None,
    is_saved_model: bool = False,
) -> ModuleSummary:
    """The summary of some graph variants.

    Args:
      models: MetaGraphDef-shaped messages, this package's own or TensorFlow's, or what these were converted
        to; they are not changed.
      title: what displays call the module.
      format_name: one of the formats that `model` names.
      place: where its files are; None if they are not on disk.
      is_saved_model: they are those of a TF1 SavedModel as written, not of a spec made of one.

    Raises:
      DamagedModuleError: a part of a graph variant is not readable.
      UnsupportedFormatError: the graphs list more of a kind than is read; see `limits`.
    """
    models = list(models)
    limits.check(model.meta_graph if isinstance(model, Converted) else model for model in models)
    weights, warnings = _weights(place)
    entries = weights.index.entries if weights else {}
    files = tuple(sorted(_files(place), key=lambda file: file.name)) if place else ()
    checksums = dict(_asset_checksums(place, files)) if place else {}
    has_folder = place is not None and place.names is None
    has_metadata = has_folder and any(file.name == METADATA_FILE for file in files)
    folder = (
        AssetFolder(place.path(ASSETS_FOLDER), place.filesystem, checksums) if place and has_folder else None
    )
    graphs: dict[tuple[str, ...], Any] = {}
    scanned: list[Graphs] = []
    claimed: set[str] = set()
    variants = []
    notes: dict[str, None] = {}
    wishes = NO_WISHES
    for model in models:
        converted, failures = _converted(model, entries, format_name)
        claimed.update(converted.stored.values())
        variant, wrong = read_variant(converted, entries, folder, is_saved_model)
        wrong = [*failures, *wrong]
        if variant.tags in graphs:
            wrong.append(
                f"Two graph variants have the tags {list(variant.tags)}; only the first can be used."
            )
        graphs.setdefault(variant.tags, converted.meta_graph)
        scanned.append(_scanned(variant.tags, converted))
        notes.update(dict.fromkeys(converted.notes))
        wishes = converted.wishes
        variants.append(variant)
        warnings.extend(sentence for sentence in wrong if sentence not in warnings)
    if (
        weights is None
        and place is not None
        and place.names is None
        and any(variable.kind == GLOBAL for variant in variants for variable in variant.variables)
        and not warnings
    ):
        warnings.append("The module has variables, but 'variables/variables.index' is missing.")
    claimed |= {variable.key for variant in variants for variable in variant.variables}
    return ModuleSummary(
        title=title,
        variants=tuple(variants),
        format=format_name,
        size=sum(file.size for file in files) if place else None,
        files=files,
        digest=_digest(place, weights, files, checksums) if place else "",
        unclaimed=tuple(
            name for name in entries if name not in claimed and name not in checkpoint_index.BOOKKEEPING
        ),
        warnings=tuple(warnings),
        notes=tuple(notes),
        source=Source(graphs, weights, folder, wishes, place),
        scan=Scan(
            scanned,
            entries,
            on_disk(place.directory) if has_folder and place else in_folder,
            functools.partial(_keras_metadata, place) if place and has_metadata else None,
        ),
    )


def _keras_metadata(place: ModuleDirectory) -> Capabilities:
    """Returns what Python code is in the file that Keras 2 writes beside a graph."""
    # On first use, for speed only: few models have that file.
    from hubexplore.summary.analysis import keras_code

    try:
        content = read_message(place.filesystem, place.path(METADATA_FILE))
    except OSError:
        return Capabilities((), (keras_code.MSG_UNREAD.format(file=METADATA_FILE),))
    return keras_code.of_metadata(content)


def _converted(model: Any, entries: Entries, format_name: str) -> tuple[Converted, list[str]]:
    """A model in the form of a module; as it is, with the reason, where it cannot be converted."""
    if isinstance(model, Converted):
        return model, []
    if format_name != TF2_SAVED_MODEL or not model.HasField("object_graph_def"):
        return Converted(model), []
    from hubexplore.summary.formats.tf2 import tf2_saved_model

    try:
        return tf2_saved_model.as_module(model, entries), []
    except DamagedModuleError as error:
        return Converted(model), [f"It cannot be run. {error}"]


def _scanned(tags: tuple[str, ...], model: Converted) -> Graphs:
    """The graphs in which all is that a model may run."""
    if model.original is None:
        return Graphs(tags, model.meta_graph)
    if model.original.HasField("object_graph_def"):
        return Graphs(tags, model.original)
    # The graph of such a file has no signatures of its own.
    return Graphs(tags, model.meta_graph, model.original)


def _long_text(place: ModuleDirectory, size: int) -> str:
    from hubexplore.summary.diagnosis.diagnoses import TextSavedModel

    remedy = TextSavedModel().remedy(place.directory)
    return MSG_LONG_TEXT.format(
        path=place.path(GRAPH_TEXT_FILE), size=size, limit=saved_model_scan.LARGEST_TEXT, remedy=remedy
    )


def _parse(content: bytes, file: str, place: ModuleDirectory, title: str | None) -> Any:
    saved_model = SavedModel()
    try:
        saved_model_parser.parse(content, saved_model, is_text=file == GRAPH_TEXT_FILE)
    except ValueError as error:
        raise _explained(place, title, f"{file!r} ({len(content):,} bytes) {error}") from error
    return saved_model


def _explained(place: ModuleDirectory, title: str | None, reason: str = "") -> Exception:
    """The error that says what is there instead; `reason` is why graphs that are there cannot be read."""
    from hubexplore.summary.diagnosis import path_diagnosis

    diagnosis = path_diagnosis.explain(place.directory, place.filesystem, title)
    if diagnosis is None or (reason and not isinstance(diagnosis, DamagedModuleError)):
        # What a glance at the file takes for a saved model.
        return DamagedModuleError(
            f"{place.directory!r} cannot be shown: {reason or 'it is not readable'}. Copy it again."
        )
    return diagnosis


def _format_warnings(place: ModuleDirectory) -> list[str]:
    try:
        content = read_message(place.filesystem, place.path(MODULE_FILE), _LARGEST_DEFINITION)
    except OSError as error:
        return [f"{MODULE_FILE!r} cannot be read: {error.strerror or error}."]
    try:
        check_definition(MODULE_FILE, content)
    except HubError as error:
        return [str(error)]
    return []


def _weights(place: ModuleDirectory | None) -> tuple[Weights | None, list[str]]:
    if place is None:
        return None, []
    prefix, filesystem = place.path(place.prefix), place.filesystem
    try:
        if not filesystem.exists(f"{prefix}.index"):
            return None, []
        index = checkpoint_index.open_index(f"{prefix}.index", filesystem)
        problem = checkpoint_index.check_shards(index, prefix, filesystem)
    except (OSError, DamagedModuleError) as error:
        return None, [f"The weights cannot be read. {error}"]
    return Weights(prefix, index, filesystem), [problem] if problem else []


def _files(place: ModuleDirectory) -> Iterator[FileSummary]:
    """The files of a directory and of those below it, as many as a module may reasonably have.

    A link to a directory may lead anywhere, as to "/". It is followed only where a part of the format lies
    elsewhere, and no further down.
    """
    if place.names is not None:
        for name in place.names:
            with contextlib.suppress(OSError):
                yield FileSummary(name, place.filesystem.size(place.path(name)))
        return
    stack = [("", 0)]
    left = _MAX_FILES
    while stack and left:
        folder, depth = stack.pop()
        try:
            names = place.filesystem.listdir(place.path(folder) if folder else place.directory)
        except OSError:
            continue
        for name in names[:left]:
            left -= 1
            below = f"{folder}/{name}" if folder else name
            try:
                if not place.filesystem.isdir(place.path(below)):
                    yield FileSummary(below, place.filesystem.size(place.path(below)))
                elif not is_link(place.path(below)):
                    if depth < _MAX_DEPTH:
                        stack.append((below, depth + 1))
                elif below in _LINKED:
                    stack.append((below, _MAX_DEPTH))
            except OSError:
                continue


def _asset_checksums(place: ModuleDirectory, files: tuple[FileSummary, ...]) -> Iterator[tuple[str, str]]:
    """Yields the name below `assets/` and the SHA-256, as hex digits, of each file there that can be read.

    Of files that together exceed 1 GiB those behind, by name, are left out, and so is what a link
    leads to outside of the module.
    """
    left = _LARGEST_DIGEST
    for file in files:
        # What a link leads to elsewhere is not read: a module would say what is in the files of its users.
        if file.name.startswith("assets/") and is_own(place.path(file.name), place.path(ASSETS_FOLDER)):
            left -= file.size
            if left < 0:
                return
            whole = hashlib.sha256()
            with contextlib.suppress(OSError):
                for offset in range(0, file.size, _CHUNK):
                    whole.update(place.filesystem.read_range(place.path(file.name), offset, _CHUNK))
                yield file.name.removeprefix("assets/"), whole.hexdigest()


def _is_checkpoint(name: str) -> bool:
    """Whether a file of a model that is not a directory of its own belongs to its checkpoint."""
    return name.endswith(".index") or ".data-" in name


def _digest(
    place: ModuleDirectory,
    weights: Weights | None,
    files: tuple[FileSummary, ...],
    checksums: Mapping[str, str],
) -> str:
    """SHA-256 of graphs and assets as they are on disk, and of what the index says of the weights.

    Weights count by name, dtype, shape and checksum, not by where they lie in which data file: an equal
    checkpoint in other shards has an equal digest. A graph above 1 GiB counts by its size, and so do assets
    without a checksum.
    """
    whole = hashlib.sha256()
    for file in files:
        if file.name.startswith("assets/"):
            checksum = checksums.get(file.name.removeprefix("assets/"), "")
            # Surrogates stand for the bytes of a file name that is not UTF-8.
            whole.update(f"{file.name}\0{file.size}\0{checksum}\0".encode(errors="surrogateescape"))
        elif file.name in (*GRAPH_FILES, MODULE_FILE) or (place.names and not _is_checkpoint(file.name)):
            whole.update(f"{file.name}\0{file.size}\0".encode(errors="surrogateescape"))
            for offset in range(0, file.size if file.size <= _LARGEST_DIGEST else 0, _CHUNK):
                try:
                    whole.update(place.filesystem.read_range(place.path(file.name), offset, _CHUNK))
                except OSError:
                    break
    if weights:
        for name, entry in sorted(weights.index.entries.items()):
            values = [extent.crc32c for extent in entry.extents]
            whole.update(
                repr((name, entry.dtype, entry.shape, entry.slices, values)).encode(errors="replace")
            )
    return whole.hexdigest()
