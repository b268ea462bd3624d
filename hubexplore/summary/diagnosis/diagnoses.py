"""What can be at a path, a frozen dataclass each: which error reports it, what it is, what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from hubexplore import errors
from hubexplore.summary.diagnosis.file_kind import FileKind
from hubexplore.summary.diagnosis.saved_model_remedy import module_code
from hubexplore.summary.files.filesystem import join
from hubexplore.summary.files.paths import unreplaced_variable
from hubexplore.summary.lookup import first_names
from hubexplore.summary.module_format import GRAPH_FILE, GRAPH_TEXT_FILE, MODULE_FILE

_KERAS_OBJECTS: Final = re.compile(r"layer(_with_weights)?-\d+")
_SHOWN: Final = 5
"""Maximum number of names or graph variants that a message lists."""


# "+" joins the tags of a variant, since commas separate the variants.
def _variants(tags: tuple[tuple[str, ...], ...]) -> str:
    more = f" and {len(tags) - _SHOWN} more" if len(tags) > _SHOWN else ""
    return ", ".join(repr("+".join(variant)) if variant else "no tags" for variant in tags[:_SHOWN]) + more


@dataclass(frozen=True)
class Diagnosis:
    """What was found at a path.

    Attributes:
      error: The class that reports it.
      holds_saved_model: Whether `saved_model.pb` is in the directory, whatever its kind.
    """

    # ClassVars: they follow from what is at the path. Subclasses assign them without an annotation; with one,
    # `dataclass` would turn them into fields that every caller has to pass.
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

    def error_of(self, message: str) -> errors.HubError:
        """Returns the error that reports it."""
        return self.error(message)


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
        # Not "No TF1 Hub module at ...": `explain` never reports a module, but callers of `diagnose` do.
        return f"{path!r} {self.what()}. {self.remedy(path)}"


@dataclass(frozen=True)
class TF2SavedModel(Diagnosis):
    """A directory that `tf.saved_model.save` wrote, as TF2 Hub models are; `tags` per meta graph."""

    tags: tuple[tuple[str, ...], ...] = (("serve",),)
    holds_saved_model = True

    def what(self) -> str:
        """See the base class."""
        return "is a TF2 SavedModel"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return f"Use it in a graph: {module_code(repr(path), self.tags)}"


@dataclass(frozen=True)
class TF1SavedModel(Diagnosis):
    """A SavedModel of TensorFlow 1 that is not a Hub module; `tags` per meta graph."""

    tags: tuple[tuple[str, ...], ...]
    holds_saved_model = True

    def what(self) -> str:
        """See the base class."""
        return f"is a TF1 SavedModel (meta graphs: {_variants(self.tags)}), without {MODULE_FILE!r}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return f"Use it in a graph: {module_code(repr(path), self.tags)}"


@dataclass(frozen=True)
class TextSavedModel(Diagnosis):
    """A SavedModel in protobuf's text form."""

    def what(self) -> str:
        """See the base class."""
        return f"is a SavedModel in text form, {GRAPH_TEXT_FILE!r}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return (
            "Write it in binary form: parse the file with google.protobuf.text_format.Parse into a "
            f"SavedModel message, and save its SerializeToString() as {join(path, GRAPH_FILE)!r}."
        )


@dataclass(frozen=True)
class BareCheckpoint(Diagnosis):
    """Weights without a graph; `prefixes` are the paths by which TensorFlow restores them."""

    prefixes: tuple[str, ...]

    def what(self) -> str:
        """See the base class."""
        return "is a bare checkpoint, that is weights without a graph"

    def remedy(self, path: str) -> str:
        """See the base class."""
        # The last by name, which is the newest of `model.ckpt-STEP` as long as the steps have equally many
        # digits.
        prefix = self.prefixes[-1] if self.prefixes else path
        return (
            "Build the graph with hub.create_module_spec(module_fn), then write a module with these weights: "
            f"spec.export(NEW_PATH, checkpoint_path={prefix!r})."
        )


@dataclass(frozen=True)
class ObjectCheckpoint(BareCheckpoint):
    """A checkpoint of `tf.train.Checkpoint` or of Keras, whose weights are named by objects.

    Attributes:
      names: of the objects that were saved, as they were passed.
    """

    names: tuple[str, ...] = ()

    def what(self) -> str:
        """See the base class."""
        listed = first_names(self.names, _SHOWN)
        return f"is a checkpoint of objects ({listed}), that is weights without a graph"

    def remedy(self, path: str) -> str:
        """See the base class."""
        prefix = self.prefixes[-1] if self.prefixes else path
        saved = f"tf.saved_model.save(model, {f'{prefix}_saved_model'!r})"
        if any(_KERAS_OBJECTS.fullmatch(name) for name in self.names):
            return (
                "Keras 2 wrote it. Build the model with its code and Keras 2 (`pip install tf_keras`), then "
                f"write a SavedModel, and open that: model.load_weights({prefix!r}); {saved}"
            )
        name = next((name for name in self.names if "model" in name), next(iter(self.names), "model"))
        passed = f"{name}=model" if name.isidentifier() else "model"
        return (
            "Build the objects with their code, then write a SavedModel, and open that: "
            f"tf.train.Checkpoint({passed}).restore({prefix!r}).expect_partial(); {saved}"
        )


