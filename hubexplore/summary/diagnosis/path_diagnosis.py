"""Finds out what is at a path that does not lead to a module. Nothing is executed; TensorFlow is not needed.

`diagnose(path, filesystem)` returns one of the dataclasses of `diagnoses`; `explain(path, filesystem)` the
error to raise for it, or None for a module.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from hubexplore import errors
from hubexplore.summary.diagnosis import diagnoses, file_types, other_models, saved_model_scan
from hubexplore.summary.diagnosis.diagnoses import Diagnosis
from hubexplore.summary.diagnosis.file_kind import FileKind
from hubexplore.summary.diagnosis.handle_hints import missing_path_hint
from hubexplore.summary.files import magic
from hubexplore.summary.files.archive_names import ARCHIVE_SUFFIXES
from hubexplore.summary.files.filesystem import (
    Filesystem,
    LocalFilesystem,
    SpecialFileError,
    join,
    read_message,
)
from hubexplore.summary.files.paths import is_url
from hubexplore.summary.module_format import (
    ASSETS_FOLDER,
    GRAPH_FILE,
    GRAPH_FILES,
    GRAPH_TEXT_FILE,
    MODULE_FILE,
    VARIABLES_FOLDER,
    VARIABLES_PREFIX,
)
from hubexplore.summary.weights import checkpoint_index

# Bytes of a file that may be a Git LFS pointer. Its specification allows less than 1024.
_LARGEST_POINTER: Final = 1024
# Limits of the search below a directory: a folder of data may hold millions of files, and on a remote file
# system each look is a request. Entries of a directory, levels below it, and paths of the next level.
_LOOKED_INTO: Final = 200
_LEVELS: Final = 3
_FOLLOWED: Final = 400
# Files whose first bytes are read to find models in other formats.
_LOOKED_AT: Final = 8
_GRAPH_ENDINGS: Final = (".pb", ".pbtxt", ".graphdef")
# Digits of the name of a version: seconds or nanoseconds since 1970, at most.
_LONGEST_VERSION: Final = 20


def explain(path: str, filesystem: Filesystem, name: str | None = None) -> errors.HubError | None:
    """Returns the error that says what `path` is, or None if it is a module with all its files.

    The caller raises it. The class is MissingModuleError, NotAModuleError, DamagedModuleError or
    UnreadableModuleError.

    Args:
      path: Where to look.
      filesystem: What reads `path`; see `hubexplore.hub.resolve.filesystem_of`.
      name: The handle the user gave, where `path` is a place in the cache.
    """
    diagnosis = diagnose(path, filesystem)
    if isinstance(diagnosis, diagnoses.HubModule):
        return None
    message = diagnosis.message(path)
    hint = (
        missing_path_hint(name or path)
        if isinstance(diagnosis, diagnoses.Nothing) and not diagnosis.similar
        else ""
    )
    if hint:
        message = f"No TF1 Hub module at {path!r}: it {diagnosis.what()}. {hint}"
    # What the user typed is not what was looked at, where that is a folder of the cache.
    if name not in (None, path):
        message = message.replace(repr(path), f"{path!r} (from {name!r})", 1)
    return diagnosis.error_of(message)


def diagnose(path: str, filesystem: Filesystem) -> Diagnosis:
    """Returns what is at `path`; it does not raise.

    A `saved_model.pb` and the index of a checkpoint are read whole, of other files only size and first bytes.
    """
    try:
        return _diagnose(path, filesystem)
    except SpecialFileError as error:
        return diagnoses.Special(error.strerror or str(error))
    except OSError as error:
        return diagnoses.Unreadable(error.strerror or str(error), isinstance(error, PermissionError))


def _diagnose(path: str, filesystem: Filesystem) -> Diagnosis:  # noqa: PLR0911  # one return per answer
    # From what is certain to what is likely: each answer assumes that those before it do not hold.
    if not filesystem.exists(path):
        return _absent(path, filesystem)
    if not filesystem.isdir(path):
        return _file(path, filesystem)
    names = tuple(sorted(filesystem.listdir(path)))
    diagnosis = _saved_model(path, names, filesystem)
    if diagnosis:
        return diagnosis
    whole = _parent(path)
    if _basename(path) in (VARIABLES_FOLDER, ASSETS_FOLDER) and filesystem.exists(join(whole, GRAPH_FILE)):
        return diagnoses.PartOfModule(whole)
    below = _below(path, names, filesystem)
    if below:
        return diagnoses.OneLevelDown(below)
    prefixes = [name.removesuffix(".index") for name in names if name.endswith(".index")]
    if prefixes or "checkpoint" in names:
        return _checkpoint(tuple(join(path, prefix) for prefix in prefixes), filesystem)
    if VARIABLES_FOLDER in names and filesystem.exists(join(path, f"{VARIABLES_PREFIX}.index")):
        return diagnoses.Incomplete("module", _missing(MODULE_FILE, GRAPH_FILE))
    if not names:
        return diagnoses.EmptyDirectory()
    graphs = tuple(_graphs(path, names, filesystem))
    if len(graphs) > 1:
        return diagnoses.SeveralGraphs(graphs)
    return diagnoses.OtherDirectory(names, tuple(_model_files(path, names, filesystem)))


def _model_files(path: str, names: tuple[str, ...], filesystem: Filesystem) -> Iterator[tuple[str, FileKind]]:
    """Yields the files that are models in other formats, by their names."""
    for name in [name for name in names if name.lower().endswith(other_models.ENDINGS)][:_LOOKED_AT]:
        if not filesystem.isdir(join(path, name)):
            kind = other_models.model_kind(name, filesystem.read(join(path, name), file_types.HEAD))
            if kind is not None:
                yield name, kind


def _graphs(path: str, names: tuple[str, ...], filesystem: Filesystem) -> Iterator[str]:
    """Yields the names of the files that begin as graphs."""
    for name in [name for name in names if name.lower().endswith(_GRAPH_ENDINGS)][:_LOOKED_AT]:
        file = join(path, name)
        if not filesystem.isdir(file) and file_types.is_graph(filesystem.read(file, file_types.HEAD)):
            yield name


def _missing(*names: str) -> tuple[str, ...]:
    return tuple(f"{name!r} is missing" for name in names)


def _saved_model(  # noqa: PLR0911  # one return per answer
    path: str, names: tuple[str, ...], filesystem: Filesystem
) -> Diagnosis | None:
    """Returns what a directory with one of the two main files is, None for any other."""
    # Pointers are looked for before anything is parsed: their text is no message, and "damaged" would advise
    # a new download, which would bring the same pointers.
    is_module = MODULE_FILE in names
    pointers = tuple(name for name in (MODULE_FILE, GRAPH_FILE) if name in names)
    pointers = tuple(name for name in pointers if _is_pointer(join(path, name), filesystem))
    if pointers:
        return diagnoses.Pointers(pointers)
    if GRAPH_FILE not in names:
        if GRAPH_TEXT_FILE in names:
            return _text(join(path, GRAPH_TEXT_FILE), is_module, filesystem)
        return diagnoses.Incomplete("module", _missing(GRAPH_FILE)) if is_module else None
    try:
        content = read_message(filesystem, join(path, GRAPH_FILE))
    except errors.DamagedModuleError as error:
        # Only what was found: the message ends with a remedy of its own, and the diagnosis adds another one.
        return diagnoses.Incomplete("module" if is_module else "SavedModel", (str(error).partition(". ")[0],))
    try:
        scan = saved_model_scan.scan_saved_model(content)
    except ValueError as error:
        kind = file_types.file_kind(GRAPH_FILE, content[: file_types.HEAD])
        condition = kind.what if kind.is_other else f"damaged ({error})"
        return diagnoses.Incomplete(
            "module" if is_module else "SavedModel", (f"{GRAPH_FILE!r} is {condition}",)
        )
    if scan.has_objects and not is_module:
        return diagnoses.TF2SavedModel(scan.variants)
    problem = _variables_problem(path, names, scan, filesystem)
    if isinstance(problem, str):
        return diagnoses.Incomplete("module" if is_module else "TF1 SavedModel", (problem,))
    if problem:
        return problem
    if is_module:
        return diagnoses.HubModule(scan.variants)
    return diagnoses.TF1SavedModel(scan.variants)


def _text(path: str, is_module: bool, filesystem: Filesystem) -> Diagnosis:
    """Returns what a directory with a SavedModel in text form is."""
    try:
        scan = saved_model_scan.scan_text(read_message(filesystem, path, saved_model_scan.LARGEST_TEXT))
    except ValueError:
        return diagnoses.TextSavedModel()
    if is_module or scan.has_objects:
        return diagnoses.TextSavedModel()
    return diagnoses.TF1SavedModel(scan.variants)


def _variables_problem(
    path: str, names: tuple[str, ...], scan: saved_model_scan.SavedModelScan, filesystem: Filesystem
) -> str | diagnoses.Pointers | None:
    """Finds what is wrong with the checkpoint of a saved model, if anything."""
    prefix = join(path, VARIABLES_PREFIX)
    index = f"{prefix}.index"
    stored = filesystem.listdir(join(path, VARIABLES_FOLDER)) if VARIABLES_FOLDER in names else []
    if "variables.index" not in stored:
        # A module without variables has no checkpoint, so a missing index alone is no fault.
        needed = scan.has_variables or any(name.startswith("variables.data-") for name in stored)
        return f"'{VARIABLES_PREFIX}.index' is missing" if needed else None
    pointers = tuple(f"variables/{name}" for name in sorted(stored)[:_LOOKED_INTO])
    pointers = tuple(name for name in pointers if _is_pointer(join(path, name), filesystem))
    if pointers:
        return diagnoses.Pointers(pointers)
    try:
        problem = checkpoint_index.check_shards(
            checkpoint_index.open_index(index, filesystem), prefix, filesystem
        )
    except errors.DamagedModuleError as error:
        return str(error).rstrip(".")
    return problem.rstrip(".") if problem else None


def _is_pointer(path: str, filesystem: Filesystem) -> bool:
    return (
        not filesystem.isdir(path)
        and filesystem.size(path) < _LARGEST_POINTER
        and magic.GIT_LFS.begins(filesystem.read(path, _LARGEST_POINTER))
    )


def _below(path: str, names: tuple[str, ...], filesystem: Filesystem) -> tuple[tuple[str, Diagnosis], ...]:
    """Returns the sub-directories that are saved models; those of the first level with any.

    Modules come first, and the newest version of a model: the folder with the highest number as its name.
    """
    level = names
    for _ in range(_LEVELS):
        saved_models: list[tuple[str, Diagnosis]] = []
        deeper: list[str] = []
        for name in level[:_LOOKED_INTO]:
            inner = join(path, name)
            if not filesystem.isdir(inner):
                continue
            if any(filesystem.exists(join(inner, file)) for file in (MODULE_FILE, *GRAPH_FILES)):
                saved_models.append((name, diagnose(inner, filesystem)))
            elif len(deeper) < _FOLLOWED:
                deeper += [f"{name}/{child}" for child in sorted(filesystem.listdir(inner))[:_LOOKED_INTO]]
        if saved_models:
            return tuple(sorted(saved_models, key=_preference))
        level = tuple(deeper)
    return ()


def _preference(item: tuple[str, Diagnosis]) -> tuple[bool, int, str]:
    name, diagnosis = item
    last = name.rpartition("/")[2]
    # Longer digits are no version of anything, and could not be converted either.
    is_version = last.isascii() and last.isdigit() and len(last) <= _LONGEST_VERSION
    return not isinstance(diagnosis, diagnoses.HubModule), -int(last) if is_version else 1, name


def _file(path: str, filesystem: Filesystem) -> Diagnosis:
    name = _basename(path)
    head = filesystem.read(path, file_types.HEAD)
    whole = _parent(path)
    kind = file_types.file_kind(name, head)
    # A file of that name may hold something else, such as the web page that a download got: that is what to
    # report.
    if name == GRAPH_FILE and not kind.is_other:
        return diagnoses.PartOfModule(whole)
    if name == MODULE_FILE and filesystem.exists(join(whole, GRAPH_FILE)):
        return diagnoses.PartOfModule(whole)
    # Shards are called `PREFIX.data-00000-of-00001`, the index `PREFIX.index`.
    stem = path.removesuffix(".index") if name.endswith(".index") else path.rpartition(".data-")[0]
    if stem and (stem != path) and filesystem.exists(f"{stem}.index"):
        return _weights(stem, filesystem)
    return diagnoses.SingleFile(kind)


def _weights(prefix: str, filesystem: Filesystem) -> Diagnosis:
    """Returns what the existing checkpoint `prefix` belongs to."""
    folder = _parent(prefix)
    if _basename(folder) == VARIABLES_FOLDER and filesystem.exists(join(_parent(folder), GRAPH_FILE)):
        return diagnoses.PartOfModule(_parent(folder))
    return _checkpoint((prefix,), filesystem)


def _checkpoint(prefixes: tuple[str, ...], filesystem: Filesystem) -> Diagnosis:
    """Returns what a checkpoint without a graph is, as the names in the last one say."""
    entries: Iterable[str] = ()
    if prefixes:
        with contextlib.suppress(OSError, errors.DamagedModuleError):
            entries = checkpoint_index.open_index(f"{prefixes[-1]}.index", filesystem).entries
    if checkpoint_index.OBJECT_GRAPH not in entries:
        return diagnoses.BareCheckpoint(prefixes)
    names = [name.partition("/")[0] for name in entries if name not in checkpoint_index.BOOKKEEPING]
    return diagnoses.ObjectCheckpoint(prefixes, tuple(dict.fromkeys(names)))


def _absent(path: str, filesystem: Filesystem) -> Diagnosis:
    if filesystem.exists(f"{path}.index"):
        return _weights(path, filesystem)
    archives = [f"{path}{suffix}" for suffix in ARCHIVE_SUFFIXES]
    folders = [path.removesuffix(suffix) for suffix in ARCHIVE_SUFFIXES]
    # Blanks and quotes come with paths that are pasted, and the ending when a path is typed from memory.
    for other in (path.strip().strip("'\""), *archives, *folders):
        if other not in ("", path) and filesystem.exists(other):
            return diagnoses.Nothing("", other)
    # Upwards to the lowest directory that exists; a root is its own parent, which ends the loop.
    missing, nearest = path, _parent(path)
    while nearest != missing and not filesystem.exists(nearest):
        missing, nearest = nearest, _parent(nearest)
    if isinstance(filesystem, LocalFilesystem) and Path(missing).is_symlink():
        return diagnoses.BrokenLink(missing, str(Path(missing).readlink()))
    if not filesystem.exists(nearest):
        return diagnoses.Nothing("", None)
    similar = None
    if filesystem.isdir(nearest):
        close = difflib.get_close_matches(_basename(missing), filesystem.listdir(nearest), n=1, cutoff=0.6)
        similar = (close[0] if nearest == "." else join(nearest, close[0])) if close else None
    return diagnoses.Nothing(nearest, similar)


def _basename(path: str) -> str:
    if is_url(path):
        return path.rstrip("/").rpartition("/")[2]
    # Absolute first: "." has no name, and the directory that it stands for has one.
    return Path(path).absolute().name


def _parent(path: str) -> str:
    """Returns the directory above, "." for that of a bare name, and `path` itself for a root."""
    if is_url(path):
        scheme, mark, rest = path.partition("://")
        above, slash, _ = rest.rstrip("/").rpartition("/")
        return f"{scheme}{mark}{above}" if slash else path
    # Only "." and ".." are resolved: other paths keep the form in which the user typed them.
    local = Path(path)
    return str((local.resolve() if local.name in ("", "..") else local).parent)
