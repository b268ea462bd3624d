"""Sounds: files as numbers at the rate that a module takes, numbers as WAV files, and built-in sounds.

The code that the explorer writes for a run imports this module, and people keep that code: what a function
returns for the same arguments stays the same. Files are read by soundfile (libsndfile) and resampled by soxr,
which are imported when they are needed.
"""

from hubexplore.inputs.sounds import read_audio, samples, wav

__all__ = ["read_audio", "samples", "wav"]
