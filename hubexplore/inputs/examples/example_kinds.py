"""The names of the kinds of examples; a form offers those that fit its inputs."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = "Sample sentences"
CATEGORIES: Final = "Sample categories"
VOCABULARY: Final = "Words of the vocabulary"
DIGITS: Final = "Sample digits"
PICTURE: Final = "Sample picture"
SOUND: Final = "Sample sound"
FILM: Final = "Sample film"
RANDOM: Final = "Random (seed 0)"
ZEROS: Final = "Zeros"
RAMP: Final = "Ramp"
