"""Which output of a module goes into which input of the next, and why one does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf

from hubexplore.display.wording import counted
from hubexplore.errors import SignatureError, closest
from hubexplore.hub.parts.likely import NAMESAKE, likeliest, rank
from hubexplore.hub.parts.part import Part
from hubexplore.hub.tensor_info import TensorInfo
from hubexplore.summary.compare.replacement import shape_text
from hubexplore.summary.lookup import named
from hubexplore.summary.module_format import DEFAULT_OUTPUT

Infos = Mapping[str, TensorInfo]

MAX_SIGNATURES: Final = 64
"""Maximum number of signatures of a module that are tried for a message."""
MSG_OPEN: Final = (
    "It is not clear which output of {first} goes into which input of {second}: there {are} the {outputs} "
    "and the {inputs}. {fitting}Say it: {example}."
)
MSG_NONE_FITS: Final = "No output of {first} fits an input of {second}. {findings} {remedy}"
MSG_EMPTY: Final = "{side} has no {kind}, so nothing can be connected to it.{hint}"
MSG_UNKNOWN: Final = "connect= names {name!r}, which is no {kind} of {side}; it has {names}.{hint}"
MSG_MISFIT: Final = (
    "Output {output!r} of {first} does not fit input {input!r} of {second}: {reason}. {remedy}"
)
MAX_FINDINGS: Final = 3
"""Maximum number of pairs of which a message says why they do not fit."""
MAX_PROPOSED: Final = 3
"""Maximum number of values of `connect` that a message proposes, if it is not clear which is meant."""
MSG_BUILD: Final = (
    "No signatures of the two fit without a step between them. Write that step: hub.create_module_spec(f), "
    "where f calls hub.Module({first}), changes its output, and calls hub.Module({second})."
)


@dataclass(frozen=True)
class Side:
    """One of the two modules that are joined: a signature of a graph variant of it.

    Attributes:
      part: the module.
      tags: of the graph variant.
      signature: its name.
    """

    part: Part
    tags: frozenset[str]
    signature: str

    @property
    def inputs(self) -> Infos:
        """The inputs by name."""
        return self.part.spec.get_input_info_dict(self.signature, self.tags)

    @property
    def outputs(self) -> Infos:
        """The outputs by name."""
        return self.part.spec.get_output_info_dict(self.signature, self.tags)

    def others(self) -> Iterator[Side]:
        """Yields the other signatures of the variant."""
        names = sorted(self.part.spec.get_signature_names(self.tags))
        yield from (
            Side(self.part, self.tags, name) for name in names[:MAX_SIGNATURES] if name != self.signature
        )

    def with_argument(self, name: object, kind: str) -> Side | None:
        """Returns another signature that has an input or output ("input", "output") of this name."""
        sides = self.others()
        return next(
            (side for side in sides if name in (side.inputs if kind == "input" else side.outputs)), None
        )

    def __str__(self) -> str:
        tags = f", tags {sorted(self.tags)}" if self.tags else ""
        return f"{self.part.title!r} (signature {self.signature!r}{tags})"


def connections(first: Side, second: Side, connect: Mapping[str, str] | None, cast: bool) -> dict[str, str]:
    """Returns input of the second module -> output of the first, checked.

    By default the only output goes into the only input; else outputs go into the inputs of equal names; else
    the output `default` goes into the only input.

    Args:
      first: gives the outputs.
      second: takes them.
      connect: what the user says; None for the default.
      cast: whether numbers may be converted.

    Raises:
      SignatureError: (a TypeError and ValueError) it is not clear what goes where, `connect` names something
        that is not there, or an output does not fit; the message says what would.
    """
    outputs, inputs = first.outputs, second.inputs
    if connect is None:
        pairs = _default(outputs, inputs)
        if not pairs:
            raise _unclear(first, second, cast)
    else:
        pairs = _checked(connect, first, second)
    for input_name, output_name in pairs.items():
        reason = misfit(outputs[output_name], inputs[input_name], cast)
        if reason:
            remedy = _remedy(first, second, input_name, output_name, cast)
            raise SignatureError(
                MSG_MISFIT.format(
                    output=output_name, first=first, input=input_name, second=second, reason=reason,
                    remedy=remedy,
                )
            )  # fmt: skip
    return pairs


def misfit(output: TensorInfo, wanted: TensorInfo, cast: bool = False) -> str:
    """Returns why values of an output cannot be those of an input; an empty text if they can.

    A size that one of them leaves open fits any.
    """
    if output.kind != wanted.kind:
        return f"it is {output.kind}, and the input {wanted.kind}"
    if output.dtype != wanted.dtype and not (cast and _are_numbers(output, wanted)):
        return f"it is {output.dtype.name}, and the input {wanted.dtype.name}"
    reason = _shape_misfit(output, wanted)
    if (
        not reason
        and output.kind == "ragged"
        and output.type_spec.ragged_rank != wanted.type_spec.ragged_rank
    ):
        ranks = output.type_spec.ragged_rank, wanted.type_spec.ragged_rank
        reason = f"it has {counted(ranks[0], 'ragged dimension')}, and the input {ranks[1]}"
    return reason


def _shape_misfit(output: TensorInfo, wanted: TensorInfo) -> str:
    given, taken = output.get_shape(), wanted.get_shape()
    if given.is_compatible_with(taken):
        return ""
    if given.rank == 0:
        return f"it is a scalar, and the shape of the input is {_shape(wanted)}"
    if taken.rank == 0:
        return f"its shape is {_shape(output)}, and the input is a scalar"
    if given.rank != taken.rank:
        return (
            f"its shape {_shape(output)} has {_dimensions(given.rank)}, and that of the input, "
            f"{_shape(wanted)}, has {taken.rank}"
        )
    return f"its shape is {_shape(output)}, and that of the input {_shape(wanted)}"


def converted(value: tf.Tensor, wanted: TensorInfo) -> tf.Tensor:
    """The value of an output in the dtype of an input."""
    return value if value.dtype.base_dtype == wanted.dtype else tf.cast(value, wanted.dtype)


def _default(outputs: Infos, inputs: Infos) -> dict[str, str]:
    if len(outputs) == 1 and len(inputs) == 1:
        return {next(iter(inputs)): next(iter(outputs))}
    same = {name: name for name in inputs if name in outputs}
    if not same and len(inputs) == 1 and DEFAULT_OUTPUT in outputs:
        return {next(iter(inputs)): DEFAULT_OUTPUT}
    return same


def _checked(connect: Any, first: Side, second: Side) -> dict[str, str]:
    if not isinstance(connect, Mapping) or not connect:
        raise SignatureError(
            f"connect= is a dict from inputs of {second} to outputs of {first}, with at least one; got "
            f"{connect!r}."
        )
    for names, side, existing, kind in (
        (connect.keys(), second, second.inputs, "input"),
        (connect.values(), first, first.outputs, "output"),
    ):
        for name in names:
            if name not in existing:
                known = f"the {named(kind, existing)}" if existing else f"no {kind}s"
                other = side.with_argument(name, kind)
                hint = f" Signature {other.signature!r} has it: pass {_code(other, side)}." if other else ""
                hint = hint or closest(str(name), existing)
                raise SignatureError(
                    MSG_UNKNOWN.format(name=name, kind=kind, side=side, names=known, hint=hint)
                )
    return dict(connect)


def _unclear(first: Side, second: Side, cast: bool) -> SignatureError:
    outputs, inputs = first.outputs, second.inputs
    if not outputs or not inputs:
        side, kind = (second, "inputs") if outputs else (first, "outputs")
        other = next((each for each in side.others() if (each.inputs if outputs else each.outputs)), None)
        hint = f" Take another signature: ({side.part.code}, {other.signature!r})." if other else ""
        return SignatureError(MSG_EMPTY.format(side=side, kind=kind, hint=hint))
    pairs = [(taken, given) for taken in inputs for given in outputs]
    fitting = [(taken, given) for taken, given in pairs if not misfit(outputs[given], inputs[taken], cast)]
    # Numbers of another dtype fit if they are converted.
    converted_ones = [pair for pair in pairs if not misfit(outputs[pair[1]], inputs[pair[0]], cast=True)]
    if not fitting and not converted_ones:
        return _none_fits(first, second, pairs, cast)
    choices = _choices(fitting or converted_ones)
    ending = "" if fitting else ", cast=True"
    return SignatureError(
        MSG_OPEN.format(
            first=first, second=second, are="is" if len(outputs) == 1 else "are",
            outputs=named("output", outputs), inputs=named("input", inputs),
            fitting=_listed(choices, len(pairs)), example=_examples(_proposed(choices), ending),
        )
    )  # fmt: skip


def _choices(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Input -> the outputs that fit it."""
    choices: dict[str, list[str]] = {}
    for taken, given in pairs:
        choices.setdefault(taken, []).append(given)
    return choices


