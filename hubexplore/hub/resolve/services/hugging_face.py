"""Models of Hugging Face, in repositories: OWNER/NAME, and a revision (branch, tag or commit).

huggingface_hub signs in, fetches, and keeps each commit in a folder of links. Weights of other libraries are
not fetched.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hubexplore import errors
from hubexplore.hub.resolve.services import complete_models, service_calls

_SCHEME: Final = re.compile(r"hf:/*(.*)", re.IGNORECASE | re.DOTALL)
_PAGE: Final = re.compile(
    r"(?:https?:/*)?(?:www\.)?(?:huggingface\.co|hf\.co)/+([^?#]*)(?:[?#].*)?", re.IGNORECASE
)
_PART: Final = re.compile(r"\w(?:[\w.\-]*\w)?", re.ASCII)
_REVISION: Final = re.compile(r"\w[\w.\-/]*", re.ASCII)
# First parts of addresses that are not of models.
_NOT_OWNERS: Final = frozenset(
    {"api", "collections", "datasets", "docs", "models", "papers", "settings", "spaces"}
)
# Weights that no TensorFlow model has; repositories often hold the same model for several libraries.
_OTHERS: Final = (
    "*.safetensors", "*.bin", "*.msgpack", "*.onnx", "*.gguf", "*.ggml", "*.pt", "*.pth", "*.ckpt",
    "*.tflite", "*.mlmodel", "*.mlpackage/*", "*.ot", "*.h5", "*.keras",
)  # fmt: skip

MSG_FORM: Final = (
    "{handle!r} is not the name of a model on Hugging Face: {problem}. Write hf:OWNER/NAME or "
    "hf:OWNER/NAME@REVISION, where the revision is a branch, tag or commit."
)
MSG_SIGN_IN: Final = (
    " If the page {page} asks for it, accept the license there. Then sign in: create a token at "
    "https://huggingface.co/settings/tokens and set HF_TOKEN."
)
MSG_UNKNOWN: Final = (
    " Check the spelling of its name and revision at {page}. If it is private, sign in: create a token at "
    "https://huggingface.co/settings/tokens and set HF_TOKEN."
)


@dataclass(frozen=True)
class HuggingFaceModel:
    """A repository of Hugging Face.

    Attributes:
      name: owner and name.
      revision: None means the branch "main".
    """

    name: str
    revision: str | None

    @property
    def handle(self) -> str:
        """See `HostedModel`."""
        return f"hf:{self.name}" + (f"@{self.revision}" if self.revision else "")

    @property
    def page(self) -> str:
        """The address of its page."""
        return f"https://huggingface.co/{self.name}"

    def find(self) -> str | None:
        """See `HostedModel`; None if huggingface_hub is not installed."""
        # Before huggingface_hub is imported, which takes a second.
        if not _cache_folder().is_dir():
            return None
        try:
            hub = service_calls.package("huggingface_hub", "hf", self.handle)
            folder = str(
                hub.snapshot_download(
                    self.name, revision=self.revision, ignore_patterns=list(_OTHERS), local_files_only=True
                )
            )
        except Exception:  # noqa: BLE001 - whatever its version raises means that there is no usable copy
            return None
        return folder if complete_models.problem(Path(folder)) is None else None

    def download(self, again: bool = False) -> str:
        """See `HostedModel`."""
        cache = _cache_folder()
        service = service_calls.Service(
            "Hugging Face",
            "huggingface_hub",
            "hf",
            self.handle,
            self._remedies(),
            cache / f"models--{self.name.replace('/', '--')}",
            _is_silent(),
        )
        request = {
            "name": self.name,
            "revision": self.revision,
            "ignored": _OTHERS,
            "endpoint": os.environ.get("HF_ENDPOINT"),
            "cache": str(cache),
            "sign_in": _sign_in(),
        }
        return service.fetch(request, self.page, again)

    def note(self, folder: str) -> str:
        """See `HostedModel`."""
        return ""

    def _remedies(self) -> dict[int, str]:
        sign_in = MSG_SIGN_IN.format(page=self.page)
        return {401: sign_in, 403: sign_in, 404: MSG_UNKNOWN.format(page=self.page)}


def parse(text: str) -> HuggingFaceModel | None:
    """Returns the repository that a handle or the address of a page stands for; None for anything else.

    Raises:
      HandleError: a part of its name is missing or malformed.
    """
    scheme = _SCHEME.fullmatch(text)
    if scheme:
        name, at, revision = scheme[1].partition("@")
        return _checked(text, name.strip("/"), revision if at else None)
    page = _PAGE.fullmatch(text)
    if not page:
        return None
    parts = [urllib.parse.unquote(part) for part in page[1].split("/") if part]
    # Any other page, such as that of a file: `/resolve/main/FILE` is fetched as an archive.
    if len(parts) < 2 or parts[0].lower() in _NOT_OWNERS:
        return None
    if len(parts) == 2 or (len(parts) > 3 and parts[2] == "tree"):
        return _checked(text, "/".join(parts[:2]), "/".join(parts[3:]) or None)
    return None


def _checked(text: str, name: str, revision: str | None) -> HuggingFaceModel:
    parts = name.split("/")
    if len(parts) != 2:
        raise _malformed(text, "it needs an owner and a name, with one slash between them")
    for part in parts:
        # The rules of Hugging Face; "--" separates the parts in the names of folders.
        if not _PART.fullmatch(part) or "--" in part or ".." in part or len(part) > 96:
            raise _malformed(text, f"{part!r} has characters that no name has")
    if revision is not None and (not _REVISION.fullmatch(revision) or ".." in revision):
        raise _malformed(text, f"the revision {revision!r} is not one of git")
    return HuggingFaceModel(name, revision)


def _malformed(text: str, problem: str) -> errors.HandleError:
    return errors.HandleError(MSG_FORM.format(handle=text, problem=problem))


def _cache_folder() -> Path:
    """Returns the folder in which huggingface_hub keeps what it fetches."""
    # It reads its variables when it is imported.
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is not None:
        return Path(constants.HF_HUB_CACHE)
    chosen = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if not chosen:
        home = os.environ.get("HF_HOME")
        caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        chosen = os.path.join(home, "hub") if home else os.path.join(caches, "huggingface", "hub")
    return Path(os.path.expandvars(chosen)).expanduser()


def _is_silent() -> bool:
    """Whether the user has told huggingface_hub not to show progress."""
    hub = sys.modules.get("huggingface_hub.utils")
    if hub is not None:
        return bool(hub.are_progress_bars_disabled())
    return os.environ.get("HF_HUB_DISABLE_PROGRESS_BARS", "").upper() in ("1", "ON", "YES", "TRUE")


def _sign_in() -> dict[str, str] | None:
    """Returns the token that only this process can read; the others are in the environment or a file."""
    if not service_calls.is_in_colab():
        return None
    try:
        token = importlib.import_module("huggingface_hub").get_token()
    except ImportError:  # which the process that fetches finds as well, and explains
        return None
    return {"token": token} if token else None
