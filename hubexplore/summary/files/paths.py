"""What a path that a user typed, set or computed stands for. All paths of the package pass through here.

| path | what it stands for |
| --- | --- |
| `models/mine` | absolute from now on, whatever the current directory becomes later |
| `~/models`, `~ann/models` | in that home directory |
| `file:///models/mine`, `file:models/mine` | `/models/mine`, `models/mine` |
| `gs://bucket/mine`, and other addresses | itself |
| `b"models"`, a `pathlib.Path`, any `os.PathLike` | as its text |
| nothing, blanks, a zero byte, `~nobody`, `gs:/bucket` | refused |

Refused means one PathError, before anything is read or written.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import Any, Final

from hubexplore.errors import PathError
from hubexplore.summary.files.redaction import redacted

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
# What pathlib makes of an address, as in Path("gs://bucket/module").
_CRUSHED_URL: Final = re.compile(r"(gs|s3|s3a|s3e|hdfs|viewfs|har|ram|https?):/(?!/)", re.IGNORECASE)
_FILE_URL: Final = re.compile(r"file:(?://(?P<host>[^/]*))?(?P<path>.*)", re.IGNORECASE | re.DOTALL)
# Absolute, and already as pathlib would write it. Asking pathlib takes ten times as long.
_PLAIN: Final = re.compile(r"(?:/[^/.][^/]*)+")
# A part of a path that is nothing but a variable of the shell.
_SHELL_VARIABLE: Final = re.compile(r"(?:^|(?<=/))\$(?:\w+|\{\w+\})(?=/|$)")

EXPORT: Final = "The path to export to"
"""What the target of an export is called in messages."""

MSG_TYPE: Final = "{what} must be a str, bytes or an os.PathLike; got {found}."
MSG_EMPTY: Final = (
    "{what} is empty. Write the path of a directory or file, '.' for the current directory. An environment "
    "variable that is not set gives an empty path too."
)
MSG_ZERO: Final = "{what} contains a zero byte, which no file name can have: {path!r}."
MSG_NO_NAME: Final = "{what} contains an unpaired surrogate, which no file name can have: {path!r}."
MSG_NO_HOME: Final = (
    "{what} starts with {user!r}, but no home directory is known for that user. Write the whole path; "
    "{literal!r} if there is a folder of that name in the current directory."
)
MSG_CRUSHED: Final = (
    "{what} is {path!r}: an address lost one of its two slashes, as pathlib.Path does to addresses. Pass it "
    "as a str: {mended!r}."
)
MSG_FILE_URL: Final = (
    "{what} is {path!r}, which names {found}. A file: address looks like 'file:///home/me/module'."
)
MSG_GONE: Final = (
    "{what} is {path!r}, relative to a current directory that no longer exists. Pass an absolute "
    "path, or change the directory first: os.chdir(...)."
)
MSG_SHELL: Final = (
    "{what} is {path!r}. Python does not expand {variable}; a shell does. Write "
    "os.path.expandvars({path!r}), or {literal!r} for a folder of exactly that name."
)
MSG_REMOTE: Final = "{what} is {path!r}, but only local files are written here. Write a local path."
MSG_UNUSABLE: Final = "{what} cannot be used: {reason}: {path!r}. Write a shorter or more direct one."
MSG_NOT_UTF8: Final = (
    "TensorFlow takes only paths that are UTF-8, and {path!r} is not. Rename that folder, or make a link to "
    "it and use the link: os.symlink({path!r}, 'link')."
)


def is_url(path: str) -> bool:
    """Says whether a path is an address of TensorFlow's file systems, such as `gs://bucket/module`."""
    return _URL.match(path) is not None


def text_of(path: Any, what: str = "The path") -> str:
    """Returns a path as text, otherwise as it was given.

    Args:
      path: str, bytes (of this machine's encoding of file names) or os.PathLike.
      what: what the path is, the beginning of a message.

    Raises:
      PathError: (a ValueError, OSError and TypeError) it is of another type, empty, blank, has a zero byte,
        or is an address that lost a slash.
    """
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise PathError(MSG_TYPE.format(what=what, found=type(path).__name__))
    text = str(os.fsdecode(path))  # not a subclass of str, such as NumPy's
    if not text.strip():
        raise PathError(MSG_EMPTY.format(what=what))
    if "\0" in text:
        raise PathError(MSG_ZERO.format(what=what, path=redacted(text)))
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise PathError(MSG_NO_NAME.format(what=what, path=text)) from error
    if _CRUSHED_URL.match(text) and not os.path.lexists(text):
        mended = text.replace(":/", "://", 1)
        raise PathError(MSG_CRUSHED.format(what=what, path=redacted(text), mended=redacted(mended)))
    return text


