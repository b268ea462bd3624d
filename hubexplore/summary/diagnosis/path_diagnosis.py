"""What is at this path? For everybody whose path is not that of a module.

`diagnose(path, filesystem)` returns one of the frozen dataclasses below, `explain(path, filesystem)`
the error to raise for it, or None for a module. Nothing is executed, and TensorFlow is not needed.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from hubexplore import errors
from hubexplore.summary.diagnosis import file_types
from hubexplore.summary.diagnosis.handle_hints import for_nothing
from hubexplore.summary.diagnosis.saved_model_remedy import module_code, spec_code, unsupported
from hubexplore.summary.files.filesystem import (
    Filesystem,
    LocalFilesystem,
    SpecialFileError,
    join,
    read_message,
)
from hubexplore.summary.files.paths import is_url, unreplaced_variable
from hubexplore.summary.weights import checkpoint_index

MODULE_FILE: Final = "tfhub_module.pb"
SAVED_MODEL_FILE: Final = "saved_model.pb"
_SHOWN: Final = 5
_LOOKED_INTO: Final = 200  # sub-directories; a folder of data may have a great many
_LEVELS: Final = 3
_FOLLOWED: Final = 400  # paths of a deeper level


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(repr(name) for name in names[:_SHOWN]) + more


def _variants(tags: tuple[tuple[str, ...], ...]) -> str:
    more = f" and {len(tags) - _SHOWN} more" if len(tags) > _SHOWN else ""
    return ", ".join(repr("+".join(one)) if one else "no tags" for one in tags[:_SHOWN]) + more


@dataclass(frozen=True)
class Diagnosis:
    """What was found at a path.

    Attributes:
      error: The class that reports it.
      holds_saved_model: Whether `saved_model.pb` is in the directory, whatever its kind.
    """

    error: ClassVar[type[errors.HubError]] = errors.NotAModuleError
    holds_saved_model: ClassVar[bool] = False

    def what(self) -> str:
        """Returns what it is as the rest of a sentence: "is a TF2 SavedModel"."""
        raise NotImplementedError

    def remedy(self, path: str) -> str:
        """Returns one or more sentences with the call that would work."""
        raise NotImplementedError

    def message(self, path: str) -> str:
        """Returns the whole text of the error for `path`, the path itself included."""
        return f"No TF1 Hub module at {path!r}: it {self.what()}. {self.remedy(path)}"


@dataclass(frozen=True)
class HubModule(Diagnosis):
    """A TF1 Hub module whose files are all there; `tags` per graph variant."""

    tags: tuple[tuple[str, ...], ...]
    holds_saved_model = True

    def what(self) -> str:
        """See the base class."""
        return f"is a TF1 Hub module (graph variants: {_variants(self.tags)})"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return f"Use it in a graph: {module_code(repr(path), self.tags)}"

    def message(self, path: str) -> str:
        """See the base class."""
        return f"{path!r} {self.what()}. {self.remedy(path)}"


@dataclass(frozen=True)
class TF2SavedModel(Diagnosis):
    """What `tf.saved_model.save` and TF2 Hub models are."""

    holds_saved_model = True

    def what(self) -> str:
        """See the base class."""
        return "is a TF2 SavedModel"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return f"Load it with tf.saved_model.load({path!r})."


@dataclass(frozen=True)
class TF1SavedModel(Diagnosis):
    """A SavedModel of TensorFlow 1 that is no Hub module.

    Attributes:
      tags: Those of each meta graph.
      dropped: Collections that a module cannot carry.
    """

    tags: tuple[tuple[str, ...], ...]
    dropped: tuple[str, ...] = ()
    holds_saved_model = True

    def what(self) -> str:
        """See the base class."""
        return f"is a TF1 SavedModel (meta graphs: {_variants(self.tags)}), without {MODULE_FILE!r}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return f"Make a module of it in a graph: {module_code(spec_code(path, self.dropped), self.tags)}"


@dataclass(frozen=True)
class TextSavedModel(Diagnosis):
    """A SavedModel in protobuf's text form."""

    def what(self) -> str:
        """See the base class."""
        return "is a SavedModel in text form, 'saved_model.pbtxt'"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return (
            "Write it in binary form: parse the file with google.protobuf.text_format.Parse into a "
            f"SavedModel message, and save its SerializeToString() as {join(path, SAVED_MODEL_FILE)!r}."
        )


@dataclass(frozen=True)
class Checkpoint(Diagnosis):
    """Weights without a graph; `prefixes` are the paths that TensorFlow wants for them."""

    prefixes: tuple[str, ...]

    def what(self) -> str:
        """See the base class."""
        return "is a bare checkpoint, that is weights without a graph"

    def remedy(self, path: str) -> str:
        """See the base class."""
        prefix = self.prefixes[-1] if self.prefixes else path
        return (
            "Build the graph with hub.create_module_spec(module_fn), then write a module with these weights: "
            f"spec.export(NEW_PATH, checkpoint_path={prefix!r})."
        )


