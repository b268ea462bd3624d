"""Calls of the packages of services: what is tried again, and what a refusal means."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hubexplore import errors
from hubexplore.hub.resolve import retries
from hubexplore.hub.resolve.services import complete_models, download_limits, download_process
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
        is_absent = isinstance(error, ModuleNotFoundError) and error.name == name
        raise _missing(name, extra, handle, None if is_absent else error) from error


@dataclass(frozen=True)
class Service:
    """A service, from which one model is fetched.

    Attributes:
      name: of the service.
      package: the package that fetches from it.
      extra: the extra of hubexplore that installs the package.
      handle: of the model.
      remedies: what to do, by the status that the service answered.
      folder: where the package keeps the model.
      is_silent: whether no progress is shown.
    """

    name: str
    package: str
    extra: str
    handle: str
    remedies: Mapping[int, str]
    folder: Path
    is_silent: bool = False

    def fetch(self, request: Mapping[str, Any], page: str, again: bool) -> str:
        """Returns the folder of a complete model.

        Args:
          request: the model, see `download_program`.
          page: address of the page of the model, for errors.
          again: whether to fetch it even if there is a copy.

        Raises:
          MissingExtraError: the package is not installed, or cannot be imported.
          DownloadError: says why it failed and what to do; or it passes a limit, and nothing of it is kept.
          NotAModuleError: what was fetched is not a complete model.
        """
        if not _is_installed(self.package):
            raise self._missing(None)
        try:
            with download_process.DownloadProcess(self.folder, self.is_silent) as process:
                folder, problem = self._complete(process, request, again)
                # A copy that was damaged after its package had marked it as complete.
                if problem and not again and not problem.is_other:
                    folder, problem = self._complete(process, request, again=True)
        except download_limits.LimitError as error:
            raise self._error(str(error), "") from error
        except download_process.NoPackageError as error:
            raise self._missing(None if error.is_absent else str(error)) from error
        except download_process.StartError as error:
            reason = errors.printable(f"the process that fetches it cannot be started: {error}")
            raise self._error(reason, "") from error
        if problem:
            raise self._not_a_model(problem, page)
        return folder

    def _complete(
        self, process: download_process.DownloadProcess, request: Mapping[str, Any], again: bool
    ) -> tuple[str, complete_models.Problem | None]:
        """Returns the folder of the model, and what is wrong with it; waits while the service is busy."""
        tries = 0
        while True:
            answer = process.download({**request, "package": self.package, "again": again})
            if isinstance(answer, str):
                return answer, complete_models.problem(Path(answer))
            tries += 1
            is_cut = answer.status is None and answer.is_one(*_CUT)
            if tries >= _TRIES or not (retries.is_busy(answer.status) or is_cut):
                raise self._failed(answer)
            process.wait(retries.pause_after(answer.retry_after, tries - 1))

    def _missing(self, reason: str | None) -> errors.MissingExtraError:
        return _missing(self.package, self.extra, self.handle, reason)

    def _not_a_model(self, problem: complete_models.Problem, page: str) -> errors.HubError:
        if problem.is_web_page:
            return self._error(
                "the service sent a web page instead of the model", MSG_PAGE.format(address=page)
            )
        return errors.NotAModuleError(
            MSG_OTHER.format(handle=self.handle, service=self.name, problem=problem.text, page=page)
        )

    def _failed(self, refusal: download_process.Refusal) -> errors.DownloadError:
        status = refusal.status
        if status is not None:
            later = MSG_LATER if status >= 500 else MSG_BUSY if status == 429 else ""
            return self._error(f"the service answered {status}", self.remedies.get(status, later))
        address = f"https://{'www.kaggle.com' if self.name == 'Kaggle' else 'huggingface.co'}"
        if refusal.is_one(*_FOREIGN):
            return self._error(
                "the service sent a web page instead of an answer", MSG_PAGE.format(address=address)
            )
        if refusal.is_one(*_CUT):
            return self._error("the connection ended early", MSG_AGAIN)
        reason = errors.printable(redacted(refusal.text[:_LONGEST_REASON])).rstrip(".:")
        if reason.startswith(_SIZE):
            return self._error(
                "a file does not have the size that the service announced", MSG_PAGE.format(address=address)
            )
        if refusal.is_one(*_OFFLINE):
            return self._error("the service cannot be reached", MSG_OFFLINE.format(handle=self.handle))
        return self._error(reason or refusal.kind, "")

    def _error(self, reason: str, remedy: str) -> errors.DownloadError:
        return errors.DownloadError(
            MSG_FAILED.format(handle=self.handle, service=self.name, reason=reason, remedy=remedy)
        )


def _missing(package: str, extra: str, handle: str, reason: object) -> errors.MissingExtraError:
    """Returns the error that a package is not installed, or cannot be imported for a reason."""
    if reason is None:
        return errors.MissingExtraError(MSG_PACKAGE.format(handle=handle, package=package, extra=extra))
    return errors.MissingExtraError(MSG_BROKEN.format(handle=handle, package=package, reason=reason))


def is_in_colab() -> bool:
    """Says whether this is the kernel of a Colab notebook: no other process can read the user's secrets."""
    return "google.colab" in sys.modules


def _is_installed(package: str) -> bool:
    """Says whether a package is there, without importing it."""
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:  # imported in a way that left no trace of where it is
        return True
