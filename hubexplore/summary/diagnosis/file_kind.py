"""What a file that is no module can be: a phrase that names it, and what to do with it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True)
class FileKind:
    """A kind of file.

    Attributes:
      what: names it: "a web page".
      remedy: what to do. In it `{path!r}` stands for the path as Python code, `{shell}` for the path in a
        shell, `{target!r}` and `{shell_target}` for the path of the directory that a conversion writes.
      is_other: whether it is certainly no `saved_model.pb`, not even a damaged one.
    """

    what: str
    remedy: str
    is_other: bool = True

    def remedy_for(self, path: str) -> str:
        """Returns the remedy for the file at `path`."""
        name = PurePath(path).name
        folder = path.removesuffix(name)
        # Of "model.weights.h5", too, only the first part is the name of the model.
        target = f"{folder}{name.partition('.')[0] or 'model'}_saved_model"
        return self.remedy.format(
            path=path, target=target, shell=shlex.quote(path), shell_target=shlex.quote(target)
        )
