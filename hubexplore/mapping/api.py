"""`hubexplore.map`: a whole data set through a module."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubexplore.errors import MapError
from hubexplore.mapping.cluster.engine import client_of, is_dask, lazily
from hubexplore.mapping.cluster.engine import to_files as cluster_to_files
from hubexplore.mapping.local import in_memory, stream
from hubexplore.mapping.mapper import AUTO, Errors, MapOptions, Mapper
from hubexplore.mapping.predictor import Predictor
from hubexplore.mapping.running.callee import Callee, opened
from hubexplore.mapping.sources.choice import Data, data_of
from hubexplore.mapping.sources.file_reader import require_pyarrow
from hubexplore.summary.files.paths import local_to_write

if TYPE_CHECKING:
    from hubexplore.session.session import NotebookSession


TARGET = "The folder for the result"


def map(  # noqa: A001 - the public name is hubexplore.map
    module: Any,
    data: Any,
    *,
    signature: str | None = None,
    inputs: Mapping[str, Any] | str | None = None,
    outputs: Sequence[str] | Mapping[str, str] | str | None = None,
    keep: Sequence[Any] | bool = False,
    batch_size: int | str = AUTO,
    to: str | os.PathLike[str] | None = None,
    engine: Any = "local",
    resume: bool = True,
    errors: Errors = "raise",
    session: NotebookSession | None = None,
    tags: Iterable[str] | None = None,
    trust: bool = False,
    progress: bool | None = None,
) -> Any:
    """Runs a signature on all rows of a data set, in order, in batches that fit into memory.

    ```python
    scores = hub.map("sample:digits", frame, inputs={"images": "path"})          # a DataFrame again
    hub.map("sample:digits", "data/*.parquet", to="scores", errors="collect")    # Parquet files in scores/
    ```

    Args:
      module: a handle, path or ModuleSpec; a `Predictor`; with `session`, a Module of it or its name.
      data: a pandas DataFrame or Series; an array or a dict of arrays; a path, a list of `Path`s or a pattern
        of Parquet, CSV, JSONL or TFRecord files, or of pictures; a folder of either; a `tf.data.Dataset`; an
        iterable of rows; a Dask DataFrame.
      signature: its name; None means `default`, or `serving_default` of a SavedModel.
      inputs: for each input the column it takes, or a list of columns whose values side by side are a row, or
        a value for all rows. By default an input takes the column of its name, and the only input the only
        column. A column of paths to pictures, or of their bytes, is decoded for an input of pictures, and an
        input of serialized tf.Examples takes the columns of its features.
      outputs: names of the outputs that are wanted, or a dict of their columns; all by default.
      keep: columns of the data that the result has as well; True keeps all of them.
      batch_size: number of rows that TensorFlow gets at a time. "auto" takes as many as keep its tensors
        small, and a single row where the results of a row depend on the others in its batch.
      to: folder for the result, as Parquet files that are written one after the other.
      engine: "local", or a `dask.distributed.Client`, on whose workers it runs.
      resume: whether to continue what an interrupted call with the same arguments left in `to`; False begins
        again.
      errors: "raise" ends at the first row that fails; "collect" leaves such rows out of the result, and
        returns a pair of it and a DataFrame with the row, file and reason of each.
      session: that holds the module; by default the module is loaded for this call alone.
      tags: of the graph variant of a handle.
      trust: run a module even if it can touch things outside of itself, such as files; remembered for its
        content.
      progress: whether to show a bar with rows per second and the remaining time; None shows one after a
        second.

    Returns:
      The same kind as the data, with a column for each output: a DataFrame with its index (nested arrays are
      an array per row), a Series if there is one output, a dict of arrays, a `tf.data.Dataset` or iterator of
      dicts that computes while it is read, a lazy Dask DataFrame. A DataFrame for files. With `to` a
      `MappedFiles`. Row i of the result belongs to row i of the data.

    Raises:
      MapError: (a ValueError) the data, the columns or the arguments do not fit.
      RowError: (a MapError) a row on which the module cannot be run: its number, file and reason.
      MapTargetError: (an OSError) `to` is in use, full, or holds something else.
      UntrustedModuleError: (a ValueError) the module has dangers, and is not trusted.
    """
    options = MapOptions(inputs, outputs, keep, batch_size, errors)
    options.check()
    if engine != "local":
        client_of(engine)  # first of all, whether it is one
    if engine != "local" or is_dask(data):
        predictor = _predictor(module, signature, session, tags, trust)
        if to is None:
            return lazily(predictor, data, options, engine)
        folder = Path(local_to_write(to, TARGET))
        files = cluster_to_files(predictor, data, options, engine, folder, resume=resume, progress=progress)
        return (files, files.errors) if errors == "collect" else files
    with contextlib.ExitStack() as stack:
        callee = stack.enter_context(_opened(module, signature, session, tags, trust))
        source = data_of(data, callee.inputs)
        mapper = _mapper(callee, source, options, stack)
        if to is not None:
            require_pyarrow("Writing Parquet files")
            from hubexplore.mapping.parts.to_files import to_files

            files = to_files(mapper, Path(local_to_write(to, TARGET)), resume, progress)
            return (files, files.errors) if errors == "collect" else files
        if not source.is_stream:
            return in_memory(mapper, source, progress)
        if errors == "collect":
            raise MapError(
                "The result of an iterable is computed while it is read, so failed rows cannot be collected. "
                "Add to=FOLDER, or pass a list."
            )
        return stream(mapper, source, progress, stack.pop_all())


def _predictor(
    module: Any, signature: str | None, session: NotebookSession | None, tags: Any, trust: bool
) -> Predictor:
    """What goes to the workers of a cluster."""
    if isinstance(module, Predictor):
        return module
    if session is not None or not isinstance(module, (str, bytes, os.PathLike)):
        raise MapError(
            "Workers of a cluster load the module from its files: pass its handle or path. A module that "
            "exists only here, or was trained here, can be written first: session.export(module, PATH)."
        )
    return Predictor(module, signature, tags=tags, trust=trust)


def _opened(
    module: Any, signature: str | None, session: NotebookSession | None, tags: Any, trust: bool
) -> contextlib.AbstractContextManager[Callee]:
    if not isinstance(module, Predictor):
        return opened(module, signature, session, tags, trust)
    if signature not in (None, module.signature):
        raise MapError(f"The Predictor is of signature {module.signature!r}; got {signature!r}.")
    return module.opened()


def _mapper(callee: Callee, data: Data, options: MapOptions, stack: contextlib.ExitStack) -> Mapper:
    mapper = Mapper(callee, data.source, options, data.folder)
    stack.callback(mapper.close)
    return mapper
