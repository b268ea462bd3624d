"""Authoring modules: `create_module_spec` and the functions that a `module_fn` calls."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import tensorflow as tf
from google.protobuf.message import Message

from hubexplore.errors import AuthoringError, UnsupportedCollectionError
from hubexplore.hub import tensor_info, tf_internals
from hubexplore.hub.definition import MSG_SAME_TAGS, DefinedSpec, check_variants
from hubexplore.hub.graph.contexts import COND_CONTEXT, read_contexts, sort_contexts
from hubexplore.hub.graph.plan import cut_at
from hubexplore.hub.graph.slice import colocated_with
from hubexplore.hub.graph.state import read_variables_or_fail
from hubexplore.hub.storage import assets
from hubexplore.hub.storage.provenance import AssetFiles
from hubexplore.hub.variants.graph_variant import GraphVariant, as_tag_set
from hubexplore.hub.variants.variable_specs import check_keys
from hubexplore.summary.diagnosis.saved_model_remedy import SUPPORTED_COLLECTIONS
from hubexplore.summary.graph.hub_messages import ModuleAttachment
from hubexplore.summary.graph.traversal import PLACEHOLDERS, Cut, reach
from hubexplore.summary.module_format import ATTACHMENTS, DEFAULT_OUTPUT, DEFAULT_SIGNATURE

_LOGGER: Final = logging.getLogger("hubexplore")
_ATTACHMENT_KEY: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")
MSG_FOREIGN: Final = (
    "{label} of a signature must be tensors of the graph that module_fn builds: {name!r} is {origin}. Build "
    "it in the graph that is the default when module_fn is called."
)
MSG_EAGER: Final = (
    "{label} of a signature must be tensors of a graph: {name!r} is an eager tensor. Build the graph under "
    "`with tf.Graph().as_default():`, or in the function that you pass to hub.create_module_spec."
)
MSG_TWICE: Final = (
    "The module already has a signature {name!r}. Give this one another name: "
    "hub.add_signature({other!r}, inputs=..., outputs=...)."
)
MSG_PLACEHOLDER: Final = (
    "Output {output!r} of signature {signature!r} needs the placeholder {placeholder!r}, which is not an "
    "input of the signature, so callers could not pass a value for it. Make it an input, "
    "hub.add_signature(inputs={{..., {placeholder!r}: tensor}}), or give it a default value with "
    "tf.compat.v1.placeholder_with_default(value, shape)."
)
MSG_NO_SIGNATURE: Final = (
    "module_fn added no signature. Call hub.add_signature(inputs=..., outputs=...) inside it, in the graph "
    "that is the default when it is called."
)


@dataclass
class _Draft:
    """The declarations of the running `module_fn` so far."""

    graph: tf.Graph
    signatures: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    attachments: dict[str, bytes] = field(default_factory=dict)


# Looked up by graph, which is the same in a thread that module_fn starts; a thread-local variable would not
# be.
_DRAFTS: Final[dict[tf.Graph, _Draft]] = {}


def create_module_spec(
    module_fn: Callable[..., Any],
    tags_and_args: Iterable[tuple[Iterable[str] | None, Mapping[str, Any]]] | None = None,
    drop_collections: Iterable[str] | None = None,
) -> DefinedSpec:
    """Makes a spec from a function that builds a graph and calls `add_signature`.

    Args:
      module_fn: called once per graph variant, each time in a fresh graph with resource variables.
      tags_and_args: (tags, keyword arguments of module_fn) of each graph variant; None for tags means none.
        By default, or if it is empty, there is one variant without tags and without arguments.
      drop_collections: names of collections to leave out.

    Returns:
      A ModuleSpec. Its variables start from the initialisers of the graph.

    Raises:
      AuthoringError: (a ValueError) no signature, two signatures of one name, two variants with equal tags,
        an input with a colocation constraint, an output that needs a placeholder that is not an input,
        state colocated with something that is not state.
      UnsupportedCollectionError: (a ValueError) a collection that modules cannot carry.
    """
    __tracebackhide__ = True
    dropped = frozenset(drop_collections or ())
    pairs = list(tags_and_args or ()) or [((), {})]
    variants: list[GraphVariant] = []
    for tags, arguments in pairs:
        tag_set = as_tag_set(tags)
        if any(tag_set == variant.tags for variant in variants):
            raise AuthoringError(MSG_SAME_TAGS.format(tags=sorted(tag_set)))
        variants.append(_build_variant(module_fn, tag_set, arguments, dropped))
    check_variants(variants)
    name = getattr(module_fn, "__name__", type(module_fn).__name__)
    files = AssetFiles.of(path for variant in variants for path in _asset_paths(variant))
    return DefinedSpec(variants, title=f"module made by {name}", checkpoint=None, asset_files=files)


def add_signature(name: str | None = None, inputs: Any = None, outputs: Any = None) -> None:
    """Declares a signature of the module that is being made.

    It belongs into a `module_fn`. In any other graph the arguments are checked and nothing else happens, so
    that a function which builds a graph can be used to run it and to make a module of it.

    Args:
      name: of the signature; None or "" means `default`.
      inputs: dict of name -> Tensor, SparseTensor or RaggedTensor that a caller replaces; one alone stands
        for `{"default": it}`; None for no inputs.
      outputs: dict of name -> Tensor, SparseTensor or RaggedTensor; one alone stands for `{"default": it}`.

    Raises:
      AuthoringError: (a ValueError) other types, an input with a colocation constraint, a name that is
        taken, a tensor of another graph than that of the module.
    """
    label: Any = name or DEFAULT_SIGNATURE
    if not isinstance(label, str):
        raise AuthoringError(
            f"The name of a signature must be a str; got {label!r}. Write 'default', or leave it out."
        )
    named_inputs, named_outputs = _as_dict(inputs), _as_dict(outputs)
    draft = _current_draft()
    for group, values in (("Inputs", named_inputs), ("Outputs", named_outputs)):
        tensor_info.check_supported(values, group)
        _check_graphs(group, values, draft)
    _check_inputs(label, named_inputs)
    if draft is None:
        return
    if label in draft.signatures:
        raise AuthoringError(MSG_TWICE.format(name=label, other=f"{label}_2"))
    draft.signatures[label] = named_inputs, named_outputs


def attach_message(key: str, message: Any) -> None:
    """Attaches a protocol buffer message to the graph variant that is being made.

    It belongs into a `module_fn`. In any other graph the arguments are checked and nothing else happens.

    Args:
      key: matches `[a-zA-Z][a-zA-Z0-9_]*`. A later message under the same key replaces it.
      message: any protobuf message; read back with `get_attached_message(key, type(message))`.

    Raises:
      AuthoringError: (a ValueError) a key of another form, or something that is not a message.
    """
    if not _is_key(key):
        raise AuthoringError(
            f"The key of an attached message starts with a letter, followed by letters, digits and '_'; "
            f"{key!r} does not."
        )
    if not callable(getattr(message, "SerializeToString", None)):
        raise AuthoringError(
            f"Only protocol buffer messages can be attached to a module; {key!r} is a "
            f"{type(message).__name__}. Wrap it, for example in "
            f"google.protobuf.wrappers_pb2.StringValue(value=...)."
        )
    serialized = _serialized(message)
    draft = _current_draft()
    if draft is not None:
        draft.attachments[key] = serialized


def _serialized(message: Any) -> bytes:
    """The bytes of a message, with map fields in the order of their keys: the same in each process."""
    if isinstance(message, Message):
        return bytes(message.SerializeToString(deterministic=True))
    return bytes(message.SerializeToString())


def _is_key(key: Any) -> bool:
    return isinstance(key, str) and _ATTACHMENT_KEY.fullmatch(key) is not None


def _current_draft() -> _Draft | None:
    """The module whose graph, or a function in it, is the default graph; None outside of a module_fn."""
    graph = tf.compat.v1.get_default_graph()
    return _DRAFTS.get(graph) or next(
        (draft for home, draft in tuple(_DRAFTS.items()) if tf_internals.is_inside(graph, home)), None
    )


def _as_dict(values: Any) -> dict[str, Any]:
    if values is None:
        return {}
    return dict(values) if isinstance(values, Mapping) else {DEFAULT_OUTPUT: values}


def _check_graphs(label: str, values: Mapping[str, Any], draft: _Draft | None) -> None:
    """Raises AuthoringError for an eager tensor, and in a module_fn for one that is not in its graph."""
    for name, value in values.items():
        for tensor in tensor_info.components(value):
            tensor_graph = tf_internals.graph_of(tensor)
            if tensor_graph is None:
                raise AuthoringError(MSG_EAGER.format(label=label, name=name))
            if draft is not None and tensor_graph is not draft.graph:
                is_function = tf_internals.is_function_graph(tensor_graph)
                origin = (
                    f"a tensor of the function {tensor_graph.name!r}"
                    if is_function
                    else "a tensor of another graph"
                )
                raise AuthoringError(MSG_FOREIGN.format(label=label, name=name, origin=origin))


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
                    "Input %r of signature %r is one of %d outputs of %r. If something is colocated with "
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
) -> GraphVariant:
    __tracebackhide__ = True
    graph = tf.Graph()
    draft = _Draft(graph)
    with graph.as_default(), _collecting(draft), tf.compat.v1.variable_scope("", use_resource=True):
        module_fn(**arguments)
    if not draft.signatures:
        raise AuthoringError(MSG_NO_SIGNATURE)
    unsupported = sorted(set(_collections_of(graph)) - SUPPORTED_COLLECTIONS - dropped)
    if unsupported:
        raise UnsupportedCollectionError(
            f"A module cannot carry the collections {unsupported}. Pass drop_collections={unsupported} to "
            f"leave them out."
        )
    variant = GraphVariant(_meta_graph(draft, tags, dropped))
    assets.make_absolute(variant.meta_graph, variant.nodes)
    _check_state_colocation(variant)
    _check_placeholders(variant)
    # Last, as its message is about checkpoints: the other mistakes prevent any use.
    check_keys(read_variables_or_fail(variant).values())
    return variant


def _asset_paths(variant: GraphVariant) -> Iterable[str]:
    try:
        return assets.used_files(variant.meta_graph, variant.nodes).values()
    except AuthoringError:  # a path that is not known before the module runs; it cannot be exported
        return ()


@contextlib.contextmanager
def _collecting(draft: _Draft) -> Iterator[None]:
    _DRAFTS[draft.graph] = draft
    try:
        yield
    finally:
        del _DRAFTS[draft.graph]


def _collections_of(graph: tf.Graph) -> list[str]:
    """Names of collections with content; TensorFlow's own bookkeeping has names that are no strings."""
    return [key for key in graph.collections if isinstance(key, str) and graph.get_collection_ref(key)]


