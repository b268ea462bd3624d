"""`head`: a classifier on top of a module, for transfer learning."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, SupportsIndex

import tensorflow as tf

from hubexplore.errors import SignatureError, closest
from hubexplore.hub.authoring import add_signature, create_module_spec
from hubexplore.hub.definition import DefinedSpec
from hubexplore.hub.parts.build import DROPPED_COLLECTIONS, Inputs, apply_part, attach_messages
from hubexplore.hub.parts.fit import Side
from hubexplore.hub.parts.kept import check_weights, kept
from hubexplore.hub.parts.labels import checked_classes, names_at, write_labels
from hubexplore.hub.parts.layers import Layers, checked_layers
from hubexplore.hub.parts.likely import likeliest
from hubexplore.hub.parts.part import Part, open_parts
from hubexplore.hub.parts.variants import Joined, check_signature
from hubexplore.hub.tensor_info import TensorInfo
from hubexplore.summary.compare.replacement import shape_text
from hubexplore.summary.lookup import first_names
from hubexplore.summary.module_format import DEFAULT_OUTPUT
from hubexplore.summary.tags import serving_tags

TRAIN: Final = frozenset({"train"})
"""Tags of the graph variant with dropout."""
NAME: Final = "head"
"""Scope of the variables of the new layers."""

MSG_NOT_A_VECTOR: Final = (
    "A head is put on a vector of numbers for each row, of the shape (?, n). Output {output!r} of {side} is "
    "{found}. {remedy}"
)
MSG_NO_OUTPUT: Final = "{side} has no output {output!r}; it has {names}.{hint}"
MSG_OPEN: Final = (
    "{side} has several outputs that a head can be put on, and none is called 'default': {names}. Choose "
    "one: output={example!r}."
)
MSG_NO_VECTOR: Final = (
    "No output of the module is such a vector. If a tensor inside of it is one, put the head on the part up "
    "to there: spec.cut(outputs='TENSOR'). Or put a step between: hub.create_module_spec(f), where f calls "
    "hub.Module({code}) and, for example, takes tf.reduce_mean of its output."
)


def head(
    module: Any,
    classes: SupportsIndex | Iterable[str],
    *,
    signature: str | None = None,
    output: str | None = None,
    hidden: Sequence[int] | int = (),
    dropout: float = 0.0,
    fine_tune: bool = False,
    seed: int | None = None,
) -> DefinedSpec:
    """Makes a classifier of a module: new dense layers on one of its outputs, to be trained.

    ```python
    spec = hub.head("path/to/image-features", ["cat", "dog"], dropout=0.2)
    module = hub.Module(spec, trainable=True, tags={"train"})
    logits = module(images)
    ```

    The new module has the inputs of the signature, and the outputs `default`, the logits, and
    `probabilities`, both float [batch, classes]; with names of classes also `label`, string [batch], the
    name of the most probable one. It has two graph variants: one without tags, and `train`, with dropout. The
    weights of the module are copied, into a temporary folder that lasts as long as this process: `export`
    keeps them. Those of the new layers are `head/kernel`, `head/bias`, `head/hidden_1/kernel` and so on.

    Args:
      module: a handle or path as `load_module_spec` takes it, or a ModuleSpec. Of its graph variants that
        without tags is used, or the only one, or that for serving.
      classes: number of classes, or their names; the names become an asset.
      signature: of the module; None means `default`, `serving_default` or the only one.
      output: that the head is put on, float [batch, n]; None means `default`, or the only one of that shape.
      hidden: number of units of each layer, with ReLU, before the last one.
      dropout: share of the values before each layer that `train` sets to 0.
      fine_tune: whether the weights of the module can be trained as well; its own variant for training, if
        it has one, then is part of `train`, with its update ops and losses. By default only the head can be
        trained, on features that stay the same.
      seed: of the initial weights and of dropout; None for other ones each time.

    Returns:
      A ModuleSpec with its weights.

    Raises:
      SignatureError: (a TypeError and ValueError) the output is not there or is no vector; the message names
        those that are.
      AuthoringError: (a ValueError) fewer than 2 classes, two of one name, or other numbers out of range.
      NoSuchSignatureError: (a KeyError and ValueError) the module has no such signature.
      UntrustedModuleError: (a ValueError) a module that is not trusted has no stored weights, so that its own
        code would have to make them.
      HubError: the module cannot be loaded, as `load_module_spec` raises it, or the weights cannot be
        written.
    """
    count, names = checked_classes(classes)
    layers = checked_layers(hidden, count, dropout, seed)
    if signature is not None:
        module = (module[0] if isinstance(module, tuple) and module else module, signature)
    (part,) = open_parts("hub.head", [module])
    variants = _variants(part, fine_tune)
    chosen = [_vectors(Side(part, each.sources[0], each.signatures[0]), output) for each in variants]
    check_weights([part.spec])
    scope = NAME if part.name.lower() != NAME else f"{NAME}_1"

    def classifier(joined: Joined, output: str) -> None:
        inputs = Inputs()
        infos = part.spec.get_input_info_dict(joined.signatures[0], joined.sources[0])
        values = inputs.of(part, infos)
        features = apply_part(part, joined, 0, values, trainable=fine_tune)[output]
        outputs = _classified(features, layers, scope, is_training=joined.tags == TRAIN)
        if names:
            best = tf.argmax(outputs["default"], axis=-1)
            outputs["label"] = names_at(best, path, count)
        add_signature(inputs=inputs.by_name, outputs=outputs)
        attach_messages([part], joined)

    # The new module has a copy of the file of names.
    with tempfile.TemporaryDirectory(prefix="hubexplore-") as folder:
        path = write_labels(folder, names) if names else ""
        spec = create_module_spec(
            classifier,
            tags_and_args=[
                (joined.tags, {"joined": joined, "output": name})
                for joined, name in zip(variants, chosen, strict=True)
            ],
            drop_collections=DROPPED_COLLECTIONS,
        )
        return kept(spec, f"{part.name} + {scope}", [part.spec])


def _classified(features: tf.Tensor, layers: Layers, scope: str, is_training: bool) -> dict[str, tf.Tensor]:
    # In half precision the loss of a small step would vanish.
    features = features if features.dtype in (tf.float32, tf.float64) else tf.cast(features, tf.float32)
    with tf.compat.v1.variable_scope(scope):
        logits = layers.apply(features, is_training)
    return {"default": logits, "probabilities": tf.nn.softmax(logits)}


def _variants(part: Part, fine_tune: bool) -> list[Joined]:
    """The variants of the new module, without tags and for training, with those of the module in them."""
    existing = [frozenset(tags) for tags in part.spec.get_tags()]
    inference = frozenset() if frozenset() in existing else frozenset(serving_tags(map(sorted, existing)))
    check_signature(part, inference)
    signature = part.signature_in(inference)
    training = inference | TRAIN
    has_training = training in existing and signature in part.spec.get_signature_names(training)
    chosen = training if fine_tune and has_training else inference
    return [
        Joined(frozenset(), (inference,), (signature,)),
        Joined(TRAIN, (chosen,), (signature,)),
    ]


def _vectors(side: Side, output: str | None) -> str:
    """The name of the output that the head is put on.

    Raises:
      SignatureError: (a TypeError and ValueError) it is not there, or is no vector for each row.
    """
    outputs = side.outputs
    if output is not None and output not in outputs:
        other = side.with_argument(output, "output")
        hint = f" Signature {other.signature!r} has it: add signature={other.signature!r}." if other else ""
        raise SignatureError(
            MSG_NO_OUTPUT.format(
                side=side,
                output=output,
                names=first_names(outputs) or "none",
                hint=hint or closest(str(output), outputs),
            )
        )
    vectors = [name for name, info in outputs.items() if _is_vector(info)]
    if output is None:
        usual = [name for name in outputs if len(outputs) == 1 or name == DEFAULT_OUTPUT]
        if not usual and len(vectors) > 1:
            names = first_names(vectors)
            raise SignatureError(MSG_OPEN.format(side=side, names=names, example=likeliest(vectors)[0]))
        # Where no output is a vector, the first one stands for all in the message.
        output = (usual or vectors or list(outputs) or [DEFAULT_OUTPUT])[0]
    if output in vectors:
        return output
    if not outputs:
        raise SignatureError(f"{side} has no outputs. {_remedy(side, vectors)}")
    raise SignatureError(
        MSG_NOT_A_VECTOR.format(
            output=output, side=side, found=_described(outputs[output]), remedy=_remedy(side, vectors)
        )
    )


def _is_vector(info: TensorInfo) -> bool:
    shape = info.get_shape()
    return info.kind == "dense" and info.dtype.is_floating and shape.rank == 2 and bool(shape[-1])


def _described(info: TensorInfo) -> str:
    shape = info.get_shape()
    text = shape_text(None if shape.rank is None else tuple(shape.as_list()))
    return f"{'' if info.kind == 'dense' else f'{info.kind} '}{info.dtype.name} {text}"


def _remedy(side: Side, vectors: Sequence[str]) -> str:
    if vectors:
        return f"This output is: output={likeliest(vectors)[0]!r}."
    for other, name in _vectors_elsewhere(side):
        return f"This one is: signature={other!r}, output={name!r}."
    return MSG_NO_VECTOR.format(code=side.part.code)


def _vectors_elsewhere(side: Side) -> Iterator[tuple[str, str]]:
    """Yields signature and output of the vectors in other signatures."""
    for other in side.others():
        yield from ((other.signature, name) for name, info in other.outputs.items() if _is_vector(info))
