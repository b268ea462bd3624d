"""TensorFlow's large native libraries, loaded without Python's lock.

Python loads a library while it holds its lock (CPython 3.11 to 3.13, `_imp.create_dynamic`), for which a
kernel does not answer: 0.3 to 0.7 s from the memory of the file system, and several times that from a disk.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import sys
from pathlib import Path
from typing import Final

# In this order: the second one needs the first.
_LIBRARIES: Final = ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2")


def load_native_libraries() -> None:
    """Loads them where that is known to work; elsewhere the import of TensorFlow does all of it.

    What fails here is left to that import, which says why.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(Exception):
        spec = importlib.util.find_spec("tensorflow")
        if spec is None or spec.origin is None:
            return
        # ctypes gives up Python's lock for a function of C, here that of the dynamic linker itself.
        load = ctypes.CDLL(None).dlopen
        load.argtypes, load.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
        for name in _LIBRARIES:
            path = Path(spec.origin).with_name(name)
            if path.is_file():
                load(os.fsencode(path), os.RTLD_NOW)
