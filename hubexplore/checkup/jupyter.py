"""Checks of JupyterLab: the browser's half of a widget comes from another package than Python's half."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hubexplore.checkup import installed
from hubexplore.checkup.findings import OK, PROBLEM, WARNING, Finding

MANAGER: Final = "@jupyter-widgets/jupyterlab-manager"
# Major version of ipywidgets -> that of its extension.
_MANAGERS: Final = {8: 5, 7: 3}
_LARGEST: Final = 1 << 20
_SERVER: Final = re.compile(r"jupyter|notebook")
_RESTART: Final = "Then restart JupyterLab and reload the page."


def findings(server: Path | None = None) -> Iterator[Finding]:
    """Checks the extensions of JupyterLab, and whether server and kernel share an environment.

    Args:
      server: the environment of the server; by default that of the server which started this kernel, else
        that of this Python.
    """
    own = Path(sys.prefix)
    server = server or server_prefix() or own
    if server != own:
        sentence = f"The notebook server runs in {str(server)!r}, this kernel in {str(own)!r}."
        remedy = (
            "Widgets need ipywidgets and anywidget in both environments, in the same major versions. In "
            f"that of the server: {server / 'bin' / 'python'} -m pip install ipywidgets anywidget"
        )
        yield Finding("notebook server", WARNING, sentence, remedy)
    has_lab = bool(installed.version("jupyterlab")) or (server / "share" / "jupyter" / "lab").is_dir()
    if not has_lab:
        yield Finding("JupyterLab", OK, f"JupyterLab is not installed in {str(server)!r}.")
        return
    yield _extension(MANAGER, "ipywidgets", server)
    yield _extension("anywidget", "anywidget", server)


def _extension(name: str, package: str, server: Path) -> Finding:
    """Compares an extension with the Python package that it belongs to."""
    python = installed.version(package)
    number, found = installed.minor(python), _extension_version(name, server)
    if number is None:
        return Finding(name, WARNING, f"{package} is not installed.", f"pip install {package}")
    if not found:
        sentence = f"JupyterLab has no extension {name}, so it shows widgets of {package} as text."
        remedy = f"In the environment of the server: pip install --force-reinstall {package}. {_RESTART}"
        return Finding(name, PROBLEM, sentence, remedy)
    if _is_disabled(name, server):
        sentence = f"The extension {name} of JupyterLab is disabled."
        return Finding(name, PROBLEM, sentence, f"jupyter labextension enable {name}. {_RESTART}")
    needed = _MANAGERS.get(number[0]) if name == MANAGER else number[0]
    other = installed.minor(found)
    # Before 1.0 each minor version may be incompatible.
    fits = other is not None and needed in (None, other[0])
    if fits and other is not None and name != MANAGER and number[0] == 0:
        fits = other == number
    if not fits:
        sentence = f"The extension {name} has version {found}, which does not fit {package} {python}."
        remedy = (
            f"Install the same version for server and kernel: pip install {package}=={python}. {_RESTART}"
        )
        return Finding(name, PROBLEM, sentence, remedy)
    return Finding(name, OK, f"{name} {found} fits {package} {python}.")


def _folders(server: Path, *parts: str) -> Iterator[Path]:
    """Yields where Jupyter looks for data, in its order."""
    data = [Path(part) for part in os.environ.get("JUPYTER_PATH", "").split(os.pathsep) if part]
    data += [_user_data(), server / "share" / "jupyter", Path("/usr/local/share/jupyter")]
    data.append(Path("/usr/share/jupyter"))
    for folder in data:
        yield folder.joinpath(*parts)


def _user_data() -> Path:
    chosen = os.environ.get("JUPYTER_DATA_DIR")
    if chosen:
        return Path(chosen)
    home = Path(os.environ.get("HOME") or "/")
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter"


def _extension_version(name: str, server: Path) -> str:
    """Returns the version of an extension; empty if no folder has it."""
    for folder in _folders(server, "labextensions", *name.split("/")):
        text = _json(folder / "package.json").get("version")
        if isinstance(text, str):
            return text[:50]
    return ""


def _is_disabled(name: str, server: Path) -> bool:
    config = Path(os.environ.get("JUPYTER_CONFIG_DIR") or Path(os.environ.get("HOME") or "/") / ".jupyter")
    for folder in (config, server / "etc" / "jupyter", Path("/usr/local/etc/jupyter"), Path("/etc/jupyter")):
        disabled = _json(folder / "labconfig" / "page_config.json").get("disabledExtensions")
        names = disabled if isinstance(disabled, (dict, list)) else []
        for entry in names:
            is_off = disabled.get(entry) is not False if isinstance(disabled, dict) else True
            # `NAME:plugin` disables a part of an extension.
            if is_off and str(entry).partition(":")[0] == name:
                return True
    return False


def _json(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _LARGEST:
            return {}
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def server_prefix() -> Path | None:
    """Returns the environment of the server that started this kernel; None where that cannot be told."""
    parent = os.environ.get("JPY_PARENT_PID", "")
    if not parent.isdecimal():
        return None
    try:
        words = Path(f"/proc/{parent}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    return prefix_of([os.fsdecode(word) for word in words[:2]])


def prefix_of(words: list[str]) -> Path | None:
    """Returns the environment of a command line, `PREFIX/bin/python PREFIX/bin/jupyter-lab`."""
    # The script comes first: the interpreter may be a link to that of the system.
    for word in reversed(words):
        path = Path(word)
        is_program = _SERVER.search(path.name) or path.name.startswith("python")
        if path.is_absolute() and path.parent.name == "bin" and is_program:
            return path.parent.parent
    return None
