"""A separate JupyterLab: on a free port, without user settings or network; it ends with the tests."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVE = Path(__file__).with_name("serve.py")
NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
# A prefix as on JupyterHub: no part of the product may assume that the server is at "/".
BASE = "/user/ann/"
PATIENCE = 120.0
OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",
    f"--ServerApp.base_url={BASE}",
    "--ServerApp.open_browser=False",
    "--ServerApp.terminals_enabled=False",
    # No network: neither news nor updates nor a list of extensions.
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    # Or a search for language servers with npm.
    "--LanguageServerManager.autodetect=False",
    # Tests wait for states that the page does not display, such as the end of a save.
    "--LabApp.expose_app_in_browser=True",
)
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # While a file is being renamed, the server may fail to list its folder; JupyterLab opens a dialog then.
    "docmanager-extension/plugin": {"renameUntitledFileOnSave": False},
}
NO_SETTINGS: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Lab:
    """A running server; its file browser shows the folder `root`, its output is in `log`."""

    url: str
    token: str
    root: Path
    log: Path

    def address(self, path: str = "") -> str:
        """Returns the address of a file in `root`, or of the launcher, in an empty workspace."""
        page = f"lab/tree/{path}" if path else "lab"
        return f"{self.url}{page}?reset&token={self.token}"

    def call(self, method: str, path: str) -> Any:
        """Calls the server's API; returns the JSON of its answer, None if that is empty."""
        request = urllib.request.Request(f"{self.url}api/{path}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=30) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def end_kernels(self) -> None:
        """Ends all kernels; a kernel with TensorFlow takes half a gigabyte of memory."""
        for session in self.call("GET", "sessions"):
            self.call("DELETE", f"sessions/{session['id']}")

    def lay_out(self) -> None:
        """Fills the folder with the notebooks of the project and nothing else."""
        for path in self.root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(NOTEBOOKS, self.root, dirs_exist_ok=True)

    def forget_settings(self, others: Mapping[str, Any] = NO_SETTINGS) -> None:
        """Restores the settings of a fresh installation, except for those that would disturb the tests.

        Args:
          others: further settings, values by the name of the extension.
        """
        folder = self.root.parent / "settings"
        shutil.rmtree(folder, ignore_errors=True)
        for name, values in {**SETTINGS, **others}.items():
            path = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))


# A developer's own settings must not influence these tests.
USER_VARIABLES = ("JUPYTER", "IPYTHON", "PYTEST", "PYTHON", "TF_", "TFHUB_", "HUBEXPLORE_", "XDG_")


def environment(folder: Path, modules: Path) -> dict[str, str]:
    """Returns the environment variables of a new user whose kernel is this Python.

    Args:
      folder: for all files of the user.
      modules: the cache of modules.
    """
    variables = {name: value for name, value in os.environ.items() if not name.startswith(USER_VARIABLES)}
    folders = {
        "HOME": "home",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    for variable, name in folders.items():
        (folder / name).mkdir(exist_ok=True)
        variables[variable] = str(folder / name)
    variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), variables.get("PATH", os.defpath)])
    variables["TFHUB_CACHE_DIR"] = str(modules)
    # The kernel of this environment takes precedence over a system kernel of the same name.
    variables["JUPYTER_PREFER_ENV_PATH"] = "1"
    return variables


@contextlib.contextmanager
def serving(folder: Path, modules: Path) -> Iterator[Lab]:
    """Starts a server whose own files are all in `folder`; ends it with all of its kernels."""
    root, log = folder / "root", folder / "server.log"
    root.mkdir()
    variables = environment(folder, modules)
    command = [sys.executable, str(SERVE), "jupyterlab", *OPTIONS, f"--ServerApp.root_dir={root}"]
    with running(command, folder, variables, log) as process:
        lab = _started(process, Path(variables["JUPYTER_RUNTIME_DIR"]), root, log)
        lab.forget_settings()
        yield lab


@contextlib.contextmanager
def running(
    command: list[str], folder: Path, variables: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs serve.py; ends the server with all of its kernels."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            _end(process)


def _started(process: subprocess.Popen[bytes], runtime: Path, root: Path, log: Path) -> Lab:
    """Waits until the server answers."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"JupyterLab ended with {process.returncode}:\n{log.read_text()[-4000:]}")
        with contextlib.suppress(OSError, ValueError, StopIteration):
            status = json.loads(next(runtime.glob("jpserver-*.json")).read_text())
            lab = Lab(f"http://127.0.0.1:{status['port']}{BASE}", status["token"], root, log)
            lab.call("GET", "status")
            return lab
        time.sleep(0.05)
    raise TimeoutError(f"JupyterLab does not answer:\n{log.read_text()[-4000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the server by closing its standard input; kills it if that does not help in time."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
