"""Prepares what every visitor would wait for: samples, compiled Python, caches, JupyterLab's settings."""

from __future__ import annotations

import compileall
import json
import sys
from pathlib import Path
from typing import Any

INDEX = "/lab/tree/notebooks/00_index.ipynb"


def configure() -> None:
    """Lets JupyterLab open the index, without asking each new visitor whether to fetch news."""
    server = {"LabApp": {"default_url": INDEX}, "ServerApp": {"default_url": INDEX}}
    lab = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    _write(Path(sys.prefix, "etc", "jupyter", "jupyter_server_config.json"), server)
    _write(Path(sys.prefix, "share", "jupyter", "lab", "settings", "overrides.json"), lab)


def _write(path: Path, settings: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings, indent=1))


def warm() -> None:
    """Imports what the notebooks import, so that the image has the files that a first import writes."""
    compileall.compile_path(quiet=2)
    import tensorflow as tf

    import hubexplore

    for name in hubexplore.samples.names():
        print(f"sample:{name} ready in {hubexplore.samples.path(name)}")
    with hubexplore.eval_function_for_module("sample:half-plus-two") as half:
        print(f"TensorFlow {tf.__version__} runs: {half([1.0])}")


if __name__ == "__main__":
    configure()
    warm()