def _proposed(choices: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """What is most likely meant, each a value of `connect`; several if the names do not tell."""
    likely = {taken: likeliest(outputs, taken) for taken, outputs in choices.items()}
    ranks = {taken: rank(outputs[0], taken) for taken, outputs in likely.items()}
    # All inputs that an output is named after, but for one that could go into several.
    named_after = {
        taken: outputs[0]
        for taken, outputs in likely.items()
        if len(outputs) == 1 and ranks[taken] <= NAMESAKE
    }
    if named_after and len(set(named_after.values())) == len(named_after):
        return [named_after]
    best = min(ranks.values())
    alike = [{taken: output} for taken in likely if ranks[taken] == best for output in likely[taken]]
    return alike[:MAX_PROPOSED]


def _examples(proposed: Iterable[Mapping[str, str]], ending: str = "") -> str:
    return " or ".join(f"connect={dict(one)!r}{ending}" for one in proposed)


def _listed(choices: Mapping[str, Sequence[str]], pairs: int) -> str:
    """Sentences with what fits, of a number of pairs, unless there is only one way."""
    count = sum(map(len, choices.values()))
    if count < 2:
        return ""
    if count == pairs:  # the names were listed just before
        return "All fit. "
    sentences = [
        f"Input {taken!r} can take the {named('output', outputs)}. "
        for taken, outputs in list(choices.items())[:MAX_FINDINGS]
    ]
    more = len(choices) - MAX_FINDINGS
    if more > 0:
        sentences.append(f"({more:,} more) ")
    return "".join(sentences)


def _none_fits(first: Side, second: Side, pairs: list[tuple[str, str]], cast: bool) -> SignatureError:
    findings = [
        f"{given!r} into {taken!r}: {misfit(first.outputs[given], second.inputs[taken], cast)}."
        for taken, given in pairs[:MAX_FINDINGS]
    ]
    more = len(pairs) - MAX_FINDINGS
    if more > 0:
        findings.append(f"({more:,} more)")
    remedy = _other_signatures(first, second, cast)
    return SignatureError(
        MSG_NONE_FITS.format(first=first, second=second, findings=" ".join(findings), remedy=remedy)
    )


def _remedy(first: Side, second: Side, input_name: str, output_name: str, cast: bool) -> str:
    """A sentence with what would fit."""
    output, wanted = first.outputs[output_name], second.inputs[input_name]
    if not cast and not misfit(output, wanted, cast=True):
        return "To convert the numbers, add cast=True."
    fitting = [name for name, info in first.outputs.items() if not misfit(info, wanted, cast)]
    if fitting:
        fit = "This output fits" if len(fitting) == 1 else f"The {named('output', fitting)} fit"
        return f"{fit}: {_examples(_proposed({input_name: fitting}))}."
    others = [name for name, info in second.inputs.items() if not misfit(output, info, cast)]
    if others:
        fit = "It fits another input" if len(others) == 1 else f"It fits the {named('input', others)}"
        return f"{fit}: {_examples({other: output_name} for other in others[:MAX_PROPOSED])}."
    return _other_signatures(first, second, cast)


def _other_signatures(first: Side, second: Side, cast: bool) -> str:
    """A sentence with signatures of the two that fit, or what to do if there are none."""
    for one, two in _signatures(first, second):
        if one.outputs and _fits(one, two, cast):
            return f"These signatures fit: {_code(one, first)}, {_code(two, second)}."
    return MSG_BUILD.format(first=first.part.code, second=second.part.code)


def _signatures(first: Side, second: Side) -> Iterator[tuple[Side, Side]]:
    """Yields pairs of signatures; first those that change one module only."""
    yield from ((other, second) for other in first.others())
    yield from ((first, other) for other in second.others())
    yield from ((one, two) for one in first.others() for two in second.others())


def _fits(first: Side, second: Side, cast: bool) -> bool:
    outputs, inputs = first.outputs, second.inputs
    pairs = _default(outputs, inputs)
    return bool(pairs) and not any(
        misfit(outputs[given], inputs[taken], cast) for taken, given in pairs.items()
    )


def _code(side: Side, given: Side) -> str:
    """How the user writes a module with a signature, if it is not the one that was given."""
    if side.signature == given.signature and given.part.signature is None:
        return side.part.code
    return f"({side.part.code}, {side.signature!r})"


def _are_numbers(*infos: TensorInfo) -> bool:
    # Not complex numbers, whose cast to others loses a part.
    dtypes = [info.dtype for info in infos]
    return all(dtype.is_floating or dtype.is_integer or dtype.is_bool for dtype in dtypes)


def _shape(info: TensorInfo) -> str:
    shape = info.get_shape()
    return shape_text(None if shape.rank is None else tuple(shape.as_list()))


def _dimensions(rank: int) -> str:
    return "1 dimension" if rank == 1 else f"{rank} dimensions"
