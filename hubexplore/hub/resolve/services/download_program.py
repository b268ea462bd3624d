"""The program of the process that fetches a model, see `download_process`.

`python download_program.py` reads requests from standard input and writes messages to standard output, each a
JSON object in a line of its own. It ends when its standard input ends, and with the process that started it.

| request | |
| --- | --- |
| `package` | `kagglehub` or `huggingface_hub` |
| `name`, `again` | the model, and whether to fetch it even if there is a copy |
| `cache`, `folder` | where the package keeps all that it fetches, and this model |
| `revision`, `ignored`, `endpoint` | of huggingface_hub: see its `snapshot_download` |
| `sign_in` | what only the other process knows of it: `username` and `key`, or `token`; else null |
| `paths` | folders with Python packages, for those that this process does not know |
| `most_bytes`, `most_files`, `longest_file` | limits for the model, and for each file |

| message | |
| --- | --- |
| `folder` | the end: where the model is |
| `refusal` | the end: an error, see `_refusal` |
| `missing`, `is_absent` | the end: why the package cannot be imported, and whether it is not there |
| `announced` | bytes and files of the model, which pass the limits; the other process ends this one |
| `expected` | bytes of the model |

It imports nothing of hubexplore, which makes its start cheap.
"""

from __future__ import annotations

import errno
import fnmatch
import functools
import importlib
import json
import os
import queue
import select
import signal
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

_LOOK_SECONDS: Final = 1.0
_LONGEST_TEXT: Final = 1000
# Packages write other files as well, such as locks and settings.
_SHORTEST_FILE: Final = 1 << 20

# An audit hook stays as long as the process, and there must be one of them.
_WRITABLE: Final[list[str]] = []

Request = Mapping[str, Any]
Tell = Callable[..., None]


class _MissingError(Exception):
    """The package cannot be imported."""


def main() -> NoReturn:
    """Serves requests until there is nobody who could make them."""
    messages = os.fdopen(os.dup(1), "w", encoding="ascii")
    # What packages print must not get between the messages.
    os.dup2(2, 1)
    lock = threading.Lock()

    def tell(**message: object) -> None:
        with lock:
            messages.write(json.dumps(message) + "\n")
            messages.flush()

    requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    while True:
        _serve(requests.get(), tell)


def _listen(requests: queue.SimpleQueue[Request]) -> None:
    """Queues requests; ends this process with the one that sends them."""
    # The pipe alone does not tell: a process that the sender has forked keeps it open.
    sender = os.getppid()
    received = b""
    while os.getppid() == sender:
        if not select.select([0], [], [], _LOOK_SECONDS)[0]:
            continue
        part = os.read(0, 1 << 16)
        if not part:
            break
        *lines, received = (received + part).split(b"\n")
        for line in lines:
            requests.put(json.loads(line))
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _serve(request: Request, tell: Tell) -> None:
    sys.path += [path for path in request["paths"] if path not in sys.path]
    is_limited = _limit_files(max(request["most_bytes"], _SHORTEST_FILE) + request["longest_file"])
    fetch = _kaggle if request["package"] == "kagglehub" else _hugging_face
    try:
        tell(folder=str(fetch(request, tell)))
    except _MissingError as error:
        cause = error.__cause__
        is_absent = isinstance(cause, ModuleNotFoundError) and cause.name == request["package"]
        tell(missing=str(cause), is_absent=is_absent)
    # Each package has its own errors, and those of the packages below it.
    except Exception as error:  # noqa: BLE001
        if is_limited and any(getattr(one, "errno", None) == errno.EFBIG for one in _chain(error)):
            # The file itself may be gone already.
            _check(request, request["most_bytes"] + 1, 1, tell)
        tell(refusal=_refusal(error))


def _limit_files(size: int) -> bool:
    """Limits the size of files that this process writes: a body without end stops there, however fast.

    Returns:
      Whether that was possible. Not every system has this limit, or takes every number.
    """
    try:
        import resource

        now, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        if now != resource.RLIM_INFINITY and now < size:
            return False
        # One byte more than is allowed, so that the growth of the folder shows it.
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1, most))
    except (ImportError, OSError, ValueError, OverflowError):
        return False
    return True


def _kaggle(request: Request, tell: Tell) -> Any:
    # kagglehub imports it to see whether it is in a notebook, which this process never is.
    sys.modules["IPython"] = None  # type: ignore[assignment]  # read as "not there"
    os.environ["KAGGLEHUB_CACHE"] = request["cache"]
    kagglehub = _package("kagglehub")
    access = request["sign_in"]
    if access:
        config = importlib.import_module("kagglehub.config")
        if access.get("token"):
            config.set_kaggle_api_token(access["token"])
        else:
            config.set_kaggle_credentials(access["username"], access["key"])
    _watch_lengths(request, tell)
    _keep_inside(request["folder"])
    if not hasattr(tarfile, "data_filter"):
        _filter_members()
    return kagglehub.model_download(request["name"], **({"force_download": True} if request["again"] else {}))


