"""Models of Kaggle, where the modules of tfhub.dev live today.

A model's name has four parts and a version: OWNER/MODEL/FRAMEWORK/VARIATION/VERSION. kagglehub signs in,
fetches, and keeps each version in a folder of that name, with the empty file `VERSION.complete` beside it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hubexplore import errors
from hubexplore.hub.resolve import entry_lock
from hubexplore.hub.resolve.services import complete_models, service_calls

CACHE_VARIABLE: Final = "KAGGLEHUB_CACHE"
_PAGE: Final = re.compile(r"(?:https?:/*)?(?:www\.)?kaggle\.com/+models?/+([^?#]*)(?:[?#].*)?", re.IGNORECASE)
_SCHEME: Final = re.compile(r"kaggle:/*(.*)", re.IGNORECASE | re.DOTALL)
# Words that pages have between the parts of a name.
_WORDS: Final = ("frameworks", "variations", "versions")
_PART: Final = re.compile(r"\w[\w.\-]*", re.ASCII)
_VERSION: Final = re.compile(r"0*([1-9]\d{0,8})", re.ASCII)
# As kagglehub writes them. Pages and redirects of tfhub.dev use other cases.
_FRAMEWORKS: Final = {
    name.lower(): name
    for name in ("tensorFlow1", "tensorFlow2", "tfLite", "tfJs", "keras", "jax", "flax", "pyTorch", "other")
}

MSG_FORM: Final = (
    "{handle!r} is not the name of a model on Kaggle: {problem}. Write "
    "kaggle:OWNER/MODEL/FRAMEWORK/VARIATION or kaggle:OWNER/MODEL/FRAMEWORK/VARIATION/VERSION, for example "
    "'kaggle:google/nnlm/tensorFlow1/en-dim128/1'."
)
MSG_SIGN_IN: Final = (
    " If the page {page} asks for it, accept the license there. Then sign in: create a token at "
    "https://www.kaggle.com/settings and set KAGGLE_API_TOKEN, or KAGGLE_USERNAME and KAGGLE_KEY."
)
MSG_UNKNOWN: Final = " Check the spelling of its name, framework and version at {page}."
MSG_NEWEST: Final = (
    "Version {version} of {name!r} was opened, the newest in the cache of kagglehub; "
    "another version is {name}/VERSION."
)


@dataclass(frozen=True)
class KaggleModel:
    """A model of Kaggle.

    Attributes:
      parts: owner, model, framework and variation.
      version: None if any version will do.
    """

    parts: tuple[str, ...]
    version: int | None

    @property
    def name(self) -> str:
        """What kagglehub calls it."""
        return "/".join((*self.parts, *([str(self.version)] if self.version else [])))

    @property
    def handle(self) -> str:
        """See `HostedModel`."""
        return f"kaggle:{self.name}"

    @property
    def page(self) -> str:
        """The address of its page."""
        return f"https://www.kaggle.com/models/{self.name}"

    def find(self) -> str | None:
        """See `HostedModel`; without a version, the newest complete one."""
        for folder in self._copies():
            marker = folder.with_name(f"{folder.name}.complete")
            if marker.is_file() and complete_models.problem(folder) is None:
                return str(folder)
        return None

    def download(self, again: bool = False) -> str:
        """See `HostedModel`."""
        owner, model, framework, variation = self.parts
        folder = _cache_folder() / "models" / owner / model / framework / variation
        service = service_calls.Service(
            "Kaggle", "kagglehub", "kaggle", self.handle, self._remedies(), folder
        )
        request = {
            "name": self.name,
            "cache": str(_cache_folder()),
            "folder": str(folder),
            "sign_in": _sign_in(),
        }
        with _alone(folder, self.handle):
            # Another process may have fetched it meanwhile.
            found = None if again else self.find()
            return found or service.fetch(request, self.page, again)

    def note(self, folder: str) -> str:
        """See `HostedModel`."""
        version = Path(folder).name
        if self.version is not None or not _VERSION.fullmatch(version):
            return ""
        return MSG_NEWEST.format(version=version, name=self.handle)

    def _copies(self) -> list[Path]:
        """Returns the folders in kagglehub's cache that may hold it, newest version first."""
        _, _, framework, variation = self.parts
        folders = []
        for place in _children(self._folder()):
            # A framework is written as the user of kagglehub wrote it.
            if place.name.lower() == framework.lower():
                folders += _children(place / variation)
        versions = [(int(folder.name), folder) for folder in folders if _VERSION.fullmatch(folder.name)]
        return [
            folder
            for version, folder in sorted(versions, reverse=True)
            if self.version in (None, version) and folder.is_dir()
        ]

    def _folder(self) -> Path:
        """Returns the folder in kagglehub's cache with all variations and versions."""
        owner, model, *_ = self.parts
        return _cache_folder() / "models" / owner / model

    def _remedies(self) -> dict[int, str]:
        sign_in = MSG_SIGN_IN.format(page=self.page)
        return {401: sign_in, 403: sign_in, 404: MSG_UNKNOWN.format(page=self.page)}


