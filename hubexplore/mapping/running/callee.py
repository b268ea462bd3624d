"""The signature that a data set is mapped through, loaded in a session."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import MapError
from hubexplore.hub.danger_check import require_trust
from hubexplore.hub.module import Module
from hubexplore.hub.quiet_start import start_devices
from hubexplore.hub.spec import ModuleSpec
from hubexplore.hub.tensor_info import TensorInfo
from hubexplore.inputs.fields import Field, fields
from hubexplore.session.batches import is_batched
from hubexplore.session.memory.estimate import rows_within
from hubexplore.session.opening import open_handle
from hubexplore.session.session import NotebookSession
from hubexplore.summary.lookup import named_signature, named_variant
from hubexplore.summary.tensor_values import Array
from hubexplore.trust.content import content_digest

MSG_TRUST: Final = "trust=True in this call, or hubexplore trust add {title!r}"


class Callee:
    """A signature of a live module as a function of arrays.

    Args:
      session: has the module.
      module: loaded there, or its name.
      signature: its name; None means the default one.
      is_private: whether only this code can change the values of its variables.

    Raises what `NotebookSession.call` raises for a module or signature that is not there.
    """

    def __init__(
        self, session: NotebookSession, module: Module | str, signature: str | None, is_private: bool
    ) -> None:
        self.session = session
        self._is_private = is_private
        self.runner = session.runner(module, signature)
        self.module: Module = self.runner.module
        self.signature = self.runner.signature
        self.title = str(getattr(self.module.spec, "title", self.module.name))

    @property
    def inputs(self) -> Mapping[str, TensorInfo]:
        """The inputs by name."""
        return self.runner.feeds.infos

    @property
    def outputs(self) -> Mapping[str, TensorInfo]:
        """The outputs by name."""
        return self.runner.output_infos

    @property
    def tags(self) -> list[str]:
        """Tags of the graph variant."""
        return sorted(self.module.tags)

    @property
    def fixed_rows(self) -> int | None:
        """The number of rows that the signature takes at a time; None where it takes any."""
        shapes = [info.get_shape() for info in self.inputs.values() if not is_batched(info)]
        sizes = {int(shape[0]) for shape in shapes if shape.rank}
        if any(map(is_batched, self.inputs.values())) or len(sizes) != 1:
            return None
        return sizes.pop()

    def results(self, arrays: Sequence[Array]) -> dict[str, Any]:
        """All outputs by name for the arrays of all inputs.

        Raises:
          tf.errors.OpError: as TensorFlow raises it, or explained.
        """
        try:
            return self.runner.results(arrays)
        except (tf.errors.OpError, RuntimeError) as error:
            explained = self.session.explanation(error, self.module)
            if explained is None:
                raise
            raise explained from error

    def rows_within(self, values: Mapping[str, Any], most: int) -> int:
        """Number of rows like these that a run can take in `most` bytes; see `estimate.rows_within`."""
        applied = self.session.applied(self.module, self.signature)
        return rows_within(applied, values, most)

    @functools.cached_property
    def fields(self) -> Mapping[str, Field]:
        """What the explorer knows of each input: whether it takes pictures, and how its strings are read."""
        summary = self.module.summary()
        variant = named_variant(summary, self.module.tags)
        signature = named_signature(variant, self.signature)
        meta_graph = summary.source.meta_graphs.get(variant.tags) if summary.source is not None else None
        return {field.name: field for field in fields(signature, variant, meta_graph)}

    def features(self, name: str) -> tuple[str, ...]:
        """Names of the features of the tf.Examples that an input takes; none for other inputs."""
        encoding = self.fields[name].encoding
        return tuple(feature.name for feature in encoding.features) if encoding.kind == "example" else ()

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the module's content, and of the values of its variables where code may change them."""
        place = getattr(self.module.spec, "place", None)
        if place is not None and self._is_private:
            return content_digest(place)
        whole = hashlib.sha256()
        if place is not None:
            whole.update(content_digest(place).encode())
        else:
            variant = self.module.spec.variant(self.module.tags)  # type: ignore[attr-defined]  # authored here
            whole.update(variant.meta_graph.graph_def.SerializeToString(deterministic=True))
        for name, value in sorted(self.session.variables(self.module).items()):
            whole.update(f"{name} {value.dtype} {value.shape}".encode())
            whole.update(value.tobytes())
        return whole.hexdigest()


@contextlib.contextmanager
def opened(
    module: Any,
    signature: str | None = None,
    session: NotebookSession | None = None,
    tags: Iterable[str] | None = None,
    trust: bool = False,
) -> Iterator[Callee]:
    """Yields a signature that can run; what is not loaded yet is loaded into a session of its own.

    Args:
      module: a handle, path or ModuleSpec; or, with `session`, a Module in it or its name.
      signature: its name; None means the default one.
      session: of a Module.
      tags: of the graph variant of a handle.
      trust: run it even if it can touch things outside of itself; remembered for its content.

    Raises what `NotebookSession.load` raises.
    """
    if isinstance(module, Module) or (session is not None and module in session.names):
        if session is None:
            raise MapError(
                "No known session holds the graph of this Module. Pass the NotebookSession that loaded it: "
                "hub.map(module, data, session=session), or session.map(module, data); or pass its handle."
            )
        yield Callee(session, module, signature, is_private=False)
        return
    if session is not None and isinstance(module, str) and not (":" in module or Path(module).exists()):
        session.module(module)  # says which names are loaded
    spec = open_spec(module, tags, trust)
    start_devices()
    with NotebookSession("map") as private:
        loaded = private.load(spec.spec, "module", spec.tags)
        yield Callee(private, loaded, signature, is_private=True)


def open_spec(module: Any, tags: Iterable[str] | None, trust: bool) -> Any:
    """Opens a handle, path or spec, and asks the gate.

    Raises:
      UntrustedModuleError: (a ValueError) it has dangers and is not trusted.
    """
    if not isinstance(module, (str, bytes, os.PathLike, ModuleSpec)):
        raise MapError(f"Expected a handle, a path, a ModuleSpec or a Module; got a {type(module).__name__}.")
    spec = open_handle(module, None, tags, False, None, False)
    remedy = MSG_TRUST.format(title=getattr(spec.spec, "title", "module"))
    require_trust(spec.spec, trust=trust, remedy=remedy)
    return spec
