"""`Module`: a module in a graph."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import tensorflow as tf

from hubexplore.display.rich.containers import ShownDict, ShownList
from hubexplore.display.safe_display import automatic
from hubexplore.errors import (
    GraphError,
    HandleError,
    ScopeNameError,
    SignatureError,
)
from hubexplore.hub import tf_internals
from hubexplore.hub.call_arguments import check_shared, convert_inputs, normalize_inputs, select_outputs
from hubexplore.hub.danger_check import inheriting_trust
from hubexplore.hub.graph.ownership import check_callable, check_not_in_replica, check_tensors
from hubexplore.hub.inspection import live_summary
from hubexplore.hub.inspection.call_growth import CallCounter
from hubexplore.hub.inspection.tensor_lookup import locate
from hubexplore.hub.loading import load_module_spec
from hubexplore.hub.spec import ModuleSpec
from hubexplore.hub.variants.graph_variant import as_tag_set
from hubexplore.summary.files.paths import EXPORT, to_write
from hubexplore.summary.lookup import find_variant, no_such_variant
from hubexplore.summary.model import LiveSummary, VariableSummary
from hubexplore.summary.module_format import DEFAULT_SIGNATURE

if TYPE_CHECKING:
    from hubexplore.display.rich.cost_view import ShownCost
    from hubexplore.display.rich.summaries import Summary

MSG_EAGER: Final = """\
hub.Module adds to a graph, but TensorFlow is executing eagerly here. Write

    with tf.Graph().as_default():
        module = hub.Module(...)
        outputs = module(inputs)
        with tf.compat.v1.Session() as session:
            session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
            print(session.run(outputs))

