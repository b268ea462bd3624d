"""The user's file of trusted modules."""

from __future__ import annotations

import json
import stat
import threading
from pathlib import Path

import pytest

from hubexplore.errors import NoSuchModuleError, SettingsFileError
from hubexplore.trust import trusted

FIRST, SECOND = "a1" * 32, "b2" * 32


def test_what_is_added_is_listed_and_can_be_forgotten(own_settings: Path) -> None:
    assert trusted.modules() == ()
    trusted.add(FIRST, "/models/first", ("It writes files.",))
    trusted.add(SECOND, "/models/second")
    assert [module.title for module in trusted.modules()] == ["/models/first", "/models/second"]
    assert trusted.modules()[0].findings == ("It writes files.",)
    assert trusted.is_trusted(FIRST)
    assert [module.digest for module in trusted.forget([FIRST[:6]])] == [FIRST]
    assert not trusted.is_trusted(FIRST)
    trusted.forget(["/models/second"])
    assert trusted.modules() == ()
    assert trusted.path() == own_settings / "trusted.json"


def test_a_content_is_listed_once() -> None:
    trusted.add(FIRST, "/models/first")
    trusted.add(FIRST, "/models/copy")
    assert [module.title for module in trusted.modules()] == ["/models/copy"]


def test_the_file_is_for_the_user_alone() -> None:
    trusted.add(FIRST, "/models/first")
    assert stat.S_IMODE(trusted.path().stat().st_mode) == 0o600
    assert stat.S_IMODE(trusted.path().parent.stat().st_mode) == 0o700
    assert [path.name for path in trusted.path().parent.iterdir() if path.name.endswith(".part")] == []


def test_a_word_that_names_nothing_removes_nothing() -> None:
    trusted.add(FIRST, "/models/first")
    with pytest.raises(NoSuchModuleError, match="No trusted module is called 'c3c3c3'"):
        trusted.forget([FIRST, "c3c3c3"])
    with pytest.raises(NoSuchModuleError):
        trusted.forget(["a1"])  # too short to be meant
    assert trusted.is_trusted(FIRST)


SHORT_DIGEST = b'{"format": 1, "modules": [{"digest": "a1", "title": "", "date": ""}]}'
NO_DIGEST = b'{"format": 1, "modules": [{"title": "", "date": ""}]}'


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"\xff", b"[]", b'{"format": 2, "modules": []}', b'{"format": 1, "modules": {}}',
        b'{"format": 1, "modules": [1]}', SHORT_DIGEST, NO_DIGEST, b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_damaged_file_is_one_clear_error_and_stays(content: bytes) -> None:
    trusted.path().parent.mkdir(parents=True)
    trusted.path().write_bytes(content)
    for call in (trusted.modules, lambda: trusted.add(FIRST, "first"), lambda: trusted.forget([FIRST])):
        with pytest.raises(SettingsFileError, match=r"trusted\.json' is damaged: .*delete it"):
            call()
    assert trusted.path().read_bytes() == content


def test_a_folder_that_cannot_be_made(own_settings: Path) -> None:
    own_settings.parent.mkdir(parents=True, exist_ok=True)
    own_settings.write_text("a file where the folder belongs")
    with pytest.raises(SettingsFileError, match="cannot be written"):
        trusted.add(FIRST, "/models/first")


def test_many_writers_lose_nothing() -> None:
    digests = [f"{number:064x}" for number in range(24)]
    threads = [threading.Thread(target=trusted.add, args=(digest, "module")) for digest in digests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {module.digest for module in trusted.modules()} == set(digests)


def test_titles_of_any_text_are_kept() -> None:
    title = "models/\x1b[31m\udcff/ü"
    trusted.add(FIRST, title)
    assert trusted.modules()[0].title == title
    assert json.loads(trusted.path().read_bytes())["format"] == 1


def test_the_folder_for_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert trusted.path() == Path("/home/somebody/.config/hubexplore/trusted.json")
    monkeypatch.setattr("sys.platform", "darwin")
    assert trusted.path() == Path("/home/somebody/Library/Application Support/hubexplore/trusted.json")
