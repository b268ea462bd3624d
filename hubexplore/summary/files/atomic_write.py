"""A file appears whole or stays as it was."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from pathlib import Path


def part_name(name: str) -> str:
    """Returns a new name for what is written beside `name` first: `.NAME.0123456789ab.part`."""
    # Random, so that two writers do not meet. Cut, since a name may have 255 bytes and this one is longer.
    return f".{name[:40]}.{uuid.uuid4().hex[:12]}.part"


def write_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes a file beside its target, then renames it; what is at the target stays until then.

    A link is followed. A pipe or a device, and a file in a folder where no other can be made, are written as
    they are.

    Raises:
      OSError: it cannot be written. What was there is as before.
    """
    # The real path, since renaming over a link would replace the link. No fsync: readers see the old or the
    # new content, which is what is promised; surviving a power failure is not.
    target = Path(os.path.realpath(path))
    is_plain = target.is_file() or not target.exists()
    if not is_plain or (target.exists() and not os.access(target.parent, os.W_OK)):
        target.write_bytes(content)
        return
    temporary = target.with_name(part_name(target.name))
    try:
        temporary.write_bytes(content)
        if target.exists():
            # The file that is replaced may have stricter rights than new files get.
            shutil.copymode(target, temporary)
        temporary.replace(target)
    # BaseException, since an interrupt from the keyboard must not leave the temporary file behind either.
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