@dataclass(frozen=True)
class OneLevelDown(Diagnosis):
    """A directory around modules: `found` has (name of the sub-directory, what it is)."""

    found: tuple[tuple[str, Diagnosis], ...]

    def what(self) -> str:
        """See the base class."""
        names = _listed(tuple(name for name, _ in self.found))
        levels = self.found[-1][0].count("/") + 1
        high = "one level" if levels == 1 else f"{levels} levels"
        return f"is {high} too high; below it: {names}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        name, inner = self.found[-1]
        below = join(path, name)
        return f"{below!r} {inner.what()}. {inner.remedy(below)}"


@dataclass(frozen=True)
class PartOfModule(Diagnosis):
    """A file or directory inside a saved model, which is at `whole`."""

    whole: str

    def what(self) -> str:
        """See the base class."""
        return "is a part of a saved model"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return f"Give the whole directory: {self.whole!r}."


@dataclass(frozen=True)
class EmptyDirectory(Diagnosis):
    """A directory with nothing in it."""

    def what(self) -> str:
        """See the base class."""
        return "is an empty directory"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return "Check the path, or whether the copy or download that should have filled it has finished."


@dataclass(frozen=True)
class OtherDirectory(Diagnosis):
    """A directory of other things."""

    names: tuple[str, ...]

    def what(self) -> str:
        """See the base class."""
        return f"is a directory without {SAVED_MODEL_FILE!r}; it holds {_listed(self.names)}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return f"Give the directory that holds {MODULE_FILE!r} and {SAVED_MODEL_FILE!r}."


@dataclass(frozen=True)
class Incomplete(Diagnosis):
    """A module or SavedModel that was copied in part; `problems` are sentences without an end."""

    kind: str
    problems: tuple[str, ...]
    error = errors.DamagedModuleError

    def what(self) -> str:
        """See the base class."""
        return f"is an incomplete copy of a {self.kind}: {'; '.join(self.problems)}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return "Copy or download the whole directory again."


@dataclass(frozen=True)
class Pointers(Diagnosis):
    """Files whose content git-lfs has not fetched."""

    names: tuple[str, ...]
    error = errors.DamagedModuleError

    def what(self) -> str:
        """See the base class."""
        return f"has pointers of git-lfs in place of the content of {_listed(self.names)}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return "Run `git lfs install` and `git lfs pull` in the repository that it comes from."


@dataclass(frozen=True)
class SingleFile(Diagnosis):
    """A file where a directory should be."""

    kind: file_types.FileKind

    def what(self) -> str:
        """See the base class."""
        return f"is {self.kind.what}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return self.kind.remedy.format(path=path)


@dataclass(frozen=True)
class Nothing(Diagnosis):
    """Nothing is there. `nearest` is the lowest directory above that exists, `similar` a path like it."""

    nearest: str
    similar: str | None
    error = errors.MissingModuleError

    def what(self) -> str:
        """See the base class."""
        return "does not exist"

    def remedy(self, path: str) -> str:
        """See the base class."""
        variable = unreplaced_variable(path)
        if variable:
            return f"Python does not replace {variable}, a shell does: pass os.path.expandvars(path)."
        if self.similar:
            return f"Did you mean {self.similar!r}?"
        if self.nearest:
            return f"Of this path only {self.nearest!r} exists."
        return "Check the path; a relative one starts from the current directory."


@dataclass(frozen=True)
class BrokenLink(Diagnosis):
    """A symbolic link to nothing; the path itself, or a directory of it."""

    link: str
    target: str
    error = errors.MissingModuleError

    def what(self) -> str:
        """See the base class."""
        return f"does not exist: {self.link!r} is a symbolic link to {self.target!r}, where nothing is"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return "Put the module where the link leads, or make the link anew: ln -sfn TARGET LINK."


@dataclass(frozen=True)
class Unreadable(Diagnosis):
    """Something is there that cannot be read."""

    reason: str
    forbidden: bool
    error = errors.UnreadableModuleError

    def what(self) -> str:
        """See the base class."""
        return f"cannot be read: {self.reason}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        if self.forbidden:
            return "Ask its owner for the right to read it (directories need 'x' as well as 'r')."
        return "Check the disk or the connection."


@dataclass(frozen=True)
class Special(Diagnosis):
    """A pipe, socket or device where a file should be."""

    reason: str
    error = errors.UnreadableModuleError

    def what(self) -> str:
        """See the base class."""
        return f"cannot be read: {self.reason}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return "Only regular files are opened. Copy or download the module again."