def _meta_graph(draft: _Draft, tags: frozenset[str], dropped: frozenset[str]) -> Any:
    with draft.graph.as_default():  # export_meta_graph refuses to run in eager mode, whatever its argument
        meta_graph = tf.compat.v1.train.export_meta_graph(
            graph=draft.graph,
            # By default all collections are exported, and TensorFlow warns about each that it cannot
            # serialise.
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
    # Maps have another order in each process; equal modules are to be equal files.
    sort_contexts(meta_graph)
    meta_graph.collection_def.pop(ATTACHMENTS, None)
    for key, value in sorted(draft.attachments.items()):
        attachment = ModuleAttachment(key=key, value=value)
        meta_graph.collection_def[ATTACHMENTS].bytes_list.value.append(attachment.SerializeToString())
    return meta_graph


def _check_state_colocation(variant: GraphVariant) -> None:
    for name in sorted(variant.state_nodes):
        companions = set(colocated_with(variant.nodes[name])) - variant.state_nodes - {name}
        if companions:
            raise AuthoringError(
                f"{name!r} holds state of the module, so it may be colocated only with state; it is "
                f"colocated with {sorted(companions)}, which each call adds again."
            )


def _check_placeholders(variant: GraphVariant) -> None:
    """Raises AuthoringError if an output needs a placeholder that its signature does not replace."""
    # A placeholder inside of a cond needs a value only if its branch is taken.
    conditional = {
        name
        for context in read_contexts(variant.meta_graph)
        if context.collection == COND_CONTEXT
        for name in context.nodes
    }
    for signature in variant.signature_names:
        cut, outputs = cut_at(variant, variant.input_infos(signature)), variant.output_infos(signature)
        names = [name for info in outputs.values() for name in info.component_names]
        needed = {name for name in _placeholders(variant, names, cut) if name not in conditional}
        for output, info in outputs.items() if needed else ():
            missing = sorted(needed & _placeholders(variant, info.component_names, cut))
            if missing:
                raise AuthoringError(
                    MSG_PLACEHOLDER.format(output=output, signature=signature, placeholder=missing[0])
                )


def _placeholders(variant: GraphVariant, tensors: Iterable[str], cut: Cut) -> set[str]:
    """The placeholders that tensors need a value of."""
    return {
        name for name in reach(variant.nodes, tensors, cut).nodes if variant.nodes[name].op in PLACEHOLDERS
    }
