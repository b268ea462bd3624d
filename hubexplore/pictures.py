"""Pictures that hubexplore draws itself: PNG files to start with, digits and a scene as arrays.

The code that the explorer writes for a run imports this module, and people keep that code: what a function
returns for the same arguments stays the same. It needs NumPy only, and Pillow for the files.
"""

from hubexplore.inputs.pictures import DIGIT_SIDE, digit, film, samples, scene

__all__ = ["DIGIT_SIDE", "digit", "film", "samples", "scene"]
