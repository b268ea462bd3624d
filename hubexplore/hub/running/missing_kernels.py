"""Ops that TensorFlow defines and cannot run: which signatures need them, and the error that says so.

`find_no_kernel` is asked once per signature, before anything runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import tensorflow as tf

from hubexplore.hub import tf_internals
from hubexplore.hub.definition import DefinedSpec
from hubexplore.hub.module import Module
from hubexplore.hub.running.run_error_classes import NoKernelError
from hubexplore.summary.graph.ops.op_kernels import ops_of, reason, who_needs, without_kernel
from hubexplore.summary.lookup import named_signature, named_variant

MSG_NO_KERNEL: Final = (
    "The op {op!r} cannot run: {reason}.{needed} Other inputs will not help: run what needs the op with the "
    "version of TensorFlow that wrote the module."
)
MSG_NEEDED: Final = " The op is needed by signature {names} of module {module!r}."
# TensorFlow places all ops of a graph before it runs any.
MSG_OTHERS: Final = " In a graph without it, these signatures run: {names}."


def find_no_kernel(module: Module, signature: str) -> NoKernelError | None:
    """The error in which each run of a signature would end, if it needs an op that TensorFlow cannot run.

    TensorFlow places all ops of a graph before it runs any: with such an op in it, nothing else runs.
    """
    lacking = ops_without_kernel(module, signature)
    return NoKernelError(None, None, no_kernel_message(lacking[0], [module])) if lacking else None


def ops_without_kernel(module: Module, signature: str) -> list[str]:
    """The ops that a signature needs and that TensorFlow cannot run here, sorted."""
    lacking, spec = without_kernel(), module.spec
    # A summary takes longer than all else here, and hardly any module has such an op.
    if isinstance(spec, DefinedSpec) and not spec.variant(module.tags).ops & lacking.keys():
        return []  # no need to look closer
    summary = module.summary()
    variant = named_variant(summary, module.tags)
    signature_summary = named_signature(variant, signature)
    meta_graph = summary.source.meta_graphs.get(variant.tags) if summary.source is not None else None
    has_gpu = bool(tf.config.list_physical_devices("GPU"))
    suspects = [
        entry.op
        for entry in variant.ops
        if entry.op in lacking
        and not (has_gpu and lacking[entry.op])
        and not tf_internals.has_kernel(entry.op)
    ]
    return sorted(ops_of(signature_summary, meta_graph, suspects)) if meta_graph is not None else []


def no_kernel_message(op: str, modules: Sequence[Module]) -> str:
    """The message on an op without a kernel: the signatures that need it, and those that run without it."""
    needed = ""
    for module in modules:
        summary = module.summary()
        variant = named_variant(summary, module.tags)
        meta_graph = summary.source.meta_graphs.get(variant.tags) if summary.source is not None else None
        if meta_graph is not None:
            names = who_needs([op], variant.signatures, meta_graph).get(op, [])
            others = [entry.name for entry in variant.signatures if entry.name not in names]
            if names:
                needed += MSG_NEEDED.format(module=module.name, names=", ".join(map(repr, names)))
                needed += MSG_OTHERS.format(names=", ".join(map(repr, others))) if others else ""
    return MSG_NO_KERNEL.format(op=op, reason=reason(op), needed=needed)
