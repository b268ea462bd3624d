"""Directories are put in their place whole or not at all, whatever stops it, and nothing is lost or left."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hubexplore.hub.placement import place, recover
from hubexplore.hub.placement import rename as renaming
from hubexplore.hub.placement import scratch as scratch_module
from hubexplore.hub.placement.scratch import Scratch, leftovers, settle_abandoned
from tests.folders import names
from tests.hub.storage.placement_worker import LAST, seen, write

MODULE = ["saved_model.pb", LAST, "variables"]
OLDER = 2 * 24 * 3600


def put(target: Path, word: str, replaces: bool = False) -> None:
    place(str(target), write(word), lambda: replaces, LAST)


# Stopped at every line.


@pytest.mark.parametrize("action", ["killed", "interrupted"])
@pytest.mark.parametrize("scenario", ["new", "empty", "filled", "overwritten", "overwritten_in_two_steps"])
def test_stopped_at_every_line(tmp_path: Path, scenario: str, action: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.hub.storage.placement_worker",
            scenario,
            action,
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    assert len(content) > 50
    assert [entry["stopped"] for entry in content] == [True] * (len(content) - 1) + [False]
    assert {entry["next"] for entry in content} == {"next"}
    assert {tuple(entry["end"]) for entry in content} == {("target",)}
    for each in content:
        assert [name for name in each["inside"] if name not in [*MODULE, "README"]] == [], each
    # While nothing can be exchanged, or files must stay, a kill may come between two renames.
    between = {("killed", "overwritten_in_two_steps"): "", ("killed", "filled"): None}.get((action, scenario))
    for each in content:
        if (action, scenario) != ("killed", "filled"):
            assert each["then"] in (each["before"], "new", between), each
            assert each["loaded"] in (each["before"], "new"), each
        if action == "interrupted":
            outcome = each["then"] or scenario in ("empty", "filled")
            assert each["left"] == (["target"] if outcome else []), each
    assert {entry["loaded"] for entry in content} >= {content[0]["before"], "new"}


def _about_to_move(folder: Path) -> Scratch:
    """What an export into a folder of other files has made when it begins to move the entries."""
    scratch = Scratch(folder, folder)
    scratch.make()
    write("dead")(str(scratch.new))
    scratch.note_moves(MODULE)
    return scratch


def test_the_other_files_stay_where_one_is_killed_at_every_line(tmp_path: Path) -> None:
    """The entries of a module that was not complete go with the next one that is put there."""
    (tmp_path / "README").write_text("mine")
    scratch = _about_to_move(tmp_path)
    renaming.move(scratch.new / "saved_model.pb", tmp_path / "saved_model.pb")
    scratch._unlock()  # as the end of the process does
    put(tmp_path, "next")
    assert (seen(tmp_path), names(tmp_path)) == ("next", ["README", *MODULE])


def test_what_others_put_in_place_of_a_moved_entry_stays(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("mine")
    scratch = _about_to_move(tmp_path)
    (scratch.new / "saved_model.pb").unlink()
    (tmp_path / "saved_model.pb").write_text("of another program")
    scratch._unlock()
    assert [settle_abandoned(folder) for folder in leftovers(tmp_path)] == [True]
    assert names(tmp_path) == ["README", "saved_model.pb"]
    assert (tmp_path / "saved_model.pb").read_text() == "of another program"


# Leftovers.


@pytest.fixture
def living(tmp_path: Path) -> Iterator[Scratch]:
    """A scratch folder that is in use."""
    scratch = Scratch(tmp_path / "target", tmp_path)
    scratch.make()
    write("living")(str(scratch.new))
    yield scratch
    scratch.settle()


def test_what_the_living_write_stays(living: Scratch, tmp_path: Path) -> None:
    put(tmp_path / "target", "new")
    assert seen(living.new) == "living"
    living._unlock()
    put(tmp_path / "other", "new")
    assert names(tmp_path) == ["other", "target"]


def test_a_living_process_between_two_renames_is_waited_for(
    living: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("old")(str(living.old))
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            living.new.rename(living.target)

    monkeypatch.setattr("time.sleep", wait)
    assert recover(str(tmp_path / "target"))
    assert (seen(tmp_path / "target"), len(waits)) == ("living", 3)


def test_nothing_to_recover(tmp_path: Path) -> None:
    assert not recover(str(tmp_path / "target"))
    assert not recover(str(tmp_path / "absent" / "target"))
    assert not recover("gs://bucket/target")


@pytest.mark.parametrize("locks", [True, False])
@pytest.mark.parametrize("age", [0, OLDER])
def test_without_locks_age_decides(
    living: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locks: bool, age: int
) -> None:
    """On file systems without locks, and for what had none."""
    if locks:
        (living._folder / "lock").unlink()
    else:
        monkeypatch.setattr(scratch_module, "_try_lock", lambda _: None)
    then = living._folder.stat().st_mtime - age
    os.utime(living._folder, (then, then))
    put(tmp_path / "other", "new")
    assert (living._folder.name in names(tmp_path)) == (age == 0)


def test_a_folder_that_its_maker_has_not_locked_yet_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks for leftovers may take it for one: before there is a lock, and before it is locked."""
    scratch = Scratch(tmp_path / "target", tmp_path)
    lock = scratch_module._try_lock
    swept: list[int] = []

    def late(descriptor: int) -> bool | None:
        if not swept:
            swept.append(descriptor)
            assert settle_abandoned(scratch._folder)
        return lock(descriptor)

    monkeypatch.setattr(scratch_module, "_try_lock", late)
    scratch.make()
    assert len(swept) == 1
    assert not settle_abandoned(scratch._folder)
    scratch.settle()
    assert names(tmp_path) == []


