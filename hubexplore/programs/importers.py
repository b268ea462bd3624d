"""Which modules belong to the program, and which to libraries."""

from __future__ import annotations

import functools
import os
import site
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

_PACKAGE: Final = str(Path(__file__).resolve().parents[1])
_LIBRARY_FOLDERS: Final = ("site-packages", "dist-packages")
# A checkout of one of these may be on the path, outside of site-packages.
_LIBRARIES: Final = frozenset({"hubexplore", "keras", "tensorflow", "tensorflow_hub", "tf_keras"})


class Importers:
    """Tells the modules of a program from those of libraries.

    A module belongs to the program if its file lies neither in the standard library nor in a folder of
    installed packages, or if it is a notebook or code of `exec`.

    Args:
      packages: installed packages that count as parts of the program.
      folder: of the script; counts as a part of the program wherever it is.
    """

    def __init__(self, packages: Iterable[str] = (), folder: str | None = None) -> None:
        self._packages = frozenset(packages)
        self._folder = folder
        self._libraries = _library_folders()
        # Asked for each import of TensorFlow; the answer for a file never changes.
        self._is_library = functools.lru_cache(maxsize=None)(self._is_in_library)

    def is_program(self, module: Mapping[str, Any] | None) -> bool:
        """Whether the module with these globals belongs to the program."""
        if module is None:
            return False
        package = str(module.get("__name__") or "").partition(".")[0]
        if package in self._packages:
            return True
        if package in _LIBRARIES:
            return False
        file = module.get("__file__")
        if isinstance(file, str):
            return not self._is_library(file)
        # A notebook, or code of `exec`. TensorFlow itself makes modules without a file, with names.
        return package in ("", "__main__")

    def _is_in_library(self, file: str) -> bool:
        path = os.path.realpath(file)
        if _is_below(path, _PACKAGE):
            return True
        if self._folder is not None and _is_below(path, self._folder):
            return False
        is_installed = any(folder in Path(path).parts for folder in _LIBRARY_FOLDERS)
        return is_installed or any(_is_below(path, folder) for folder in self._libraries)


def _library_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [*site.getsitepackages(), site.getusersitepackages()]
    return tuple({os.path.realpath(folder) for folder in folders})


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)


def script_folder(path: str) -> str | None:
    """Returns the folder of a script, unless all installed packages are in it."""
    folder = os.path.realpath(path)
    return None if os.path.basename(folder) in _LIBRARY_FOLDERS else folder
