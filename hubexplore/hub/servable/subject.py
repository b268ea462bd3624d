"""What to save: the spec, the graph variants and the values of whatever a program has of a module."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import GraphError, UnsupportedFormatError
from hubexplore.hub import tf_saved_models
from hubexplore.hub.definition import DefinedSpec
from hubexplore.hub.eager.loaded_module import LoadedModule
from hubexplore.hub.eager.variables import make_variables
from hubexplore.hub.loading import load_module_spec
from hubexplore.hub.module import Module
from hubexplore.hub.servable.choice import Choice, choose, variants_of
from hubexplore.hub.servable.values import Identity
from hubexplore.hub.servable.write import NO_VALUES, LiveValues
from hubexplore.hub.spec import ModuleSpec
from hubexplore.hub.variants.graph_variant import as_tag_set
from hubexplore.hub.variants.variable_specs import VariableSpec
from hubexplore.summary.lookup import first_names

MSG_FOREIGN: Final = (
    "A TF2 SavedModel is written from a handle or a spec that hubexplore made; a {name} has no graph that "
    "it can read."
)
MSG_NO_SESSION: Final = (
    "The values of the variables of {name!r} are in a session: hub.save(module, path, session=session). For "
    "the published values, save its spec: hub.save(module.spec, path)."
)
MSG_OTHER_SESSION: Final = "The session does not run the graph of {name!r}. Pass the one that does."
MSG_LACKING: Final = (
    "The graph variant with the tags {tags} is left out, because its variables {names} have no values in "
    "this session."
)
MSG_SESSION: Final = "session= belongs to a hub.Module in a graph, but {kind} is saved."
MSG_TAGS: Final = "The tags of {kind} are chosen when it is made, so tags= cannot change them."


@dataclass(frozen=True)
class Subject:
    """What is written.

    Attributes:
      spec: of the module.
      choice: of its graph variants.
      live: values that are not the published ones.
    """

    spec: DefinedSpec
    choice: Choice
    live: LiveValues


def subject_of(
    module: Any, tags: Iterable[str] | None = None, session: tf.compat.v1.Session | None = None
) -> Subject:
    """Finds out what to write.

    Args:
      module: a handle, a ModuleSpec, a `hub.Module` with its session, or what `hub.load` returns.
      tags: of the graph variant that is served; None means no tags, or the only variant there is.
      session: of a `hub.Module`; by default the default session.
    """
    if isinstance(module, (Module, LoadedModule)) and tags is not None:
        raise GraphError(MSG_TAGS.format(kind=_kind(module)))
    if session is not None and not isinstance(module, Module):
        raise GraphError(MSG_SESSION.format(kind=_kind(module)))
    if isinstance(module, Module):
        return _of_module(module, session or tf.compat.v1.get_default_session())
    if isinstance(module, LoadedModule):
        spec = module.spec
        return Subject(spec, choose(spec.get_tags(), module.tags), _eager(module.variables_by_identity))
    spec = _defined(module if isinstance(module, ModuleSpec) else load_module_spec(module))
    only = spec.get_tags()
    tag_set = only[0] if tags is None and len(only) == 1 else as_tag_set(tags)
    choice = choose(only, spec.variant(tag_set).tags)
    return Subject(spec, choice, NO_VALUES if spec.checkpoint is not None else _initial(spec))


def _kind(module: Any) -> str:
    if isinstance(module, LoadedModule):
        return "what hub.load returned"
    return "a hub.Module" if isinstance(module, Module) else "a handle or spec"


def _defined(spec: ModuleSpec) -> DefinedSpec:
    if not isinstance(spec, DefinedSpec):
        raise UnsupportedFormatError(MSG_FOREIGN.format(name=type(spec).__name__))
    return spec


def _of_module(module: Module, session: tf.compat.v1.Session | None) -> Subject:
    spec = _defined(module.spec)
    if session is None:
        raise GraphError(MSG_NO_SESSION.format(name=module.name))
    if session.graph is not module.graph:
        raise GraphError(MSG_OTHER_SESSION.format(name=module.name))
    tensors = {
        variable.identity: f"{module.scope}/{variable.proto.snapshot_name or variable.proto.variable_name}"
        for variable in spec.variables_by_variant[module.tags]
    }

    def read(variables: list[VariableSpec]) -> list[Any]:
        return list(session.run([tensors[variable.identity] for variable in variables]))

    live = LiveValues(frozenset(tensors), read)
    return Subject(spec, _with_values(spec, choose(spec.get_tags(), module.tags), module.tags, live), live)


def _with_values(spec: DefinedSpec, choice: Choice, tags: frozenset[str], live: LiveValues) -> Choice:
    """The choice without graph variants that need a variable of which there is no value."""
    stored = spec.checkpoint.variables if spec.checkpoint is not None else {}

    def lacking(chosen: frozenset[str]) -> list[str]:
        return sorted(
            variable.key
            for variable in spec.variables_by_variant[chosen]
            if variable.identity not in live.identities and variable.key not in stored
        )

    notes = choice.notes
    for chosen in variants_of(choice):
        if chosen != tags and (names := lacking(chosen)):
            notes = (*notes, MSG_LACKING.format(tags=sorted(chosen), names=first_names(names, 3)))
            choice = Choice(tags, None, notes)
    return choice


def _eager(variables: dict[Identity, Any]) -> LiveValues:
    def read(wanted: list[VariableSpec]) -> list[Any]:
        with tf_saved_models.eagerly():
            return [variables[variable.identity].numpy() for variable in wanted]

    return LiveValues(frozenset(variables), read)


def _initial(spec: DefinedSpec) -> LiveValues:
    """The values that the variables of a new spec start from."""
    if not spec.all_variables:
        return NO_VALUES
    with tf_saved_models.eagerly():
        return _eager(make_variables(spec, trainable=False))
