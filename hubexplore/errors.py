"""What can go wrong, one class per broken rule.

Each class is a `HubError` and also the builtin that callers of `hub.Module` already catch, so
`except ValueError` written years ago goes on working and `except HubError` catches all of them.
A message states the rule, what was found, and what to write instead.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

_MAX_CANDIDATES: Final = 3000
"""Maximum number of existing names that a mistyped one is compared with; that many take about 50 ms."""

MSG_AGAIN: Final = "Copy or download the module again."
"""What all errors about a damaged module advise."""


class HubError(Exception):
    """Base of every error that hubexplore raises on purpose."""

    # AutoGraph turns errors within Dataset.map and tf.function into a StagingError, but those with this.
    ag_pass_through = True
    # Keras wraps errors within a layer into others with more text around theirs, but not those with this.
    _keras_call_info_injected = True

    def __str__(self) -> str:
        # As it is, also for a KeyError, which would show the repr of its argument, and for TensorFlow's
        # errors, which have it as `message`. A traceback prints it, with names that strangers chose.
        text = str(getattr(self, "message", Exception.__str__(self)))
        return "\n".join(map(printable, text.split("\n")))


class MissingModuleError(HubError, FileNotFoundError, ValueError, RuntimeError):
    """Nothing exists at the path or handle."""


class NotAModuleError(HubError, ValueError, RuntimeError):
    """Something is at the path, but not a TF1 Hub module; the message says what it is."""


class ModelsBelowError(NotAModuleError):
    """The directory is not a module, but there are modules or SavedModels below it.

    Attributes:
      names: their paths from the directory, newest version first.
    """

    names: tuple[str, ...] = ()


class DamagedModuleError(HubError, ValueError, OSError, RuntimeError):
    """A module whose files are truncated, altered or incomplete."""


class UnreadableModuleError(HubError, PermissionError, ValueError, RuntimeError):
    """Something is at the path, but this user may not read it, or the disk or connection fails."""


class UnsupportedFormatError(HubError, ValueError, RuntimeError):
    """`tfhub_module.pb` names a format or a required feature that this version does not support."""


class ArchiveError(HubError, OSError, ValueError, RuntimeError):
    """An archive that is damaged, or that would write outside of its directory."""


class SettingError(HubError, ValueError):
    """An environment variable with an invalid value."""


class SettingsFileError(HubError, OSError, ValueError):
    """A file of the user's settings that is damaged, or that cannot be read or written."""


class UntrustedModuleError(HubError, ValueError, RuntimeError):
    """A module can touch something outside of itself, and the user has not said to trust it.

    Attributes:
      findings: the dangers, as `ModuleSummary.capabilities` has them.
    """

    findings: tuple[object, ...] = ()


class DownloadError(HubError, OSError, RuntimeError):
    """A handle could not be fetched."""


class HandleError(HubError, ValueError, RuntimeError):
    """A handle in a form that no resolver supports."""


class MissingExtraError(HandleError, ImportError):
    """A package that this kind of handle needs is not installed; the message says what to install."""


class PathError(HandleError, OSError, TypeError):
    """A path that cannot be used: empty, not a path at all, or not usable for this purpose."""


class AuthoringError(HubError, ValueError):
    """A `module_fn`, signature or attachment that breaks a rule of the format."""


class UnsupportedCollectionError(AuthoringError):
    """A graph holds a collection that a module cannot carry."""


class NoSuchVariantError(HubError, KeyError, ValueError, RuntimeError):
    """The module has no graph variant with the requested tags."""


class TagsError(HubError, TypeError, ValueError):
    """Tags of a graph variant that are not a collection of str."""


class NoSuchSignatureError(HubError, KeyError, ValueError):
    """The graph variant has no signature of the requested name."""


class NoSuchScopeError(HubError, KeyError, ValueError):
    """A diagram was asked to expand a name that is not in the graph."""


class DiagramError(HubError, RuntimeError, ValueError):
    """A diagram that cannot be drawn: no `dot` program, no time left, or an unknown file ending."""


class NoSuchModuleError(HubError, KeyError):
    """No module of this name is loaded."""


class NoSuchTensorError(HubError, KeyError):
    """A call of a module has no tensor of this name."""


class NoSuchCallError(HubError, KeyError):
    """The log of calls has no such entry, or cannot run it again."""


class NoSuchSessionError(HubError, KeyError):
    """No session of this name is open."""


class NoSuchMessageError(HubError, KeyError):
    """A message that was declared required is not attached."""


class NoSuchNameError(HubError, AttributeError):
    """hubexplore has no public name like this one; the message says what to write instead."""


