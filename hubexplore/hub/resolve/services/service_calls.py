"""Calls of the packages of services: what is tried again, and what a refusal means."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hubexplore import errors
from hubexplore.hub.resolve import retries
from hubexplore.hub.resolve.services import complete_models, download_limits
from hubexplore.summary.files.redaction import redacted

_TRIES: Final = 4
_LONGEST_REASON: Final = 300
# Classes by their names: the packages, and those on which they build, differ in where these are.
_OFFLINE: Final = (
    "ConnectError", "ConnectionError", "NewConnectionError", "NameResolutionError", "gaierror",
    "ConnectionRefusedError", "OfflineModeIsEnabled", "ConnectTimeout", "ProxyError",
)  # fmt: skip
_CUT: Final = (
    "IncompleteRead", "ChunkedEncodingError", "RemoteProtocolError", "ProtocolError", "ReadError",
    "ReadTimeout", "ConnectionResetError", "RemoteDisconnected", "DataCorruptionError",
)  # fmt: skip
# Answers without what each answer of the service has.
_FOREIGN: Final = ("JSONDecodeError", "FileMetadataError")
# What huggingface_hub says of a file that is longer or shorter than announced; its class is OSError.
_SIZE: Final = "Consistency check failed"

MSG_PACKAGE: Final = (
    "The handle {handle!r} needs the package {package}, which is not installed: run "
    "`pip install 'hubexplore[{extra}]'`, or `pip install {package}`."
)
MSG_BROKEN: Final = "The handle {handle!r} needs the package {package}, which cannot be imported: {reason}."
MSG_FAILED: Final = "Cannot download {handle!r} from {service}: {reason}.{remedy}"
MSG_BUSY: Final = " The service limits the number of requests; try again later, or sign in."
MSG_LATER: Final = " The service has an internal error; try again later."
MSG_AGAIN: Final = " Try again; what was received is kept."
MSG_OFFLINE: Final = (
    " Check the connection; behind a proxy, set HTTP_PROXY and HTTPS_PROXY. For a machine without a "
    "network, run `hubexplore fetch {handle}` and `hubexplore cache pack FILE.tar` on another one, and "
    "`hubexplore cache unpack FILE.tar` here."
)
MSG_PAGE: Final = " The network may require a sign-in: open {address} in a browser, then try again."
MSG_OTHER: Final = (
    "{handle!r} was fetched from {service}, but {problem}. See {page} for what it holds, and give the "
    "handle of a TensorFlow model."
)


def package(name: str, extra: str, handle: str) -> Any:
    """Imports the package of a service.

    Raises:
      MissingExtraError: it is not installed, or cannot be imported.
    """
    # Read when huggingface_hub is imported: who loads a model did not ask for statistics of it to be sent.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name == name:
            raise errors.MissingExtraError(
                MSG_PACKAGE.format(handle=handle, package=name, extra=extra)
            ) from error
        raise errors.MissingExtraError(
            MSG_BROKEN.format(handle=handle, package=name, reason=error)
        ) from error


@dataclass(frozen=True)
class Service:
    """A service, from which one model is fetched.

    Attributes:
      name: of the service.
      handle: of the model.
      remedies: what to do, by the status that the service answered.
      folder: where the package keeps the model, in all of its versions.
    """

    name: str
    handle: str
    remedies: Mapping[int, str]
    folder: Path

    def call(self, function: Callable[[], Any]) -> Any:
        """Returns what `function` returns; calls it again while the service is busy.

        Raises:
          DownloadError: says why it failed and what to do; or it passes a limit, and nothing of it is kept.
        """
        tries = 0
        while True:
            try:
                with download_limits.within(self.folder):
                    return function()
            except errors.HubError:
                raise
            except download_limits.LimitError as error:
                raise self._error(str(error), "") from error
            # Each package has its own errors, and those of the packages below it.
            except Exception as error:
                status, asked = _answer(error)
                tries += 1
                if tries >= _TRIES or not (
                    retries.is_busy(status) or (status is None and _is_one(error, _CUT))
                ):
                    raise self._failed(error, status) from error
                retries.sleep(retries.pause_after(asked, tries - 1))

    def fetch(self, download: Callable[[bool], Any], page: str, again: bool) -> str:
        """Returns the folder of a complete model.

        Args:
          download: returns the folder; takes whether to fetch it even if there is a copy.
          page: address of the page of the model, for errors.
          again: whether to fetch it even if there is a copy.

        Raises:
          DownloadError: as `call`.
          NotAModuleError: what was fetched is not a complete model.
        """
        folder = str(self.call(lambda: download(again)))
        problem = complete_models.problem(Path(folder))
        # A copy that was damaged after its package had marked it as complete.
        if problem and not again and not problem.is_other:
            return self.fetch(download, page, again=True)
        if problem:
            raise self._not_a_model(problem, page)
        return folder

    def _not_a_model(self, problem: complete_models.Problem, page: str) -> errors.HubError:
        if problem.is_web_page:
            return self._error(
                "the service sent a web page instead of the model", MSG_PAGE.format(address=page)
            )
        return errors.NotAModuleError(
            MSG_OTHER.format(handle=self.handle, service=self.name, problem=problem.text, page=page)
        )

    def _failed(self, error: Exception, status: int | None) -> errors.DownloadError:
        if status is not None:
            later = MSG_LATER if status >= 500 else MSG_BUSY if status == 429 else ""
            return self._error(f"the service answered {status}", self.remedies.get(status, later))
        address = f"https://{'www.kaggle.com' if self.name == 'Kaggle' else 'huggingface.co'}"
        if _is_one(error, _FOREIGN):
            return self._error(
                "the service sent a web page instead of an answer", MSG_PAGE.format(address=address)
            )
        if _is_one(error, _CUT):
            return self._error("the connection ended early", MSG_AGAIN)
        lines = str(error).splitlines() or [type(error).__name__]
        reason = errors.printable(redacted(lines[0][:_LONGEST_REASON])).rstrip(".:")
        if reason.startswith(_SIZE):
            return self._error(
                "a file does not have the size that the service announced", MSG_PAGE.format(address=address)
            )
        if _is_one(error, _OFFLINE):
            return self._error("the service cannot be reached", MSG_OFFLINE.format(handle=self.handle))
        return self._error(reason or type(error).__name__, "")

    def _error(self, reason: str, remedy: str) -> errors.DownloadError:
        return errors.DownloadError(
            MSG_FAILED.format(handle=self.handle, service=self.name, reason=reason, remedy=remedy)
        )


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


def _is_one(error: BaseException, names: tuple[str, ...]) -> bool:
    return any(kind.__name__ in names for one in _chain(error) for kind in type(one).__mro__)
