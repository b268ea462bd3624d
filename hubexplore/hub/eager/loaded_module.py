"""`LoadedModule`: a TF1 Hub module as a `tf.Module`."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import tensorflow as tf

from hubexplore.display.safe_display import automatic
from hubexplore.hub.call_arguments import select_outputs
from hubexplore.hub.danger_check import warn_of_dangers
from hubexplore.hub.eager.variables import Identity, by_name, by_node, make_variables
from hubexplore.hub.eager.variant import EagerVariant
from hubexplore.summary.lookup import no_such_signature
from hubexplore.summary.module_format import DEFAULT_SIGNATURE

if TYPE_CHECKING:
    from hubexplore.display.rich.summaries import Summary
    from hubexplore.hub.definition import DefinedSpec

_TRAIN: Final = "train"


class LoadedModule(tf.Module):  # type: ignore[misc]  # TensorFlow is untyped
    """A TF1 Hub module whose variables and tables exist eagerly, with their published values.

    ```python
    embed = hub.load("/path/to/module")
    vectors = embed(["a sentence", "another one"])  # signature `default`, output `default`
    ```

    It works eagerly, in `tf.function`, under `tf.GradientTape`, in `Dataset.map` and under a distribution
    strategy in whose scope it was loaded, and is saved by `tf.train.Checkpoint`.

    Attributes:
      variable_map: name in the module -> tf.Variable, or list of the parts of a partitioned one.
      signatures: name -> function of keyword arguments (or one dict) that returns a dict of tensors.
      tags: of the graph variant that calls use.
      resolved_path: directory that it was read from; empty for a spec that is not on disk.

    Args:
      spec: of the module.
      tags: of the graph variant that calls use.
      path: directory that it was read from.
      variables: tf.Variables to use, by `VariableSpec.identity`; None makes them, with the published values.
    """

    def __init__(
        self,
        spec: DefinedSpec,
        tags: frozenset[str],
        path: str = "",
        variables: Mapping[Identity, Any] | None = None,
    ) -> None:
        super().__init__(name="module")
        warn_of_dangers(spec)
        self.tags = tags
        self.resolved_path = path
        made = make_variables(spec, True, tags) if variables is None else dict(variables)
        self.variable_map = by_name(spec, made)
        # TensorFlow follows the resources, so that they are saved with this.
        self._resources: list[Any] = []
        # What checkpoints and SavedModels must not follow is behind an object that TensorFlow does not know.
        self._variants = _Variants(spec, made, self._resources.append)
        self.signatures: Mapping[str, Callable[..., dict[str, Any]]] = Signatures(self)
        self._made_variant(tags)

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def __call__(
        self,
        inputs: Any = None,
        *,
        training: bool = False,
        signature: str | None = None,
        as_dict: bool = False,
    ) -> Any:
        """Applies a signature.

        Args:
          inputs: as for `hub.Module.__call__`: one value, or a dict by the names of the signature's inputs.
          training: whether to apply the graph variant for training (its tags and "train"), with its update
            ops; where there is none, this variant with its update ops.
          signature: its name; None means `default`.
          as_dict: whether to return all outputs by name.

        Raises:
          NoSuchSignatureError: (a KeyError and ValueError) lists the signatures there are.
          SignatureError: (a TypeError) an input does not fit, or there is no output `default`.
          CheckpointMismatchError: (a ValueError) the variant for training needs variables that the module
            does not have, or has in another form.
          GraphError: (a RuntimeError) the default graph is a tf.Graph; or a GradientTape asks for a gradient
            through a TF1 while loop that cannot be had.
        """
        name = signature or DEFAULT_SIGNATURE
        return select_outputs(name, self.call_signature(name, inputs, training=bool(training)), as_dict)

    @property
    def spec(self) -> DefinedSpec:
        """What it was made of."""
        return self._variants.spec

    @property
    def variables_by_identity(self) -> dict[tuple[str, tuple[int, ...]], Any]:
        """`VariableSpec.identity` -> tf.Variable, of all graph variants."""
        return dict(self._variants.variables)

    @property
    def training_tags(self) -> frozenset[str]:
        """Tags of the variant for training; those of the module where there is none."""
        tags = self.tags | {_TRAIN}
        return tags if tags in self._variants.spec.get_tags() else self.tags

    @property
    def regularization_losses(self) -> list[Callable[[], Any]]:
        """A function for each regularization loss that depends on variables only; it returns a scalar."""
        variant = self._made_variant(self.training_tags)
        return [functools.partial(variant.loss, name) for name in variant.variant.state_losses]

    def call_signature(self, name: str, inputs: Any, *, training: bool = False) -> dict[str, Any]:
        """All outputs of a signature by name; see `__call__`."""
        return self.call_with_losses(name, inputs, training=training)[0]

    def call_with_losses(
        self, name: str, inputs: Any, *, training: bool = False
    ) -> tuple[dict[str, Any], list[Any]]:
        """All outputs of a signature by name, and the regularization losses that depend on the inputs.

        There are losses only with `training`; `regularization_losses` has those that depend on variables.
        """
        variant = self._made_variant(self.training_tags if training else self.tags)
        return variant.call(name, inputs, training=training)

    def check_gradients(self, name: str) -> None:
        """Checks that TensorFlow can compute gradients of a signature while training.

        Raises:
          GraphError: (a RuntimeError) it cannot; the message says why.
        """
        self._made_variant(self.training_tags).check_gradients(name)

    def output_specs(self, name: str, input_specs: Any) -> dict[str, Any]:
        """The TypeSpecs of the outputs of a signature for inputs with these static shapes; nothing runs."""
        return self._made_variant(self.tags).output_specs(name, input_specs)

    def _made_variant(self, tags: frozenset[str]) -> EagerVariant:
        return self._variants.get(tags)

    def summary(self) -> Summary:
        """A complete description of the module, with the published weights; displayed as a card."""
        return self.spec.summary()

    def __repr__(self) -> str:
        from hubexplore.display.card import text

        return text.module(self.summary())

    @automatic
    def _repr_html_(self) -> str:
        from hubexplore.display.card import html

        return html.module(self.summary())


class Signatures(Mapping[str, Any]):
    """The signatures of a module by name, as functions."""

    def __init__(self, module: LoadedModule) -> None:
        self._module = module
        self._names = tuple(module._variants.spec.get_signature_names(module.tags))

    def __getitem__(self, name: str) -> Callable[..., dict[str, Any]]:
        if name not in self._names:
            raise no_such_signature(name, self._names)

        @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # as above
        def signature(inputs: Any = None, **named: Any) -> dict[str, Any]:
            return self._module.call_signature(name, named if inputs is None and named else inputs)

        function: Callable[..., dict[str, Any]] = signature
        return function

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class _Variants:
    """The graph variants of a module that were used so far."""

    def __init__(self, spec: DefinedSpec, variables: Mapping[Any, Any], keep: Callable[[Any], Any]) -> None:
        self.spec = spec
        self.variables = variables
        self._keep = keep
        self._made: dict[frozenset[str], EagerVariant] = {}
        self._lock = threading.Lock()

    def get(self, tags: frozenset[str]) -> EagerVariant:
        with self._lock:
            if tags not in self._made:
                variant = self.spec.variant(tags)
                variant.check_ops()
                variables = by_node(self.spec, tags, self.variables)
                made = EagerVariant(variant, variables, self._keep)
                made.resources.make_tables()
                self._made[tags] = made
            return self._made[tags]
