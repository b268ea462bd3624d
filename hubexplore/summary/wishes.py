"""What a user may say of a graph that declares no signatures: those that it shall have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.errors import SignatureError
from hubexplore.summary.module_format import DEFAULT_SIGNATURE

Side = str | Iterable[str] | Mapping[str, str]
Signatures = Mapping[str, tuple[Side | None, Side]]
"""Name of a signature -> its inputs and outputs: a tensor, several, or a dict from names to tensors.

None as inputs means the placeholders that the outputs need.
"""
MSG_OPTIONS: Final = (
    "--inputs and --outputs list tensors, separated by commas, as in --inputs image --outputs "
    "scores=Softmax,top=ArgMax:0 with a name for each or for none; {finding}."
)


@dataclass(frozen=True)
class Wishes:
    """Options of `load_module_spec` for frozen graphs and training checkpoints; false if there are none."""

    signatures: Signatures | None = None
    lift_constants: bool = False

    def __bool__(self) -> bool:
        return self.signatures is not None or self.lift_constants

    @property
    def code(self) -> str:
        """The arguments of `load_module_spec` behind the path, with a comma before each."""
        signatures = f", signatures={self.signatures!r}" if self.signatures is not None else ""
        return f"{signatures}{', lift_constants=True' if self.lift_constants else ''}"


NO_WISHES: Final = Wishes()


def plain(signatures: Any) -> Any:
    """The same signatures in dicts, lists and strs, which can be read twice and written as code.

    What is not in the form `Signatures` stays as it is.
    """
    if not isinstance(signatures, Mapping):
        return signatures
    return {
        name: tuple(map(plain_side, pair))
        if isinstance(pair, Sequence) and not isinstance(pair, str) and len(pair) == 2
        else pair
        for name, pair in signatures.items()
    }


def plain_side(side: Any) -> Any:
    """The inputs or outputs of a signature, as they were typed, in dicts, lists and strs."""
    if isinstance(side, Mapping):
        return {name: _plain_text(tensor) for name, tensor in side.items()}
    if isinstance(side, (str, bytes)) or not isinstance(side, Iterable):
        return _plain_text(side)
    return [_plain_text(tensor) for tensor in side]


def _plain_text(value: Any) -> Any:
    # The repr of a subclass, such as NumPy's, may be no literal.
    return str(value) if isinstance(value, str) else value


def from_options(inputs: str | None, outputs: str | None) -> Signatures | None:
    """The signature `default` of two options: tensors separated by commas, each with `NAME=` or none.

    Args:
      inputs: None means the placeholders that the outputs need; an empty text means no inputs.
      outputs: None, with None as inputs, means that there is no such signature.

    Raises:
      SignatureError: they do not list tensors.
    """
    if outputs is None:
        if inputs is None:
            return None
        raise SignatureError(MSG_OPTIONS.format(finding="--outputs is missing"))
    given = None if inputs is None else _listed(inputs, "--inputs")
    results = _listed(outputs, "--outputs")
    # The usual name of a single output, "default", is what a str gets.
    single = isinstance(results, list) and len(results) == 1
    return {DEFAULT_SIGNATURE: (given, results[0] if single else results)}


def sides_from_options(inputs: Sequence[str] | None, outputs: Sequence[str] | None) -> tuple[Any, Any]:
    """The inputs and outputs of a cut by repeated options, each a tensor, with `NAME=` or without.

    Args:
      inputs: None, or empty, for those that the outputs need.
      outputs: at least one. A single one without a name is called `default`.

    Raises:
      SignatureError: there is no output, or one is not in this form.
    """
    if not outputs:
        raise SignatureError("A cut needs an output: --output TENSOR or --output NAME=TENSOR.")
    chosen = _repeated(outputs, "--output")
    single = isinstance(chosen, list) and len(chosen) == 1
    return _repeated(inputs, "--input") if inputs else None, chosen[0] if single else chosen


def _repeated(words: Sequence[str], option: str) -> Any:
    """A list of tensors; a dict where they have names."""
    pairs = [tuple(part.strip() for part in word.partition("=")) for word in words]
    named = [name for name, equals, _ in pairs if equals]
    wrong = next(
        (word for word, (name, equals, tensor) in zip(words, pairs, strict=True)
         if not name or (equals and not tensor)), None,
    )  # fmt: skip
    if wrong is not None:
        raise SignatureError(f"{option} takes a tensor, or NAME=TENSOR; got {wrong!r}.")
    if not named:
        return [name for name, _, _ in pairs]
    if len(named) < len(pairs):
        raise SignatureError(f"Name each {option} or none: {option} NAME=TENSOR; got {', '.join(words)}.")
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise SignatureError(f"{option} names {twice!r} twice. Each needs its own name.")
    return {name: tensor for name, _, tensor in pairs}


def _listed(text: str, option: str) -> Any:
    """A list of tensors; a dict where they have names."""
    words = [word.strip() for word in text.split(",")] if text.strip() else []
    pairs = [word.partition("=") for word in words]
    named = [name.strip() for name, equals, _ in pairs if equals]
    if "" in words or "" in named or any(equals and not tensor.strip() for _, equals, tensor in pairs):
        raise SignatureError(MSG_OPTIONS.format(finding=f"{option} is {text!r}"))
    if not named:
        return words
    if len(set(named)) < len(words):
        finding = "names some of them only" if len(named) < len(words) else "has a name twice"
        raise SignatureError(MSG_OPTIONS.format(finding=f"{option} {finding}: {text!r}"))
    return {name.strip(): tensor.strip() for name, _, tensor in pairs}
