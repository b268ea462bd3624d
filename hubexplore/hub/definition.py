"""`DefinedSpec`: a spec made of meta graphs, from a directory or from a `module_fn`."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import tensorflow as tf

import hubexplore
from hubexplore.errors import (
    AuthoringError,
    CheckpointMismatchError,
    NoSuchMessageError,
    UnsupportedCollectionError,
    closest,
)
from hubexplore.hub.danger_check import inheriting_trust, warn_of_dangers
from hubexplore.hub.graph.ownership import check_state_can_be_initialised
from hubexplore.hub.graph.plan import ApplyPlan, plan_apply
from hubexplore.hub.graph.state import StatePlan, plan_state, read_variables_or_fail
from hubexplore.hub.impl import DefinedImpl
from hubexplore.hub.spec import ModuleSpec
from hubexplore.hub.storage.assets import used_files
from hubexplore.hub.storage.glob_paths import restorable
from hubexplore.hub.storage.provenance import NO_FILES, AssetFiles, SourceFile
from hubexplore.hub.tensor_info import InfoDict
from hubexplore.hub.variants.checkpoint import Checkpoint
from hubexplore.hub.variants.graph_variant import GraphVariant, as_tag_set
from hubexplore.hub.variants.restore import find_misfit
from hubexplore.hub.variants.variable_specs import VariableSpec, read_variables
from hubexplore.summary.diagnosis.saved_model_remedy import SUPPORTED_COLLECTIONS, module_code
from hubexplore.summary.files import paths
from hubexplore.summary.lookup import no_such_variant
from hubexplore.summary.model import HUB_MODULE, IN_MEMORY, TF1_SAVED_MODEL
from hubexplore.summary.wishes import plain_side

if TYPE_CHECKING:
    from hubexplore.display.rich.summaries import Summary
    from hubexplore.hub.cutting.cut import CutRecord
    from hubexplore.summary.capabilities.model import Finding
    from hubexplore.summary.module_directory import ModuleDirectory

_TRAINING_ADVICE: Final = " Training needs trainable=True, whatever the tags."
MSG_SAME_TAGS: Final = "Each graph variant needs its own set of tags; {tags} occurs twice."


def check_variants(variants: Iterable[GraphVariant], code: Callable[[list[str]], str] | None = None) -> None:
    """Checks the rules that hold for the variants of every module.

    Args:
      variants: all variants of a module.
      code: collections that modules cannot carry -> code that leaves them out, for the message.

    Raises:
      UnsupportedCollectionError: (a ValueError) variants hold collections modules cannot carry.
      AuthoringError: (a ValueError) two variants have the same tags.
    """
    tag_sets: set[frozenset[str]] = set()
    unsupported: dict[str, list[str]] = {}
    for variant in variants:
        if variant.tags in tag_sets:
            raise AuthoringError(MSG_SAME_TAGS.format(tags=sorted(variant.tags)))
        tag_sets.add(variant.tags)
        for name in set(variant.as_read.collection_def) - SUPPORTED_COLLECTIONS:
            unsupported.setdefault(name, sorted(variant.tags))
    if unsupported:
        names = sorted(unsupported)
        remedy = code(names) if code else f"drop_collections={names!r}"
        raise UnsupportedCollectionError(
            f"A module cannot carry the collections {names} (graph variant {unsupported[names[0]]}). To "
            f"leave them out, write {remedy}"
        )


def describe_tags(tags: Iterable[str]) -> str:
    """Tags in a sentence."""
    return f"the tags {sorted(tags)}" if tags else "no tags"


class DefinedSpec(ModuleSpec):
    """A spec that owns its graph variants.

    Args:
      variants: at least one; all rules of the format checked.
      title: name of the module in displays, such as its path.
      checkpoint: with the values of the variables; None if there is none.
      origin: the file that holds just these variants, if there is one.
      place: the directory that they were read from; None if they were made here.
      asset_files: the files that they read.
      format_name: one of the formats that `summary.model` names; None for a module, or a TF1 SavedModel
        without `origin`.
      origin_cut: the spec that it was cut out of, and how; None if it is whole.
    """

    def __init__(
        self,
        variants: Iterable[GraphVariant],
        title: str,
        checkpoint: Checkpoint | None,
        origin: SourceFile | None = None,
        place: ModuleDirectory | None = None,
        *,
        asset_files: AssetFiles = NO_FILES,
        format_name: str | None = None,
        origin_cut: tuple[DefinedSpec, CutRecord] | None = None,
    ) -> None:
        # In the order of the file: get_tags is stable for variants with equally many tags.
        self._variants = {variant.tags: variant for variant in variants}
        self._display_title = title
        self._checkpoint = checkpoint
        self.origin = origin
        self._place = place
        self.asset_files = asset_files
        self._format_name = format_name
        self._origin_cut = origin_cut
        self.checked: Any = None  # the CutReport of a cut that was checked
        # A plan is the same for each instance, and planning walks the graph.
        self._state_plans: dict[tuple[frozenset[str], bool], StatePlan] = {}
        self._apply_plans: dict[tuple[frozenset[str], str, bool], ApplyPlan] = {}

    @property
    def title(self) -> str:
        """What displays call it."""
        return self._display_title

    @property
    def place(self) -> ModuleDirectory | None:
        """The directory that it was read from; None if it was made in this process."""
        return self._place

    @functools.cached_property
    def dangers(self) -> tuple[Finding, ...]:
        """What it can touch outside of itself, and must not without the user's consent."""
        # The analysis follows paths through the graph; most graphs have no op that makes it worthwhile.
        if not any(variant.may_touch_outside for variant in self.variants):
            return ()
        return self.summary().capabilities.dangers

    @property
    def format_name(self) -> str | None:
        """One of the formats that `summary.model` names; None for those that its files decide."""
        return self._format_name

    @property
    def origin_cut(self) -> tuple[DefinedSpec, CutRecord] | None:
        """The spec that it was cut out of, and what was cut; None if it is whole."""
        return self._origin_cut

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that say what of the model is not in the spec, or was chosen, and why."""
        notes = (note for variant in self.variants for note in variant.converted.notes)
        checked = () if self.checked is None else (self.checked.sentence,)
        return tuple(dict.fromkeys((*notes, *checked)))

    def get_tags(self) -> list[frozenset[str]]:
        """See `ModuleSpec.get_tags`. Fewest tags first, else as they were authored."""
        return sorted(self._variants, key=len)

    def get_signature_names(self, tags: Iterable[str] | None = None) -> list[str]:
        """See `ModuleSpec.get_signature_names`. Unknown tags: ValueError."""
        return self.variant(tags).signature_names

    def get_input_info_dict(
        self, signature: str | None = None, tags: Iterable[str] | None = None
    ) -> InfoDict:
        """See `ModuleSpec.get_input_info_dict`. Unknown tags or signature: KeyError, ValueError."""
        return self.variant(tags).input_infos(signature)

    def get_output_info_dict(
        self, signature: str | None = None, tags: Iterable[str] | None = None
    ) -> InfoDict:
        """See `ModuleSpec.get_output_info_dict`. Unknown tags or signature: KeyError, ValueError."""
        return self.variant(tags).output_infos(signature)

    def get_attached_message(
        self, key: str, message_type: Any, tags: Iterable[str] | None = None, required: bool = False
    ) -> Any:
        """See `ModuleSpec.get_attached_message`."""
        attachments = self.variant(tags).attachments
        if key in attachments:
            message = message_type()
            message.ParseFromString(attachments[key])
            return message
        if required:
            raise NoSuchMessageError(
                f"No message is attached under {key!r}; there are {sorted(attachments)}."
                f"{closest(key, attachments)}"
            )
        return None

    def export(
        self,
        path: str | os.PathLike[str],
        checkpoint_path: str | os.PathLike[str] | None = None,
        name_transform_fn: Any = None,
        *,
        overwrite: bool = False,
    ) -> None:
        """Writes a module, whose weights come from a training checkpoint if one is given.

        Args:
          path: directory to write; must not hold a module yet. It appears whole or not at all.
          checkpoint_path: path prefix of a checkpoint, or a directory whose latest one is taken. None keeps
            the values that the spec has; one of `create_module_spec` has none.
          name_transform_fn: maps the name of a variable in the module to its name in the checkpoint; by
            default they are the same.
          overwrite: replace a module that is there; anything else there stays refused.

        Raises:
          ValueError: no values, or a variable of another shape or dtype.
          tf.errors.NotFoundError: (also a ValueError) the checkpoint lacks a variable; it is named.
          ExportError: the target could not be written.
        """
        source = None if checkpoint_path is None else paths.absolute(checkpoint_path, "checkpoint_path")
        variables = self.all_variables
        if source is None and self._checkpoint is not None:
            source, published = self._checkpoint.prefix, self._checkpoint.names
            name_transform_fn = name_transform_fn or (lambda name: published.get(name, name))
        if variables and source is None:
            raise CheckpointMismatchError(
                "The module has variables, so export needs checkpoint_path, a checkpoint with their values."
            )
        rename = name_transform_fn or (lambda name: name)
        names = {key: rename(key) for key in dict.fromkeys(spec.key for spec in variables)}

        def write_variables(prefix: str) -> None:
            if source is not None:
                # On first use, for speed only: most programs load modules and never write one.
                from hubexplore.hub.storage.save import copy_checkpoint

                copy_checkpoint(source, prefix, self.variables_by_variant, names, self._checkpoint)

        # On first use, for speed only, as above.
        from hubexplore.hub.storage.export import export, write_module

        with inheriting_trust(self, paths.to_write(path, paths.EXPORT)):
            export(
                path,
                lambda folder: write_module(folder, self, write_variables if variables else None),
                overwrite,
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
    ) -> DefinedSpec:
        """See `ModuleSpec.cut`."""
        # On first use, for speed only: most programs cut nothing.
        from hubexplore.hub.cutting.cut import cut_variants, read_order

        arguments = {
            "inputs": plain_side(inputs),
            "outputs": plain_side(outputs),
            "signature": signature,
            "of": of,
            "keep_signatures": bool(keep_signatures),
            "tags": None if tags is None else sorted(as_tag_set(tags)),
        }
        order = read_order(arguments["inputs"], arguments["outputs"], signature, of, keep_signatures)
        variants = self.variants if tags is None else (self.variant(tags),)
        cut = cut_variants(variants, self.title, order, arguments, chosen=len(variants) == 1)
        check_variants(cut.variants)
        spec = DefinedSpec(
            cut.variants,
            f"cut of {self.title}",
            self._checkpoint,
            place=self._place,
            asset_files=self.asset_files,
            format_name=IN_MEMORY,
            origin_cut=(self, cut.record),
        )
        spec.keep_files_in_use({variant.tags: variant.nodes for variant in variants})
        if check:
            # By its public name: a comparison needs a session, of which this layer knows nothing.
            spec.checked = hubexplore.check_cut(spec).require()
            vars(spec).pop("_summary", None)  # which the check asked for: it lacks the result
        return spec

    def keep_files_in_use(self, nodes: Mapping[frozenset[str], Mapping[str, Any]]) -> None:
        """Forgets the values and assets that the graphs do not use.

        Args:
          nodes: tags of a graph variant -> an index of its variables and files; that of another graph, which
            exists, saves making one.
        """
        if self._checkpoint is not None:
            # Of the graphs as they are: the shapes of their signatures are not needed for it.
            variables = (read_variables(variant.as_read, nodes[variant.tags]) for variant in self.variants)
            keys = {spec.key for specs in variables for spec in specs.values()}
            self._checkpoint = self._checkpoint.only(keys)
        if self.asset_files.marks:
            used = {
                path
                for variant in self.variants
                for path in used_files(variant.as_read, nodes[variant.tags]).values()
            }
            self.asset_files = AssetFiles(
                {path: mark for path, mark in self.asset_files.marks.items() if path in used}
            )

    def variant(self, tags: Iterable[str] | None) -> GraphVariant:
        """The graph variant with `tags`; None means no tags.

        Raises:
          NoSuchVariantError: (a ValueError) lists the variants there are.
        """
        tag_set = as_tag_set(tags)
        if tag_set not in self._variants:
            raise no_such_variant(tag_set, self._variants, advice=_TRAINING_ADVICE)
        return self._variants[tag_set]

    @property
    def variants(self) -> tuple[GraphVariant, ...]:
        """All graph variants."""
        return tuple(self._variants.values())

    @property
    def checkpoint(self) -> Checkpoint | None:
        """With the values of the variables; None if there is none."""
        return self._checkpoint

    @functools.cached_property
    def variables_by_variant(self) -> Mapping[frozenset[str], tuple[VariableSpec, ...]]:
        """The variables of each graph variant; those of equal key and offset share their values."""
        return {variant.tags: tuple(read_variables_or_fail(variant).values()) for variant in self.variants}

    @property
    def all_variables(self) -> tuple[VariableSpec, ...]:
        """The variables of all variants, each once."""
        by_identity: dict[tuple[str, tuple[int, ...]], VariableSpec] = {}
        for specs in self.variables_by_variant.values():
            for spec in specs:
                by_identity.setdefault(spec.identity, spec)
        return tuple(by_identity.values())

    def state_plan(self, tags: frozenset[str], trainable: bool) -> StatePlan:
        """The plan for the state of a variant, made once; the checkpoint is checked then."""
        key = (tags, trainable)
        if key not in self._state_plans:
            checkpoint = self._checkpoint
            # The path goes into the graph, where RestoreV2 would treat some characters as a pattern.
            prefix = restorable(checkpoint.prefix) if checkpoint else None
            names = checkpoint.names if checkpoint else None
            plan = plan_state(self.variant(tags), prefix, trainable, names)
            if checkpoint is not None:
                self._check_values(tags, checkpoint, plan.variables.values())
            self._state_plans[key] = plan
        return self._state_plans[key]

    def _check_values(
        self, tags: frozenset[str], checkpoint: Checkpoint, variables: Iterable[VariableSpec]
    ) -> None:
        """Raises CheckpointMismatchError, which says what to load instead, where values are missing."""
        misfit = find_misfit(checkpoint.variables, variables, checkpoint.prefix, {})
        if misfit is None:
            return
        source = "spec" if self.origin is None else repr(self._display_title)
        complete = [
            module_code(source, [sorted(variant_tags)])
            for variant_tags, specs in self.variables_by_variant.items()
            if find_misfit(checkpoint.variables, specs, checkpoint.prefix, {}) is None
        ]
        remedy = (
            f"Load a variant whose values are complete: {' or '.join(complete)}"
            if complete
            else "No other variant has all of its values: copy or download the module again."
        )
        raise type(misfit)(
            f"The graph variant with {describe_tags(tags)} cannot be loaded, because some of its values "
            f"are missing: {misfit} {remedy}"
        )

    def apply_plan(self, tags: frozenset[str], signature: str, trainable: bool) -> ApplyPlan:
        """The plan for a call of a signature, made once."""
        key = (tags, signature, trainable)
        if key not in self._apply_plans:
            self.variant(tags).check_signature(signature)
            self._apply_plans[key] = plan_apply(self.variant(tags), signature, trainable)
        return self._apply_plans[key]

    def _check_instantiable(self, tags: frozenset[str], trainable: bool) -> None:
        self.variant(tags).check_ops()
        if self.state_plan(tags, trainable).needs_initialisation:
            check_state_can_be_initialised(tf.compat.v1.get_default_graph())

    def _create_impl(self, name: str, trainable: bool, tags: frozenset[str]) -> DefinedImpl:
        # Here, and not in `Module`, since a spec of another class may pass this on.
        warn_of_dangers(self)
        return DefinedImpl(self, name, trainable, tags)

    def summary(self) -> Summary:
        """See `ModuleSpec.summary`; read once, since a spec does not change."""
        return self._summary

    @functools.cached_property
    def _summary(self) -> Summary:
        # On first use, for speed only: Module() and calls show nothing.
        from hubexplore.display.rich.summaries import displayable
        from hubexplore.summary.reading.directory import describe

        kind = IN_MEMORY if self._place is None else TF1_SAVED_MODEL if self.origin is None else HUB_MODULE
        models = [replace(variant.converted, meta_graph=variant.meta_graph) for variant in self.variants]
        summary = describe(models, self._display_title, self._format_name or kind, self._place)
        if self._origin_cut is not None:
            # The files are those of the whole module, of which this one only reads a part.
            summary = replace(summary, files=(), size=None, digest="", unclaimed=(), notes=self.notes)
        return displayable(summary)
