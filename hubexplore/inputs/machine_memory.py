"""How much memory this process can still allocate before the system kills it.

psutil knows the machine but not the control groups, and a container is killed at the limit of its group.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

SMALL: Final = 64_000_000
"""Size in bytes below which a request is not checked: reading the limits takes longer than it is worth."""

_ROOT = Path("/")


def available_memory(root: Path = _ROOT) -> int | None:
    """Bytes this process can still allocate; None where the system does not say, as on macOS and Windows.

    On Linux this is the minimum of what the machine has (`MemAvailable`: free memory and caches that can be
    dropped) and what each control group of the process leaves, in version 1 or 2: its limit minus its use.
    Cached files, which the kernel drops first, do not count as used.

    Args:
      root: of the file system that holds `proc` and `sys`.
    """
    return min([*_machine_memory(root), *_control_group_memory(root)], default=None)


def _machine_memory(root: Path) -> Iterator[int]:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                yield int(line.split()[1]) * 1024
                return
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if root == _ROOT:
            yield os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _control_group_memory(root: Path) -> Iterator[int]:
    """What the control groups of the process, and those that contain them, leave."""
    lines: list[str] = []
    with contextlib.suppress(OSError):
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, name = rest.partition(":")
        if not controllers:
            names = ("memory.max", "memory.current", "inactive_file")
            yield from _remaining(root / "sys/fs/cgroup", name, names)
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            yield from _remaining(root / "sys/fs/cgroup/memory", name, names)


def _remaining(mount: Path, name: str, names: tuple[str, str, str]) -> Iterator[int]:
    """What each group from the mount down to `name` leaves."""
    limit_file, use_file, cache_key = names
    group = PurePosixPath(name.lstrip("/"))
    # The parents count as well, and in a container the group of the process is the mount itself: its name may
    # be that on the host, for which there is no folder here.
    for folder in {group, *group.parents}:
        # No limit is "max" in version 2, which is not a number, and in version 1 a huge number, which is
        # never the minimum.
        with contextlib.suppress(OSError, ValueError):
            limit = int((mount / folder / limit_file).read_text())
            use = int((mount / folder / use_file).read_text())
            yield max(0, limit - use + _cached_bytes(mount / folder / "memory.stat", cache_key))


def _cached_bytes(file: Path, key: str) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return next(
            (int(line.split()[1]) for line in file.read_text().splitlines() if line.split()[:1] == [key]), 0
        )
    return 0