def parse(text: str) -> KaggleModel | None:
    """Returns the model that a handle or the address of a page stands for; None for anything else.

    Raises:
      HandleError: a part of its name is missing or malformed.
    """
    match = _SCHEME.fullmatch(text)
    page = _PAGE.fullmatch(match[1] if match else text)
    if page is None and match is None:
        return None
    path = page[1] if page else match[1] if match else ""
    segments = [urllib.parse.unquote(segment) for segment in path.split("/") if segment]
    # In a name, the words stand only before the parts that they announce.
    named = [
        segment
        for index, segment in enumerate(segments)
        if not (index in (2, 4, 6) and segment.lower() in _WORDS)
    ]
    if len(named) not in (4, 5):
        raise _malformed(text, f"it has {len(named)} of the parts instead of 4 or 5")
    for part in named[:4]:
        if not _PART.fullmatch(part):
            raise _malformed(text, f"{part!r} has characters that no name has")
    version = _VERSION.fullmatch(named[4]) if len(named) == 5 else None
    if len(named) == 5 and not version:
        raise _malformed(text, f"the version {named[4]!r} is not a positive number")
    owner, model, framework, variation = named[:4]
    framework = _FRAMEWORKS.get(framework.lower(), framework)
    return KaggleModel((owner, model, framework, variation), int(version[1]) if version else None)


def _malformed(text: str, problem: str) -> errors.HandleError:
    return errors.HandleError(MSG_FORM.format(handle=text, problem=problem))


def _cache_folder() -> Path:
    """Returns the folder in which kagglehub keeps what it fetches."""
    chosen = os.environ.get(CACHE_VARIABLE)
    # kagglehub takes an empty value for the current directory; nobody means that.
    return Path(chosen) if chosen else Path("~/.cache/kagglehub").expanduser()


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


@contextlib.contextmanager
def _alone(folder: Path, handle: str) -> Iterator[None]:
    """Lets one process at a time fetch into a folder: kagglehub itself would write the same file twice."""
    with contextlib.ExitStack() as stack:
        # A folder that cannot be written is for kagglehub to complain about, if it needs it.
        with contextlib.suppress(OSError):
            folder.parent.mkdir(parents=True, exist_ok=True)
            stack.callback(_remove_empty, folder)
            stack.enter_context(entry_lock.held(folder, handle))
        yield


def _remove_empty(folder: Path) -> None:
    """Removes the folders of a model of which nothing was fetched."""
    for empty in (folder, *folder.parents[:3]):
        with contextlib.suppress(OSError):
            empty.rmdir()


def _sign_in() -> dict[str, str] | None:
    """Returns the sign-in as kagglehub finds it in this process; None where another one finds the same."""
    # `kagglehub.login` keeps it in memory.
    if "kagglehub.config" not in sys.modules and not service_calls.is_in_colab():
        return None
    try:
        access = importlib.import_module("kagglehub.config").get_kaggle_credentials()
    # A file that is not JSON, or no package: the process that fetches finds that as well, and explains it.
    except (ImportError, ValueError):
        return None
    parts = {"username": "username", "key": "key", "token": "api_key"}
    found = {name: getattr(access, attribute, None) for name, attribute in parts.items()}
    return {name: value for name, value in found.items() if value} or None