or, without a graph, hub.load(path)(inputs); or, in a notebook, `%load_ext hubexplore` and `%hub_load`."""
# Stricter than TensorFlow, which also accepts names that the importer later refuses as a prefix.
_SCOPE_NAME: Final = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.-]*(/[A-Za-z0-9.][A-Za-z0-9_.-]*)*")
# A signature may have any name. tf.name_scope accepts ">" and "\\" as well, but the importer refuses such a
# scope.
_NOT_IN_SCOPES: Final = re.compile(r"[^A-Za-z0-9_./-]")


@dataclass(frozen=True)
class Application:
    """One call of a module.

    Attributes:
      signature: its name.
      inputs: the tensors that went in, by name.
      outputs: the tensors that came out, by name.
      graph: the graph that got the ops: the module's own, or a function body inside of it.
      scope: name scope of the ops in it; below it they have the names they have in the module.
    """

    signature: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    graph: tf.Graph
    scope: str = ""


class Module:
    """A TF1 Hub module instantiated in the default graph; calls share its variables and tables.

    ```python
    with tf.Graph().as_default():
        embed = hub.Module("/path/to/module")
        vectors = embed(["a sentence", "another one"])
    ```

    The state (variables, tables, assets) is added when the instance is made, under a fresh variable scope
    `name`; each call adds just the ops between its inputs, the state and its outputs. Running
    `tf.compat.v1.global_variables_initializer()` (or the initialiser of one variable) and
    `tf.compat.v1.tables_initializer()` gives the state the published values.

    Args:
      spec: a ModuleSpec, or what `load_module_spec` takes: a path, an archive, a URL, `sample:NAME`.
      trainable: whether its variables join TRAINABLE_VARIABLES, its losses REGULARIZATION_LOSSES and, per
        call, its update ops UPDATE_OPS.
      name: of the variable scope; `name_1`, ... if it is taken.
      tags: of the graph variant; None means no tags.

    Raises:
      GraphError: (a RuntimeError) eager execution; a function such as that of Dataset.map, in which variables
        and tables could not be initialised; a replica of a distribution strategy; or the name scope `name` is
        taken where the variable scope is free.
      NoSuchVariantError: (a ValueError) no variant has these tags.
      ScopeNameError: (a ValueError) no scope can have that `name`, or an op has a name that the module needs.
      HandleError: (a ValueError) `spec` is neither a spec nor a path.
      tf.errors.NotFoundError: TensorFlow lacks ops that the module uses; all are named.
    """

    def __init__(
        self,
        spec: ModuleSpec | str | bytes | os.PathLike[str],
        trainable: bool = False,
        name: str = "module",
        tags: Iterable[str] | None = None,
    ) -> None:
        if tf.executing_eagerly():
            raise GraphError(MSG_EAGER)
        check_not_in_replica()
        self._spec = _as_spec(spec)
        self._tags = as_tag_set(tags)
        _check_tags(self._spec, self._tags)
        self._trainable = bool(trainable)
        # Everything that can be refused is, before the graph is touched.
        self._spec._check_instantiable(self._tags, self._trainable)
        self._graph = tf.compat.v1.get_default_graph()
        parent = tf.compat.v1.get_variable_scope().name
        absolute_name = f"{parent}/{name}" if parent else str(name)
        with tf_internals.release_names_on_failure(self._graph, absolute_name):
            self._scope = _fresh_scope(self._graph, name)
            self._impl = self._spec._create_impl(self._scope, self._trainable, self._tags)
        self._name = self._scope.rpartition("/")[2]
        self._applications: list[Application] = []
        self._calls = CallCounter(self._name, self._graph)

    @tf_internals.without_autograph
    def __call__(
        self,
        inputs: Any = None,
        _sentinel: Any = None,
        signature: str | None = None,
        as_dict: bool | None = None,
    ) -> Any:
        """Applies a signature; every call uses the same variables and tables.

        Args:
          inputs: dict of input name -> value; or one value where the signature has one input; or nothing
            where it has none. Values are converted with the dtype of the input. An input may be any tensor.
          signature: its name; None or "" means `default`. Give it by keyword.
          as_dict: True returns all outputs by name; otherwise the output called `default` is returned.

        Returns:
          A Tensor, SparseTensor or RaggedTensor, or with `as_dict=True` a dict of them by output name. Dtypes
          and static shapes are those of `get_output_info_dict`, refined by the inputs' static shapes.

        Raises:
          GraphError: (a RuntimeError) the default graph is not the module's, nor a function inside of it.
          NoSuchSignatureError: (a KeyError and ValueError) lists the signatures.
          SignatureError: (a TypeError) names the input that does not fit and what was expected, or that is
            of another graph; or there is no output `default` and `as_dict` is not True.
          ScopeNameError: (a ValueError) an op of the graph has the name that an output would get.

        Warns with GraphGrowthWarning when it is called in a loop: every call grows the graph.
        """
        if _sentinel is not None:
            raise SignatureError("Pass signature= and as_dict= by keyword: module(inputs, signature='name').")
        # All checks come before the first op: nothing can be taken out of a graph again.
        graph = check_callable(self._name, self._graph)
        name = signature or DEFAULT_SIGNATURE
        select_outputs(name, self._spec.get_output_info_dict(name, self._tags), as_dict)
        infos = self._spec.get_input_info_dict(name, self._tags)
        values = normalize_inputs(inputs, infos, name)
        check_tensors(self._name, values, graph)
        values = check_shared(values, infos, name)
        # Signatures may have names that are not valid in scopes; a slash would make a nested scope.
        scope = _NOT_IN_SCOPES.sub("_", f"{self._name}_apply_{name}").replace("/", "_")
        tensors = convert_inputs(values, infos)
        # The scope that the call is going to get; recorded, since names of tensors start with it.
        full = str(graph.unique_name(scope, mark_as_used=False))
        with tf_internals.release_names_on_failure(graph, f"{graph.get_name_scope()}/{scope}".lstrip("/")):
            outputs = self._impl.create_apply_graph(name, tensors, scope)
        self._applications.append(Application(name, tensors, outputs, graph, full))
        self._calls.count(name, tensors, graph)
        return select_outputs(name, outputs, as_dict)

    def tensor(self, name: str, call: Application | int | None = None) -> tf.Tensor:
        """Returns a tensor inside of the module, such as an intermediate layer, by its name in the module.

        A call adds just the ops that its outputs need. Where the tensor needs more, they are added to the
        call now; ops that are there are used, so it belongs to the same inputs, dropout masks and updates.

        A tensor inside a called function is named by the path of calls: "head/MatMul" for `MatMul` in the
        function called by "head" or "head/PartitionedCall". It is computed beside the call, from the inputs
        of the call. In a TF2 loop, "loop/body/add" is the last value of a tensor that the loop hands on.

        Args:
          name: of a tensor or op: "attention:0", "attention". A name that begins with the scope of a call or
            of the state, as in "module_apply_default_1/attention:0" or "module/x:0", says where to look.
          call: which call: one of `applications`, or its number; by default the last one.

        Returns:
          The tensor; for an input what was given for it, for a variable its value.

        Raises:
          NoSuchTensorError: (a KeyError) there is no such tensor, with the nearest name; it depends on a
            placeholder that has no value in the call; or it is in a function and cannot be computed beside
            the call (random numbers, effects) or has no single value (in a branch, loop or dataset).
          GraphError: (a RuntimeError) the call was made in a function or loop, but this is outside of it.
        """
        return locate(self, name, call)

    @property
    def applications(self) -> tuple[Application, ...]:
        """One record per call so far, in order."""
        return tuple(self._applications)

    @property
    def graph(self) -> tf.Graph:
        """The graph it is part of."""
        return self._graph

    @property
    def name(self) -> str:
        """Last component of the scope of its state; names of calls start with it."""
        return self._name

    @property
    def scope(self) -> str:
        """Absolute variable scope, and name scope, of its state."""
        return self._scope

    @property
    def spec(self) -> ModuleSpec:
        """What it was made of."""
        return self._spec

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the names of its ops begin with: the scope of its state, then one for each call so far."""
        return tuple(f"{scope}/" for scope in (self._scope, *(call.scope for call in self._applications)))

    @property
    def trainable(self) -> bool:
        """Whether its variables are trainable."""
        return self._trainable

    @property
    def tags(self) -> frozenset[str]:
        """Tags of its graph variant."""
        return self._tags

    @property
    def variable_map(self) -> ShownDict[str, Any]:
        """Name of a variable in the module -> Variable, or list of its partitions in offset order.

        Names do not depend on where the module was instantiated; the dict can be the `assignment_map` of
        `tf.compat.v1.train.init_from_checkpoint`. A notebook shows it as a table.
        """
        return ShownDict(
            self._impl.variable_map,
            lambda variables: live_summary.map_summaries(variables, self._described_variables()),
        )

    @property
    def variables(self) -> ShownList[Any]:
        """All variables, sorted by name in the module, partitions in order; a notebook shows a table."""
        flat: list[Any] = []
        for _, value in sorted(self._impl.variable_map.items()):
            flat.extend(value if isinstance(value, list) else [value])
        return ShownList(flat, live_summary.list_summaries)

    def _described_variables(self) -> tuple[VariableSummary, ...]:
        """The spec's descriptions of the variables of this graph variant."""
        variant = find_variant(self._spec.summary(), tuple(sorted(self._tags)))
        return variant.variables if variant else ()

    def get_signature_names(self) -> list[str]:
        """Names of the signatures of its graph variant."""
        return self._spec.get_signature_names(self._tags)

    def get_input_info_dict(self, signature: str | None = None) -> Mapping[str, Any]:
        """Inputs of a signature (None: `default`): name -> object with dtype, get_shape(), is_sparse."""
        return self._spec.get_input_info_dict(signature, self._tags)

    def get_output_info_dict(self, signature: str | None = None) -> Mapping[str, Any]:
        """Outputs of a signature (None: `default`): name -> object with dtype, get_shape(), is_sparse."""
        return self._spec.get_output_info_dict(signature, self._tags)

    def get_attached_message(self, key: str, message_type: Any, required: bool = False) -> Any:
        """A fresh `message_type` parsed from what is attached under `key`; None, or KeyError if required."""
        return self._spec.get_attached_message(key, message_type, self._tags, required)

    def export(
        self, path: str | os.PathLike[str], session: tf.compat.v1.Session, *, overwrite: bool = False
    ) -> None:
        """Writes the module, all graph variants, with the values its variables have in `session`.

        Args:
          path: directory to write. It appears whole or not at all, and must not hold a module yet.
          session: of the module's graph, variables initialised.
          overwrite: replace a module that is there, in one step where the system has one; anything else there
            stays refused.

        Raises:
          GraphError: (a RuntimeError) the session, or the default graph, is of another graph.
          ExportError: (an OSError and RuntimeError) the target is taken or not writable, or a variable has no
            value in the session.
        """
        if tf.executing_eagerly() or tf.compat.v1.get_default_graph() is not self._graph:
            raise GraphError(
                "Export needs the module's graph as default graph: use `with module.graph.as_default():`."
            )
        if session.graph is not self._graph:
            raise GraphError(
                "The session does not run the module's graph: make it with "
                "`tf.compat.v1.Session(graph=module.graph)`."
            )
        # On first use, for speed only: most programs never export.
        from hubexplore.hub.storage.export import export

        with inheriting_trust(self._spec, to_write(path, EXPORT)):
            export(path, lambda folder: self._impl.export(folder, session), overwrite)

    def summary(self) -> Summary:
        """Everything known about it: its spec, its scope, and its calls so far."""
        from hubexplore.display.rich.summaries import displayable

        facts = LiveSummary(
            scope=self._scope,
            tags=tuple(sorted(self._tags)),
            trainable=self._trainable,
            applications=tuple(live_summary.call_summary(call) for call in self._applications),
        )
        return displayable(replace(self._spec.summary(), live=facts))

    def cost(self, inputs: Any = None, signature: str | None = None, *, batch: int | None = 1) -> ShownCost:
        """Counts what a call of a signature costs, without running it; see `Summary.cost`.

        `NotebookSession.cost` measures it.
        """
        return self._spec.summary().cost(inputs, signature, tags=self._tags, batch=batch)

    def __repr__(self) -> str:
        from hubexplore.display.card import text

        return text.module(self.summary())

    @automatic
    def _repr_html_(self) -> str:
        from hubexplore.display.card import html

        return html.module(self.summary())


