"""tensorflow_hub 0.15.0, the last release with `hub.Module`, in a separate folder.

It is installed without its dependencies, so that the environment does not change, and hubexplore never
imports it. Two modules that it imports no longer exist and get stand-ins: `tf.compat.v1.estimator`, which
TensorFlow 2.16 removed and `hub.Module` never uses, and `pkg_resources` of older setuptools, of which it uses
one function.
"""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import types
from typing import Any, Final

import packaging.version

from benchmarks.folders import PEER

VERSION: Final = "0.15.0"
REQUIREMENT: Final = f"tensorflow_hub=={VERSION}"


class _StandIn(types.ModuleType):
    """A module in which every public name is an empty class."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def install() -> None:
    """Installs the peer into `build/peer` unless it is installed already.

    Raises:
      subprocess.CalledProcessError: if pip fails; pip's own message is on stderr.
    """
    if (PEER / f"tensorflow_hub-{VERSION}.dist-info").is_dir():
        return
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--target", str(PEER), REQUIREMENT], check=True, stdout=sys.stderr)


def load() -> Any:
    """Imports the peer, with stand-ins for the modules that no longer exist."""
    import tensorflow as tf

    modules: list[Any] = [importlib.import_module("tensorflow.compat.v1"), tf.compat.v1]
    for module in modules:
        if not hasattr(module, "estimator"):
            module.estimator = _StandIn("tensorflow.compat.v1.estimator")
    # At the end of the path, so that packages of the environment take precedence.
    if str(PEER) not in sys.path:
        sys.path.append(str(PEER))
    if importlib.util.find_spec("pkg_resources"):
        return importlib.import_module("tensorflow_hub")
    sys.modules["pkg_resources"] = _pkg_resources()
    try:
        return importlib.import_module("tensorflow_hub")
    finally:
        del sys.modules["pkg_resources"]  # other packages must not mistake the stand-in for the real one


def _pkg_resources() -> types.ModuleType:
    """Returns the part of setuptools 81 and earlier that the peer uses."""
    module = types.ModuleType("pkg_resources")
    vars(module)["parse_version"] = packaging.version.parse
    return module
