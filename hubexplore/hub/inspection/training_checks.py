"""Finds common mistakes in training a module. Each finder returns a message or None."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import tensorflow as tf

from hubexplore.hub.resolve.tf_filesystem import filesystem_of
from hubexplore.summary.lookup import first_names
from hubexplore.summary.module_format import VARIABLES_PREFIX
from hubexplore.summary.weights.checkpoint_index import CheckpointIndex, open_index

if TYPE_CHECKING:
    from hubexplore.hub.module import Module

MSG_UPDATES: Final = (
    "Module {module!r} was trained, but its update ops never ran: {names} kept the values that it "
    "was made with. Evaluation uses them, as in batch normalisation, and they no longer fit the weights. Run "
    "the update ops with each step: `with tf.control_dependencies(tf.compat.v1.get_collection("
    "tf.compat.v1.GraphKeys.UPDATE_OPS)): train_op = optimizer.minimize(loss)`."
)
MSG_LOSSES: Final = (
    "Module {module!r} is trained, but its regularization losses ({count}) are not part of any loss, so its "
    "weights may grow without limit. Add them: `loss += tf.compat.v1.losses.get_regularization_loss()`."
)
MSG_NOT_TRAINABLE: Final = (
    "The variables of module {names} cannot be trained, because it was made without trainable=True. Make it "
    "with hub.Module(..., trainable=True), or %hub_load ... --trainable."
)
_KEYS: Final = tf.compat.v1.GraphKeys
_NOTHING_TO_TRAIN: Final = ("No variables to optimize", "No gradients provided for any variable")
_WRITING_OPS: Final = re.compile(r"(Resource)?(Assign|Scatter)\w*")
_TRAINING_OPS: Final = re.compile(
    r"(Resource)?(Sparse)?Apply[A-Z]\w*|Assign(Add|Sub)(VariableOp)?|(Resource)?Scatter\w+"
)
# Ops between a variable and an op in a cond or loop of TensorFlow 1.
_FORWARDING_OPS: Final = frozenset({"Switch", "RefSwitch", "Enter", "RefEnter"})
_MAX_NAMES: Final = 3
"""Maximum number of names in a message."""


def module_index(directory: str) -> CheckpointIndex | None:
    """What the checkpoint of the module in a directory holds; None if it has no variables."""
    path = os.path.join(directory, f"{VARIABLES_PREFIX}.index")
    return open_index(path, filesystem_of(path)) if tf.io.gfile.exists(path) else None


def update_ops_never_run(module: Module, old: CheckpointIndex, new: CheckpointIndex) -> str | None:
    """Whether a module was trained, but none of what its update ops assign has changed.

    Args:
      module: trainable, with the calls that it was trained through.
      old: of the checkpoint that it was made from.
      new: of the checkpoint with its values now.
    """
    variables = {key: _parts(value) for key, value in module.variable_map.items()}
    # By checksums of the two indexes: no value is read.
    changed = {key for key in variables if _checksums(old, key) != _checksums(new, key)}
    trained = {key for key, parts in variables.items() if any(part.trainable for part in parts)}
    if not module.trainable or not changed & trained:
        return None
    assigned = _assigned_by_updates(module, variables) - trained
    if not assigned or changed & assigned:
        return None
    return MSG_UPDATES.format(module=module.name, names=first_names(sorted(assigned), _MAX_NAMES))


def losses_unused(module: Module) -> str | None:
    """Whether a module is being trained, but none of its regularization losses goes into anything."""
    if not module.trainable:
        return None
    scopes = module.scopes
    losses = [
        loss
        for loss in module.graph.get_collection(_KEYS.REGULARIZATION_LOSSES)
        if loss.op.name.startswith(scopes)
    ]
    are_used = any(not user.name.startswith(scopes) for loss in losses for user in loss.consumers())
    if not losses or are_used or not _is_being_trained(module, scopes):
        return None
    return MSG_LOSSES.format(module=module.name, count=len(losses))


def not_trainable(error: BaseException, modules: Iterable[Module]) -> str | None:
    """What to add (`error.add_note`) where an optimizer found nothing to train."""
    frozen = [module.name for module in modules if not module.trainable and module.variable_map]
    if not isinstance(error, ValueError) or not str(error).startswith(_NOTHING_TO_TRAIN) or not frozen:
        return None
    return MSG_NOT_TRAINABLE.format(names=first_names(frozen, _MAX_NAMES))


def _parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _checksums(index: CheckpointIndex, key: str) -> tuple[int, ...] | None:
    entry = index.entries.get(key)
    return None if entry is None else tuple(extent.crc32c for extent in entry.extents)


def _assigned_by_updates(module: Module, variables: Mapping[str, list[Any]]) -> set[str]:
    """Names of the variables that the update ops of a module's calls may write."""
    keys = {part.op.name: key for key, parts in variables.items() for part in parts}
    scopes = module.scopes
    stack = [
        getattr(update, "op", update)
        for update in module.graph.get_collection(_KEYS.UPDATE_OPS)
        if update.name.startswith(scopes)
    ]
    visited = set(stack)
    assigned: set[str] = set()
    while stack:
        op = stack.pop()
        assigned.update(keys[name] for name in _written(op) if name in keys)
        sources = [tensor.op for tensor in op.inputs] + list(op.control_inputs)
        fresh = [source for source in sources if source not in visited and source.name.startswith(scopes)]
        visited.update(fresh)
        stack.extend(fresh)
    return assigned


def _written(op: Any) -> Iterator[str]:
    """Names of the ops of the variables that an op may write."""
    if _WRITING_OPS.fullmatch(op.type):
        yield _source(op.inputs[0].op).name
    elif any(attr.func.name or attr.list.func for attr in op.node_def.attr.values()):
        # The function of a TF2 cond or loop is not analysed: it may write any of its inputs, and a false
        # warning would be worse than none.
        yield from (_source(tensor.op).name for tensor in op.inputs)


def _source(op: Any) -> Any:
    while op.type in _FORWARDING_OPS and op.inputs:
        op = op.inputs[0].op
    return op


def _is_being_trained(module: Module, scopes: tuple[str, ...]) -> bool:
    """Whether an optimizer's op, outside of the module, writes one of its variables."""
    return any(
        _TRAINING_OPS.fullmatch(user.type) is not None
        and user.inputs[0].op is part.op
        and not user.name.startswith(scopes)
        for value in module.variable_map.values()
        for part in _parts(value)
        for user in part.op.outputs[0].consumers()
    )
