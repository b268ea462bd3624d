"""Asks the gate before what a spec holds runs."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from hubexplore.errors import HubError
from hubexplore.summary.capabilities.model import Capability
from hubexplore.trust import gate
from hubexplore.trust.content import Content

if TYPE_CHECKING:
    from hubexplore.hub.definition import DefinedSpec
    from hubexplore.summary.capabilities.model import Finding

# Specs that the gate let pass, and the content that the user trusts; None where only a policy lets them pass.
# What loads them next neither asks nor warns again, unless their files have changed.
_passed: Final[weakref.WeakKeyDictionary[Any, Content | None]] = weakref.WeakKeyDictionary()

REMEDY: Final = "hubexplore trust add {title!r}"
"""What to type where no argument of a call says it."""


def suspect_of(spec: Any) -> gate.Suspect | None:
    """Returns what the gate has to know of a spec; None if it is harmless, or was made in this process."""
    dangers = tuple(finding for finding in getattr(spec, "dangers", ()) if not _is_refused(finding))
    place = getattr(spec, "place", None)
    return gate.Suspect(spec.title, place, dangers) if dangers and place is not None else None


def _is_refused(finding: Finding) -> bool:
    """Whether TensorFlow refuses to run the op, so that its own error is what the user needs to see."""
    if finding.capability is not Capability.UNKNOWN:
        return False
    # Here, since it brings TensorFlow, which a notebook imports later and quietly.
    from hubexplore.hub import tf_internals

    return tf_internals.op_def(finding.op) is None


def require_trust(spec: Any, *, trust: bool = False, remedy: str = "") -> None:
    """Lets a spec pass if its module has no dangers or is trusted, or if the policy lets it pass.

    Args:
      spec: of any class; those of other programs are not looked into.
      trust: whether the user says to trust it, which is remembered.
      remedy: what to type in order to trust it.

    Raises:
      UntrustedModuleError: (a ValueError) it is not trusted.
      SettingsFileError: the user's list of trusted modules is damaged, or cannot be read.
      UnreadableModuleError: its files have changed since the spec was made, or cannot be read.
    """
    if spec in _passed:
        confirm_unchanged(spec)
        return
    suspect = suspect_of(spec)
    if suspect is None:
        return
    remedy = remedy or REMEDY.format(title=suspect.title)
    _passed[spec] = gate.require_trust(suspect, trust_it=trust, remedy=remedy)


def confirm_unchanged(spec: Any) -> None:
    """Checks that the files of a spec that the user trusts are still what the user trusts.

    To be called once more after weights and assets were read, which happens after the gate has let it pass.

    Raises:
      UnreadableModuleError: one was changed, added or removed.
    """
    content = _passed.get(spec)
    if content is not None:
        content.confirm()


def warn_of_dangers(spec: DefinedSpec) -> None:
    """Warns of a spec that is not trusted, once for each content."""
    suspect = suspect_of(spec) if spec not in _passed else None
    if suspect is not None:
        gate.warn(suspect)


def warn_of_saved_model(directory: str, title: str) -> None:
    """Warns of a TF2 SavedModel that TensorFlow is about to load, as `warn_of_dangers` does of a spec."""
    # On first use, for speed only, as below.
    from hubexplore.hub.resolve.tf_filesystem import filesystem_of
    from hubexplore.summary.reading.directory import read_module

    try:
        summary = read_module(directory, filesystem_of(directory), title)
    except HubError:  # TensorFlow may load it all the same, or says what is wrong with it
        return
    suspect = gate.suspect_in(summary)
    if suspect is not None:
        gate.warn(suspect)


@contextlib.contextmanager
def inheriting_trust(spec: Any, path: str) -> Iterator[None]:
    """Trusts what is written to `path` inside of the `with` block, if it is made of a trusted spec.

    A module with dangers that was authored in this process, or that the user trusts, can so be loaded again.
    """
    dangers = getattr(spec, "dangers", ())
    if not dangers:
        yield
        return
    # Before it is written: `path` may be the directory that the spec was read from.
    is_own, content = suspect_of(spec) is None, _trusted_content(spec)
    yield
    # On first use, for speed only: nearly all modules have no dangers.
    from hubexplore.hub.resolve.tf_filesystem import filesystem_of
    from hubexplore.summary.module_directory import ModuleDirectory

    # What cannot be read now is not trusted, and asked for when it is loaded: the export itself succeeded.
    # Nor is what may have been copied from files that changed meanwhile.
    with contextlib.suppress(HubError):
        if content is not None and content.place.directory != path:
            content.confirm()
        if is_own or content is not None:
            gate.trust(gate.Suspect(path, ModuleDirectory(path, filesystem_of(path)), dangers))


def is_vouched_for(spec: Any) -> bool:
    """Whether a spec has no dangers, was made in this process, or has a content that the user trusts."""
    return suspect_of(spec) is None or _trusted_content(spec) is not None


def _trusted_content(spec: Any) -> Content | None:
    """Returns the content of a spec's files if the user trusts it, else None."""
    with contextlib.suppress(HubError):
        if spec in _passed:
            confirm_unchanged(spec)
            return _passed[spec]
        suspect = suspect_of(spec)
        return None if suspect is None else gate.trusted_content(suspect)
    return None