def explain(path: str, filesystem: Filesystem, name: str | None = None) -> errors.HubError | None:
    """Returns the error that says what `path` is, or None if it is a module with all its files.

    The caller raises it. The class is MissingModuleError, NotAModuleError, DamagedModuleError or
    UnreadableModuleError.

    Args:
      path: Where to look.
      filesystem: What reads `path`; see `hubexplore.hub.resolve.filesystem_of`.
      name: The handle the user gave, where `path` is a place in the cache.
    """
    found = diagnose(path, filesystem)
    if isinstance(found, HubModule):
        return None
    message = found.message(path)
    hint = for_nothing(name or path) if isinstance(found, Nothing) and not found.similar else ""
    if hint:
        message = f"No TF1 Hub module at {path!r}: it {found.what()}. {hint}"
    if name not in (None, path):
        message = message.replace(repr(path), f"{path!r} (from {name!r})", 1)
    return found.error(message)


def diagnose(path: str, filesystem: Filesystem) -> Diagnosis:
    """Returns what is at `path`; it does not raise.

    A `saved_model.pb` and the index of a checkpoint are read whole, of other files only size and first bytes.
    """
    try:
        return _diagnose(path, filesystem)
    except SpecialFileError as error:
        return Special(error.strerror or str(error))
    except OSError as error:
        return Unreadable(error.strerror or str(error), isinstance(error, PermissionError))


def _diagnose(path: str, filesystem: Filesystem) -> Diagnosis:  # noqa: PLR0911  # one return per answer
    if not filesystem.exists(path):
        return _absent(path, filesystem)
    if not filesystem.isdir(path):
        return _file(path, filesystem)
    names = tuple(sorted(filesystem.listdir(path)))
    found = _saved_model(path, names, filesystem)
    if found:
        return found
    whole = _parent(path)
    if _basename(path) in ("variables", "assets") and filesystem.exists(join(whole, SAVED_MODEL_FILE)):
        return PartOfModule(whole)
    below = _below(path, names, filesystem)
    if below:
        return OneLevelDown(below)
    prefixes = [name.removesuffix(".index") for name in names if name.endswith(".index")]
    if prefixes or "checkpoint" in names:
        return Checkpoint(tuple(join(path, prefix) for prefix in prefixes))
    if "variables" in names and filesystem.exists(join(path, "variables/variables.index")):
        return Incomplete("module", _missing(MODULE_FILE, SAVED_MODEL_FILE))
    return OtherDirectory(names) if names else EmptyDirectory()


def _missing(*names: str) -> tuple[str, ...]:
    return tuple(f"{name!r} is missing" for name in names)


def _saved_model(  # noqa: PLR0911  # one return per answer
    path: str, names: tuple[str, ...], filesystem: Filesystem
) -> Diagnosis | None:
    """Returns what a directory with one of the two main files is, None for any other."""
    is_module = MODULE_FILE in names
    pointers = tuple(name for name in (MODULE_FILE, SAVED_MODEL_FILE) if name in names)
    pointers = tuple(name for name in pointers if _is_pointer(join(path, name), filesystem))
    if pointers:
        return Pointers(pointers)
    if SAVED_MODEL_FILE not in names:
        if "saved_model.pbtxt" in names:
            return _text(join(path, "saved_model.pbtxt"), is_module, filesystem)
        return Incomplete("module", _missing(SAVED_MODEL_FILE)) if is_module else None
    try:
        content = read_message(filesystem, join(path, SAVED_MODEL_FILE))
    except errors.DamagedModuleError as error:
        return Incomplete("module" if is_module else "SavedModel", (str(error).partition(". ")[0],))
    try:
        scan = file_types.scan_saved_model(content)
    except ValueError as error:
        kind = file_types.file_kind(SAVED_MODEL_FILE, content[: file_types.HEAD])
        found = kind.what if kind.is_other else f"damaged ({error})"
        return Incomplete("module" if is_module else "SavedModel", (f"{SAVED_MODEL_FILE!r} is {found}",))
    if scan.has_objects and not is_module:
        return TF2SavedModel()
    problem = _variables_problem(path, names, scan, filesystem)
    if isinstance(problem, str):
        return Incomplete("module" if is_module else "TF1 SavedModel", (problem,))
    if problem:
        return problem
    if is_module:
        return HubModule(scan.variants)
    return TF1SavedModel(scan.variants, tuple(unsupported(scan.collections)))


def _text(path: str, is_module: bool, filesystem: Filesystem) -> Diagnosis:
    """Returns what a directory with a SavedModel in text form is."""
    try:
        scan = file_types.scan_text(read_message(filesystem, path, file_types.LARGEST_TEXT))
    except ValueError:
        return TextSavedModel()
    if is_module or scan.has_objects:
        return TextSavedModel()
    return TF1SavedModel(scan.variants, tuple(unsupported(scan.collections)))


