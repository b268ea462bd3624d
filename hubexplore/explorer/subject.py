"""What is tried: its summary at once, and the live module of a graph variant when it is first run."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from hubexplore.errors import GraphError, HandleError
from hubexplore.hub.resolve import pinned
from hubexplore.hub.summarize import summarize
from hubexplore.session.tf_startup import import_tensorflow, quiet_tensorflow
from hubexplore.summary.diagnosis.saved_model_remedy import unsupported
from hubexplore.summary.files.paths import text_of
from hubexplore.summary.files.redaction import shown, without_access
from hubexplore.summary.graph.randomness import is_random
from hubexplore.summary.lookup import find_signature, find_variant
from hubexplore.summary.model import IN_MEMORY, TF1_SAVED_MODEL, TF2_SAVED_MODEL, ModuleSummary

if TYPE_CHECKING:
    from hubexplore.display.rich.summaries import Summary
    from hubexplore.hub.module import Module
    from hubexplore.hub.spec import ModuleSpec
    from hubexplore.session.session import NotebookSession

Tags = tuple[str, ...]


class Subject:
    """A module to try. Making one reads its summary, without TensorFlow; `where` loads what a run needs.

    Args:
      source: a handle, a path, a ModuleSpec, a Module of `session`, or a summary of any of these.
      session: of a Module; what else is loaded goes into a session of the subject's own.
      name: by which the notebook knows the Module; None for others.

    Raises:
      HubError: there is no such module, it cannot be run, or the session of a Module is not known.
    """

    def __init__(self, source: Any, session: NotebookSession | None = None, name: str | None = None) -> None:
        self.source = source
        self.summary: Summary = summarize(source)
        self._directory = self._absolute()
        self.name = name
        self._session = session
        self._own: NotebookSession | None = None
        self._modules: dict[Tags, Module] = {}
        self._loading = threading.Lock()
        self._closed = False
        self._random: dict[tuple[Tags, str], bool] = {}
        if self.summary.format == TF2_SAVED_MODEL:
            raise HandleError(
                f"The explorer runs TF1 Hub modules and TF1 SavedModels; {self.summary.title!r} is a TF2 "
                f"SavedModel. hubexplore.summarize({self.summary.title!r}) shows it, and "
                f"tf.saved_model.load({self.summary.title!r}) runs it."
            )
        if self._is_live() and session is None:
            raise GraphError(
                "This Module is in a graph whose session is not known here. Pass it: explore(module, "
                "session=session) with the NotebookSession that loaded it; or explore the module's path or "
                "spec, which is then loaded apart."
            )

    @property
    def handle(self) -> str | None:
        """What loads it again: a path or handle; None for what is in memory only."""
        if isinstance(self.source, (str, bytes, os.PathLike)):
            return text_of(self.source)
        if isinstance(self.source, ModuleSummary) and self.source.format != IN_MEMORY:
            return self.source.title
        return None

    @property
    def written_handle(self) -> str | None:
        """The handle as code has it, which others may read: without what gives access.

        The cache has the module without name and password; in place of a token stands `addresses.HIDDEN`.
        """
        return None if self.handle is None else shown(without_access(self.handle))

    def _absolute(self) -> str | None:
        """The handle, good for later, when the current directory may be another one."""
        if isinstance(self.source, ModuleSummary) and self.source.source and self.source.source.assets:
            return os.path.dirname(self.source.source.assets.directory)
        return None if self.handle is None else pinned(self.handle)

    @property
    def tags(self) -> Tags | None:
        """Of the variant that is loaded already; None where none is."""
        return tuple(sorted(self.source.tags)) if self._is_live() else None

    @property
    def dropped(self) -> tuple[str, ...]:
        """Collections of a TF1 SavedModel that only its training needs; a module cannot carry them."""
        return tuple(
            unsupported(each.name for variant in self.summary.variants for each in variant.collections)
        )

    def is_random(self, tags: Tags, signature: str) -> bool:
        """Whether the outputs of a signature are drawn at random."""
        key = (tags, signature)
        if key not in self._random:
            self._random[key] = self._draws(tags, signature)
        return self._random[key]

    def _draws(self, tags: Tags, name: str) -> bool:
        source = self.summary.source
        meta_graph = source.meta_graphs.get(tags) if source is not None else None
        variant = find_variant(self.summary, tags)
        found = find_signature(variant, name) if variant else None
        if meta_graph is None or found is None:
            return False
        ends = [
            [
                name
                for each in side
                for name in (each.tensor, *(part.tensor for part in each.components))
                if name
            ]
            for side in (found.inputs, found.outputs)
        ]
        return is_random(meta_graph, *ends)

    def has_loaded(self, tags: Tags) -> bool:
        """Whether the module with these tags can be run at once."""
        return tags in self._modules or tags == self.tags

    def where(self, tags: Tags) -> tuple[NotebookSession, Module]:
        """The module with these tags, loaded now if it is not yet, and its session. May take seconds.

        Loading runs the initialisers of the module's variables and tables, which are code of its author. So
        nothing calls this before the user asks for a run.

        Raises:
          HubError: it cannot be loaded, or the subject was closed meanwhile.
        """
        if self._session is not None and tags == self.tags:
            return self._session, self.source
        with self._loading:
            return self._loaded(tags)

    def _loaded(self, tags: Tags) -> tuple[NotebookSession, Module]:
        import_tensorflow()
        if self._closed:
            raise GraphError("The explorer was closed. Open another one: hubexplore.explore(...).")
        if self._own is None:
            from hubexplore.session.session import NotebookSession

            with quiet_tensorflow():  # the first session looks for devices
                self._own = NotebookSession("explorer")
        if tags not in self._modules:
            self._modules[tags] = self._load(self._own, tags)
        return self._own, self._modules[tags]

    def _load(self, session: NotebookSession, tags: Tags) -> Module:
        with quiet_tensorflow():  # the first run starts devices, of which there may be none
            return session.load(self._loadable(), "_".join(["module", *tags]), tags)

    def _loadable(self) -> str | ModuleSpec:
        from hubexplore.hub.saved_model import create_module_spec_from_saved_model
        from hubexplore.hub.spec import ModuleSpec

        if isinstance(self.source, ModuleSpec):
            return self.source
        if self._is_live():
            spec: ModuleSpec = self.source.spec
            return spec
        handle = self._directory
        if handle is None:
            raise HandleError(
                "This summary is of something in memory, which a summary alone cannot bring back. Explore "
                "the ModuleSpec or Module that it was made of."
            )
        if self.summary.format == TF1_SAVED_MODEL:
            return create_module_spec_from_saved_model(handle, self.dropped)
        return handle

    def close(self) -> None:
        """Frees what was loaded for it; a Module that was given stays. Ends a load that is under way."""
        self._closed = True
        self._modules.clear()
        if self._own is not None:
            self._own.close()
            self._own = None

    def _is_live(self) -> bool:
        return self.summary.live is not None and not isinstance(self.source, ModuleSummary)
