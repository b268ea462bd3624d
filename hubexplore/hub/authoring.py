"""Making modules: `create_module_spec` and what a `module_fn` calls."""

from __future__ import annotations

import contextlib
import contextvars
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import AuthoringError, UnsupportedCollectionError
from hubexplore.hub import tensor_info
from hubexplore.hub.definition import SUPPORTED_COLLECTIONS, DefinedSpec, check_variants
from hubexplore.hub.slicing import colocated_with
from hubexplore.hub.variant import ATTACHMENTS, DEFAULT_SIGNATURE, Variant
from hubexplore.summary.protos import ModuleAttachment

_LOGGER: Final = logging.getLogger("hubexplore")
_ATTACHMENT_KEY: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")
MSG_OUTSIDE: Final = "{} works only inside the module_fn that is passed to create_module_spec."


@dataclass
class _Draft:
    """What the running `module_fn` has declared so far."""

    graph: tf.Graph
    signatures: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    attachments: dict[str, bytes] = field(default_factory=dict)


_DRAFT: contextvars.ContextVar[_Draft | None] = contextvars.ContextVar("hubexplore_draft", default=None)


def create_module_spec(
    module_fn: Callable[..., Any],
    tags_and_args: Iterable[tuple[Iterable[str], Mapping[str, Any]]] | None = None,
    drop_collections: Iterable[str] | None = None,
) -> DefinedSpec:
    """Makes a spec from a function that builds a graph and calls `add_signature`.

    Args:
      module_fn: called once per graph variant, each time in a fresh graph with resource variables.
      tags_and_args: (tags, keyword arguments of module_fn) of each graph variant; by default one variant
        without tags and without arguments.
      drop_collections: names of collections to leave out.

    Returns:
      A ModuleSpec. Its variables start from the initialisers of the graph.

    Raises:
      AuthoringError: (a ValueError) no signature, two variants with equal tags, an input with a colocation
        constraint, state colocated with something that is not state.
      UnsupportedCollectionError: (a ValueError) a collection that modules cannot carry.
    """
    __tracebackhide__ = True
    dropped = frozenset(drop_collections or ())
    given = list(tags_and_args) if tags_and_args is not None else [((), {})]
    if not given:
        raise AuthoringError("tags_and_args is empty; a module needs at least one graph variant.")
    variants: list[Variant] = []
    for tags, arguments in given:
        tag_set = frozenset({tags} if isinstance(tags, str) else tags)
        if any(tag_set == variant.tags for variant in variants):
            raise AuthoringError(f"Each graph variant needs its own tags; {sorted(tag_set)} is there twice.")
        variants.append(_build_variant(module_fn, tag_set, arguments, dropped))
    check_variants(variants)
    name = getattr(module_fn, "__name__", type(module_fn).__name__)
    return DefinedSpec(variants, title=f"module made by {name}", checkpoint=None)


def add_signature(name: str | None = None, inputs: Any = None, outputs: Any = None) -> None:
    """Declares a signature of the module that is being made; only inside a `module_fn`.

    Args:
      name: of the signature; None means `default`. A later one of the same name replaces it.
      inputs: dict of name -> Tensor, SparseTensor or RaggedTensor that a caller replaces; one alone stands
        for `{"default": it}`; None for no inputs.
      outputs: dict of name -> Tensor, SparseTensor or RaggedTensor; one alone stands for `{"default": it}`.

    Raises:
      AuthoringError: (a ValueError) other types, an input with a colocation constraint, not in a module_fn.
    """
    draft = _DRAFT.get()
    if draft is None or tf.compat.v1.get_default_graph() is not draft.graph:
        raise AuthoringError(MSG_OUTSIDE.format("add_signature"))
    named_inputs, named_outputs = _as_dict(inputs), _as_dict(outputs)
    tensor_info.check_supported(named_inputs, "Inputs")
    tensor_info.check_supported(named_outputs, "Outputs")
    name = DEFAULT_SIGNATURE if name is None else name
    _check_inputs(name, named_inputs)
    draft.signatures[name] = named_inputs, named_outputs


