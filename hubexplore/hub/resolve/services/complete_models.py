"""Whether a folder that another program fetched holds a complete model, and a copy of it for the cache."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from hubexplore import errors
from hubexplore.hub.resolve.size_limits import Budget
from hubexplore.summary.files import magic
from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.module_format import GRAPH_FILES, VARIABLES_FOLDER

_SHARD: Final = re.compile(r"(.+)\.data-(\d{5})-of-(\d{5})", re.DOTALL)
_INDEX: Final = ".index"
_DEEPEST: Final = 3
_HEAD: Final = 1 << 10


@dataclass(frozen=True)
class Problem:
    """What is wrong with a folder.

    Attributes:
      text: the finding, as the rest of a sentence: "'variables/variables.index' is missing".
      is_other: whether it is no damage, but another kind of model, or none.
      is_web_page: whether a web page is in the place of the model.
    """

    text: str
    is_other: bool = False
    is_web_page: bool = False


def problem(folder: Path) -> Problem | None:
    """Returns why a folder is not a complete model; None for one that is, or that holds several.

    The names and sizes of files are compared, and the first bytes of the graph; the content is not parsed.
    """
    models = model_folders(folder)
    if not models:
        return _no_saved_model(folder)
    for model in models:
        name = next(file for file in GRAPH_FILES if (model / file).is_file())
        head = _head(model / name)
        if magic.is_web_page(head):
            return Problem(f"{name!r} is a web page", is_web_page=True)
        if not head:
            return Problem(f"{name!r} is empty")
        finding = _lost_shard(model / VARIABLES_FOLDER)
        if finding:
            return Problem(finding)
    return None


def model_folders(folder: Path) -> list[Path]:
    """Returns the folders with a saved model: the folder itself, or those a few levels below."""
    level = [folder]
    for _ in range(_DEEPEST):
        found = [place for place in level if any((place / file).is_file() for file in GRAPH_FILES)]
        if found:
            return sorted(found)
        level = [child for place in level for child in _folders(place)]
    return []


def copy_model(source: str, target: str) -> str:
    """Copies a model into the empty directory `target`, within the limits for archives; returns its folder.

    Links are followed, as huggingface_hub keeps links to the files of all revisions. Those that lead out of
    the cache it came from are refused.

    Raises:
      ArchiveError: it passes a limit, or a link leads elsewhere.
    """
    folder, made = Path(source), Path(target)
    root = _root(folder)
    budget = Budget(made, _UnknownSize())
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = Path(place).relative_to(folder)
        (made / inside).mkdir(parents=True, exist_ok=True)
        for name in names:
            if name.startswith("."):
                continue
            file = Path(place, name)
            real = file.resolve()
            if not real.is_relative_to(root) or not real.is_file():
                raise errors.ArchiveError(
                    f"{str(file)!r} is not a file below {str(root)!r}, so it is not copied."
                )
            budget.count()
            budget.copy(real.stat().st_size)
            shutil.copyfile(real, made / inside / name)
    models = model_folders(made)
    return str(models[0]) if len(models) == 1 else target


class _UnknownSize:
    """There is no archive, so the ratio of packed and unpacked bytes does not count."""

    consumed = 0
    total = None


def _root(folder: Path) -> Path:
    """Returns the folder in which the files of `folder` may be, links followed."""
    real = folder.resolve()
    # models--OWNER--NAME/snapshots/COMMIT, with links to models--OWNER--NAME/blobs/...
    return real.parent.parent if real.parent.name == "snapshots" else real


def _no_saved_model(folder: Path) -> Problem | None:
    from hubexplore.summary.diagnosis import path_diagnosis
    from hubexplore.summary.formats.graph_files import model_files

    if not folder.is_dir() or not any(folder.iterdir()):
        return Problem("it is empty")
    # A frozen graph, or a checkpoint with its graph.
    if model_files.find(str(folder), LocalFilesystem()) is not None:
        return None
    diagnosis = path_diagnosis.diagnose(str(folder), LocalFilesystem())
    return Problem(f"it {diagnosis.what()}", is_other=True)


def _lost_shard(folder: Path) -> str:
    """Returns which file of a checkpoint is missing or empty; "" if all are there."""
    try:
        names = set(os.listdir(folder))  # noqa: PTH208 - names are what is needed
    except OSError:
        return ""
    for name in sorted(names):
        shard = _SHARD.fullmatch(name)
        prefix = shard[1] if shard else name.removesuffix(_INDEX)
        if not shard and not name.endswith(_INDEX):
            continue
        total = shard[3] if shard else _total(names, prefix)
        needed = [f"{prefix}.data-{number:05}-of-{total}" for number in range(min(int(total), 10_000))]
        for file in (f"{prefix}{_INDEX}", *needed):
            if file not in names:
                return f"'{VARIABLES_FOLDER}/{file}' is missing"
    empty = [name for name in sorted(names) if name.endswith(_INDEX) and not (folder / name).stat().st_size]
    return f"'{VARIABLES_FOLDER}/{empty[0]}' is empty" if empty else ""


def _total(names: set[str], prefix: str) -> str:
    for name in names:
        shard = _SHARD.fullmatch(name)
        if shard and shard[1] == prefix:
            return shard[3]
    return "00001"


def _head(file: Path) -> bytes:
    content: IO[bytes]
    with file.open("rb") as content:
        return content.read(_HEAD)


def _folders(place: Path) -> list[Path]:
    try:
        return [child for child in place.iterdir() if child.is_dir() and not child.name.startswith(".")]
    except OSError:
        return []
