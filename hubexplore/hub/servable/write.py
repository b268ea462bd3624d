"""Writes a module as a TF2 SavedModel into a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from hubexplore.hub import tf_saved_models
from hubexplore.hub.eager.eager_graph import eager_graph
from hubexplore.hub.graph.shared_names import neutralize_shared_names
from hubexplore.hub.servable.callables import Callable, add_call, add_loss, add_signature, make_callable
from hubexplore.hub.servable.choice import Choice, signature_names, variants_of
from hubexplore.hub.servable.function_library import FunctionLibrary
from hubexplore.hub.servable.objects import ROOT, Objects
from hubexplore.hub.servable.session_graph import SessionGraph
from hubexplore.hub.servable.state import FileList, SavedVariable, VariantState
from hubexplore.hub.servable.values import Identity, Reader, write_checkpoint
from hubexplore.hub.storage import assets
from hubexplore.hub.storage.export import copy_asset, write_bytes, write_values
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.hub.variants.variable_specs import VariableSpec
from hubexplore.summary.formats.tf2.custom_gradients import GRADIENT_TYPE, SAVED
from hubexplore.summary.free_names import free_name
from hubexplore.summary.lookup import first_names
from hubexplore.summary.module_format import ASSETS_FOLDER, GRAPH_FILE, VARIABLES_PREFIX

if TYPE_CHECKING:
    from hubexplore.hub.definition import DefinedSpec

SERVE: Final = "serve"
MSG_RENAMED: Final = (
    "The input {name!r} of the signature {signature!r} is called {new!r}, since TensorFlow cannot load a "
    "signature whose inputs have names that are keywords of Python, or differ in special characters only."
)
MSG_GRADIENTS: Final = (
    "The gradients that the author wrote with tf.custom_gradient are not in the SavedModel ({names}): a "
    "GradientTape through them raises an error. Train the model itself, with hub.KerasLayer or hub.load."
)
_KEY: Final = "variable_map/{}/.ATTRIBUTES/VARIABLE_VALUE"


@dataclass(frozen=True)
class LiveValues:
    """Values that a program has, in place of those that were published.

    Attributes:
      identities: of the variables.
      read: their values.
    """

    identities: frozenset[Identity]
    read: Reader


NO_VALUES: Final = LiveValues(frozenset(), lambda _: [])


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
      signatures: name in the SavedModel -> name in the module.
      variables: identity -> name in the SavedModel.
      trainable: identities of the trainable ones.
      files: names in `assets/`.
      notes: sentences that say which inputs have other names, and which gradients are left out.
    """

    signatures: Mapping[str, str]
    variables: Mapping[Identity, str]
    trainable: frozenset[Identity]
    files: tuple[str, ...]
    notes: tuple[str, ...]


def write_saved_model(
    folder: str, spec: DefinedSpec, choice: Choice, live: LiveValues = NO_VALUES
) -> Written:
    """Writes the files of a SavedModel, and returns what is in it.

    Args:
      folder: new directory, on any filesystem TensorFlow knows.
      spec: of the module.
      choice: which graph variants.
      live: values of variables that are not the published ones.

    Raises:
      UnknownOpsError: TensorFlow lacks ops that the module uses.
      UnsupportedFormatError: (a ValueError) a node works on a reference in a way that resources lack.
      CheckpointMismatchError: (a ValueError) a variable has no value.
      ExportError: (an OSError) an asset is not there.
    """
    variants = {chosen: eager_graph(_checked(spec.variant(chosen))) for chosen in variants_of(choice)}
    paths = {
        chosen: assets.used_files(variant.meta_graph, variant.nodes) for chosen, variant in variants.items()
    }
    names = assets.distinct_names(path for files in paths.values() for path in files.values())
    saved = _Model(spec, choice, variants, names)
    for path, name in saved.files.items():
        copy_asset(path, os.path.join(folder, ASSETS_FOLDER, name))
    checkpoint = os.path.join(folder, VARIABLES_PREFIX)
    tf.io.gfile.makedirs(os.path.dirname(checkpoint))
    write_values(
        checkpoint,
        lambda prefix: write_checkpoint(
            prefix, saved.variables, spec.checkpoint, live.identities, live.read, saved.values
        ),
    )
    write_bytes(os.path.join(folder, GRAPH_FILE), saved.message.SerializeToString(deterministic=True))
    tf_saved_models.write_fingerprint(folder)
    return saved.written


def _checked(variant: GraphVariant) -> GraphVariant:
    variant.check_ops()
    return variant


