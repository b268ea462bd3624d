"""Python code in what Keras writes: `.keras` and HDF5 files, and `keras_metadata.pb` in a SavedModel.

A Lambda layer has the code of a Python function, as bytes that are executed when the layer is made or called.
The config of any other object names the Python module to import it from. Both are found in the text of the
JSON, wherever in the file that lies; nothing is imported, and HDF5 is not parsed.

Formats: keras/src/saving/saving_lib.py and serialization_lib.py; tf_keras/protobuf/saved_metadata.proto.
"""

from __future__ import annotations

import json
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from hubexplore.summary.capabilities.model import (
    NOTHING,
    Capabilities,
    Capability,
    Finding,
    Origin,
    Severity,
    Trigger,
    When,
)
from hubexplore.summary.files import magic
from hubexplore.summary.module_format import METADATA_FILE

SUFFIXES: Final = (".keras", ".h5", ".hdf5")
"""Endings of the names of Keras models."""
_CONFIG: Final = "config.json"
_LAMBDAS: Final = frozenset({"Lambda", "__lambda__"})
_LARGEST: Final = 1 << 30  # bytes
_MOST_FINDINGS: Final = 100
# What Python raises for an archive that is damaged, encrypted, or compressed in a way that it does not know.
_DAMAGES: Final = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError)

MSG_LAMBDA: Final = "Loading it with Keras runs Python code of its author: {what} {name!r} is a Lambda."
MSG_MODULE: Final = "Loading it with Keras imports the Python module {module!r} and takes {name!r} from it."
MSG_METADATA: Final = (
    "keras_metadata.pb has Python code of its author in the Lambda {name!r}. Keras 2 runs it in "
    "keras.models.load_model; hubexplore and tf.saved_model.load do not."
)
MSG_UNREAD: Final = "{file!r} cannot be read to its end, so what Python code is in it is unknown."


def of_file(path: Path, file: IO[bytes]) -> Capabilities | None:
    """Returns what loading a Keras model with Keras can do; None if it is no Keras model.

    Args:
      path: of the model; only its name is used.
      file: the open file, at its beginning.

    Raises:
      OSError: it cannot be read.
    """
    head = file.read(len(magic.HDF5.starts[0]))
    file.seek(0)
    if magic.HDF5.begins(head):
        content = file.read(_LARGEST + 1)
        # A file of weights, or of anything else.
        return _capabilities(path.name, content) if b"model_config" in content else None
    if not magic.ZIP_ENTRY.begins(head):
        return None
    try:
        with zipfile.ZipFile(file) as archive, archive.open(_CONFIG) as config:
            return _capabilities(f"{path.name}/{_CONFIG}", config.read(_LARGEST + 1))
    except KeyError:
        return None
    except _DAMAGES:
        return Capabilities((), (MSG_UNREAD.format(file=path.name),))


def names_in(file: IO[bytes]) -> list[str]:
    """Returns the names of the files in a `.keras` file; those of a KerasLayer have its module."""
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.namelist()
    except _DAMAGES:
        return []


def of_metadata(content: bytes) -> Capabilities:
    """Returns notes on the Lambda layers in `keras_metadata.pb`, which only Keras 2 makes."""
    found = _capabilities(METADATA_FILE, content)
    notes = tuple(
        _finding(Severity.NOTE, METADATA_FILE, finding.node, finding.op, MSG_METADATA)
        for finding in found.findings
        if finding.op in _LAMBDAS
    )
    return Capabilities(notes, found.unread)


def _capabilities(file: str, content: bytes) -> Capabilities:
    findings: dict[tuple[str, str, str], Finding] = {}
    # JSON of Keras is ASCII, and each byte is a character here, so positions stay what they are.
    texts, is_whole = _objects(content[:_LARGEST].decode("latin-1"))
    for value in texts:
        for finding in _found(value, file):
            findings.setdefault((finding.op, finding.node, finding.argument), finding)
    kept = sorted(findings.values(), key=lambda finding: finding.severity is not Severity.DANGER)
    is_whole = is_whole and len(content) <= _LARGEST and len(kept) <= _MOST_FINDINGS
    if not kept and is_whole:
        return NOTHING
    return Capabilities(tuple(kept[:_MOST_FINDINGS]), () if is_whole else (MSG_UNREAD.format(file=file),))


def _objects(text: str) -> tuple[list[Any], bool]:
    """Returns the JSON objects in a text that need not be JSON, and whether all of it was looked at."""
    objects: list[Any] = []
    decoder, position, wasted = json.JSONDecoder(), 0, 0
    while (position := text.find('{"', position)) >= 0:
        try:
            value, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            wasted += max(error.pos - position, 0)
            # Objects in each other that never end would take the square of their length.
            if wasted > 4 * len(text) + 1_000_000:
                return objects, False
            position += 1
        except (RecursionError, ValueError):  # too deep, or a number of too many digits
            return objects, False
        else:
            objects.append(value)
    return objects, True


def _found(value: Any, file: str) -> Iterator[Finding]:
    """Yields what an object of JSON and those in it say of Python code."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            yield from _of_object(item, file)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def _of_object(item: dict[str, Any], file: str) -> Iterator[Finding]:
    name, module = item.get("class_name"), item.get("module")
    if not isinstance(name, str):
        return
    if name == "Lambda":
        config = item.get("config")
        layer = config.get("name") if isinstance(config, dict) else None
        yield _finding(Severity.DANGER, file, str(layer or name), name, MSG_LAMBDA, what="the layer")
    elif name == "__lambda__":
        yield _finding(Severity.DANGER, file, name, name, MSG_LAMBDA, what="the function")
    root = module.partition(".")[0] if isinstance(module, str) else ""
    # Those of Python can do anything; others are libraries of the author, which the user has to have.
    if root in sys.stdlib_module_names and root != "builtins":
        yield _finding(Severity.DANGER, file, name, "module", MSG_MODULE, module=str(module))


def _finding(
    severity: Severity, file: str, name: str, op: str, message: str, *, module: str = "", what: str = ""
) -> Finding:
    return Finding(
        Capability.CODE,
        severity,
        Trigger(When.LOADED if severity is Severity.DANGER else When.ASKED),
        (file, name),
        op,
        name,
        message.format(name=name, module=module, what=what),
        argument=module,
        origin=Origin.CONSTANT if module else None,
    )
