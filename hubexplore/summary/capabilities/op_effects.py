"""What TensorFlow's ops can do beside computing, and which of their arguments decides it; no TensorFlow.

`op_effects.txt` classes every op of TensorFlow 2.21, and dangerous ones of other builds and releases, in
groups; tools/check_op_effects.py lists what a newer TensorFlow adds:

    [CAPABILITY ...] reason
    op (argument ...)         a line for each op, in groups with capabilities
    op op op ...              in groups without: these ops are harmless

    -op                       TensorFlow 2.21 for x86-64 does not register it
    argument                  an input
    @argument                 an attribute
    argument=a,b*             harmless if the value is "a" or begins with "b"; "argument=" if it is empty
    argument!a,*b             harmless unless the value contains the word "a", or a word that ends in "b"

A line that begins with "#" is a comment. Functions that an op calls are not its own effects: their nodes are
looked up one by one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hubexplore.summary.capabilities.model import Capability

FILE: Final = Path(__file__).with_name("op_effects.txt")


@dataclass(frozen=True, slots=True)
class EffectArgument:
    """An argument that decides what an op touches, such as a path or an address.

    Attributes:
      name: of the input or attribute in the op's definition.
      is_attribute: whether it is an attribute; an input otherwise.
      harmless_values: values for which the op has no effect; one that ends in "*" stands for all values that
        begin so.
      harmful_words: if there are any, the op has an effect only for values that contain one of these words;
        one that begins with "*" stands for all words that end so.
    """

    name: str
    is_attribute: bool = False
    harmless_values: tuple[str, ...] = ()
    harmful_words: tuple[str, ...] = ()

    def is_harmless(self, value: str | bytes) -> bool:
        """Returns whether the op has no effect if this argument has the value.

        A list of values is harmless if each of them is; an empty one is.
        """
        # Compared as bytes: a program in an attribute has many megabytes, and is not text.
        data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
        if self.harmful_words:
            return not any(_has_word(data, word) for word in self.harmful_words)
        return any(
            data.startswith(known[:-1].encode()) if known.endswith("*") else data == known.encode()
            for known in self.harmless_values
        )


@dataclass(frozen=True, slots=True)
class OpEffect:
    """What an op can do beside computing.

    Attributes:
      capabilities: what it can do; empty for a harmless op.
      arguments: the ones that decide what it touches; the op is harmless if each of them is. An op with
        capabilities and without arguments is never harmless.
      reason: why it is classed so, as a sentence whose subject is the op: "Reads the file."
    """

    capabilities: tuple[Capability, ...]
    arguments: tuple[EffectArgument, ...]
    reason: str


def effect_of(op: str) -> OpEffect | None:
    """The effect of an op type; None for an op that is not in the table, which may do anything."""
    line = _table().get(op)
    return None if line is None else _parsed(*line)


def classed_ops() -> Set[str]:
    """The op types in the table, without those that TensorFlow 2.21 does not register."""
    return _table().keys() - unregistered_ops()


def unregistered_ops() -> Set[str]:
    """The op types in the table that TensorFlow 2.21 does not register."""
    return {op for op, (_, _, registered) in _table().items() if not registered}


def _has_word(data: bytes, word: str) -> bool:
    """Returns whether the data has the word, or one that ends as it does if it begins with "*"."""
    text = re.escape(word.removeprefix("*"))
    start = "" if word.startswith("*") else r"(?<!\w)"
    # `in` is many times faster than a pattern, and settles it for nearly all data.
    return word.removeprefix("*").encode() in data and bool(re.search(rf"{start}{text}(?!\w)".encode(), data))


@functools.cache
def _table() -> dict[str, tuple[str, str, bool]]:
    """Op type -> header of its group, its arguments, and whether TensorFlow 2.21 registers it."""
    table: dict[str, tuple[str, str, bool]] = {}
    header = ""
    for line in FILE.read_text("ascii").splitlines():
        if line.startswith("["):
            header = line
        elif line and not line.startswith("#"):
            op, _, rest = line.partition(" ")
            if header.startswith("[]"):
                table.update((harmless, (header, "", True)) for harmless in line.split(" "))
            else:
                table[op.removeprefix("-")] = (header, rest, not op.startswith("-"))
    return table


# Called with lines of the table only: the cache stays as small as the table, whatever names a file has.
@functools.cache
def _parsed(header: str, arguments: str, _registered: bool) -> OpEffect:
    names, _, reason = header[1:].partition("] ")
    return OpEffect(
        tuple(Capability[name] for name in names.split()),
        tuple(map(_argument, arguments.split())),
        reason,
    )


def _argument(text: str) -> EffectArgument:
    name = text.removeprefix("@")
    is_attribute = name != text
    name, has_words, words = name.partition("!")
    if has_words:
        return EffectArgument(name, is_attribute, harmful_words=tuple(words.split(",")))
    name, has_values, values = name.partition("=")
    return EffectArgument(name, is_attribute, tuple(values.split(",")) if has_values else ())