class _Model:
    """The messages of a SavedModel.

    Attributes:
      message: for the file of the graphs.
      values: for the checkpoint: which object each value belongs to.
      variables: whose values the checkpoint holds.
      files: path -> name of the files that belong to it.
      written: what is in it.
    """

    def __init__(
        self,
        spec: DefinedSpec,
        choice: Choice,
        variants: Mapping[frozenset[str], GraphVariant],
        names: Mapping[str, str],
    ) -> None:
        self._objects, self._library = Objects(), FunctionLibrary()
        files = FileList(names, self._objects)
        by_identity = self._add_variables(spec, variants)
        self.variables: Sequence[SavedVariable] = tuple(by_identity.values())
        states = {
            tags: VariantState(
                variant,
                position,
                {
                    variable.handle: by_identity[variable.identity]
                    for variable in spec.variables_by_variant[tags]
                },
                self._objects,
                self._library,
                files,
            )
            for position, (tags, variant) in enumerate(variants.items())
        }
        serving = states[choice.serving]
        training = serving if choice.training is None else states[choice.training]
        served = {
            name: make_callable(serving, name, self._library, training=False)
            for name in serving.variant.signature_names
        }
        trained = [
            make_callable(training, name, self._library, training=True)
            for name in training.variant.signature_names
        ]
        losses = [
            add_loss(self._objects, self._library, training, loss) for loss in training.variant.state_losses
        ]
        for state in states.values():
            state.fill_tables()
        exported = {name: served[own] for name, own in signature_names(list(served)).items()}
        resources = [each for state in states.values() for each in state.resources.values()]
        signatures = {name: add_signature(self._objects, made) for name, made in exported.items()}
        call = add_call(
            self._objects,
            self._library,
            [*((False, made) for made in served.values()), *((True, made) for made in trained)],
        )
        self._add_root(
            spec, by_identity, losses, signatures, call, [each.number for each in resources], files
        )
        self.values = self._objects.values_message()
        self.files = {path: name for path, name in names.items() if name in files.numbers}
        self.written = Written(
            signatures={name: made.name for name, made in exported.items()},
            variables={identity: variable.name for identity, variable in by_identity.items()},
            trainable=frozenset(self._trainable),
            files=tuple(files.numbers),
            notes=(*_renamed_inputs(exported), *_left_out_gradients(self._library.message.function)),
        )
        self.message = saved_model_pb2.SavedModel(saved_model_schema_version=1)
        meta_graph = self.message.meta_graphs.add()
        meta_graph.meta_info_def.tags.append(SERVE)
        meta_graph.meta_info_def.tensorflow_version = tf.version.VERSION
        meta_graph.meta_info_def.tensorflow_git_version = tf.version.GIT_VERSION
        meta_graph.graph_def.versions.producer = tf.version.GRAPH_DEF_VERSION
        meta_graph.graph_def.versions.min_consumer = tf.version.GRAPH_DEF_VERSION_MIN_CONSUMER
        graph = SessionGraph(meta_graph)
        graph.add_variables(self.variables)
        for name, number in files.numbers.items():
            graph.add_file(number, name)
        graph.add_resources(resources)
        for name, made in exported.items():
            graph.add_signature(name, made)
        graph.finish(self.variables, self.values)
        meta_graph.graph_def.library.CopyFrom(self._library.message)
        meta_graph.object_graph_def.CopyFrom(self._objects.saved)
        neutralize_shared_names(self.message.meta_graphs, names)

    def _add_variables(
        self, spec: DefinedSpec, variants: Mapping[frozenset[str], GraphVariant]
    ) -> dict[Identity, SavedVariable]:
        """The variables of the variants that are written, each once."""
        found: dict[Identity, VariableSpec] = {}
        trainable: set[Identity] = set()
        for tags in variants:
            for variable in spec.variables_by_variant[tags]:
                found.setdefault(variable.identity, variable)
                if variable.proto.trainable:
                    trainable.add(variable.identity)
        saved, used = {}, set[str]()
        for identity, variable in sorted(found.items()):
            name = _unused(variable.handle, used)
            saved[identity] = SavedVariable(
                self._objects.add_variable(
                    name,
                    variable.dtype.base_dtype,
                    variable.shape,
                    trainable=identity in trainable,
                    key=_KEY.format(_escaped(name)),
                ),
                variable,
                name,
                _KEY.format(_escaped(name)),
            )
        self._trainable = trainable
        return saved

    def _add_root(  # noqa: PLR0917 - one caller
        self,
        spec: DefinedSpec,
        variables: Mapping[Identity, SavedVariable],
        losses: Sequence[int],
        signatures: Mapping[str, int],
        call: int,
        resources: Sequence[int],
        files: FileList,
    ) -> None:
        """Gives the root what loaders find: the attributes of what `hub.load` returns."""
        objects = self._objects
        by_name: dict[str, list[SavedVariable]] = {}
        for variable in variables.values():
            by_name.setdefault(variable.spec.key, []).append(variable)
        children = {
            "variable_map": objects.add_dict(
                {
                    name: objects.add_list(part.number for part in parts)
                    if parts[0].spec.is_partition
                    else parts[0].number
                    for name, parts in by_name.items()
                }
            ),
            "variables": objects.add_list(variable.number for variable in variables.values()),
            "trainable_variables": objects.add_list(
                variable.number for identity, variable in variables.items() if identity in self._trainable
            ),
            "regularization_losses": objects.add_list(losses),
            "signatures": objects.add_node("signature_map", signatures),
            "__call__": call,
            "_resources": objects.add_list([*resources, *files.numbers.values()]),
        }
        objects.set_children(ROOT, children)


def _unused(name: str, used: set[str]) -> str:
    candidate = free_name(name, used)
    used.add(candidate)
    return candidate


def _escaped(name: str) -> str:
    # As TensorFlow writes names of objects in keys of checkpoints.
    return name.replace(".", "..").replace("/", ".S")


def _renamed_inputs(signatures: Mapping[str, Callable]) -> list[str]:
    return [
        MSG_RENAMED.format(name=part.owner, signature=name, new=part.name)
        for name, made in signatures.items()
        for part in made.inputs
        if not part.component and part.name != part.owner
    ]


def _left_out_gradients(functions: Iterable[Any]) -> list[str]:
    names = {
        node.name
        for function in functions
        for node in function.node_def
        if GRADIENT_TYPE in node.attr and node.attr[GRADIENT_TYPE].s == SAVED.encode()
    }
    return [MSG_GRADIENTS.format(names=first_names(sorted(names), 3))] if names else []
