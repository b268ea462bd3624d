"""How much memory is left, by what the system says in its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubexplore.inputs.machine_memory import available_memory

V2 = "0::/user.slice/lab"
V1 = "5:memory,hugetlb:/docker/abc\n3:cpu:/docker/abc\n"


def system(root: Path, **files: str) -> Path:
    """A file system with these files; `__` in a name stands for a slash, `_` for itself."""
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def meminfo(kilobytes: int) -> str:
    return f"MemTotal:  99999999 kB\nMemFree:  1 kB\nMemAvailable:  {kilobytes} kB\n"


def test_a_machine_without_groups(tmp_path: Path) -> None:
    assert available_memory(system(tmp_path, proc__meminfo=meminfo(2000))) == 2_048_000


def group(root: Path, where: str, limit: str, use: str, stat: str = "", *, first: bool = False) -> None:
    """A control group with a limit and a use; `first` for version 1."""
    folder = root / where
    folder.mkdir(parents=True, exist_ok=True)
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if first else ("memory.max", "memory.current")
    for name, content in zip((*names, "memory.stat"), (limit, use, stat), strict=True):
        (folder / name).write_text(content)


def test_the_smallest_of_the_groups_around_the_process_counts(tmp_path: Path) -> None:
    system(tmp_path, proc__meminfo=meminfo(10**6), proc__self__cgroup=V2)
    group(tmp_path, "sys/fs/cgroup/user.slice/lab", "max\n", "5\n")
    group(tmp_path, "sys/fs/cgroup/user.slice", "5000\n", "3000\n")
    assert available_memory(tmp_path) == 2000


def test_cached_files_are_not_in_use(tmp_path: Path) -> None:
    system(tmp_path, proc__meminfo=meminfo(10**6), proc__self__cgroup=V2)
    group(tmp_path, "sys/fs/cgroup/user.slice/lab", "5000", "4000", "anon 9\ninactive_file 1500\n")
    assert available_memory(tmp_path) == 2500


def test_in_a_container_the_group_is_the_mount(tmp_path: Path) -> None:
    system(tmp_path, proc__meminfo=meminfo(10**6), proc__self__cgroup="0::/not/mounted/here")
    group(tmp_path, "sys/fs/cgroup", "700", "100")
    assert available_memory(tmp_path) == 600


def test_groups_of_version_1(tmp_path: Path) -> None:
    system(tmp_path, proc__meminfo=meminfo(10**6), proc__self__cgroup=V1)
    where = "sys/fs/cgroup/memory/docker/abc"
    group(tmp_path, where, "9000", "8000", "inactive_file 1\ntotal_inactive_file 200\n", first=True)
    group(tmp_path, "sys/fs/cgroup/memory", str(2**63 - 4096), "8000", first=True)
    assert available_memory(tmp_path) == 1200


def test_more_used_than_allowed_leaves_nothing(tmp_path: Path) -> None:
    system(tmp_path, proc__meminfo=meminfo(10**6), proc__self__cgroup=V2)
    group(tmp_path, "sys/fs/cgroup", "100", "300")
    assert available_memory(tmp_path) == 0


@pytest.mark.parametrize(
    ("content", "stat"),
    [
        ("", ""),
        ("MemAvailable:", ""),
        ("MemAvailable: much kB", "inactive_file many"),
        ("\0", "inactive_file"),
    ],
)
def test_what_cannot_be_read_says_nothing(content: str, stat: str, tmp_path: Path) -> None:
    system(tmp_path, proc__meminfo=content, proc__self__cgroup=f"nonsense\n\n{V2}")
    assert available_memory(tmp_path) is None
    group(tmp_path, "sys/fs/cgroup", "900", "100", stat)
    assert available_memory(tmp_path) == 800


def test_a_system_without_such_files(tmp_path: Path) -> None:
    assert available_memory(tmp_path) is None


def test_this_machine_has_some() -> None:
    value = available_memory()
    assert value is None or value > 0
