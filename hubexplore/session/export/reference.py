"""A module as it was when it was saved, in a graph and session of its own: what a SavedModel must equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from hubexplore.hub.running.feeds import Feeds
from hubexplore.hub.servable.callables import Field, fields
from hubexplore.hub.servable.subject import Subject
from hubexplore.hub.servable.values import Identity
from hubexplore.hub.servable.write import Written
from hubexplore.hub.storage.published_values import published_values
from hubexplore.hub.tensor_info import TensorInfo, components
from hubexplore.hub.variants.variable_specs import VariableSpec
from hubexplore.session.export.verification import ModuleCopy
from hubexplore.session.variable_values import read


def reference_of(subject: Subject, written: Written, tags: frozenset[str], *, training: bool) -> Reference:
    """The reference of one graph variant.

    Args:
      subject: what was saved.
      written: what is in the SavedModel.
      tags: of the variant.
      training: whether its signatures are compared with calls for training.
    """
    # In the order of `Module.variables`.
    variables = sorted(subject.spec.variables_by_variant[tags], key=lambda one: (one.key, one.offset))
    values = _values(subject, variables) if subject.live.identities else None
    identities = [variable.identity for variable in variables]
    return Reference(subject, tags, values, identities, written, training)


def _values(subject: Subject, variables: Sequence[VariableSpec]) -> list[Any]:
    live = [variable for variable in variables if variable.identity in subject.live.identities]
    values = dict(zip((one.identity for one in live), subject.live.read(live), strict=True)) if live else {}
    others = [variable for variable in variables if variable.identity not in values]
    if others and subject.spec.checkpoint is not None:
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            stored = session.run(published_values(subject.spec.checkpoint, others))
        values |= dict(zip((one.identity for one in others), stored, strict=True))
    return [values[variable.identity] for variable in variables]


class Reference(ModuleCopy):
    """See `reference_of`."""

    def __init__(  # noqa: PLR0917 - one caller
        self,
        subject: Subject,
        tags: frozenset[str],
        values: Sequence[Any] | None,
        identities: Sequence[Identity],
        written: Written,
        training: bool,
    ) -> None:
        super().__init__(subject.spec, tags, values, trainable=True)
        self._names = [written.variables[identity] for identity in identities]
        self._trainable = [identity in written.trainable for identity in identities]
        self._training = training
        self._calls: dict[str, tuple[dict[str, Any], list[Any]]] = {}

    def flat(self, signature: str, inputs: Mapping[str, Any], stateful: bool) -> dict[str, Any]:
        """The dense outputs of a signature by the names that they have in a SavedModel.

        Args:
          signature: its name.
          inputs: values.
          stateful: whether a run may change the result of a later one.
        """
        self.start(stateful)
        tensors, _ = self._call(signature)
        results: dict[str, Any] = self.fetch(tensors, signature, inputs)
        return results

    def dense_inputs(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The dense arrays of the inputs of a signature by the names that they have in a SavedModel."""
        return dense_inputs(signature, self.module.get_input_info_dict(signature), inputs)

    def differentiable(self, signature: str, names: Sequence[str]) -> list[str]:
        """Those of some dense outputs that have gradients."""
        tensors, _ = self._call(signature)
        return [name for name in names if tensors[name].dtype.is_floating]

    def gradients(
        self, signature: str, inputs: Mapping[str, Any], names: Sequence[str]
    ) -> dict[str, Any] | None:
        """Variable -> gradient of the weighted sum of outputs; None of all if there is nothing to compute.

        Raises:
          LookupError: an op has no gradient.
        """
        variables = [
            (name, variable)
            for name, variable, is_trainable in zip(
                self._names, self.module.variables, self._trainable, strict=True
            )
            if is_trainable
        ]
        if not names or not variables:
            return None
        tensors, _ = self._call(signature)
        with self.module.graph.as_default():
            loss = tf.add_n([_weighted_sum(tensors[name]) for name in names])
            gradients = tf.compat.v1.gradients(loss, [variable for _, variable in variables])
            dense = {
                name: tf.convert_to_tensor(gradient)
                for (name, _), gradient in zip(variables, gradients, strict=True)
                if gradient is not None
            }
        self.start(True)
        values = self.fetch(dense, signature, inputs) if dense else {}
        return {name: values.get(name) for name, _ in variables}

    def assigned(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Variable -> value, for those that one run of the update ops changes."""
        _, updates = self._call(signature)
        if not updates:
            return {}
        self.start(True)
        before = read(self.session, self.module.variables)
        self.fetch(updates, signature, inputs)
        after = read(self.session, self.module.variables)
        return {
            name: value
            for name, old, value in zip(self._names, before, after, strict=True)
            if old.tobytes() != value.tobytes()
        }

    def _call(self, signature: str) -> tuple[dict[str, Any], list[Any]]:
        """The dense outputs by name, and the update ops, of a call on the placeholders of a signature."""
        if signature not in self._calls:
            applied = self.applied.get(self.module, signature)
            outputs, updates = applied.outputs, []
            if self._training:
                with self.module.graph.as_default():
                    collection = self.module.graph.get_collection_ref(tf.compat.v1.GraphKeys.UPDATE_OPS)
                    count = len(collection)
                    outputs = self.module(dict(applied.inputs), signature=signature, as_dict=True)
                    updates = [self.module.graph.as_graph_element(one) for one in collection[count:]]
            infos = self.module.get_output_info_dict(signature)
            flat = {field.name: components(outputs[field.owner])[field.component] for field in fields(infos)}
            self._calls[signature] = flat, updates
        return self._calls[signature]


def dense_inputs(
    signature: str, infos: Mapping[str, TensorInfo], inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """The dense arrays of inputs by the names that they have in a SavedModel.

    Args:
      signature: its name.
      infos: of its inputs.
      inputs: a value for each.

    Raises:
      SignatureError: (a TypeError and ValueError) a value does not fit.
    """
    by_owner = fields_by_owner(fields(infos, parameters=True))
    names = [part.name for owner in infos for part in by_owner[owner]]
    return dict(zip(names, Feeds(signature, infos).arrays(dict(inputs)), strict=True))


def fields_by_owner(parts: Sequence[Field]) -> dict[str, list[Field]]:
    """Dense inputs or outputs by the name in the module; those of one in order."""
    by_owner: dict[str, list[Field]] = {}
    for part in sorted(parts, key=lambda one: (one.owner, one.component)):
        by_owner.setdefault(part.owner, []).append(part)
    return by_owner


def _weighted_sum(value: Any) -> Any:
    # As `reload_saved_model.weights`.
    factors = tf.cos(tf.range(tf.size(value, tf.int64), dtype=tf.float64))
    return tf.reduce_sum(tf.cast(value, tf.float64) * tf.reshape(factors, tf.shape(value)))
