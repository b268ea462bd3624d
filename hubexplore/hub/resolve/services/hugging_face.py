"""Models of Hugging Face, in repositories: OWNER/NAME, and a revision (branch, tag or commit).

huggingface_hub signs in, fetches, and keeps each commit in a folder of links. Weights of other libraries are
not fetched.
"""

from __future__ import annotations

import fnmatch
import importlib
import os
import re
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hubexplore import errors
from hubexplore.hub.resolve.services import complete_models, download_limits, service_calls

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
        if not _has_cache():
            return None
        try:
            hub = service_calls.package("huggingface_hub", "hf", self.handle)
            folder = str(self._snapshot(hub, local_files_only=True))
        except Exception:  # noqa: BLE001 - whatever its version raises means that there is no usable copy
            return None
        return folder if complete_models.problem(Path(folder)) is None else None

    def download(self, again: bool = False) -> str:
        """See `HostedModel`."""
        hub = service_calls.package("huggingface_hub", "hf", self.handle)
        # Where the package keeps it, which its variables say when it is imported.
        constants = importlib.import_module("huggingface_hub.constants")
        folder = Path(constants.HF_HUB_CACHE, f"models--{self.name.replace('/', '--')}")
        service = service_calls.Service("Hugging Face", self.handle, self._remedies(), folder)

        def download(again: bool) -> Any:
            self._check_size(hub)
            return self._snapshot(hub, **({"force_download": True} if again else {}))

        return service.fetch(download, self.page, again)

    def note(self, folder: str) -> str:
        """See `HostedModel`."""
        return ""

    def _snapshot(self, hub: Any, **options: Any) -> Any:
        return hub.snapshot_download(
            self.name, revision=self.revision, ignore_patterns=list(_OTHERS), **_endpoint(), **options
        )

    def _check_size(self, hub: Any) -> None:
        """Raises LimitError if what would be fetched is announced to pass a limit."""
        api = hub.HfApi(**_endpoint())
        model = api.model_info(self.name, revision=self.revision or "main", files_metadata=True)
        kept = [
            file
            for file in model.siblings or ()
            if not any(fnmatch.fnmatchcase(file.rfilename, pattern) for pattern in _OTHERS)
        ]
        download_limits.check(sum(file.size or 0 for file in kept), len(kept))

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


def _endpoint() -> dict[str, str]:
    # Passed on, since huggingface_hub reads its variable once, when it is imported.
    endpoint = os.environ.get("HF_ENDPOINT")
    return {"endpoint": endpoint} if endpoint else {}


def _malformed(text: str, problem: str) -> errors.HandleError:
    return errors.HandleError(MSG_FORM.format(handle=text, problem=problem))


def _has_cache() -> bool:
    """Whether huggingface_hub may have left something; its import takes a second."""
    home = os.environ.get("HF_HOME")
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    places = (
        os.environ.get("HF_HUB_CACHE"),
        os.environ.get("HUGGINGFACE_HUB_CACHE"),
        os.path.join(home, "hub") if home else os.path.join(caches, "huggingface", "hub"),
    )
    return any(place and Path(os.path.expandvars(place)).expanduser().is_dir() for place in places)
