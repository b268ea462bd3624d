"""Writes a module and collects what its author should know about the result."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

import tensorflow as tf

from hubexplore.hub.danger_check import require_trust
from hubexplore.hub.definition import DefinedSpec
from hubexplore.hub.inspection.training_checks import losses_unused, module_index, update_ops_never_run
from hubexplore.hub.module import Module
from hubexplore.session.export.report import ExportReport
from hubexplore.session.export.verification import compare_with_export

# Tables that start empty; others are filled by their initialisers, from assets or constants.
_FILLED_BY_CALLS: Final = frozenset(
    {"MutableHashTableV2", "MutableHashTableOfTensorsV2", "MutableDenseHashTableV2"}
)
MSG_TRUST: Final = "hubexplore trust add {title!r}; or write it without running it: verify=False"
_IMPORT: Final = "LookupTableImportV2"


def export(
    module: Module, session: tf.compat.v1.Session, path: str, *, overwrite: bool, verify: bool
) -> ExportReport:
    """See `NotebookSession.export`."""
    if verify:
        # Before anything is written: to verify it, its signatures run.
        require_trust(module.spec, remedy=MSG_TRUST.format(title=getattr(module.spec, "title", "")))
    changed = tuple(_changed_assets(module))
    with module.graph.as_default():
        module.export(path, session, overwrite=overwrite)
    compared = compare_with_export(module, session, path) if verify else ()
    warnings = (*changed, *_forgotten_steps(module, path), *_unsaved_entries(module, session))
    return ExportReport(path=path, compared=compared, warnings=warnings)


def _changed_assets(module: Module) -> Iterator[str]:
    """Warnings of assets that changed after the module was loaded, which its tables do not reflect."""
    spec = module.spec
    for path in spec.asset_files.changed() if isinstance(spec, DefinedSpec) else ():
        yield (
            f"Asset {os.path.basename(path)!r} was modified after the module was loaded. The export "
            f"holds the file as it is now; tables of this session hold what was in it when they were "
            f"initialised. Load the module again to use it as it is now."
        )


def _forgotten_steps(module: Module, path: str) -> Iterator[str]:
    """Warnings of steps that seem to have been forgotten in training."""
    source = module.summary().source
    before = source.weights.index if source and source.weights else None
    after = module_index(path)
    if before is not None and after is not None:
        yield from filter(None, [update_ops_never_run(module, before, after)])
    yield from filter(None, [losses_unused(module)])


def _unsaved_entries(module: Module, session: tf.compat.v1.Session) -> Iterator[str]:
    """Warnings of what a module cannot hold: the entries of tables that were filled by calls.

    The entries that an op of the module itself imports, as those of a TF2 model, are in every export.
    """
    graph = module.graph
    prefix = f"{module.scope}/"
    tables = [
        op for op in graph.get_operations() if op.type in _FILLED_BY_CALLS and op.name.startswith(prefix)
    ]
    # Ops that ask for the sizes cannot be added to a finalized graph.
    if not tables or graph.finalized:
        return
    imported = {
        _origin(op.inputs[0]).name: _rows(_origin(op.inputs[1]))
        for op in graph.get_operations()
        if op.type == _IMPORT and op.name.startswith(prefix)
    }
    with graph.as_default(), tf.control_dependencies(None), tf.compat.v1.name_scope(None):
        sizes = [tf.raw_ops.LookupTableSizeV2(table_handle=op.outputs[0]) for op in tables]
    for op, size in zip(tables, session.run(sizes), strict=True):
        if size > imported.get(op.name, 0):
            name, entries = op.name.removeprefix(prefix), "1 entry" if size == 1 else f"{size:,} entries"
            yield (
                f"Table {name!r} has {entries} in this session. A module cannot hold the entries of such a "
                f"table, so the exported module starts without them."
            )


def _origin(tensor: tf.Tensor) -> tf.Operation:
    """The op that a tensor is from, through those that pass it on."""
    while tensor.op.type in ("Identity", "PlaceholderWithDefault"):
        tensor = tensor.op.inputs[0]
    return tensor.op


def _rows(keys: tf.Operation) -> int:
    """The number of keys in a constant."""
    shape = keys.outputs[0].shape
    return (shape[0] or 0) if shape.rank else 0