@dataclass(frozen=True)
class OneLevelDown(Diagnosis):
    """A directory around modules: `found` has (name of the sub-directory, what it is), the best one first."""

    found: tuple[tuple[str, Diagnosis], ...]
    error = errors.ModelsBelowError

    def what(self) -> str:
        """See the base class."""
        names = first_names((name for name, _ in self.found), _SHOWN)
        # The search ends at the first level with any, so all of them are on the level of the last one.
        levels = self.found[-1][0].count("/") + 1
        high = "one level" if levels == 1 else f"{levels} levels"
        return f"is {high} too high; below it: {names}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        name, inner = self.found[0]
        below = join(path, name)
        return f"{below!r} {inner.what()}. {inner.remedy(below)}"

    def error_of(self, message: str) -> errors.HubError:
        """See the base class."""
        error = errors.ModelsBelowError(message)
        whole = [name for name, inner in self.found if inner.holds_saved_model]
        error.names = tuple(whole or (name for name, _ in self.found))
        return error


@dataclass(frozen=True)
class SeveralGraphs(Diagnosis):
    """A directory with several files that hold a graph each."""

    names: tuple[str, ...]
    error = errors.ModelsBelowError

    def what(self) -> str:
        """See the base class."""
        return f"is a directory with several graphs: {first_names(self.names, _SHOWN)}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return f"Pass the path of one of them, such as {join(path, self.names[0])!r}."

    def error_of(self, message: str) -> errors.HubError:
        """See the base class."""
        error = errors.ModelsBelowError(message)
        error.names = self.names
        return error


@dataclass(frozen=True)
class PartOfModule(Diagnosis):
    """A file or directory inside a saved model, which is at `whole`."""

    whole: str

    def what(self) -> str:
        """See the base class."""
        return "is part of a saved model"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return f"Pass the whole directory: {self.whole!r}."


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
    """A directory of other things; `models` has (name of a file, what it is) of models in other formats."""

    names: tuple[str, ...]
    models: tuple[tuple[str, FileKind], ...] = ()

    def what(self) -> str:
        """See the base class."""
        return f"is a directory without {GRAPH_FILE!r}; it holds {first_names(self.names, _SHOWN)}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        if self.models:
            name, kind = self.models[0]
            return f"{name!r} is {kind.what}. {kind.remedy_for(join(path, name))}"
        return f"Pass the directory that holds {MODULE_FILE!r} and {GRAPH_FILE!r}."


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
    """Files whose content Git LFS has not fetched."""

    names: tuple[str, ...]
    error = errors.DamagedModuleError

    def what(self) -> str:
        """See the base class."""
        return f"has Git LFS pointers instead of the content of {first_names(self.names, _SHOWN)}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return "Run `git lfs install` and `git lfs pull` in the repository that it comes from."


@dataclass(frozen=True)
class SingleFile(Diagnosis):
    """A file where a directory should be."""

    kind: FileKind

    def what(self) -> str:
        """See the base class."""
        return f"is {self.kind.what}"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return self.kind.remedy_for(path)


@dataclass(frozen=True)
class Nothing(Diagnosis):
    """A path to nothing. `nearest` is the lowest directory above that exists, `similar` a path like it."""

    nearest: str
    similar: str | None
    error = errors.MissingModuleError

    def what(self) -> str:
        """See the base class."""
        return "does not exist"

    def remedy(self, path: str) -> str:
        """See the base class."""
        # From the surest cause to the vaguest: nobody means a folder called $HOME, but a similar name may be
        # a coincidence.
        variable = unreplaced_variable(path)
        if variable:
            return f"Python does not expand {variable}; a shell does. Pass os.path.expandvars(path)."
        if self.similar:
            return f"Did you mean {self.similar!r}?"
        if self.nearest:
            return f"The path exists only up to {self.nearest!r}."
        return "Check the path; a relative one starts from the current directory."


@dataclass(frozen=True)
class BrokenLink(Diagnosis):
    """A symbolic link to nothing; the path itself, or a directory of it."""

    link: str
    target: str
    error = errors.MissingModuleError

    def what(self) -> str:
        """See the base class."""
        return f"does not exist: {self.link!r} is a symbolic link to {self.target!r}, which does not exist"

    def remedy(self, path: str) -> str:
        """See the base class."""
        return "Put the module where the link leads, or replace the link: ln -sfn TARGET LINK."


@dataclass(frozen=True)
class Unreadable(Diagnosis):
    """A file or directory that cannot be read."""

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