def test_links_and_folders_of_others_are_no_leftovers(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("mine")
    parent = tmp_path / "parent"
    parent.mkdir()
    (parent / ".target.0123456789ab.part").symlink_to(outside)
    (parent / ".target.part").mkdir()
    (parent / ".target.0123456789ab.part.mine").mkdir()
    before = names(parent)
    if os.geteuid() == 0:
        other = parent / ".target.ba9876543210.part"
        other.mkdir()
        os.chown(other, 1234, 1234)
        before = names(parent)
    put(parent / "target", "new")
    assert names(parent) == sorted([*before, "target"])
    assert (outside / "file").read_text() == "mine"


@pytest.mark.parametrize("label", ["../outside", "..", "/etc", 7, None, ""])
def test_a_target_elsewhere_is_not_believed(tmp_path: Path, label: Any) -> None:
    parent = tmp_path / "parent"
    folder = parent / ".target.0123456789ab.part"
    write("old")(str(folder / "old"))
    (folder / "lock").write_text(json.dumps(label))
    settle_abandoned(folder)
    assert names(tmp_path) == ["parent"]


def test_what_links_lead_to_stays(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write("outside")(str(outside))
    target = tmp_path / "target"
    target.mkdir()
    for name in MODULE:
        (target / name).symlink_to(outside / name)
    put(target, "new", replaces=True)
    assert (seen(target), seen(outside)) == ("new", "outside")
    assert not (target / LAST).is_symlink()


# Others who want the same place.


def test_threads_that_overwrite_one_place(tmp_path: Path) -> None:
    target = tmp_path / "target"
    put(target, "0")

    def overwrite(word: str) -> None:
        for _ in range(20):
            put(target, word, replaces=True)

    threads = [threading.Thread(target=overwrite, args=[word]) for word in "1234"]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert (target / LAST).read_text() in {*"01234"}
    assert seen(target) in {*"1234"}
    assert names(tmp_path) == ["target"]


def test_two_steps_while_others_replace_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The target is taken away, and then another one put there, between our renames."""
    target = tmp_path / "target"
    put(target, "old")
    monkeypatch.setattr(renaming, "exchange", lambda *_: False)
    rename, others = Path.rename, iter(["taken", "put"])

    def meanwhile(path: Path, to: Path) -> Any:
        if target in (path, to):
            match next(others, ""):
                case "taken":
                    rename(target, tmp_path / "moved")
                    write("theirs")(str(target))
                case "put":
                    write("theirs")(str(target))
        return rename(path, to)

    monkeypatch.setattr(Path, "rename", meanwhile)
    put(target, "new", replaces=True)
    assert (seen(target), seen(tmp_path / "moved")) == ("new", "old")
    assert names(tmp_path) == ["moved", "target"]


def test_another_that_came_first(tmp_path: Path) -> None:
    """Both find nothing there; the one that comes second is refused by what says so."""
    target = tmp_path / "target"

    def slow(folder: str) -> None:
        write("slow")(folder)
        put(target, "quick")

    def replaces() -> bool:
        if target.exists():
            raise FileExistsError("taken")
        return False

    with pytest.raises(FileExistsError, match="taken"):
        place(str(target), slow, replaces, LAST)
    assert (seen(target), names(tmp_path)) == ("quick", ["target"])


def test_two_that_fill_one_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "README").write_text("mine")
    move = renaming.move

    def late(source: Path, target: Path) -> None:
        if source.name == "variables":
            target.mkdir()
            (target / "values").write_text("other")
        move(source, target)

    monkeypatch.setattr(renaming, "move", late)
    with pytest.raises(FileExistsError):
        put(tmp_path, "new")
    assert (tmp_path / "variables" / "values").read_text() == "other"
    assert names(tmp_path) == ["README", "variables"]


# What stays of a directory.


def test_rights_stay(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    put(target, "new")
    assert target.stat().st_mode & 0o7777 == 0o700
    target.chmod(0o2750)
    put(target, "newer", replaces=True)
    assert target.stat().st_mode & 0o7777 == 0o2750


def test_the_current_directory_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path, "new")
    assert seen(Path()) == "new"


def test_a_link_to_an_empty_directory_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    put(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert seen(tmp_path / "real") == "new"


def test_parents_that_were_made_go_if_it_fails(tmp_path: Path) -> None:
    def fail(folder: str) -> None:
        write("new")(folder)
        raise MemoryError

    with pytest.raises(MemoryError):
        place(str(tmp_path / "a" / "b" / "target"), fail, lambda: False, LAST)
    assert names(tmp_path) == []


# Renaming.


@pytest.fixture(params=["named", "numbered"])
def system_call(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """With a C library that has a name for renameat2, and with one that has none."""

    class Unnamed(ctypes.CDLL):
        def __getattr__(self, name: str) -> Any:
            if name.startswith("rename"):
                raise AttributeError(name)
            return super().__getattr__(name)

    if request.param == "numbered":
        monkeypatch.setattr(ctypes, "CDLL", Unnamed)
    renaming._system_call.cache_clear()
    yield
    renaming._system_call.cache_clear()


@pytest.mark.usefixtures("system_call")
def test_exchange_and_move(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write("one")(str(one))
    write("other")(str(other))
    with pytest.raises(FileExistsError):
        renaming.move(one / LAST, other / LAST)
    with pytest.raises(FileNotFoundError):
        renaming.exchange(one, tmp_path / "absent")
    if renaming.exchange(one, other):  # else the file system that holds temporary files cannot
        one, other = other, one
    assert (seen(one), seen(other)) == ("one", "other")
    renaming.move(one, tmp_path / "moved")
    assert seen(tmp_path / "moved") == "one"


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM])
def test_a_system_without_these_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    refused: Callable[..., int] = lambda *_: number  # noqa: E731 - the whole of it
    monkeypatch.setattr(renaming, "_system_call", lambda: refused)
    target = tmp_path / "target"
    put(target, "new")
    put(target, "newer", replaces=True)
    assert seen(target) == "newer"
    with contextlib.suppress(FileExistsError):
        renaming.move(target / LAST, target / "saved_model.pb")
        pytest.fail("it replaced a file")
    filled = tmp_path / "filled"
    filled.mkdir()
    (filled / "README").write_text("mine")
    put(filled, "new")
    assert (seen(filled), names(tmp_path)) == ("new", ["filled", "target"])


def test_what_a_second_interrupt_leaves_is_settled_by_the_same_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock of a scratch folder must not stay with a process that has given it up."""
    real = scratch_module._settle

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scratch_module, "_settle", interrupted)
    with pytest.raises(KeyboardInterrupt):
        put(tmp_path / "target", "first")
    assert list(leftovers(tmp_path))
    monkeypatch.setattr(scratch_module, "_settle", real)
    put(tmp_path / "other", "second")
    assert not list(leftovers(tmp_path))
