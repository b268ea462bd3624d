"""What a user probably meant by a handle that leads to nothing, or to a web page."""

from __future__ import annotations

import re
from typing import Final

from hubexplore.summary.files.redaction import redacted

# A server without a scheme before it; most names of folders have no such ending.
_SERVER: Final = re.compile(
    r"(?:www\.)?(?:[\w\-]+\.)+(?:dev|com|org|net|io|edu|gov|co|ai|app|de|uk|fr|jp|cn)(?::\d+)?/.+",
    re.IGNORECASE,
)
_KAGGLE_PAGE: Final = re.compile(r"(?:https?://)?(?:www\.)?kaggle\.com/models/([^?#]+)", re.IGNORECASE)
_KAGGLE_NAME: Final = re.compile(
    r"[\w\-]+/[\w\-]+/(?:tensorFlow1|tensorFlow2|tfLite|tfJs|keras|jax|flax|pyTorch|transformers)/[\w.\-]+(?:/\d+)?/?",
    re.IGNORECASE,
)
_LOCAL_SERVER: Final = re.compile(r"(?:localhost|\d{1,3}(?:\.\d{1,3}){3}):\d+/.+", re.IGNORECASE)
# Pages that show a file, and the address of the file itself.
_PAGES: Final = (
    (re.compile(r"(https?://github\.com/[^/]+/[^/]+)/blob/(.+)"), r"\1/raw/\2"),
    (re.compile(r"(https?://gitlab\.com/.+)/-/blob/(.+)"), r"\1/-/raw/\2"),
    (re.compile(r"(https?://huggingface\.co/.+)/blob/(.+)"), r"\1/resolve/\2"),
    (re.compile(r"(https?://(?:www\.)?dropbox\.com/.+[?&]dl=)0(.*)"), r"\g<1>1\2"),
)

MSG_KAGGLE: Final = (
    "{name!r} is the name of a model on Kaggle; write {handle!r}. This needs the package kagglehub: "
    "pip install 'hubexplore[kaggle]'."
)
MSG_SCHEME: Final = "It looks like an address without its scheme; write {address!r}."
MSG_FILE: Final = "The address of the file itself is probably {address!r}."
MSG_MOVED: Final = (
    "The modules of tfhub.dev have moved to Kaggle: find its name at https://www.kaggle.com/models, and "
    "write 'kaggle:OWNER/MODEL/FRAMEWORK/VARIATION/VERSION'."
)


def missing_path_hint(handle: str) -> str:
    """Returns what to write instead of a handle where nothing is, as a sentence, or ""."""
    if handle.startswith("./"):
        return ""
    kaggle = _KAGGLE_PAGE.match(handle)
    if kaggle:
        return _kaggle(_name(kaggle[1]))
    if _KAGGLE_NAME.fullmatch(handle):
        return _kaggle(_name(handle))
    if _SERVER.fullmatch(handle):
        return MSG_SCHEME.format(address=redacted(f"https://{handle}"))
    if _LOCAL_SERVER.fullmatch(handle):
        return MSG_SCHEME.format(address=f"http://{handle}")
    return ""


def web_page_hint(handle: str) -> str:
    """Returns what to write instead of an address that gives a web page, as a sentence, or ""."""
    kaggle = _KAGGLE_PAGE.match(handle)
    if kaggle:
        return _kaggle(_name(kaggle[1]))
    for page, file in _PAGES:
        if page.fullmatch(handle):
            return MSG_FILE.format(address=redacted(page.sub(file, handle)))
    if re.match(r"https?://(?:www\.)?tfhub\.dev/", handle, re.IGNORECASE):
        return MSG_MOVED
    return ""


def _kaggle(name: str) -> str:
    return MSG_KAGGLE.format(name=name, handle=f"kaggle:{name}")


def _name(path: str) -> str:
    """Returns the name of a Kaggle model in the path of a page, which has words in between."""
    parts = [
        part
        for part in path.strip("/").split("/")
        if part.lower() not in ("frameworks", "variations", "versions")
    ]
    return "/".join(parts)
