"""Renaming in one step where the system has such a step: exchanging two paths, and never replacing one.

Linux: renameat2(2), since 3.15; NFS and some other file systems refuse its flags. macOS: renamex_np(2),
since 10.12.
"""

from __future__ import annotations

import errno
import functools
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_AT_FDCWD: Final = -100
# Of renameat2, for a C library without that function: glibc before 2.28, musl.
_NUMBERS: Final = {"x86_64": 316, "aarch64": 276, "ppc64le": 357, "s390x": 347, "riscv64": 276}
_NO_REPLACING: Final = 0x4 if sys.platform == "darwin" else 0x1
_EXCHANGING: Final = 0x2
# The kernel, a sandbox (EPERM) or the file system does not know the flag.
_UNKNOWN: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM})


def exchange(one: Path, other: Path) -> bool:
    """Exchanges what is at two paths, in one step that nobody sees half done.

    Returns:
      False where there is no such step; nothing was changed then.

    Raises:
      OSError: nothing is at one of them, or it must not be moved.
    """
    return _renamed(one, other, _EXCHANGING)


def move(source: Path, target: Path) -> None:
    """Renames `source` to `target`, where nothing may be yet.

    Raises:
      FileExistsError: something is there.
      OSError: it cannot be moved.
    """
    if _renamed(source, target, _NO_REPLACING):
        return
    # A plain rename would silently replace a file or an empty directory. Another process may still put
    # something there after this check; POSIX has no call that closes this gap for directories.
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    source.rename(target)


def _renamed(source: Path, target: Path, flag: int) -> bool:
    rename = _system_call()
    if rename is None:
        return False
    number = rename(os.fsencode(source), os.fsencode(target), flag)
    if number and number not in _UNKNOWN:
        raise OSError(number, os.strerror(number), str(source), None, str(target))
    return not number


@functools.cache
def _system_call() -> Callable[[bytes, bytes, int], int] | None:
    """Returns a function from two paths and a flag to an errno, which is 0 for success."""
    import ctypes

    if sys.platform not in ("linux", "darwin"):
        return None
    # `use_errno` keeps the errno of this call for this thread. By the time that Python could ask for the real
    # one, another call may have changed it.
    library: Any = ctypes.CDLL(None, use_errno=True)
    # renameat2 takes a directory descriptor before each path, renamex_np does not.
    folder = () if sys.platform == "darwin" else (ctypes.c_int(_AT_FDCWD),)
    function = getattr(library, "renamex_np" if sys.platform == "darwin" else "renameat2", None)
    if function is None and sys.platform == "linux" and platform.machine() in _NUMBERS:
        function = functools.partial(library.syscall, ctypes.c_long(_NUMBERS[platform.machine()]))
    if function is None:
        return None

    def call(source: bytes, target: bytes, flag: int) -> int:
        # ctypes does not know the prototypes, and syscall is variadic, so each argument carries its C type.
        paths = ctypes.c_char_p(source), ctypes.c_char_p(target)
        failed = function(*folder, paths[0], *folder, paths[1], ctypes.c_uint(flag))
        return ctypes.get_errno() if failed else 0

    return call
