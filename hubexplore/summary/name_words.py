"""The words of a name."""

from __future__ import annotations

import re


def snake(name: str) -> str:
    """Returns "sampleRate" as "sample_rate"."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def words_of(name: str) -> set[str]:
    """Returns the words and numbers of a name: "inputAudio_1" has "input", "audio" and "1"."""
    return set(re.findall(r"[a-z]+|\d+", snake(name)))
