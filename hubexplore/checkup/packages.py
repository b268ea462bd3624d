"""Checks of the packages that are installed, and whether they fit together."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from typing import Final

from hubexplore.checkup import installed
from hubexplore.checkup.findings import OK, PROBLEM, WARNING, Finding
from hubexplore.summary.graph.ops import newer_ops

_SHOWN: Final = (
    "keras", "protobuf", "numpy", "pandas", "ipython", "ipykernel", "jupyterlab", "ipywidgets",
    "jupyterlab_widgets", "anywidget", "graphviz",
)  # fmt: skip
_OPTIONAL: Final = frozenset({"ipykernel", "jupyterlab", "jupyterlab_widgets"})
_LOWEST_PYTHON: Final = (3, 11)
# hub.Module is in releases of tensorflow_hub before this one.
_WITHOUT_MODULE: Final = (0, 16)
_OWN_VERSION: Final = re.compile(r"__version__ = ['\"]([\w.]+)['\"]")


def findings() -> Iterator[Finding]:
    """Checks versions and conflicts."""
    yield _python()
    yield from _tensorflow()
    broken = dict(_unmet())
    for name in _SHOWN:
        key = name.replace("_", "-")
        yield broken.pop(key) if key in broken else _package(name)
    yield from broken.values()
    yield from _protobuf_files()
    yield from _tensorflow_hub()
    yield from _legacy_keras()


def _python() -> Finding:
    text = f"Python {platform.python_version()} at {sys.executable}."
    if sys.version_info[:2] < _LOWEST_PYTHON:
        return Finding("Python", PROBLEM, text, "hubexplore needs Python 3.11 or later.")
    return Finding("Python", OK, text)


def _tensorflow() -> Iterator[Finding]:
    found = installed.tensorflow_versions()
    lowest, highest = ("{}.{}".format(*pair) for pair in (newer_ops.OLDEST, newer_ops.TABLE_VERSION))
    install = f"Install a tested version: pip install 'tensorflow~={highest}.0'"
    if not found:
        if installed.folder_of("tensorflow"):
            yield Finding(
                "TensorFlow", WARNING, "TensorFlow was not installed by pip; its version is unknown."
            )
            return
        sentence = "TensorFlow is not installed. Modules can be shown, but not run."
        yield Finding("TensorFlow", PROBLEM, sentence, f"{install}.")
        return
    name, text = next(iter(found.items()))
    number = installed.minor(text)
    if number is not None and number < newer_ops.OLDEST:
        sentence = f"{name} {text} is too old: hubexplore needs {lowest} or later."
        yield Finding("TensorFlow", PROBLEM, sentence, f"{install}.")
    elif number is not None and number > newer_ops.TABLE_VERSION:
        sentence = f"{name} {text} is newer than {highest}, the last version that hubexplore was tested with."
        yield Finding("TensorFlow", WARNING, sentence, f"{install} if something fails.")
    else:
        yield Finding("TensorFlow", OK, f"{name} {text}.")
    if len(found) > 1:
        listed = " and ".join(f"{other} {found[other]}" for other in found)
        sentence = (
            f"{listed} are installed together; both write the folder `tensorflow`, and the later one wins."
        )
        remedy = f"Keep one: pip uninstall {' '.join(found)}, then pip install {name}=={text}."
        yield Finding("TensorFlow", PROBLEM, sentence, remedy)


def _package(name: str) -> Finding:
    found = installed.version(name)
    if found:
        return Finding(name, OK, f"{name} {found}.")
    if name in _OPTIONAL:
        return Finding(name, OK, f"{name} is not installed here. Only notebooks need it.")
    return Finding(name, PROBLEM, f"{name} is not installed.", f"pip install {name}")


def _unmet() -> Iterator[tuple[str, Finding]]:
    """Yields (package, problem) of each requirement that is not met."""
    for owner in ("hubexplore", *installed.tensorflow_versions(), "keras", "ipywidgets", "anywidget"):
        for requirement, name, found in installed.unmet(owner):
            got = f"{name} {found} is installed" if found else f"{name} is not installed"
            sentence = f"{owner} {installed.version(owner)} needs {requirement}, but {got}."
            yield (
                name.replace("_", "-").lower(),
                Finding(name, PROBLEM, sentence, f"pip install '{requirement}'"),
            )


def _protobuf_files() -> Iterator[Finding]:
    """Checks that the files of protobuf are those of the version that is recorded."""
    folder, recorded = installed.folder_of("google.protobuf"), installed.version("protobuf")
    if folder is None or not recorded:
        return
    try:
        match = _OWN_VERSION.search((folder / "__init__.py").read_text("utf-8"))
    except (OSError, ValueError):
        match = None
    if match and match[1] != recorded:
        sentence = f"The files of protobuf are of version {match[1]}, but pip recorded {recorded}."
        remedy = f"pip install --force-reinstall --no-deps protobuf=={recorded}"
        yield Finding("protobuf", PROBLEM, sentence, remedy)


def _tensorflow_hub() -> Iterator[Finding]:
    text = installed.version("tensorflow-hub")
    number, tensorflow = installed.minor(text), installed.tensorflow_minor()
    if number is None:
        return
    remedy = (
        "Write `import hubexplore as hub`. Programs that import tensorflow_hub run unchanged with "
        "`hubexplore run PROGRAM`, or after hubexplore.install()."
    )
    if number >= _WITHOUT_MODULE:
        sentence = f"tensorflow_hub {text} is installed as well. It has no hub.Module."
    elif tensorflow is not None and tensorflow >= newer_ops.OLDEST:
        sentence = (
            f"tensorflow_hub {text} is installed as well. It cannot be imported with this TensorFlow, "
            "which has no tf.estimator."
        )
    else:
        sentence = f"tensorflow_hub {text} is installed as well."
    yield Finding("tensorflow_hub", WARNING, sentence, remedy)


def _legacy_keras() -> Iterator[Finding]:
    if os.environ.get("TF_USE_LEGACY_KERAS", "").lower() not in ("1", "true"):
        return
    if not installed.version("tf-keras"):
        sentence = "TF_USE_LEGACY_KERAS is set, but tf_keras is not installed: tf.keras cannot be used."
        yield Finding("keras", PROBLEM, sentence, "pip install tf_keras, or unset TF_USE_LEGACY_KERAS.")
        return
    sentence = "TF_USE_LEGACY_KERAS is set: tf.keras is Keras 2, but hub.KerasLayer is a layer of Keras 3."
    yield Finding("keras", WARNING, sentence, "Unset TF_USE_LEGACY_KERAS to use hub.KerasLayer in tf.keras.")
