"""Makes build/front-ends: Notebook 7, nbclassic, Voila and marimo, which the browser tests open.

    .venv/bin/python -m tools.front_ends

They are not in .venv, because JupyterLab would load what they bring along. The environment adds them to the
packages of .venv, so that its kernels have the same hubexplore and the same TensorFlow.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tools import layered

ROOT: Final = Path(__file__).resolve().parents[1]
PLACE: Final = ROOT / "build" / "front-ends"
PACKAGES: Final = Path(__file__).with_suffix(".txt")
HTML_MANAGER: Final = "@jupyter-widgets/html-manager@1.0.14"
EMBED: Final = PLACE / "share" / "html-manager" / "embed-amd.js"
NOT_DELIVERED: Final = EMBED.with_name("not-delivered.txt")
"""Holds the reason, if the script could not be fetched."""


def main() -> int:
    """Makes the environment anew; returns the exit code."""
    code = layered.make(PLACE, PACKAGES, "The front ends")
    if code:
        return code
    # Copies, as Voila serves no links.
    for folder in ("share/jupyter", "etc/jupyter"):
        shutil.copytree(Path(sys.prefix, folder), PLACE / folder, dirs_exist_ok=True)
    _fetch_html_manager()
    return 0


def _fetch_html_manager() -> None:
    """Fetches the script by which pages without Jupyter show widgets; their tests say if it is absent."""
    EMBED.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PLACE) as folder:
        settings = {
            "nodeModulesDir": "auto",
            "lock": False,
            "imports": {"html-manager": f"npm:{HTML_MANAGER}"},
        }
        Path(folder, "deno.json").write_text(json.dumps(settings), "utf-8")
        done = subprocess.run(
            [str(Path(sys.executable).with_name("deno")), "install", "--quiet"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        script = Path(folder, "node_modules", HTML_MANAGER.rpartition("@")[0], "dist", "embed-amd.js")
        if script.exists():
            shutil.copy(script, EMBED)
            NOT_DELIVERED.unlink(missing_ok=True)
            return
        reason = f"The package registry of npm did not deliver {HTML_MANAGER}: {done.stderr[-500:]}"
        print(reason, file=sys.stderr)
        NOT_DELIVERED.write_text(reason, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