class NoSuchImportError(HubError, ImportError):
    """`from hubexplore import name` with a name that does not exist; the message says what to write."""


class RemovedNameError(HubError, AttributeError):
    """A name of TensorFlow 1 that today's TensorFlow does not have; the message says what to write."""


class RemovedImportError(HubError, ModuleNotFoundError):
    """An import of something that today's TensorFlow does not have; the message says what to write."""


class MissingProgramError(HubError, OSError):
    """The program that `hubexplore run` is to run cannot be read."""


class BrokenImportError(HubError, ImportError):
    """TensorFlow cannot be imported because an earlier import of it in this process was broken off."""


class SignatureError(HubError, TypeError, ValueError):
    """Arguments or results that do not fit the signature: missing, extra, dtype, shape, kind."""


class TooLargeError(HubError, MemoryError):
    """Inputs that would need more memory than there is."""


class LayerError(HubError, ValueError):
    """A Keras layer that cannot be made or called in this way."""


class GraphError(HubError, RuntimeError):
    """The wrong graph, no graph at all, or a name scope that is already taken."""


class ScopeNameError(HubError, ValueError, RuntimeError):
    """A name that TensorFlow cannot give to a scope, or in which ops would get names that others have."""


class CheckpointMismatchError(HubError, ValueError, RuntimeError):
    """A checkpoint whose variables do not fit those of the module."""


class ExportError(HubError, OSError, ValueError, RuntimeError):
    """An export that could not be completed; the target is as it was before."""


class ExportExistsError(ExportError, FileExistsError):
    """The target of an export already holds something."""


class CutError(HubError, ValueError):
    """A part of a module that cannot be cut out, or a cut that does not give what the module gives."""


class ConversionError(HubError, ValueError):
    """A conversion that was asked for in a way that the format does not have."""


class UnconvertibleError(ConversionError):
    """Ops of a signature that the format lacks; nothing was written.

    Attributes:
      ops: their types.
      cut: arguments of `spec.cut` for a part that has none of them; None if there is none.
    """

    ops: tuple[str, ...] = ()
    cut: Mapping[str, object] | None = None


class MissingConverterError(ConversionError, ImportError):
    """A package that a conversion needs is not installed; the message says what to install."""


class FailedConversionError(ConversionError, RuntimeError):
    """A converter failed, ended or ran out of time; nothing was written.

    Attributes:
      ops: types of the ops that it named, if it did.
    """

    ops: tuple[str, ...] = ()


class CardError(HubError, ValueError, FileExistsError):
    """A card of a model that cannot be written to a file: another ending, or something is there."""


class MapError(HubError, ValueError, RuntimeError):
    """Data, arguments or results of `hubexplore.map` that do not fit."""


class MissingDataError(MapError, FileNotFoundError):
    """There is no data at a path or pattern."""


class DamagedDataError(MapError, OSError):
    """A file of data that is cut, empty or not what its name says."""


class RowError(MapError):
    """A row that a module cannot be run on.

    Attributes:
      row: its number in the data, from 0.
      file: the file that it is in; empty where it is in none.
    """

    row: int = -1
    file: str = ""


class MapTargetError(MapError, OSError):
    """A folder of results that cannot be written or continued; what it holds is as before."""


class RowLeakWarning(UserWarning):
    """The results of a row depend on the other rows in its batch."""


class GraphGrowthWarning(UserWarning):
    """A graph grows with every call or load, and with it the time and memory of each."""


class HubSecurityWarning(UserWarning):
    """A module that is about to run can touch something outside of itself."""


def printable(text: str) -> str:
    r"""Returns `text` with each unprintable character, line ends too, as its escape (`\x1b`)."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


@contextlib.contextmanager
def reading(what: str, *errors: type[Exception]) -> Iterator[None]:
    """Turns the parser's errors about a part of a module into a DamagedModuleError that names the part."""
    try:
        yield
    except errors as error:
        raise DamagedModuleError(f"{what} is truncated or altered: {error}. {MSG_AGAIN}") from error


def closest(name: str, existing: Iterable[str]) -> str:
    """Returns `" Did you mean 'x'?"` for the existing name nearest to `name`, or `""`.

    Of more than 3,000 names only those that begin or end like `name` are compared.
    """
    names = list(existing)
    if len(names) > _MAX_CANDIDATES:
        names = [other for other in names if other[:2] == name[:2] or other[-2:] == name[-2:]]
    match = difflib.get_close_matches(name, names[:_MAX_CANDIDATES], n=1, cutoff=0.6)
    return f" Did you mean {match[0]!r}?" if match else ""