def _hugging_face(request: Request, tell: Tell) -> Any:
    access = request["sign_in"]
    if access:
        os.environ["HF_TOKEN"] = access["token"]
    hub = _package("huggingface_hub")
    endpoint = {"endpoint": request["endpoint"]} if request["endpoint"] else {}
    model = hub.HfApi(**endpoint).model_info(
        request["name"], revision=request["revision"] or "main", files_metadata=True
    )
    sizes = [
        file.size or 0
        for file in model.siblings or ()
        if not any(fnmatch.fnmatchcase(file.rfilename, pattern) for pattern in request["ignored"])
    ]
    _check(request, sum(sizes), len(sizes), tell)
    tell(expected=sum(sizes))
    return hub.snapshot_download(
        request["name"],
        revision=request["revision"],
        ignore_patterns=request["ignored"],
        cache_dir=request["cache"],
        **endpoint,
        **({"force_download": True} if request["again"] else {}),
    )


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _MissingError from error


def _watch_lengths(request: Request, tell: Tell) -> None:
    """Checks the length that a server announces of a body, before kagglehub reads it."""
    requests = importlib.import_module("requests")
    send = getattr(requests.Session.send, "__wrapped__", requests.Session.send)

    # A second request must not wrap it again, so `__wrapped__` is set.
    @functools.wraps(send)
    def checked(session: Any, *args: Any, **options: Any) -> Any:
        response = send(session, *args, **options)
        length = response.headers.get("Content-Length") or ""
        # Only bodies that are saved are read piece by piece.
        if options.get("stream") and length.isascii() and length.isdecimal():
            _check(request, int(length[:99]), 1, tell)
        return response

    requests.Session.send = checked


def _keep_inside(folder: str) -> None:
    """Refuses to write files elsewhere: kagglehub joins the names that the service sends to its folder."""
    if _WRITABLE:
        return
    logs = os.environ.get("KAGGLE_LOGGING_ROOT_DIR") or str(Path.home())
    places = (folder, os.path.join(logs, ".kaggle"), os.devnull)
    _WRITABLE.extend(os.path.realpath(place) for place in places)
    sys.addaudithook(_on_event)


def _filter_members() -> None:
    """Lets archives be unpacked with a filter, as kagglehub does; Python before 3.11.4 has none."""
    extract = getattr(tarfile.TarFile.extractall, "__wrapped__", tarfile.TarFile.extractall)

    @functools.wraps(extract)
    def filtered(archive: tarfile.TarFile, path: str = ".", **_: object) -> None:
        extract(archive, path, map(_plain, archive))

    tarfile.TarFile.extractall = filtered  # type: ignore[assignment, method-assign]  # what it is there


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Returns a member as an ordinary file or folder of this user.

    Raises:
      PermissionError: it is something else, or would be elsewhere.
    """
    parts = Path(member.name).parts
    if not (member.isreg() or member.isdir()) or os.pardir in parts or Path(member.name).is_absolute():
        raise PermissionError(f"{member.name!r} in the archive is no file inside of it, so it is not written")
    member.mode = 0o755 if member.isdir() else 0o644
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
    return member


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not isinstance(arguments[0], str):
        return
    path, _, flags = arguments
    if flags & (os.O_WRONLY | os.O_RDWR):
        real = os.path.realpath(path)
        if not any(real == place or real.startswith(place + os.sep) for place in _WRITABLE):
            raise PermissionError(f"{path!r} is outside of the folder for the model, so it is not written")


def _check(request: Request, size: int, files: int, tell: Tell) -> None:
    """Does not return if the limits are passed: this may be one of many threads, which all have to stop."""
    if size > request["most_bytes"] or files > request["most_files"]:
        tell(announced=[size, files])
        threading.Event().wait()


def _refusal(error: Exception) -> dict[str, Any]:
    """Describes an error.

    Returns:
      `status` that the service answered, or null; `retry_after`, how long it asks to wait, or "";
      `kind`, the name of its class; `kinds`, those of all classes of it and of the errors that led to it;
      `text`, its first line.
    """
    status, asked = _answer(error)
    kinds = {kind.__name__ for one in _chain(error) for kind in type(one).__mro__}
    lines = str(error).splitlines() or [""]
    return {
        "status": status,
        "retry_after": asked,
        "kind": type(error).__name__,
        "kinds": sorted(kinds),
        "text": lines[0][:_LONGEST_TEXT],
    }


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yields an error and those that led to it."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        reason = getattr(one, "reason", None)
        waiting += [one.__context__, one.__cause__, reason if isinstance(reason, BaseException) else None]
        waiting += [argument for argument in one.args if isinstance(argument, BaseException)]


def _answer(error: BaseException) -> tuple[int | None, str]:
    """Returns the status that the service answered, and how long it asks to wait."""
    for one in _chain(error):
        response = getattr(one, "response", None)
        status = getattr(response, "status_code", None)
        # An error of a body that cannot be understood has the response as well, with a status of success.
        if isinstance(status, int) and status >= 400:
            headers = getattr(response, "headers", None) or {}
            return status, str(headers.get("Retry-After") or "")
    return None, ""


if __name__ == "__main__":
    main()
