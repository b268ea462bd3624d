"""Which of several outputs is most likely the one that is meant, where a message has to propose one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hubexplore.summary.module_format import DEFAULT_OUTPUT
from hubexplore.summary.name_words import words_of

# Words of what a model is there for, and of what it returns beside that.
_RESULTS: Final = frozenset({
    "code", "embedding", "embeddings", "encoded", "encoding", "encodings", "feature", "features", "hidden",
    "latent", "latents", "loc", "mean", "mu", "output", "outputs", "pooled", "representation",
    "representations", "result", "results", "vector", "vectors",
})  # fmt: skip
_BESIDE: Final = frozenset({
    "attention", "aux", "auxiliary", "count", "counts", "debug", "length", "lengths", "logsigma", "logstd",
    "logvar", "loss", "losses", "mask", "masks", "scale", "sigma", "std", "stddev", "temperature",
    "uncertainty", "var", "variance", "weight", "weights",
})  # fmt: skip
NAMESAKE: Final = 1
"""Up to this rank the name of an output says that it belongs to the input."""


def rank(output: str, wanted: str = "") -> int:
    """Returns how likely an output is meant, 0 for the likeliest.

    By its name: that of the input but for its spelling, a word of it, `default`, the usual name of a result,
    another name, and last what is known to stand beside a result, such as a variance.

    Args:
      output: its name.
      wanted: name of the input that it goes into, if there is one.
    """
    words, meant = words_of(output), words_of(wanted)
    # The same name may have no word that is known as one, as in Chinese.
    if output == wanted or (meant and words == meant):
        return 0
    if words & _BESIDE - meant:
        return 5
    if any(word.isalpha() and len(word) > 1 for word in words & meant):
        return NAMESAKE
    if output == DEFAULT_OUTPUT:
        return 2
    return 3 if words & _RESULTS else 4


def likeliest(outputs: Iterable[str], wanted: str = "") -> list[str]:
    """Returns the outputs that are as likely as any other, in order; one if it is clear which."""
    ranks = {output: rank(output, wanted) for output in outputs}
    best = min(ranks.values(), default=0)
    return [output for output, found in ranks.items() if found == best]
