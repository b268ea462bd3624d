"""What a folder of results is a result of, and whether a call asks for the same."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hubexplore.display.wording import beginning
from hubexplore.errors import MapTargetError
from hubexplore.mapping.mapper import Mapper
from hubexplore.mapping.parts import lock

NAME: Final = "_manifest.json"
# Always the same name: the lock keeps other writers away, and a kill leaves one at most.
_TEMPORARY: Final = f"{NAME}.tmp"
FORMAT: Final = "hubexplore map 1"
SIZE: Final = "rows in a batch"

MSG_OTHER: Final = (
    "{folder!r} holds {state} result of another call, which differs in {differences}. Repeat that call to "
    "continue it, choose another folder, or replace it with resume=False."
)
MSG_TAKEN: Final = (
    "{folder!r} holds {names}, and is no result of a map. Choose a folder that is empty or does not "
    "exist yet."
)


def request_of(mapper: Mapper) -> dict[str, Any]:
    """What a call asks for, as JSON: all that decides what its result is."""
    callee, options = mapper.callee, mapper.options
    return {
        "module": {"name": callee.title, "digest": callee.digest, "tags": callee.tags},
        "signature": callee.signature,
        "inputs": {name: binding.as_json for name, binding in mapper.bindings.items()},
        "outputs": dict(mapper.columns),
        "keep": [str(name) for name in mapper.kept],
        "batch_size": options.batch_size,
        "errors": options.errors,
        "data": dict(mapper.source.identity(mapper.needed)),
    }


def read(folder: Path) -> dict[str, Any] | None:
    """The manifest in a folder; None where there is none.

    Raises:
      MapTargetError: (an OSError) the folder holds something else, or the manifest cannot be read.
    """
    path = folder / NAME
    try:
        manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        names = sorted({entry.name for entry in folder.iterdir()} - {lock.NAME, _TEMPORARY})
        if names:
            raise MapTargetError(MSG_TAKEN.format(folder=str(folder), names=_listed(names))) from None
        return None
    except (OSError, ValueError) as error:
        raise MapTargetError(f"The manifest {str(path)!r} cannot be read: {error}.") from error
    if manifest.get("format") != FORMAT:
        raise MapTargetError(f"{str(path)!r} was not written by this version of hubexplore.")
    return manifest


def write(folder: Path, request: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Writes the manifest of a call that begins."""
    manifest = {"format": FORMAT, **request, SIZE: size}
    temporary = folder / _TEMPORARY
    with temporary.open("w", encoding="utf-8") as file:
        file.write(json.dumps(manifest, indent=1, default=repr) + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / NAME)
    return manifest


def check_same(
    folder: Path, manifest: Mapping[str, Any], request: Mapping[str, Any], is_complete: bool
) -> None:
    """Raises MapTargetError if a call asks for something else than what a folder holds."""
    # What was written and read again: tuples have become lists.
    asked = json.loads(json.dumps(request, default=repr))
    differing = [key for key in asked if _compared(key, asked[key]) != _compared(key, manifest.get(key))]
    if differing:
        state = "the" if is_complete else "an unfinished"
        differences = "; ".join(_difference(key, manifest.get(key), asked[key]) for key in differing)
        raise MapTargetError(MSG_OTHER.format(folder=str(folder), state=state, differences=differences))


def _compared(key: str, value: Any) -> Any:
    # Of a module counts what it is, not the handle by which it was found.
    if key == "module" and isinstance(value, dict):
        return {name: entry for name, entry in value.items() if name != "name"}
    return value


def _difference(key: str, before: Any, now: Any) -> str:
    if key == "module" and isinstance(before, dict) and before.get("name") == now["name"]:
        return f"the module ({now['name']!r} has changed since)"
    if key == "module" and isinstance(before, dict):
        return f"the module (there {before.get('name')!r}, here {now['name']!r})"
    if key == "data":
        return f"the data ({_data_difference(before, now)})"
    return f"{key} (there {_short(before)}, here {_short(now)})"


def _data_difference(before: Any, now: Any) -> str:
    if not isinstance(before, dict) or before.get("kind") != now["kind"]:
        return "of another kind"
    if now["kind"] != "files":
        return "other rows"
    there = {file["name"]: file for file in before["files"]}
    here = {file["name"]: file for file in now["files"]}
    if list(there) != list(here):
        odd = [*(set(there) ^ set(here))] or [*here]
        return f"other files: {_listed(sorted(odd))}"
    changed = [name for name in here if here[name] != there[name]]
    return f"changed since: {_listed(changed)}"


def _short(value: Any) -> str:
    return beginning(json.dumps(value), 80)


def _listed(names: list[str], most: int = 4) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + rest
