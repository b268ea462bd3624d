"""What tests change in the process that fetches. Python imports this when it starts, see `conftest.py`."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

_NOTES = os.environ.get("TEST_NOTES")
_lookup = socket.getaddrinfo
_pause = time.sleep


def _note(*words: object) -> None:
    with Path(str(_NOTES)).open("a", encoding="utf-8") as notes:
        notes.write(" ".join(map(str, words)) + "\n")


def _guarded(host: Any, *args: Any, **options: Any) -> Any:
    if host not in ("127.0.0.1", "localhost", "::1", None):
        _note("lookup", host)
        raise socket.gaierror(socket.EAI_NONAME, "not in tests")
    return _lookup(host, *args, **options)


def _sleep(seconds: float) -> None:
    _pause(min(seconds, 0.01))


def _on_event(event: str, arguments: tuple[object, ...]) -> None:
    if event == "import" and arguments[0] in ("tensorflow", "numpy"):
        _note("import", arguments[0])


if _NOTES and Path(sys.orig_argv[-1]).name == "download_program.py":
    _note("started", os.getpid())
    _note("command", sys.orig_argv)
    if os.environ.get("TEST_END"):
        os.kill(os.getpid(), int(os.environ["TEST_END"]))
    socket.getaddrinfo = _guarded
    # huggingface_hub waits by itself before it asks again.
    time.sleep = _sleep  # type: ignore[assignment]  # the names of the argument differ
    sys.addaudithook(_on_event)
    if os.environ.get("TEST_KAGGLE"):
        import kagglesdk.kaggle_env

        kagglesdk.kaggle_env._env_to_endpoint[kagglesdk.kaggle_env.KaggleEnv.PROD] = os.environ["TEST_KAGGLE"]
    if os.environ.get("TEST_CHUNK"):
        import huggingface_hub.constants

        huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE = int(os.environ["TEST_CHUNK"])
