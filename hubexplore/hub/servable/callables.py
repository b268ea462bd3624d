"""The functions of a SavedModel that compute: its signatures, `__call__`, and losses."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import function_pb2

from hubexplore.hub.graph.plan import plan_apply
from hubexplore.hub.graph.slice import GraphSlice
from hubexplore.hub.servable.function_body import (
    Argument,
    Body,
    Result,
    add_arguments,
    add_result,
    call_of,
    guarded,
)
from hubexplore.hub.servable.function_library import FunctionLibrary
from hubexplore.hub.servable.objects import Objects
from hubexplore.hub.servable.state import VariantState
from hubexplore.hub.tensor_info import InfoDict, TensorInfo
from hubexplore.summary.graph.traversal import NO_CUT, node_of, reach, tensor_of
from hubexplore.summary.module_format import DEFAULT_OUTPUT, DEFAULT_SIGNATURE

MSG_LOOP: Final = (
    "The result depends on a TF1 while loop of the module, through which TensorFlow cannot compute gradients "
    "in a SavedModel. hub.load(path) of the module can; or call it outside of the GradientTape."
)
_UPDATES: Final = tf.compat.v1.GraphKeys.UPDATE_OPS
_INPUTS: Final = "inputs"
_NOT_IN_PARAMETERS: Final = re.compile(r"\W", re.ASCII)
PARAMETERS: Final = {_INPUTS: None, "training": False, "signature": None, "as_dict": False}
"""What the object is called with, and the defaults: as what `hub.load` returns."""


@dataclass(frozen=True)
class Field:
    """One dense input or output of a signature, as TF2 knows it.

    Attributes:
      name: of the input, with `_1`, `_2` for further components of a sparse or ragged one.
      owner: the name in the module.
      component: its position among the components of the owner.
      tensor: name in the graph.
      spec: dtype and static shape.
    """

    name: str
    owner: str
    component: int
    tensor: str
    spec: tf.TensorSpec


@dataclass(frozen=True)
class Callable:
    """One signature of one graph variant as a function.

    Attributes:
      name: of the signature in the module.
      function: whose arguments are `inputs`, sorted by name, and then what it captures; its results are
        `outputs`, sorted by name.
      inputs: sorted by name.
      outputs: sorted by name.
      captured: numbers of objects.
      arguments: for these.
      input_infos: of the module.
      output_infos: of the module.
    """

    name: str
    function: Any
    inputs: Sequence[Field]
    outputs: Sequence[Field]
    captured: tuple[int, ...]
    arguments: Sequence[Argument]
    input_infos: InfoDict
    output_infos: InfoDict


def fields(infos: Mapping[str, TensorInfo], *, parameters: bool = False) -> list[Field]:
    """The dense tensors of inputs or outputs, sorted by the names that TF2 gives them.

    Args:
      infos: of the module.
      parameters: whether they are inputs. A loader makes parameters of Python of these, with "_" for what no
        name can have there; so keywords, and names that would become equal, get other ones.
    """
    used = set(infos)
    plain: set[str] = set()
    found = []
    for owner, info in infos.items():
        parts = tf.nest.flatten(info.type_spec, expand_composites=True)
        if info.is_sparse:
            rank = info.type_spec.shape.rank
            parts = [
                tf.TensorSpec([None, rank], tf.int64),
                tf.TensorSpec([None], info.dtype),
                tf.TensorSpec([rank], tf.int64),
            ]
        for number, (tensor, part) in enumerate(zip(info.component_names, parts, strict=True)):
            # TensorFlow names the components of a composite input in this way when it saves one.
            name, suffix = owner if not number else f"{owner}_{number}", number
            while (number and name in used) or (
                parameters and (keyword.iskeyword(name) or _NOT_IN_PARAMETERS.sub("_", name) in plain)
            ):
                suffix += 1
                name = f"{owner}_{suffix}"
            used.add(name)
            plain.add(_NOT_IN_PARAMETERS.sub("_", name))
            spec = tf.TensorSpec(part.shape, part.dtype)
            found.append(Field(name, owner, number, tensor_of(tensor), spec))
    return sorted(found, key=lambda field: field.name)


def make_callable(
    state: VariantState, signature: str, library: FunctionLibrary, *, training: bool
) -> Callable:
    """The function of a signature.

    Args:
      state: of the graph variant.
      signature: its name.
      library: gets the function.
      training: whether update ops run.
    """
    variant = state.variant
    variant.check_signature(signature)
    plan = plan_apply(variant, signature, training)
    graph_slice, tensors = state.captured(plan.graph_slice, plan.from_state)
    inputs, outputs = fields(plan.inputs, parameters=True), fields(plan.outputs)
    # An output that is a handle of the state itself, or the path of a file, is captured as well.
    kept = {node.name for node in graph_slice.graph_def.node}
    given = {field.tensor for field in inputs}
    extra = sorted(
        {field.tensor for field in outputs} - given - set(tensors)
        - {field.tensor for field in outputs if node_of(field.tensor) in kept}
    )  # fmt: skip
    tensors = [*tensors, *extra]
    arguments = [state.argument(tensor) for tensor in tensors]
    body = Body(
        graph_slice,
        [*(Argument(field.tensor, field.spec.dtype, field.spec.shape) for field in inputs), *arguments],
        [Result(field.tensor, field.spec.dtype) for field in outputs],
        [node_of(name) for name in plan.collections.get(_UPDATES, ())],
    )
    purpose = f"{'train_' if training else ''}{signature}"
    function = library.add(purpose, body, variant)
    reasons = {number: _refusal(state, field) for number, field in enumerate(outputs)}
    refusals = {number: text for number, text in reasons.items() if text}
    if refusals:
        function = library.add_function(guarded(function, library.free_name(purpose), refusals))
    captured = tuple(state.number(tensor) for tensor in tensors)
    return Callable(signature, function, inputs, outputs, captured, arguments, plan.inputs, plan.outputs)


def _refusal(state: VariantState, field: Field) -> str:
    """Why there is no gradient through an output: TensorFlow would not find that of a TF1 loop."""
    variant = state.variant
    if "Exit" not in variant.ops or not field.spec.dtype.is_floating:
        return ""
    found = reach(variant.nodes, [field.tensor], NO_CUT).nodes
    return MSG_LOOP if any(variant.nodes[name].op == "Exit" for name in found) else ""


def add_signature(objects: Objects, made: Callable) -> int:
    """Adds the object of a signature."""
    name = made.function.signature.name
    keywords = {field.name: _named(field) for field in made.inputs}
    objects.add_concrete(
        name, ((), keywords), {field.name: _named(field) for field in made.outputs}, made.captured
    )
    return objects.add_signature(name, list(keywords))


def _named(field: Field) -> tf.TensorSpec:
    return tf.TensorSpec(field.spec.shape, field.spec.dtype, field.name)


def add_call(objects: Objects, library: FunctionLibrary, made: Sequence[tuple[bool, Callable]]) -> int:
    """Adds `__call__`, for each signature in training or not.

    Args:
      objects: get the object.
      library: gets its functions.
      made: whether it is for training, and the function.
    """
    concrete = []
    for training, function in made:
        for signature, as_dict in _variations(function):
            wrapped = _wrapper(library, function, as_dict)
            inputs = _structure(function.input_infos)
            objects.add_concrete(
                wrapped.signature.name,
                ((inputs, training, signature, as_dict), {}),
                _result(function.output_infos, as_dict),
                function.captured,
            )
            concrete.append(wrapped.signature.name)
    return objects.add_function(concrete, PARAMETERS)


def _variations(function: Callable) -> Iterator[tuple[str | None, bool]]:
    for signature in (None, function.name) if function.name == DEFAULT_SIGNATURE else (function.name,):
        for as_dict in (False, True):
            yield signature, as_dict


def _structure(infos: InfoDict) -> Any:
    """What stands for all inputs: nothing, one value, or a dict."""
    specs = {name: _spec(info.type_spec, name) for name, info in infos.items()}
    if len(specs) < 2:
        return next(iter(specs.values()), None)
    return specs


def _result(infos: InfoDict, as_dict: bool) -> Any:
    specs = {name: _spec(info.type_spec, name) for name, info in infos.items()}
    return specs if as_dict or DEFAULT_OUTPUT not in specs else specs[DEFAULT_OUTPUT]


def _spec(spec: Any, name: str) -> Any:
    return tf.TensorSpec(spec.shape, spec.dtype, name) if isinstance(spec, tf.TensorSpec) else spec


def _wrapper(library: FunctionLibrary, made: Callable, as_dict: bool) -> Any:
    """A function that calls another one, with its arguments and results in the order of the structures."""
    function = function_pb2.FunctionDef()
    function.signature.name = library.free_name(f"call_{made.name}")
    function.signature.is_stateful = True
    inputs = sorted(made.inputs, key=lambda field: (field.owner, field.component))
    arguments = [
        *(Argument(f"{field.name}:0", field.spec.dtype, field.spec.shape) for field in inputs),
        *(Argument(f"captured_{number}:0", argument.dtype, argument.shape, argument.handle)
          for number, argument in enumerate(made.arguments)),
    ]  # fmt: skip
    call = "call_of_signature"
    add_arguments(function, arguments, [call])
    names = [argument.name for argument in function.signature.input_arg]
    by_field = dict(zip((field.name for field in inputs), names, strict=False))
    edges = [*(by_field[field.name] for field in made.inputs), *names[len(inputs) :]]
    shapes = {number: field.spec.shape for number, field in enumerate(made.outputs)}
    function.node_def.append(call_of(made.function, call, edges, shapes))
    function.signature.control_output.append(call)
    function.control_ret[call] = call
    positions = {(field.owner, field.component): number for number, field in enumerate(made.outputs)}
    results = [
        key for key in sorted(positions)
        if as_dict or DEFAULT_OUTPUT not in made.output_infos or key[0] == DEFAULT_OUTPUT
    ]  # fmt: skip
    for number, key in enumerate(results):
        dtype = made.outputs[positions[key]].spec.dtype
        node = function.node_def.add(name=f"result_of_call_{number}", op="Identity")
        node.attr["T"].type = dtype.as_datatype_enum
        node.input.extend([f"{call}:output:{positions[key]}", f"^{call}"])
        add_result(function, f"output_{number}", dtype, f"{node.name}:output:0")
    return library.add_function(function)


def add_loss(objects: Objects, library: FunctionLibrary, state: VariantState, tensor: str) -> int:
    """Adds a function without arguments that computes a regularization loss."""
    graph_slice, tensors = state.region([tensor])
    dtype = tf.as_dtype(state.variant.declared.dtype(0, tensor)).base_dtype
    body = Body(
        GraphSlice(graph_slice.graph_def, graph_slice.library, {}, {}),
        [state.argument(name) for name in tensors],
        [Result(tensor_of(tensor), dtype)],
    )
    function = library.add("regularization_loss", body, state.variant)
    captured = [state.number(name) for name in tensors]
    objects.add_concrete(function.signature.name, ((), {}), tf.TensorSpec([], dtype), captured)
    return objects.add_function([function.signature.name], {})
