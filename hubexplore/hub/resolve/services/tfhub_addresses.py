"""Addresses of modules on tfhub.dev: one module has many spellings, and other programs have it in a cache.

tfhub.dev redirects to Kaggle today, from `PUBLISHER/NAME/VERSION` to the page
`google/NAME/frameworks/FRAMEWORK/variations/VARIATION/versions/N`. The names differ so much that only the
redirect itself tells which model is meant.
"""

from __future__ import annotations

import os
import re
import tempfile
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hubexplore.hub.resolve.services import complete_models

ORIGIN: Final = "https://tfhub.dev"

_ADDRESS: Final = re.compile(
    r"(?:https?:/*)?(?:www\.)?tfhub\.dev(?::(?:80|443))?/+([^?#]*)(?:[?#].*)?", re.IGNORECASE
)
_STORAGE: Final = re.compile(
    r"(?:https?:/*)?storage\.googleapis\.com/+tfhub-modules/+([^?#]*?)(?:\.tar\.gz)?(?:[?#].*)?",
    re.IGNORECASE,
)
_AT_VERSION: Final = re.compile(r"(.+)@(\d+)", re.DOTALL)
_COMPRESSED: Final = "?tf-hub-format=compressed"


@dataclass(frozen=True)
class TfhubModule:
    """A module of tfhub.dev.

    Attributes:
      path: publisher, name and version, as far as they were given.
      given: the address as the user wrote it.
    """

    path: str
    given: str

    @property
    def handle(self) -> str:
        """The address in the spelling of its page, by which tensorflow_hub keeps it as well."""
        return f"{ORIGIN}/{self.path}"

    @property
    def spellings(self) -> tuple[str, ...]:
        """Addresses by which a program may have kept it, likely ones first."""
        plain = (
            f"{scheme}://{host}tfhub.dev/{self.path}" for scheme in ("https", "http") for host in ("", "www.")
        )
        storage = f"https://storage.googleapis.com/tfhub-modules/{self.path}.tar.gz"
        pages = (self.handle, self.given, *plain)
        each = [spelling for page in pages for spelling in (page, f"{page}/", f"{page}{_COMPRESSED}")]
        return tuple(dict.fromkeys((*each, storage)))

    def find(self, keys: dict[str, str]) -> str | None:
        """Returns the folder of a complete copy in the cache of tensorflow_hub.

        Args:
          keys: the name of its folder for each of the spellings.
        """
        # tensorflow_hub renames a folder to this name when all of it has arrived.
        for folder in _caches():
            for spelling in self.spellings:
                copy = folder / keys[spelling]
                if copy.is_dir() and _is_usable(copy):
                    return str(copy)
        return None


def parse(text: str) -> TfhubModule | None:
    """Returns the module that an address of tfhub.dev stands for; None for any other handle."""
    match = _ADDRESS.fullmatch(text) or _STORAGE.fullmatch(text)
    if not match:
        return None
    segments = [segment for segment in urllib.parse.unquote(match[1]).split("/") if segment]
    # `@publisher/name`, as the site itself wrote for a time, and `name@version`.
    if segments:
        segments[0] = segments[0].removeprefix("@")
        version = _AT_VERSION.fullmatch(segments[-1])
        segments[-1:] = version.groups() if version else segments[-1:]
    path = "/".join(filter(None, segments))
    if not path or ".." in segments or "." in segments:
        return None
    return TfhubModule(urllib.parse.quote(path, safe="/-._~"), text)


def _caches() -> list[Path]:
    """Returns the folders in which tensorflow_hub keeps modules if TFHUB_CACHE_DIR is not set."""
    folders = [os.environ.get("TMPDIR") or "", tempfile.gettempdir()]
    return [Path(folder, "tfhub_modules") for folder in dict.fromkeys(filter(None, folders))]


def _is_usable(copy: Path) -> bool:
    """Whether a copy is complete, and nobody but this user or root could have put it there.

    The folder for temporary files is open to everybody, so another user can put a model under any name.
    """
    try:
        if copy.is_symlink() or not _is_trusted(copy) or not _is_trusted(copy.parent):
            return False
        return complete_models.problem(copy) is None
    except OSError:
        return False


def _is_trusted(folder: Path) -> bool:
    return not hasattr(os, "geteuid") or folder.stat().st_uid in (0, os.geteuid())