def absolute(path: Any, what: str = "The path") -> str:
    """Returns the absolute path, or the address, that `path` stands for; see the table above.

    Args:
      path: str, bytes or os.PathLike.
      what: what the path is, the beginning of a message.

    Raises:
      PathError: (a ValueError, OSError and TypeError) it stands for nothing.
    """
    text = text_of(path, what)
    file_url = _FILE_URL.fullmatch(text)
    if file_url and (file_url["path"].startswith("/") or not os.path.lexists(text)):
        return _of_file_url(file_url, what)
    if is_url(text):
        return text
    if text.startswith("~"):
        text = _in_home(text, what)
    if _PLAIN.fullmatch(text):
        return text
    try:
        return _without_parents(str(Path(text).absolute()))
    except OSError as error:
        raise PathError(MSG_GONE.format(what=what, path=text)) from error


def to_write(path: Any, what: str = "The path") -> str:
    """Returns the same for something to be written: a variable of the shell must not become a folder.

    Raises:
      PathError: (a ValueError, OSError and TypeError) it stands for nothing, starts with `$NAME`, or is
        longer than this machine allows.
    """
    text = text_of(path, what)
    variable = _SHELL_VARIABLE.match(text)
    if variable and not os.path.lexists(variable[0]):
        literal = f"./{text}"
        raise PathError(MSG_SHELL.format(what=what, path=text, variable=variable[0], literal=literal))
    # The system is asked at once: otherwise an export or a download would fail only after its work is done.
    full_path = absolute(text, what)
    try:
        if not is_url(full_path):
            os.lstat(full_path)
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise PathError(MSG_UNUSABLE.format(what=what, path=text, reason=error.strerror)) from error
    return full_path


def local_to_write(path: Any, what: str = "The path") -> str:
    """Returns the same for a file or folder of this machine.

    Raises:
      PathError: (a ValueError, OSError and TypeError) it stands for nothing, or for an address elsewhere.
    """
    full_path = to_write(path, what)
    if is_url(full_path):
        raise PathError(MSG_REMOTE.format(what=what, path=redacted(full_path)))
    return full_path


def for_tensorflow(path: str) -> str:
    """Returns `path`, provided TensorFlow can take it.

    Raises:
      PathError: (a ValueError, OSError and TypeError) it is not UTF-8.
    """
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise PathError(MSG_NOT_UTF8.format(path=path)) from error
    return path


def unreplaced_variable(path: str) -> str:
    """Returns the first part of a path that is nothing but a variable of the shell, as `$HOME`; or ""."""
    match = _SHELL_VARIABLE.search(path)
    return match[0] if match else ""


def _of_file_url(url: re.Match[str], what: str) -> str:
    """Returns the path in a `file:` address. TensorFlow takes it literally, web browsers write %20."""
    host, path = url["host"], url["path"]
    if host not in (None, "", "localhost") or not path:
        named = f"the machine {host!r}" if host else "no file"
        raise PathError(MSG_FILE_URL.format(what=what, path=url[0], found=named))
    # A name may contain a literal "%20", so it is decoded only if nothing has the name as written.
    if not os.path.lexists(path):
        from urllib.request import url2pathname

        path = text_of(url2pathname(path), what)
    # Without slashes it is relative, as browsers and shells write it.
    return str(Path(path)) if path.startswith("/") else absolute(path, what)


def _in_home(text: str, what: str) -> str:
    """Returns a path that starts with `~` or `~user` in that user's home directory."""
    expanded = os.path.expanduser(text)  # noqa: PTH111  # Path.expanduser raises a bare RuntimeError.
    user, slash, rest = text.partition("/")
    if user == "~" and not os.environ.get("HOME", "unset"):
        # An empty HOME makes `/rest` of `~/rest`: the root of the disk.
        expanded = _registered_home() + slash + rest
    if expanded.startswith("~") and not os.path.lexists(text):
        raise PathError(MSG_NO_HOME.format(what=what, user=user, literal=f"./{text}"))
    return expanded


def _without_parents(path: str) -> str:
    """Returns an absolute path without "..", as this machine follows it: TensorFlow ignores links then."""
    # Resolved only up to the last "..": links behind it stay in the path as the user wrote them.
    head, parents, rest = path.rpartition("/..")
    if not parents or (rest and not rest.startswith("/")):
        return path
    return os.path.join(os.path.realpath(head + parents), rest.lstrip("/")).rstrip("/") or "/"


def _registered_home() -> str:
    """Returns the home directory that the system has for this user; "~" if it knows none."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_dir or "~"
    except (ImportError, KeyError):  # Windows; a container's user without an entry
        return "~"


def is_text(text: str) -> bool:
    """Whether UTF-8 can encode a text: half of a surrogate pair is not a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
