"""Refuses a module with dangers until the user trusts it, warns of it, or lets it pass.

Programs written for tensorflow_hub have to run unchanged, so `hub.Module` and `hub.load` warn. What
hubexplore runs on its own account (sessions, magics, the explorer, proofs of exports) is refused.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from hubexplore.display.wording import MAX_SENTENCE, counted, visible
from hubexplore.errors import HubSecurityWarning, SettingsFileError, UntrustedModuleError
from hubexplore.summary.capabilities.model import Capability
from hubexplore.trust import trusted

if TYPE_CHECKING:
    from hubexplore.summary.capabilities.model import Finding
    from hubexplore.summary.model import ModuleSummary
    from hubexplore.summary.module_directory import ModuleDirectory
    from hubexplore.trust.content import Content

Policy = Literal["refuse", "warn", "allow"]
POLICIES: Final[tuple[Policy, ...]] = get_args(Policy)
"""What happens with a module that has dangers and is not trusted."""

MAX_LISTED: Final = 8
"""Maximum number of findings that a message lists."""
MSG_REFUSED: Final = (
    "{title!r} was not run, because it can touch things outside of itself ({dangers}):\n{findings}\n"
    "If you trust it: {remedy}. That is remembered for this content; `hubexplore trust list` shows it."
)
MSG_WARNING: Final = (
    "{title!r} can touch things outside of itself ({dangers}):\n{findings}\n"
    "To see all of it: hubexplore.summarize(...).capabilities. If you trust it, and want no more warnings: "
    "hubexplore trust add PATH"
)
MSG_NOT_REMEMBERED: Final = "{title!r} is trusted in this process only: {reason}"


@dataclass(frozen=True)
class Suspect:
    """A module with dangers.

    Attributes:
      title: what displays call it.
      place: of its files.
      dangers: what was found in it, at least one.
    """

    title: str
    place: ModuleDirectory
    dangers: tuple[Finding, ...]


def suspect_in(summary: ModuleSummary, *, unknown: bool = True) -> Suspect | None:
    """Returns what the gate has to know of a module; None if it has no dangers, or is not on disk.

    Args:
      summary: of the module.
      unknown: whether ops count that TensorFlow lacks, and so refuses to run.
    """
    place = summary.source.place if summary.source is not None else None
    dangers = summary.capabilities.dangers if place is not None else ()
    if not unknown:
        dangers = tuple(finding for finding in dangers if finding.capability is not Capability.UNKNOWN)
    return Suspect(summary.title, place, dangers) if place is not None and dangers else None


class _State:
    """What this process knows: its policy, and the contents that were trusted or warned of."""

    def __init__(self) -> None:
        self.policy: Policy = "refuse"
        self.trusted: set[str] = set()
        self.warned: set[str] = set()
        # Two threads that load one module warn once.
        self.lock = threading.Lock()


_state: Final = _State()


def policy() -> Policy:
    """Returns what this process does with modules that have dangers and are not trusted."""
    return _state.policy


def set_policy(new: Policy) -> None:
    """Sets what this process does with modules that have dangers and are not trusted."""
    _state.policy = new


def forget_process() -> None:
    """Forgets what this process trusted and warned of, and its policy; the user's file stays."""
    _state.policy = "refuse"
    _state.trusted.clear()
    _state.warned.clear()


def is_trusted(suspect: Suspect) -> bool:
    """Whether the user trusts the content of a module. Reads all of its files.

    Raises:
      SettingsFileError: the user's list is damaged, or cannot be read.
      UnreadableModuleError: a file of the module cannot be read, or has changed since it was examined.
    """
    return trusted_content(suspect) is not None


def trusted_content(suspect: Suspect) -> Content | None:
    """Returns the content of a module if the user trusts it, else None; raises what `is_trusted` does."""
    content = _content_of(suspect)
    return content if _is_known(content.digest) else None