def _as_spec(spec: Any) -> ModuleSpec:
    if isinstance(spec, ModuleSpec):
        return spec
    if isinstance(spec, (str, bytes, os.PathLike)):
        return load_module_spec(spec)
    raise HandleError(
        f"A module is made from a ModuleSpec or from a path or handle; got a {type(spec).__name__}."
    )


def _check_tags(spec: ModuleSpec, tags: frozenset[str]) -> None:
    """Raises NoSuchVariantError, whatever kind of spec it is."""
    existing = spec.get_tags()
    if tags in map(frozenset, existing):
        return
    spec.get_signature_names(tags)  # a spec that explains it better does so here
    raise no_such_variant(tags, existing)


def _fresh_scope(graph: tf.Graph, name: str) -> str:
    """An unused variable scope whose name scope is free too; absolute, without a trailing slash.

    Raises:
      ScopeNameError: (a ValueError) TensorFlow takes no such name.
      GraphError: (a RuntimeError) the name scope is taken.
    """
    is_text = isinstance(name, str)
    if not (is_text and _SCOPE_NAME.fullmatch(name)):
        raise ScopeNameError(
            f"The name= of a Module starts with a letter, digit or '.', followed by these, '_' and '-'; "
            f"several such names may be joined by '/'. {name!r} is not of that form."
        )
    parent = tf.compat.v1.get_variable_scope().name
    with graph.name_scope(f"{parent}/" if parent else None):
        with tf.compat.v1.variable_scope(None, default_name=name, auxiliary_name_scope=False) as scope:
            chosen = scope.name
        # The store of variable scopes and the graph number names separately; variables and their ops need one
        # name.
        relative = chosen[len(parent) + 1 :] if parent else chosen
        free = graph.unique_name(relative)
    if free != chosen:
        raise GraphError(
            f"The variable scope {chosen!r} is free, but the name scope of that name is taken by other ops, "
            f"so variables and their ops could not have the same names. Pass another name= to Module."
        )
    return str(chosen)