def attach_message(key: str, message: Any) -> None:
    """Attaches a protocol buffer message to the graph variant that is being made; inside a `module_fn`.

    Args:
      key: matches `[a-zA-Z][a-zA-Z0-9_]*`. A later message under the same key replaces it.
      message: any protobuf message; read back with `get_attached_message(key, type(message))`.

    Raises:
      AuthoringError: (a ValueError) a key of another form, or not in a module_fn.
    """
    if not _ATTACHMENT_KEY.fullmatch(key):
        raise AuthoringError(
            f"The key of an attached message starts with a letter and goes on with letters, digits and '_'; "
            f"{key!r} does not."
        )
    draft = _DRAFT.get()
    if draft is None:
        raise AuthoringError(MSG_OUTSIDE.format("attach_message"))
    draft.attachments[key] = message.SerializeToString()


def _as_dict(values: Any) -> dict[str, Any]:
    if values is None:
        return {}
    return dict(values) if isinstance(values, Mapping) else {DEFAULT_SIGNATURE: values}


def _check_inputs(signature: str, inputs: Mapping[str, Any]) -> None:
    for name, value in inputs.items():
        for tensor in tensor_info.components(value):
            if colocated_with(tensor.op.node_def):
                raise AuthoringError(
                    f"Input {name!r} of signature {signature!r} is {tensor.name!r}, which has a colocation "
                    f"constraint. It cannot be kept when a caller replaces the input: use a placeholder, or "
                    f"tf.identity of it under tf.compat.v1.colocate_with(None, ignore_existing=True)."
                )
            if len(tensor.op.outputs) > 1:
                _LOGGER.warning(
                    "Input %r of signature %r is one of %d outputs of %r. Where something is colocated with "
                    "that op, callers must replace them all from one op; a placeholder avoids it.",
                    name,
                    signature,
                    len(tensor.op.outputs),
                    tensor.op.name,
                )


def _build_variant(
    module_fn: Callable[..., Any],
    tags: frozenset[str],
    arguments: Mapping[str, Any],
    dropped: frozenset[str],
) -> Variant:
    __tracebackhide__ = True
    graph = tf.Graph()
    draft = _Draft(graph)
    with graph.as_default(), _collecting(draft), tf.compat.v1.variable_scope("", use_resource=True):
        module_fn(**arguments)
    if not draft.signatures:
        raise AuthoringError(
            "The module_fn added no signature. Call hub.add_signature(inputs=..., outputs=...) in it."
        )
    unsupported = sorted(set(_collections_of(graph)) - SUPPORTED_COLLECTIONS - dropped)
    if unsupported:
        raise UnsupportedCollectionError(
            f"A module cannot carry the collections {unsupported}. Pass drop_collections={unsupported} to "
            f"leave them out."
        )
    variant = Variant(_meta_graph(draft, tags, dropped))
    _check_state_colocation(variant)
    return variant


@contextlib.contextmanager
def _collecting(draft: _Draft) -> Iterator[None]:
    token = _DRAFT.set(draft)
    try:
        yield
    finally:
        _DRAFT.reset(token)


def _collections_of(graph: tf.Graph) -> list[str]:
    """Names of collections with content; TensorFlow's own bookkeeping has names that are no strings."""
    return [key for key in graph.collections if isinstance(key, str) and graph.get_collection_ref(key)]


def _meta_graph(draft: _Draft, tags: frozenset[str], dropped: frozenset[str]) -> Any:
    with draft.graph.as_default():  # export_meta_graph refuses to run in eager mode, whatever its argument
        meta_graph = tf.compat.v1.train.export_meta_graph(
            graph=draft.graph,
            collection_list=[key for key in _collections_of(draft.graph) if key not in dropped],
            strip_default_attrs=True,
        )
    meta_graph.ClearField("saver_def")
    meta_graph.meta_info_def.tags.extend(sorted(tags))
    for name, (inputs, outputs) in draft.signatures.items():
        signature = meta_graph.signature_def[name]
        for protomap, values in ((signature.inputs, inputs), (signature.outputs, outputs)):
            for key, value in values.items():
                protomap[key].CopyFrom(tensor_info.encode(value))
        signature.SetInParent()
    meta_graph.collection_def.pop(ATTACHMENTS, None)
    for key, value in draft.attachments.items():
        attachment = ModuleAttachment(key=key, value=value)
        meta_graph.collection_def[ATTACHMENTS].bytes_list.value.append(attachment.SerializeToString())
    return meta_graph


def _check_state_colocation(variant: Variant) -> None:
    for name in sorted(variant.state_nodes):
        others = set(colocated_with(variant.nodes[name])) - variant.state_nodes - {name}
        if others:
            raise AuthoringError(
                f"{name!r} holds state of the module, so it may be colocated only with state; it is "
                f"colocated with {sorted(others)}, which every call makes anew."
            )
