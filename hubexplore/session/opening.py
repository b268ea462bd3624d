"""What a session's `load` is given, as a spec and the tags of a graph variant."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hubexplore.errors import SignatureError
from hubexplore.hub.loading import load_module_spec
from hubexplore.hub.resolve.nearest import open_nearest
from hubexplore.hub.spec import ModuleSpec
from hubexplore.session.graph_optimizer import is_dispensable
from hubexplore.summary.files.handle_names import variable_name
from hubexplore.summary.files.paths import text_of
from hubexplore.summary.lookup import default_tags
from hubexplore.summary.wishes import Signatures

_LOGGER: Final = logging.getLogger("hubexplore")


@dataclass(frozen=True)
class Opened:
    """What is to be loaded.

    Attributes:
      spec: of the module.
      name: to load it by.
      tags: of the graph variant.
      trainable: whether its variables can be trained.
    """

    spec: ModuleSpec
    name: str
    tags: Iterable[str] | None
    trainable: bool

    @functools.cached_property
    def needs_optimizer(self) -> bool:
        """Whether it runs only in a session with TensorFlow's graph optimizer."""
        return not is_dispensable(self.spec, self.tags, self.trainable)


def open_handle(  # noqa: PLR0917 - the arguments of `NotebookSession.load`
    handle: str | bytes | os.PathLike[str] | ModuleSpec,
    name: str | None,
    tags: Iterable[str] | None,
    trainable: bool,
    signatures: Signatures | None,
    lift_constants: bool,
) -> Opened:
    """Opens what `NotebookSession.load` is given, and logs what was chosen."""
    if name is None:
        name = "module" if isinstance(handle, ModuleSpec) else variable_name(text_of(handle))
    if isinstance(handle, ModuleSpec):
        if signatures is not None or lift_constants:
            raise SignatureError("signatures= and lift_constants= go with a path; a spec has its signatures.")
        spec = handle
    else:
        read = functools.partial(load_module_spec, signatures=signatures, lift_constants=lift_constants)
        opened = open_nearest(handle, read)
        spec = opened.value
        if opened.note:
            _LOGGER.info("%s", opened.note)
    if tags is None:
        tags = default_tags(spec.get_tags())
        if tags:
            _LOGGER.info("%s: the graph variant %s, the only one", name, list(tags))
    return Opened(spec, name, tags, trainable)