def _variables_problem(
    path: str, names: tuple[str, ...], scan: file_types.SavedModelScan, filesystem: Filesystem
) -> str | Pointers | None:
    """Finds what is wrong with the checkpoint of a saved model, if anything."""
    prefix = join(path, "variables/variables")
    index = f"{prefix}.index"
    stored = filesystem.listdir(join(path, "variables")) if "variables" in names else []
    if "variables.index" not in stored:
        needed = scan.has_variables or any(name.startswith("variables.data-") for name in stored)
        return "'variables/variables.index' is missing" if needed else None
    pointers = tuple(f"variables/{name}" for name in sorted(stored)[:_LOOKED_INTO])
    pointers = tuple(name for name in pointers if _is_pointer(join(path, name), filesystem))
    if pointers:
        return Pointers(pointers)
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
        and filesystem.size(path) < 1024
        and filesystem.read(path, len(file_types.LFS_POINTER)) == file_types.LFS_POINTER
    )


def _below(path: str, names: tuple[str, ...], filesystem: Filesystem) -> tuple[tuple[str, Diagnosis], ...]:
    """Returns the sub-directories that are saved models, modules last; those of the first level with any."""
    level = names
    for _ in range(_LEVELS):
        found: list[tuple[str, Diagnosis]] = []
        deeper: list[str] = []
        for name in level[:_LOOKED_INTO]:
            inner = join(path, name)
            if not filesystem.isdir(inner):
                continue
            if any(filesystem.exists(join(inner, file)) for file in (MODULE_FILE, SAVED_MODEL_FILE)):
                found.append((name, diagnose(inner, filesystem)))
            elif len(deeper) < _FOLLOWED:
                deeper += [f"{name}/{child}" for child in sorted(filesystem.listdir(inner))[:_LOOKED_INTO]]
        if found:
            return tuple(sorted(found, key=lambda item: isinstance(item[1], HubModule)))
        level = tuple(deeper)
    return ()


def _file(path: str, filesystem: Filesystem) -> Diagnosis:
    name = _basename(path)
    head = filesystem.read(path, file_types.HEAD)
    whole = _parent(path)
    kind = file_types.file_kind(name, head)
    if name == SAVED_MODEL_FILE and not kind.is_other:
        return PartOfModule(whole)
    if name == MODULE_FILE and filesystem.exists(join(whole, SAVED_MODEL_FILE)):
        return PartOfModule(whole)
    stem = path.removesuffix(".index") if name.endswith(".index") else path.rpartition(".data-")[0]
    if stem and (stem != path) and filesystem.exists(f"{stem}.index"):
        return _weights(stem, filesystem)
    return SingleFile(kind)


def _weights(prefix: str, filesystem: Filesystem) -> Diagnosis:
    """Returns what the existing checkpoint `prefix` belongs to."""
    folder = _parent(prefix)
    if _basename(folder) == "variables" and filesystem.exists(join(_parent(folder), SAVED_MODEL_FILE)):
        return PartOfModule(_parent(folder))
    return Checkpoint((prefix,))


def _absent(path: str, filesystem: Filesystem) -> Diagnosis:
    if filesystem.exists(f"{path}.index"):
        return _weights(path, filesystem)
    archives = [f"{path}{suffix}" for suffix in file_types.ARCHIVE_SUFFIXES]
    folders = [path.removesuffix(suffix) for suffix in file_types.ARCHIVE_SUFFIXES]
    for other in (path.strip().strip("'\""), *archives, *folders):
        if other not in ("", path) and filesystem.exists(other):
            return Nothing("", other)
    missing, nearest = path, _parent(path)
    while nearest != missing and not filesystem.exists(nearest):
        missing, nearest = nearest, _parent(nearest)
    if isinstance(filesystem, LocalFilesystem) and Path(missing).is_symlink():
        return BrokenLink(missing, str(Path(missing).readlink()))
    if not filesystem.exists(nearest):
        return Nothing("", None)
    similar = None
    if filesystem.isdir(nearest):
        close = difflib.get_close_matches(_basename(missing), filesystem.listdir(nearest), n=1, cutoff=0.6)
        similar = (close[0] if nearest == "." else join(nearest, close[0])) if close else None
    return Nothing(nearest, similar)


def _basename(path: str) -> str:
    if is_url(path):
        return path.rstrip("/").rpartition("/")[2]
    return Path(path).absolute().name


def _parent(path: str) -> str:
    """Returns the directory above, "." for that of a bare name, and `path` itself for a root."""
    if is_url(path):
        scheme, mark, rest = path.partition("://")
        above, slash, _ = rest.rstrip("/").rpartition("/")
        return f"{scheme}{mark}{above}" if slash else path
    local = Path(path)
    return str((local.resolve() if local.name in ("", "..") else local).parent)
