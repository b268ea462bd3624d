"""A signature of a module as an object that other engines send to their workers."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from hubexplore.errors import MapError
from hubexplore.hub.quiet_start import quiet_tensorflow
from hubexplore.hub.resolve import pinned
from hubexplore.mapping.local import in_memory
from hubexplore.mapping.mapper import AUTO, MapOptions, Mapper
from hubexplore.mapping.running.callee import Callee, open_spec
from hubexplore.mapping.sources.choice import ARRAYS, Data, data_of
from hubexplore.mapping.sources.memory import array_source
from hubexplore.session.session import NotebookSession
from hubexplore.summary.files.paths import text_of
from hubexplore.trust import gate
from hubexplore.trust.content import content_digest

MSG_CHANGED: Final = (
    "{handle!r} is not the module that this Predictor was made for: its content has changed (digest {found}, "
    "expected {expected}). Make a new one: hub.Predictor({handle!r})."
)


class Predictor:
    """A signature as a function of rows, which can be pickled and loads the module where it is first called.

    ```python
    predictor = hub.Predictor("sample:digits")
    predictor({"images": images})                                        # a dict of arrays
    dataset.map_batches(hub.Predictor("sample:digits"), batch_format="numpy")  # Ray
    ```

    A process loads a module once, whatever number of predictors it gets, and checks that it is the module the
    predictor was made for. Rows that cannot be run on raise RowError.

    Args:
      handle: a handle or path; on another machine it has to lead to the same module.
      signature: its name; None means `default`, or `serving_default` of a SavedModel.
      inputs: the columns that the inputs take, as in `hubexplore.map`.
      outputs: the outputs that are wanted, as in `hubexplore.map`.
      tags: of the graph variant.
      batch_size: rows that TensorFlow gets at a time; "auto" chooses a number that fits into memory.
      trust: run the module even if it can touch things outside of itself; remembered for its content.

    Raises:
      UntrustedModuleError: (a ValueError) it has dangers and is not trusted.
      HubError: the module cannot be read.

    Attributes:
      handle: in a form that does not depend on the current directory.
      signature: its name, or None.
      digest: SHA-256 of the content of the module.
    """

    def __init__(
        self,
        handle: str | bytes | os.PathLike[str],
        signature: str | None = None,
        *,
        inputs: Mapping[str, Any] | str | None = None,
        outputs: Sequence[str] | Mapping[str, str] | str | None = None,
        tags: Iterable[str] | None = None,
        batch_size: int | str = AUTO,
        trust: bool = False,
    ) -> None:
        self.handle = pinned(text_of(handle))
        self.signature = signature
        self.tags = None if tags is None else tuple(sorted(tags))
        self.options = MapOptions(inputs, outputs, False, batch_size)
        self.options.check()
        # The gate lets it pass here, and by its digest then wherever a worker finds the same content.
        self.digest = content_digest(open_spec(self.handle, self.tags, trust).spec.place)

    def __call__(self, *batch: Any) -> Any:
        """Runs the signature on rows.

        Args:
          batch: a dict of arrays by input or column; a DataFrame or Series; a list of rows; or arrays, one
            for each input in the order of the signature.

        Returns:
          A dict of arrays by output for a dict; a DataFrame for a DataFrame; for arrays an array, if there is
          one output.

        Raises:
          MapError, RowError: (a ValueError) the rows do not fit.
        """
        with self.opened() as callee:
            data = self._data(callee, batch)
            return self._mapped(callee, data)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Callee]:
        """Yields the loaded signature; loads the module in this process if it was not loaded yet."""
        session = self.load()
        yield Callee(session, _NAME, self.signature, is_private=True)

    def load(self) -> NotebookSession:
        """Loads the module, unless this process has it already; returns the session that holds it.

        Raises:
          HubError: it is not there, or is another one.
        """
        with _LOADING:
            handle = _installed.get(self.digest, self.handle)
            return _loaded(handle, self.digest, self.tags)

    def _data(self, callee: Callee, batch: tuple[Any, ...]) -> Data:
        if len(batch) == 1:
            return data_of(batch[0], callee.inputs)
        if len(batch) != len(callee.inputs):
            raise MapError(f"The signature has the inputs {list(callee.inputs)}; got {len(batch)} arrays.")
        return Data(array_source(dict(zip(callee.inputs, map(np.asarray, batch), strict=True))), "array")

    def _mapped(self, callee: Callee, data: Data) -> Any:
        mapper = Mapper(callee, data.source, self.options, data.folder)
        try:
            result = in_memory(mapper, data, progress=False)
        finally:
            mapper.close()
        # A dict of arrays in, a dict of arrays out: rows of different shapes are objects.
        if data.kind == ARRAYS:
            return {name: _as_array(value) for name, value in result.items()}
        return result

    def __repr__(self) -> str:
        signature = "" if self.signature is None else f", {self.signature!r}"
        return f"Predictor({self.handle!r}{signature})"


def _as_array(value: Any) -> Any:
    return value if isinstance(value, np.ndarray) else np.fromiter(value, object, len(value))


_LOADING: Final = threading.Lock()
_NAME: Final = "module"


# As long as the process lives: a worker gets a new Predictor with each task, and loads its module once.
@functools.cache
def _loaded(handle: str, digest: str, tags: tuple[str, ...] | None) -> NotebookSession:
    """The session of this process with a module, which is called `_NAME` there."""
    gate.trust_in_process(digest)
    spec = open_spec(handle, tags, trust=False)
    found = content_digest(spec.spec.place)
    if found != digest:
        raise MapError(MSG_CHANGED.format(handle=handle, found=found[:12], expected=digest[:12]))
    # The first session of a process looks for devices. The workers of an engine write into the notebook.
    with quiet_tensorflow():
        session = NotebookSession("predictor")
        session.load(spec.spec, _NAME, spec.tags)
    return session


# Where files lie that travelled to this process, by the digest of their module.
_installed: Final[dict[str, str]] = {}


def installed(digest: str, path: str) -> None:
    """Tells predictors of this process where the files of a module are that travelled to it."""
    _installed[digest] = path
