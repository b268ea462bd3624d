"""`ModuleSpec`: what a module offers, before it is put into a graph."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import tensorflow as tf

from hubexplore.display.safe_display import automatic
from hubexplore.hub.tensor_info import TensorInfo
from hubexplore.summary.model import ModuleSummary, SignatureSummary, VariantSummary

if TYPE_CHECKING:
    from hubexplore.display.rich.cost_view import ShownCost
    from hubexplore.display.rich.summaries import Summary


class ModuleImpl(Protocol):
    """What a spec puts into a graph for one `Module`."""

    @property
    def variable_map(self) -> Mapping[str, Any]:
        """Name in the module -> Variable, or list of the partitions of one."""

    def create_apply_graph(
        self, signature: str, input_tensors: Mapping[str, Any], name: str
    ) -> dict[str, Any]:
        """Adds the ops of one call to the default graph; returns outputs by name."""

    def find_tensor(self, name: str, call: tuple[tf.Graph, str] | None) -> tf.Tensor:
        """The tensor `name` ("op:0") in a call (given as its graph and scope), or in the state (None)."""

    def export(self, path: str, session: tf.compat.v1.Session) -> None:
        """Writes the module with the values its variables have in `session` to a new directory `path`."""


class ModuleSpec(abc.ABC):
    """What a module offers: graph variants, signatures, attached messages.

    Obtained from `load_module_spec`, `create_module_spec` or `create_module_spec_from_saved_model`.
    Your own subclass defines the abstract methods, and `_create_impl` if `Module` is to
    instantiate it; one that wraps another spec can pass all of them on.
    """

    @abc.abstractmethod
    def get_tags(self) -> list[frozenset[str]]:
        """The tag sets of the graph variants; the empty set is an ordinary variant."""

    @abc.abstractmethod
    def get_signature_names(self, tags: Iterable[str] | None = None) -> list[str]:
        """Names of the signatures of the variant with `tags` (None: no tags)."""

    @abc.abstractmethod
    def get_input_info_dict(
        self, signature: str | None = None, tags: Iterable[str] | None = None
    ) -> Mapping[str, TensorInfo]:
        """Inputs of a signature (None: `default`) by name: objects with dtype, get_shape(), kind."""

    @abc.abstractmethod
    def get_output_info_dict(
        self, signature: str | None = None, tags: Iterable[str] | None = None
    ) -> Mapping[str, TensorInfo]:
        """Outputs of a signature (None: `default`) by name."""

    @abc.abstractmethod
    def get_attached_message(
        self, key: str, message_type: Any, tags: Iterable[str] | None = None, required: bool = False
    ) -> Any:
        """A fresh message of class `message_type` parsed from what is attached under `key`, or None.

        Raises:
          KeyError: nothing is attached under `key` and it is `required`.
        """

    # Not abstract: subclasses that only describe a module need neither.
    def _check_instantiable(self, tags: frozenset[str], trainable: bool) -> None:  # noqa: B027 - optional
        """Raises what `_create_impl` would raise, before anything is added to a graph. Optional."""

    def _create_impl(self, name: str, trainable: bool, tags: frozenset[str]) -> ModuleImpl:
        """Puts the state of the variant `tags` into the default graph, into the free name scope `name`."""
        raise TypeError(
            f"{type(self).__name__} describes a module but cannot instantiate one: define _create_impl, "
            f"for example by calling that of the spec it wraps."
        )

    def cut(
        self,
        inputs: Any = None,
        outputs: Any = None,
        signature: str | None = None,
        *,
        of: str | None = None,
        keep_signatures: bool = False,
        tags: Iterable[str] | None = None,
        check: bool = False,
    ) -> ModuleSpec:
        """Cuts a part out: a new spec with just what lies between some inputs and outputs.

        ```python
        spec = hub.load_module_spec("/path/to/module")
        features = spec.cut(outputs={"features": "block4/Relu"}, signature="features")
        features.export("/path/to/features")
        ```

        It has the nodes, functions, variables, tables, assets, update ops and losses that the outputs need,
        and no others. Values are read from the files of this module when they are needed, and the cut can
        be used, trained and exported as any other module. This spec stays as it is.

        Tensors are named as in `fetch=`: by the name of an op or tensor ("block4/Relu", "block4/Relu:0"),
        also inside a called function ("dense/MatMul"; the call then becomes its ops); by that of a
        variable; or by that of an input or output of the signature `of`.

        Args:
          inputs: tensors that callers of the cut pass: a name, a list, or a dict from names of inputs to
            tensors. What they were computed from is left out. None for the inputs of `of` that the outputs
            need.
          outputs: tensors that it returns, likewise. A single name is the output `default`.
          signature: name of the new signature; None means `default`.
          of: the signature whose inputs are meant; None means `default`, `serving_default` or the only one.
          keep_signatures: whether the old signatures stay, with all that they need.
          tags: of the graph variant to cut; None cuts all in which that is possible, and the notes of the
            cut say which are left out, and why.
          check: run both on an example, and compare the outputs of the cut with the values that the module
            computes; see `hubexplore.check_cut`.

        Returns:
          A ModuleSpec. Its notes say what it was cut out of, and what the check found.

        Raises:
          SignatureError: (a TypeError and ValueError) an argument is in none of these forms.
          NoSuchTensorError: (a KeyError) the module has no such tensor, with the nearest; or it is in a
            branch, loop or dataset of TF2, where it has no single value.
          NoSuchSignatureError, NoSuchVariantError: (a KeyError and ValueError) there is no `of`, or no
            variant with `tags`.
          CutError: (a ValueError) an output needs a placeholder that was cut away, with the way to it; no
            output needs an input; an output is an input; a tensor is in a loop or branch of TF1, or is not
            a tensor of values; two would have one name; or the check found other values.
          UntrustedModuleError: (a ValueError) `check` would run a module that can touch things outside of
            itself.
        """
        raise TypeError(
            f"{type(self).__name__} describes a module but does not hold its graph, so nothing can be cut "
            f"out of it. Cut the spec that hubexplore.load_module_spec or create_module_spec returns."
        )

    def summary(self) -> Summary:
        """Everything known about it, as `hubexplore.summarize` returns it."""
        # Display is imported on first use, here and below, for speed only: loading a spec shows nothing.
        from hubexplore.display.rich.summaries import displayable

        variants = tuple(map(self._variant_summary, self.get_tags()))
        return displayable(ModuleSummary(title=type(self).__name__, variants=variants))

    def cost(
        self,
        inputs: Any = None,
        signature: str | None = None,
        *,
        tags: Iterable[str] | None = None,
        batch: int | None = 1,
    ) -> ShownCost:
        """Counts what a call of a signature costs, without running it; see `Summary.cost`."""
        return self.summary().cost(inputs, signature, tags=tags, batch=batch)

    def _variant_summary(self, tags: frozenset[str]) -> VariantSummary:
        return VariantSummary(
            tags=tuple(sorted(tags)),
            signatures=tuple(
                SignatureSummary(
                    name=name,
                    inputs=_tensors(self.get_input_info_dict(name, tags)),
                    outputs=_tensors(self.get_output_info_dict(name, tags)),
                )
                for name in sorted(self.get_signature_names(tags))
            ),
        )

    def __repr__(self) -> str:
        from hubexplore.display.card import text

        return text.module(self.summary())

    @automatic
    def _repr_html_(self) -> str:
        from hubexplore.display.card import html

        return html.module(self.summary())


def _tensors(infos: Mapping[str, TensorInfo]) -> tuple[Any, ...]:
    return tuple(info.summary(name) for name, info in sorted(infos.items()))
