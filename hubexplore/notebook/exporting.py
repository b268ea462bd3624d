"""Writes a module, and finds out whether what was written gives the same results."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import tensorflow as tf

from hubexplore.errors import ExportExistsError
from hubexplore.hub.module import Module
from hubexplore.hub.training_checks import losses_unused, module_index, update_ops_never_run
from hubexplore.notebook.reports import ExportReport
from hubexplore.notebook.verify import compare_with_export
from hubexplore.summary.paths import for_tensorflow, is_url
from hubexplore.summary.reading import MODULE_FILE

# Tables that start empty; others are filled by their initialisers, from assets or constants.
_FILLED_BY_CALLS: Final = frozenset(
    {"MutableHashTableV2", "MutableHashTableOfTensorsV2", "MutableDenseHashTableV2"}
)


def export(
    module: Module, session: tf.compat.v1.Session, path: str, *, overwrite: bool, verify: bool
) -> ExportReport:
    """See `NotebookSession.export`."""
    with module.graph.as_default():
        if overwrite and not is_url(path) and os.path.lexists(path):
            _replace(module, session, path)
        else:
            module.export(path, session)
    compared = compare_with_export(module, session, path) if verify else ()
    warnings = (*_forgotten(module, path), *_left_behind(module, session))
    return ExportReport(path=path, compared=compared, warnings=warnings)


def _forgotten(module: Module, path: str) -> Iterator[str]:
    """What seems to have been forgotten in training."""
    source = module.summary().source
    before = source.weights.index if source and source.weights else None
    after = module_index(path)
    if before is not None and after is not None:
        yield from filter(None, [update_ops_never_run(module, before, after)])
    yield from filter(None, [losses_unused(module)])


def _left_behind(module: Module, session: tf.compat.v1.Session) -> Iterator[str]:
    """What the session holds but no module can: the entries of tables that were filled by calls."""
    graph = module.graph
    prefix = f"{module.scope}/"
    tables = [
        op for op in graph.get_operations() if op.type in _FILLED_BY_CALLS and op.name.startswith(prefix)
    ]
    if not tables or graph.finalized:
        return
    with graph.as_default(), tf.control_dependencies(None), tf.compat.v1.name_scope(None):
        sizes = [tf.raw_ops.LookupTableSizeV2(table_handle=op.outputs[0]) for op in tables]
    for op, size in zip(tables, session.run(sizes), strict=True):
        if size:
            name, entries = op.name.removeprefix(prefix), "1 entry" if size == 1 else f"{size:,} entries"
            yield (
                f"Table {name!r} has {entries} in this session. A module cannot hold the entries of such a "
                f"table, so the exported module starts without them."
            )


def _replace(module: Module, session: tf.compat.v1.Session, path: str) -> None:
    """Exports in the place of an earlier module, which stays until the new one is whole.

    Raises:
      ExportExistsError: (a FileExistsError) what is there is no module, so it is not removed.
    """
    target = Path(for_tensorflow(path))
    empty = target.is_dir() and not any(target.iterdir())
    if not empty and not (target / MODULE_FILE).is_file():
        raise ExportExistsError(
            f"{path!r} holds something that is no module. overwrite replaces modules only: remove it "
            f"yourself or choose another path."
        )
    with tempfile.TemporaryDirectory(prefix=f".{target.name[:40]}.", dir=target.parent) as beside:
        fresh, old = Path(beside, "new"), Path(beside, "old")
        module.export(fresh, session)
        target.replace(old)
        try:
            fresh.replace(target)
        except OSError:
            old.replace(target)
            raise
