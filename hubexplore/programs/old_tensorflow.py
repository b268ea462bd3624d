"""What `import tensorflow` means in a program of TensorFlow 1: `tf.compat.v1`, and what replaces the rest."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Final

from hubexplore.errors import RemovedImportError, RemovedNameError
from hubexplore.programs.removed_names import REMOVED, V1, explain, is_above_entry

LEGACY_KERAS: Final = "TF_USE_LEGACY_KERAS"
_API: Final = "tensorflow._api."
_TRUE: Final = ("true", "True", "1")
_KERAS_LOADER: Final = "KerasLazyLoader"


class OldModule(ModuleType):
    """A namespace of TensorFlow 1: the names of `tf.compat.v1`, or of the modules that have them today.

    Args:
      path: below `tf`; "" is `tf` itself.
      homes: modules that hold its names.
      tensorflow: what it is a part of.
    """

    def __init__(self, path: str, homes: Sequence[Any], tensorflow: OldTensorflow) -> None:
        super().__init__(f"tensorflow.{path}" if path else "tensorflow")
        for name in ("__doc__", "__file__", "__path__", "__version__"):
            if homes and hasattr(homes[0], name):
                vars(self)[name] = getattr(homes[0], name)
        # Nothing is found beside it by its folder: all that it has comes from its homes.
        vars(self).setdefault("__path__", [])
        self._path = path
        self._homes = tuple(homes)
        self._tensorflow = tensorflow

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return [public for public in dir(self) if not public.startswith("_")]
        if (
            name.startswith("__")
            and name.endswith("__")
            and not any(hasattr(home, name) for home in self._homes)
        ):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name, obj=self)
        value = self._tensorflow.member(self._path, name, self._homes)
        # Asked once: `__getattr__` is called only for what is not in the dict.
        vars(self)[name] = value
        return value

    def __dir__(self) -> list[str]:
        prefix = f"{self._path}." if self._path else ""
        children = {key[len(prefix) :].partition(".")[0] for key in REMOVED if key.startswith(prefix)}
        return sorted({*_names(self._homes), *children})


class OldTensorflow:
    """TensorFlow 1 for a program: imports TensorFlow and turns its v2 behaviour off when it is first used."""

    def __init__(self) -> None:
        self._root: OldModule | None = None
        self._legacy_keras = os.environ.get(LEGACY_KERAS)
        self._was_v2 = False
        # tf.layers, tf.nn.rnn_cell and Keras in a TF1 graph exist only in Keras 2. TensorFlow chooses when it
        # is imported.
        self._is_keras_2 = self._legacy_keras in _TRUE
        if self._legacy_keras is None and "tensorflow" not in sys.modules and find_spec("tf_keras"):
            os.environ[LEGACY_KERAS] = "1"
            self._is_keras_2 = True

    def start(self) -> None:
        """Imports TensorFlow and turns its v2 behaviour off, unless this was done before."""
        _ = self.root

    def answers(self, name: str) -> bool:
        """Whether `imported` knows a module: TensorFlow, or the Keras that belongs to it, or a part."""
        package = name.partition(".")[0]
        return package == "tensorflow" or (package == "keras" and self._is_keras_2)

    @property
    def root(self) -> OldModule:
        """The namespace `tf`."""
        if self._root is None:
            v1 = _import(V1)
            self._was_v2 = bool(v1.executing_eagerly_outside_functions())
            with _quiet_log():
                v1.disable_v2_behavior()
            # What `import tensorflow.x` needs, and what __file__ says, is that of the package.
            self._root = OldModule("", [v1], self)
            vars(self._root).update(
                {
                    name: getattr(sys.modules["tensorflow"], name)
                    for name in ("__file__", "__path__", "__spec__")
                }
            )
        return self._root

    def imported(self, name: str, fromlist: Sequence[str]) -> Any:
        """Returns what `import NAME` or `from NAME import FROMLIST` in the program binds or reads.

        `keras` is `tf.keras`: the programs were written for the Keras that could use TensorFlow 1.

        Raises:
          RemovedImportError: (an ImportError) today's TensorFlow does not have it, with what to write.
        """
        if name.startswith("keras"):
            module: Any = self.imported(f"tensorflow.{name}", fromlist)
            return module if fromlist else self.root.keras
        module = self.root
        parts = name.split(".")
        for end in range(2, len(parts) + 1):
            module = self._submodule(module, ".".join(parts[:end]))
        if not fromlist:
            return self.root
        for member in fromlist:
            if member != "*":
                self._submodule(module, f"{name}.{member}")
        return module

    def _submodule(self, parent: Any, name: str) -> Any:
        """Returns a member of a namespace, imported if need be."""
        path, last = name.partition(".")[2], name.rpartition(".")[2]
        try:
            # A module that is still there may have lost names, which the table knows.
            if path in REMOVED and not isinstance(parent, OldModule):
                return self._removed(path)
            return getattr(parent, last)
        except AttributeError as error:
            reason: Exception = error
        try:
            return _import(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise
        text = str(reason) if isinstance(reason, RemovedNameError) else self._explained(path, dir(parent))
        raise RemovedImportError(text, name=name) from None

    def member(self, path: str, name: str, homes: Sequence[Any]) -> Any:
        """Returns what `tf.PATH.NAME` is.

        Args:
          path: of a namespace below `tf`.
          name: the attribute.
          homes: the modules that hold the names of the namespace.

        Raises:
          RemovedNameError: (an AttributeError) today's TensorFlow does not have it, with what to write.
        """
        full = f"{path}.{name}" if path else name
        if full == "compat.v1":
            return self.root
        if full in REMOVED:
            return self._removed(full)
        for home in homes:
            try:
                value = getattr(home, name)
            except (AttributeError, ImportError):
                continue
            return self._wrapped(full, value)
        imported = sys.modules.get(f"tensorflow.{full}")
        if imported is not None:
            return imported
        if is_above_entry(full):
            return OldModule(full, [], self)
        raise RemovedNameError(self._explained(full, _names(homes)))

    def _removed(self, path: str) -> Any:
        """Returns the namespace for an entry of the table."""
        homes = list(_imported(REMOVED[path].homes or (f"{V1}.{path}",)))
        if path == "contrib" or homes:
            return OldModule(path, homes, self)
        raise RemovedNameError(REMOVED[path].message(path))

    def _wrapped(self, path: str, value: Any) -> Any:
        """Returns a part of the API as a namespace, so that its missing names are explained as well."""
        is_api = isinstance(value, ModuleType) and (
            type(value).__name__ == _KERAS_LOADER or value.__name__.startswith(f"{_API}v2.compat.v1.")
        )
        return OldModule(path, [value], self) if is_api else value

    def _explained(self, path: str, existing: Any) -> str:
        return explain(path, existing, str(vars(self.root).get("__version__", "2")))

    def restore(self) -> None:
        """Turns v2 behaviour on again if it was on, and forgets the choice of Keras."""
        if self._legacy_keras is None:
            os.environ.pop(LEGACY_KERAS, None)
        if self._root is None or not self._was_v2:
            return
        v1 = _import(V1)
        # TensorFlow refuses to leave graph mode while there is a default graph.
        v1.reset_default_graph()
        v1.enable_v2_behavior()


def _names(homes: Sequence[Any]) -> set[str]:
    """The names in some modules; a lazy one may be impossible to load."""
    names: set[str] = set()
    for home in homes:
        with contextlib.suppress(ImportError):
            names.update(dir(home))
    return names


def _import(name: str) -> Any:
    """What `importlib.import_module` does, without its frames in the traceback of an error."""
    return __import__(name, None, None, ["__name__"])


def _imported(names: Sequence[str]) -> Iterator[Any]:
    """The modules of these names that can be imported."""
    for name in names:
        # Parts of TensorFlow's API are attributes; some of them are loaded lazily and cannot be imported.
        package, _, path = name.partition(f"{V1}.") if name.startswith(f"{V1}.") else (name, "", "")
        try:
            value: Any = _import(package or V1)
            for part in filter(None, path.split(".")):
                value = getattr(value, part)
        except (AttributeError, ImportError):
            continue
        yield value


@contextlib.contextmanager
def _quiet_log() -> Iterator[None]:
    """Keeps TensorFlow from advising against what is being done on purpose."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
