"""The module that is explored: its summary at once, the live module when a graph variant is first run."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from hubexplore.display.rich.summaries import displayable
from hubexplore.errors import GraphError, HandleError, ModelsBelowError
from hubexplore.hub.quiet_start import quiet_tensorflow
from hubexplore.hub.resolve import pinned
from hubexplore.hub.resolve.nearest import models_in
from hubexplore.hub.summarize import summarize, summarize_nearest
from hubexplore.session.tf_startup import import_tensorflow
from hubexplore.summary.files.paths import text_of
from hubexplore.summary.files.redaction import redacted, without_access
from hubexplore.summary.graph.randomness import is_random
from hubexplore.summary.graph.sounds import Sounds, find_sounds
from hubexplore.summary.lookup import find_signature, find_variant
from hubexplore.summary.model import FROZEN_GRAPH, IN_MEMORY, TRAINING_CHECKPOINT, ModuleSummary
from hubexplore.summary.wishes import NO_WISHES, Wishes
from hubexplore.trust.gate import Suspect, is_trusted, policy, suspect_in, trust

if TYPE_CHECKING:
    from hubexplore.display.rich.summaries import Summary
    from hubexplore.hub.module import Module
    from hubexplore.hub.spec import ModuleSpec
    from hubexplore.session.session import NotebookSession
    from hubexplore.summary.model import SignatureSummary
    from hubexplore.summary.wishes import Signatures

Tags = tuple[str, ...]

MSG_TRUST: Final = 'hubexplore.explore({handle!r}, trust=True), or click "Trust and run" in the Try tab'
PICKED: Final = "picked"
"""Name of the signature that is made of tensors that were picked in the graph."""


class Subject:
    """A module to try. The constructor reads its summary, without TensorFlow; `where` loads what a run needs.

    Args:
      source: a handle, a path, a ModuleSpec, a Module of `session`, or a summary of any of these. Of a folder
        with several models it is the newest version.
      session: the session of a Module; anything else is loaded into a private session of the subject.
      name: the Module's name in the notebook; None if the source is not a Module.
      signatures: of a frozen graph or a training checkpoint; see `load_module_spec`.

    Raises:
      HubError: the module does not exist or cannot be run, or the session of a Module is unknown.
    """

    def __init__(
        self,
        source: Any,
        session: NotebookSession | None = None,
        name: str | None = None,
        signatures: Signatures | None = None,
    ) -> None:
        self.summary: Summary
        self._asked = signatures
        self.versions: Mapping[str, str] = {}
        """Name -> handle of all models in the folder that was passed as the source, newest version first."""
        self.source, self.summary = self._opened(source)
        self._directory = self._absolute()
        self.name = name
        self._session = session
        self._private_session: NotebookSession | None = None
        self._modules: dict[Tags, Module] = {}
        self._loading = threading.Lock()
        self._closed = False
        self._is_trusted = False
        self._random: dict[tuple[Tags, str], bool] = {}
        self._sounds: dict[tuple[Tags, str], Sounds] = {}
        if self._is_live() and session is None:
            raise GraphError(
                "No known session holds the graph of this Module. Pass the NotebookSession that loaded it: "
                "explore(module, session=session). Or explore the module's path or spec, which is then "
                "loaded into a session of its own."
            )

    def _opened(self, source: Any) -> tuple[Any, Summary]:
        """Returns the source and its summary: of a folder, the newest or only model in it."""
        if not isinstance(source, (str, bytes, os.PathLike)):
            return source, summarize(source, signatures=self._asked)
        try:
            opened = summarize_nearest(source, self._asked)
        except ModelsBelowError as error:
            self.versions = models_in(source, error)
            opened = summarize_nearest(next(iter(self.versions.values())), self._asked)
        else:
            self.versions = opened.versions
        return opened.handle, opened.value

    @property
    def handle(self) -> str | None:
        """The path or handle that loads the module again; None if it exists in memory only."""
        if isinstance(self.source, (str, bytes, os.PathLike)):
            return text_of(self.source)
        if isinstance(self.source, ModuleSummary) and self.source.format != IN_MEMORY:
            return self.source.title
        return None

    @property
    def written_handle(self) -> str | None:
        """The handle as it is written into code that others may read, without credentials.

        The cache finds the module without user name and password; `redaction.HIDDEN` replaces a token.
        """
        return None if self.handle is None else redacted(without_access(self.handle))

    def _absolute(self) -> str | None:
        """Returns the handle in a form that survives a change of the current directory."""
        if isinstance(self.source, ModuleSummary) and self.source.source and self.source.source.assets:
            return os.path.dirname(self.source.source.assets.directory)
        return None if self.handle is None else pinned(self.handle)

    @property
    def tags(self) -> Tags | None:
        """Tags of the live Module that was passed as the source; None for other sources."""
        return tuple(sorted(self.source.tags)) if self._is_live() else None

    @property
    def wishes(self) -> Wishes:
        """What has to be said of its graph to load it as it is shown."""
        return NO_WISHES if self.summary.source is None else self.summary.source.wishes

    @property
    def can_pick(self) -> bool:
        """Whether tensors of the graph can become a signature: it is on disk and declares none itself."""
        return self.handle is not None and self.summary.format in (FROZEN_GRAPH, TRAINING_CHECKPOINT)

    @property
    def can_cut(self) -> bool:
        """Whether a part of it can become a module: there is something to load it from."""
        return self.tags is not None or not isinstance(self.source, ModuleSummary) or self.handle is not None

    def pick(self, inputs: Iterable[str] | None, outputs: Iterable[str]) -> None:
        """Adds the signature PICKED on these tensors, or replaces it.

        Without inputs it takes the placeholders that the outputs need. The module is loaded again when it
        runs.

        Raises:
          HubError: they are not a signature; nothing has changed.
        """
        picked = None if inputs is None else list(inputs)
        signatures = {**(self.wishes.signatures or {}), PICKED: (picked, list(outputs))}
        summary = summarize(self._directory or self.source, signatures=signatures)
        with self._loading:
            self.summary = displayable(replace(summary, title=self.summary.title))
            self._modules.clear()
            self._random.clear()
            self._sounds.clear()
            vars(self).pop("suspect", None)
            session, self._private_session = self._private_session, None
        if session is not None:
            session.close()

    def signature(self, tags: Tags, name: str) -> SignatureSummary | None:
        """Returns the summary of a signature; None if the module has no such signature or variant."""
        variant = find_variant(self.summary, tags)
        return find_signature(variant, name) if variant else None

    def is_random(self, tags: Tags, signature: str) -> bool:
        """Whether the outputs of a signature are drawn at random."""
        # Cached: the answer walks the whole graph that the outputs need, and every run asks for it.
        key = (tags, signature)
        if key not in self._random:
            self._random[key] = self._draws(tags, signature)
        return self._random[key]

    def sounds(self, tags: Tags, signature: str) -> Sounds:
        """Returns which inputs and outputs of a signature are sound."""
        key = (tags, signature)
        if key not in self._sounds:
            source, variant = self.summary.source, find_variant(self.summary, tags)
            meta_graph = source.meta_graphs.get(tags) if source is not None else None
            found = find_signature(variant, signature) if variant else None
            if variant is None or found is None:
                return Sounds()
            self._sounds[key] = find_sounds(found, variant.messages, meta_graph)
        return self._sounds[key]

    def _draws(self, tags: Tags, name: str) -> bool:
        source = self.summary.source
        meta_graph = source.meta_graphs.get(tags) if source is not None else None
        signature = self.signature(tags, name)
        if meta_graph is None or signature is None:
            return False
        inputs, outputs = (
            [tensor for value in values for tensor in value.tensors if tensor]
            for values in (signature.inputs, signature.outputs)
        )
        return is_random(meta_graph, inputs, outputs)

    @functools.cached_property
    def suspect(self) -> Suspect | None:
        """What it can touch outside of itself; None if that is nothing, or if its user has loaded it."""
        # Ops that a library of the user has registered are asked for when the session loads it.
        return None if self._is_live() else suspect_in(self.summary, unknown=False)

    @property
    def needs_trust(self) -> bool:
        """Whether it is not run before `trust` is called. Reads all files of a module with dangers.

        Raises:
          SettingsFileError: the user's list of trusted modules is damaged, or cannot be read.
        """
        if self.suspect is None or self._is_trusted or policy() != "refuse":
            return False
        self._is_trusted = is_trusted(self.suspect)
        return not self._is_trusted

    def trust(self) -> None:
        """Trusts it, which is remembered for its content in the user's settings."""
        if self.suspect is not None:
            trust(self.suspect)
        self._is_trusted = True

    def has_loaded(self, tags: Tags) -> bool:
        """Whether the module with these tags can be run at once."""
        return tags in self._modules or tags == self.tags

    def where(self, tags: Tags) -> tuple[NotebookSession, Module]:
        """Returns the session and the module of a variant, which is loaded first if necessary (seconds).

        Loading runs the initialisers of the module's variables and tables, which are code of its author.
        Therefore nothing calls this before the user asks for a run.

        Raises:
          UntrustedModuleError: it can touch things outside of itself, and is not trusted.
          HubError: the module cannot be loaded, or the subject has been closed meanwhile.
        """
        if self._session is not None and tags == self.tags:
            return self._session, self.source
        # A run that was cancelled while it loads goes on loading in its thread; the next run must wait for it
        # instead of loading the module twice.
        with self._loading:
            return self._loaded(tags)

    def _loaded(self, tags: Tags) -> tuple[NotebookSession, Module]:
        import_tensorflow()
        # Asked after the import, which takes seconds in which the subject may be closed.
        if self._closed:
            raise GraphError("The explorer was closed. Open another one: hubexplore.explore(...).")
        if self._private_session is None:
            from hubexplore.session.session import NotebookSession

            with quiet_tensorflow():  # the first session looks for devices
                self._private_session = NotebookSession("explorer")
        if tags not in self._modules:
            self._modules[tags] = self._load(self._private_session, tags)
        return self._private_session, self._modules[tags]

    def _load(self, session: NotebookSession, tags: Tags) -> Module:
        with quiet_tensorflow():  # the first run starts devices, of which there may be none
            return session.load(self.spec(), "_".join(["module", *tags]), tags)

    def spec(self) -> ModuleSpec:
        """Returns the spec that is loaded for a run.

        Raises:
          UntrustedModuleError: it can touch things outside of itself, and is not trusted.
          HubError: it cannot be read again.
        """
        from hubexplore.hub.danger_check import require_trust

        spec = self._loadable()
        require_trust(spec, remedy=MSG_TRUST.format(handle=self.written_handle or "module"))
        return spec

    def _loadable(self) -> ModuleSpec:
        from hubexplore.hub.loading import open_spec
        from hubexplore.hub.spec import ModuleSpec

        if isinstance(self.source, ModuleSpec):
            return self.source
        if self._is_live():
            spec: ModuleSpec = self.source.spec
            return spec
        handle = self._directory
        if handle is None:
            raise HandleError(
                "This summary describes a module that exists in memory only, and a summary alone cannot run "
                "it. Explore the ModuleSpec or Module that it was made from."
            )
        return open_spec(handle, signatures=self.wishes.signatures, lift_constants=self.wishes.lift_constants)

    def close(self) -> None:
        """Frees what was loaded for the subject, not a Module that was passed in; a pending load fails."""
        # Without the lock, which a load in another thread may hold for seconds.
        self._closed = True
        self._modules.clear()
        if self._private_session is not None:
            self._private_session.close()
            self._private_session = None

    def _is_live(self) -> bool:
        return self.summary.live is not None and not isinstance(self.source, ModuleSummary)