def _content_of(suspect: Suspect) -> Content:
    # On first use, for speed only: `%load_ext` sets the policy of the gate, and reads no module.
    from hubexplore.trust.content import content_of

    return content_of(suspect.place)


def _is_known(digest: str) -> bool:
    return digest in _state.trusted or trusted.is_trusted(digest)


def trust(suspect: Suspect) -> Content:
    """Trusts a content, in this process and, in the user's file, from now on; returns it.

    Where the file cannot be written it warns, and the content is trusted in this process only.

    Raises:
      UnreadableModuleError: a file of the module cannot be read, or has changed since it was examined: the
        user would trust something else than what the findings are about.
    """
    content = _content_of(suspect)
    digest = content.digest
    is_new = digest not in _state.trusted
    _state.trusted.add(digest)
    try:
        if is_new and not trusted.is_trusted(digest):
            trusted.add(digest, suspect.title, tuple(finding.sentence for finding in suspect.dangers))
    except SettingsFileError as error:
        text = MSG_NOT_REMEMBERED.format(title=suspect.title[:MAX_SENTENCE], reason=error)
        warnings.warn(text, HubSecurityWarning, stacklevel=_outside())
    return content


def trust_in_process(digest: str) -> None:
    """Trusts the content with a digest as long as this process lives: a caller elsewhere vouches for it."""
    _state.trusted.add(digest)


def require_trust(suspect: Suspect, *, trust_it: bool, remedy: str) -> Content | None:
    """Lets a module pass that is trusted, or that the policy lets pass.

    Args:
      suspect: the module.
      trust_it: whether the user says so now, which is remembered.
      remedy: what to type in order to trust it, for the message.

    Returns:
      The content that the user trusts; None if it is the policy that lets it pass.

    Raises:
      UntrustedModuleError: (a ValueError) it is not trusted.
      SettingsFileError: the user's list is damaged, or cannot be read.
      UnreadableModuleError: a file of the module cannot be read, or has changed since it was examined.
    """
    if trust_it:
        return trust(suspect)
    if _state.policy == "warn":
        warn(suspect)
    if _state.policy != "refuse":
        return None
    content = trusted_content(suspect)
    if content is None:
        error = UntrustedModuleError(_filled(MSG_REFUSED, suspect, remedy=remedy))
        error.findings = suspect.dangers
        raise error
    return content


def warn(suspect: Suspect) -> None:
    """Warns of a module that is not trusted, once for each content; not where the policy allows everything.

    Raises nothing: a program that ran with tensorflow_hub must go on.
    """
    if _state.policy == "allow":
        return
    try:
        digest = _content_of(suspect).digest
        known = _is_known(digest)
    except OSError:  # the list is damaged, or a file cannot be read, which whoever loads it reports
        digest, known = f"path {suspect.place.directory}", False
    with _state.lock:
        if known or digest in _state.warned:
            return
        _state.warned.add(digest)
    warnings.warn(_filled(MSG_WARNING, suspect), HubSecurityWarning, stacklevel=_outside())


def listed(dangers: Sequence[Finding], limit: int = MAX_LISTED) -> list[str]:
    """Returns the findings as sentences, each once; the last one says how many are left out."""
    sentences = list(dict.fromkeys(visible(finding.sentence, MAX_SENTENCE) for finding in dangers))
    left_out = len(sentences) - limit
    return sentences if left_out < 1 else [*sentences[:limit], f"... and {left_out:,} more"]


def _filled(message: str, suspect: Suspect, **words: str) -> str:
    return message.format(
        title=suspect.title[:MAX_SENTENCE],
        dangers=counted(len(suspect.dangers), "danger"),
        findings="\n".join(f"  - {sentence}" for sentence in listed(suspect.dangers)),
        **words,
    )


def _outside() -> int:
    """Returns the stack level of the user's code, for a warning of whoever calls this."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("hubexplore."):
        level, frame = level + 1, frame.f_back
    return level
