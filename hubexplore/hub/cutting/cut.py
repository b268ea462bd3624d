"""`cut_variants`: the graph variants of a cut, each checked before anything is made."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tensorflow.core.protobuf import meta_graph_pb2

from hubexplore.errors import CutError, NoSuchSignatureError, NoSuchTensorError
from hubexplore.hub.cutting.frames import check_outside
from hubexplore.hub.cutting.graph import build
from hubexplore.hub.cutting.opened_calls import OpenedVariant, open_calls
from hubexplore.hub.cutting.partitions import with_whole_variables
from hubexplore.hub.cutting.region import Region, Sides, find_region, outputs_need, reached_inputs
from hubexplore.hub.cutting.shapes import CutVariant
from hubexplore.hub.cutting.tensors import Found, Tensors, names_of
from hubexplore.hub.cutting.wishes import MSG_NO_OUTPUT, Wish, check_signature_name, read_side
from hubexplore.hub.graph.gc_pause import gc_paused
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.summary.formats.converted import Converted
from hubexplore.summary.graph.declared_tensors import component_names
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.lookup import default_signature, no_such_signature
from hubexplore.summary.wishes import NO_WISHES

MSG_TAKEN: Final = (
    "The module has a signature {name!r}, which keep_signatures=True keeps. Give the new one another name: "
    "signature={other!r}."
)
MSG_MIXED: Final = (
    "No graph variant has all of these tensors: {first!r} is only in the one with {first_tags}, {second!r} "
    "only in the one with {second_tags}. A cut needs all of its tensors in one variant."
)
MSG_LEFT_OUT: Final = "The graph variant with {tags} is left out: {reason}"


@dataclass(frozen=True)
class Order:
    """What a user asks for.

    Attributes:
      inputs: None for those of the signature `of` that the outputs need.
      outputs: at least one.
      signature: name of the new signature.
      of: the signature whose inputs and outputs have names too; "" for the one that a call means.
      keep: whether the old signatures stay.
    """

    inputs: tuple[Wish, ...] | None
    outputs: tuple[Wish, ...]
    signature: str
    of: str
    keep: bool


@dataclass(frozen=True)
class CutRecord:
    """What was cut, by the names of the original: what a comparison needs, and the code that repeats it.

    Attributes:
      signature: name of the new signature.
      of: tags of a graph variant -> the signature of the original that was cut.
      inputs: tags of a graph variant -> name of an input -> the names of its tensors in the original.
      outputs: likewise.
      arguments: of `ModuleSpec.cut`, as they were typed.
    """

    signature: str
    of: Mapping[frozenset[str], str]
    inputs: Mapping[frozenset[str], Mapping[str, tuple[str, ...]]]
    outputs: Mapping[frozenset[str], Mapping[str, tuple[str, ...]]]
    arguments: Mapping[str, Any]

    @property
    def code(self) -> str:
        """The call of `cut` that repeats it, without the module before it."""
        defaults = {"inputs": None, "signature": None, "of": None, "keep_signatures": False, "tags": None}
        # `outputs` first: it is what a reader looks for.
        names = ("outputs", "inputs", "signature", "of", "keep_signatures", "tags")
        return ", ".join(
            f"{name}={self.arguments[name]!r}"
            for name in names
            if name in self.arguments and self.arguments[name] != defaults.get(name, ...)
        )


@dataclass(frozen=True)
class Cut:
    """The graphs of a cut.

    Attributes:
      variants: at least one.
      record: what was cut.
    """

    variants: tuple[GraphVariant, ...]
    record: CutRecord


def read_order(
    inputs: Any, outputs: Any, signature: Any = None, of: Any = None, keep_signatures: Any = False
) -> Order:
    """The arguments of a cut, checked as far as they can be without a graph.

    Raises:
      SignatureError: (a TypeError and ValueError) one is in no form that it takes.
      CutError: (a ValueError) no output is named.
    """
    if outputs is None:
        raise CutError(MSG_NO_OUTPUT)
    wanted = read_side("outputs", outputs)
    if not wanted:
        raise CutError(MSG_NO_OUTPUT)
    given = None if inputs is None else read_side("inputs", inputs)
    if of is not None and not isinstance(of, str):
        raise NoSuchSignatureError(f"of= is the name of a signature of the module; got {of!r}.")
    return Order(given, wanted, check_signature_name(signature), of or "", bool(keep_signatures))


@gc_paused()
def cut_variants(
    variants: Iterable[GraphVariant], title: str, order: Order, arguments: Mapping[str, Any], *, chosen: bool
) -> Cut:
    """Cuts graph variants.

    Args:
      variants: at least one.
      title: what messages call the module.
      order: what is asked for.
      arguments: as they were typed.
      chosen: whether the user named the variant, so that it must have the tensors. Without, variants that
        lack some are left out.

    Raises:
      NoSuchTensorError, NoSuchSignatureError, CutError, DamagedModuleError: it cannot be done; see
        `ModuleSpec.cut`. Nothing was changed.
    """
    made: list[_Made] = []
    failures: list[tuple[GraphVariant, Exception]] = []
    for variant in variants:
        try:
            made.append(_cut_variant(variant, title, order))
        except (NoSuchTensorError, NoSuchSignatureError, CutError) as error:
            if chosen:
                raise
            failures.append((variant, error))
    if not made:
        raise _no_variant(failures, order)
    left_out = tuple(
        MSG_LEFT_OUT.format(tags=_described(variant.tags), reason=error) for variant, error in failures
    )
    for one in made:
        one.variant.converted = replace(
            one.variant.converted, notes=(*one.variant.converted.notes, *left_out)
        )
    record = CutRecord(
        order.signature,
        {one.variant.tags: one.of for one in made},
        {one.variant.tags: one.inputs for one in made},
        {one.variant.tags: one.outputs for one in made},
        arguments,
    )
    return Cut(tuple(one.variant for one in made), record)


def _described(tags: Iterable[str]) -> str:
    return f"the tags {sorted(tags)}" if tags else "no tags"


def _no_variant(failures: list[tuple[GraphVariant, Exception]], order: Order) -> Exception:
    """The error where no variant can be cut: of one that has all tensors, or that none has."""
    homes: dict[str, list[GraphVariant]] = {}
    for variant, _ in failures:
        signatures = variant.meta_graph.signature_def
        of = order.of or _usual(variant)
        signature = signatures[of] if of in signatures else meta_graph_pb2.SignatureDef()
        tensors = Tensors(variant, signature)
        for side, wishes in (("inputs", order.inputs or ()), ("outputs", order.outputs)):
            for wish in wishes:
                home = homes.setdefault(wish.text, [])
                with contextlib.suppress(NoSuchTensorError, CutError):
                    tensors.find(side, wish)
                    home.append(variant)
    # The variant without tags is what most users mean.
    by_tags = sorted(failures, key=lambda failure: len(failure[0].tags))
    for variant, error in by_tags:
        if all(variant in home for home in homes.values()):
            return error
    if all(homes.values()):
        (first, its), (second, others) = sorted(homes.items(), key=lambda item: len(item[1]))[:2]
        return CutError(
            MSG_MIXED.format(
                first=first,
                first_tags=_described(its[0].tags),
                second=second,
                second_tags=_described(others[0].tags),
            )
        )
    return by_tags[0][1]


@dataclass(frozen=True)
class _Made:
    variant: GraphVariant
    of: str
    inputs: Mapping[str, tuple[str, ...]]
    outputs: Mapping[str, tuple[str, ...]]


def _usual(variant: GraphVariant) -> str:
    """The signature that is meant by none: `default`, `serving_default`, or the only one."""
    names = variant.signature_names
    return names[0] if len(names) == 1 else default_signature(names)


def _cut_variant(variant: GraphVariant, title: str, order: Order) -> _Made:
    of = order.of or _usual(variant)
    if of not in variant.meta_graph.signature_def:
        names = variant.signature_names
        error = no_such_signature(of, names)
        if order.of or not names:
            raise error
        raise NoSuchSignatureError(f"{error} In a cut: of={names[0]!r} (--of {names[0]}).")
    kept = variant.signature_names if order.keep else []
    if order.signature in kept:
        other = closest_free(order.signature, kept)
        raise CutError(MSG_TAKEN.format(name=order.signature, other=other))
    tensors = Tensors(variant, variant.meta_graph.signature_def[of])
    outputs = [tensors.find("outputs", wish) for wish in order.outputs]
    inputs = None if order.inputs is None else [tensors.find("inputs", wish) for wish in order.inputs]
    fetched = [(found.parts[0].key,) if found.parts else found.tensors for found in outputs]
    opened = _opened(variant, tensors, [*outputs, *(inputs or ())])
    base, outputs = with_whole_variables(opened.variant, [found.renamed(opened.tensor) for found in outputs])
    names = names_of(outputs, base.nodes)
    sides = Sides(_inputs(base, inputs, of, opened), dict(zip(names, outputs, strict=True)))
    needed = outputs_need(base, sides)
    check_outside(
        base.nodes, sides.fed if inputs is not None else (), sides.targets if needed.has_frames else ()
    )
    if inputs is None:
        sides = replace(sides, inputs=reached_inputs(sides, needed))
    signatures = base.meta_graph.signature_def
    # Another signature is no remedy where the inputs are those that the caller named.
    fed_by = _fed_by(base) if inputs is None else {}
    region = find_region(base, sides, needed, [signatures[name] for name in kept], fed_by)
    meta_graph = build(base, order.signature, sides, kept, region)
    converted = _converted(variant, meta_graph, region, title, opened.notes)
    return _Made(
        CutVariant(meta_graph, converted, base, order.signature, sides, region),
        of,
        _original_names(sides.inputs, inputs, opened),
        dict(zip(names, fetched, strict=True)),
    )


def _original_names(
    inputs: Mapping[str, Found], given: list[Found] | None, opened: OpenedVariant
) -> dict[str, tuple[str, ...]]:
    if given is not None:
        return {name: found.tensors for name, found in zip(inputs, given, strict=True)}
    former = {new: old for old, new in opened.tensors.items()}
    return {
        name: tuple(former.get(tensor, tensor) for tensor in found.tensors) for name, found in inputs.items()
    }


def closest_free(name: str, taken: Iterable[str]) -> str:
    """A name for a signature that no other has."""
    known = set(taken)
    candidates = ["features", *(f"{name}_{number}" for number in range(2, len(known) + 3))]
    return next(candidate for candidate in candidates if candidate not in known)


def _opened(variant: GraphVariant, tensors: Tensors, every: Iterable[Found]) -> OpenedVariant:
    inner = [
        tensor
        for found in every
        if not found.parts
        for tensor in found.tensors
        if node_of(tensor) not in variant.nodes
    ]
    if not inner:
        return OpenedVariant(variant, {})
    flat = tensors.interior.flat
    assert flat is not None  # noqa: S101 - only then a name is inside of a call
    return open_calls(variant, flat, inner)


def _inputs(
    base: GraphVariant, given: list[Found] | None, of: str, opened: OpenedVariant
) -> dict[str, Found]:
    """The inputs by name: those that were named, or all of the signature."""
    if given is None:
        arguments = base.meta_graph.signature_def[of].inputs
        return {name: Found(Wish(name, name), arguments[name], name) for name in sorted(arguments)}
    found = [one.renamed(opened.tensor) for one in given]
    by_tensor: dict[str, Found] = {}
    for one in found:
        for tensor in one.tensors:
            if tensor in by_tensor:
                raise CutError(
                    f"The inputs {by_tensor[tensor].wish.text!r} and {one.wish.text!r} are one tensor, "
                    f"{tensor!r}. Name it once."
                )
            by_tensor[tensor] = one
    return dict(zip(names_of(found, base.nodes), found, strict=True))


def _fed_by(variant: GraphVariant) -> dict[str, str]:
    """Placeholder -> the first signature that has it as an input."""
    fed: dict[str, str] = {}
    for name in variant.signature_names:
        for info in variant.meta_graph.signature_def[name].inputs.values():
            for tensor in component_names(info):
                fed.setdefault(node_of(tensor), name)
    return fed


def _converted(
    variant: GraphVariant, meta_graph: Any, region: Region, title: str, notes: tuple[str, ...]
) -> Converted:
    old = variant.converted
    nodes = region.nodes
    total = len(variant.nodes)
    summary = f"Cut out of {title!r}: {len(nodes):,} of its {total:,} nodes."
    return Converted(
        meta_graph=meta_graph,
        names={key: name for key, name in old.names.items() if key in nodes},
        constants=tuple(constant for constant in old.constants if constant.node in nodes),
        notes=(summary, *notes),
        wishes=NO_WISHES,
    )
