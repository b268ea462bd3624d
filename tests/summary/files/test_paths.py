"""What a path that somebody gave stands for."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from hubexplore import errors
from hubexplore.summary.files import paths


class Like:
    """An os.PathLike of a str or of bytes."""

    def __init__(self, path: Any) -> None:
        self._path = path

    def __fspath__(self) -> Any:
        return self._path

    def __repr__(self) -> str:
        """Without an address: tests are named after it, and each process must name them alike."""
        return f"Like({self._path!r})"


pytestmark = pytest.mark.usefixtures("here")


@pytest.mark.parametrize(
    "path", ["m", "./m", "m/", "m//", b"m", Path("m"), Like("m"), Like(b"m"), "no/../m"], ids=repr
)
def test_all_kinds_of_paths_are_absolute(path: Any, here: Path) -> None:
    for function in (paths.absolute, paths.to_write, paths.local_to_write):
        assert function(path) == f"{here}/m"


@pytest.mark.parametrize("name", ["a[1]", "a*?", "a\\b", "a\nb", "-x", " a", "é", "a:b", "a$b", "$", "..a"])
def test_odd_names_are_themselves(name: str, here: Path) -> None:
    assert paths.to_write(name) == f"{here}/{name}"


def test_home_directories(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    me = pwd.getpwuid(os.getuid())
    monkeypatch.setenv("HOME", "/home/of/mine")
    assert paths.absolute("~") == "/home/of/mine"
    assert paths.absolute("~/m") == paths.absolute(b"~/m") == paths.absolute(Path("~/m")) == "/home/of/mine/m"
    assert paths.absolute(f"~{me.pw_name}/m") == f"{me.pw_dir}/m"
    assert paths.absolute("./~/m") == f"{here}/~/m"


@pytest.mark.parametrize("home", ["", None])
def test_an_empty_home_is_not_the_root_of_the_disk(home: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if home is None:
        monkeypatch.delenv("HOME")
    else:
        monkeypatch.setenv("HOME", home)
    assert paths.to_write("~/m") == os.path.join(pwd.getpwuid(os.getuid()).pw_dir, "m")


def test_a_user_who_is_not_there(here: Path) -> None:
    with pytest.raises(errors.PathError, match=r"'~no-such-user', but no home .* './~no-such-user/m'"):
        paths.absolute("~no-such-user/m")
    (here / "~no-such-name").mkdir()
    assert paths.absolute("~no-such-name") == f"{here}/~no-such-name"


@pytest.mark.parametrize("prefix", ["file:", "file://", "file://localhost", "FILE://"])
def test_file_addresses(prefix: str, here: Path) -> None:
    assert paths.absolute(f"{prefix}{here}/a%20b") == f"{here}/a b"
    (here / "a%20b").mkdir()
    assert paths.absolute(f"{prefix}{here}/a%20b/") == f"{here}/a%20b"


def test_file_addresses_without_slashes(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(here))
    for given in ("file:a%20b", "FILE:a b", "file:./a b", "file:~/a b"):
        assert paths.absolute(given) == f"{here}/a b"
    (here / "file:a b").mkdir()
    assert paths.absolute("file:a b") == f"{here}/file:a b"


@pytest.mark.parametrize("path", ["file:", "file://other/m", "file://~/m", "file://", "file://m"])
def test_file_addresses_of_no_file_here(path: str) -> None:
    with pytest.raises(errors.PathError, match=r"file:///home/me/module"):
        paths.absolute(path)


@pytest.mark.parametrize("path", ["gs://bucket/m", "ram://m/", "s3://b/a[1]", "x-y.z://m"])
def test_addresses_stay(path: str) -> None:
    assert paths.absolute(path) == paths.to_write(path) == path
    assert paths.is_url(path)
    with pytest.raises(errors.PathError, match="only local files"):
        paths.local_to_write(path)


@pytest.mark.parametrize("path", ["", b"", " ", "\t\n", "a\0b", None, 3, ["m"], Like(""), Path("gs://b/m")])
def test_what_stands_for_nothing(path: Any) -> None:
    for function in (paths.text_of, paths.absolute, paths.to_write):
        with pytest.raises(errors.PathError, match=r"^That one ") as caught:
            function(path, "That one")
        assert isinstance(caught.value, (ValueError, TypeError, OSError))


@pytest.mark.parametrize("path", ["$HOME/m", "${NO_SUCH}/m", "$HOME"])
def test_variables_of_the_shell_become_no_folder(path: str, here: Path) -> None:
    with pytest.raises(errors.PathError, match=r"os.path.expandvars\('\$"):
        paths.to_write(path)
    assert paths.to_write(f"./{path}") == f"{here}/{path}"
    Path(path.split("/", maxsplit=1)[0]).mkdir()
    assert paths.to_write(path) == f"{here}/{path}"


def test_parents_are_those_that_links_lead_to(here: Path) -> None:
    (here / "far/away").mkdir(parents=True)
    (here / "link").symlink_to("far/away")
    assert paths.absolute("link/../m") == f"{here}/far/m"
    assert paths.absolute("link/m") == f"{here}/link/m"
    assert paths.absolute("..") == str(here.parent)


def test_names_that_are_too_long(here: Path) -> None:
    assert paths.to_write("x" * 255) == f"{here}/{'x' * 255}"
    with pytest.raises(errors.PathError, match="File name too long"):
        paths.to_write("x" * 256)


def test_a_current_directory_that_is_gone(here: Path) -> None:
    here.rmdir()
    with pytest.raises(errors.PathError, match=r"'m', relative to a current directory that no longer exists"):
        paths.absolute("m")


def test_names_that_are_not_utf8(here: Path) -> None:
    path = paths.absolute(b"lat\xe9")
    assert os.fsencode(path) == os.fsencode(here) + b"/lat\xe9"
    with pytest.raises(errors.PathError, match=r"os\.symlink"):
        paths.for_tensorflow(path)
