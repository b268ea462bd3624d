"""Which files of a model without a `saved_model.pb` a path stands for, and what their messages are.

* A GraphDef, binary or text, whatever the file is called; or the only one in a folder.
* `PREFIX.meta` with the checkpoint PREFIX: given by its prefix, by one of its files, or as a folder, whose
  file `checkpoint` names the latest one.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import DecodeError

from hubexplore.errors import MSG_AGAIN, DamagedModuleError, NotAModuleError, UnsupportedFormatError
from hubexplore.summary.diagnosis import file_types
from hubexplore.summary.diagnosis.saved_model_scan import LARGEST_TEXT
from hubexplore.summary.files import wire
from hubexplore.summary.files.filesystem import Filesystem, join, read_message
from hubexplore.summary.files.paths import is_url
from hubexplore.summary.model import FROZEN_GRAPH, TRAINING_CHECKPOINT
from hubexplore.summary.module_format import FINGERPRINT_FILE, GRAPH_FILES, MODULE_FILE

_STATE_FILE: Final = "checkpoint"
_LARGEST_STATE: Final = 1 << 20
_LATEST: Final = re.compile(r'^\s*model_checkpoint_path\s*:\s*"((?:[^"\\]|\\.)*)"', re.MULTILINE)
_DATA: Final = re.compile(r"(?P<prefix>.*)\.data-\d{5}-of-\d{5}", re.DOTALL)
_META_TEXT: Final = re.compile(rb"\s*(#[^\n]*\n\s*)*meta_info_def\s*[:{<]")
_GRAPH_ENDINGS: Final = (".pb", ".pbtxt", ".graphdef")
_OF_MODULES: Final = frozenset({*GRAPH_FILES, MODULE_FILE})
_MOST_FILES: Final = 200
_DEEPEST: Final = 3
_STEP: Final = re.compile(r"(\d+)\D*$")

MSG_NO_VALUES: Final = (
    "{meta!r} holds the graph of a checkpoint, but its values are missing: there is no {index!r} beside "
    "it.{others} Copy '{name}.index' and its '.data-' files into the same folder."
)

MSG_DECLARED: Final = (
    "{title!r} declares its own signatures. signatures= and lift_constants= are for frozen graphs "
    "and training "
    "checkpoints; leave them out."
)


@dataclass(frozen=True)
class ModelFiles:
    """A model in one graph file, and the checkpoint with its values.

    Attributes:
      format: FROZEN_GRAPH or TRAINING_CHECKPOINT.
      graph: path of the file with the graph.
      is_text: whether that is in protobuf's text form.
      prefix: what the paths of the checkpoint's files begin with; empty without one.
    """

    format: str
    graph: str
    is_text: bool = False
    prefix: str = ""

    @property
    def folder(self) -> str:
        """The folder that the files are in."""
        return _split(self.graph)[0]

    def names(self, filesystem: Filesystem) -> tuple[str, ...]:
        """The names of the files in their folder."""
        folder, name = _split(self.graph)
        if not self.prefix:
            return (name,)
        base = _split(self.prefix)[1]
        ends = re.compile(rf"{re.escape(base)}(\.meta|\.index|\.data-\d{{5}}-of-\d{{5}})?", re.DOTALL)
        return tuple(sorted({name, *filter(ends.fullmatch, filesystem.listdir(folder))}))


def find(path: str, filesystem: Filesystem) -> ModelFiles | None:
    """The files of a frozen graph or a checkpoint with `.meta` that a path stands for; None for other paths.

    Nothing is read but the beginnings of files.

    Raises:
      OSError: something there cannot be read.
    """
    if not filesystem.exists(path):
        return _checkpoint(path, filesystem)
    if not filesystem.isdir(path):
        return _of_file(path, filesystem)
    return _in_folder(path, filesystem)


def _checkpoint(prefix: str, filesystem: Filesystem) -> ModelFiles | None:
    meta = f"{prefix}.meta"
    if prefix and filesystem.exists(meta) and not filesystem.isdir(meta):
        is_text = _META_TEXT.match(filesystem.read(meta, file_types.HEAD)) is not None
        return ModelFiles(TRAINING_CHECKPOINT, meta, is_text, prefix)
    return None


def _of_file(path: str, filesystem: Filesystem) -> ModelFiles | None:
    folder, name = _split(path)
    if name == _STATE_FILE and filesystem.exists(folder):
        found = _latest(folder, filesystem)
        if found:
            return found
    data = _DATA.fullmatch(path)
    stems = [path.removesuffix(end) for end in (".meta", ".index") if name.endswith(end)]
    stems += [data["prefix"]] if data else []
    for prefix in (*stems, path):
        found = _checkpoint(prefix, filesystem)
        if found:
            return found
    return _graph(path, filesystem)


def _graph(path: str, filesystem: Filesystem) -> ModelFiles | None:
    """A frozen graph, if the beginning of a file says so, or else its name."""
    head = filesystem.read(path, file_types.HEAD)
    found = _begins_graph(path, head)
    if found:
        return found
    name = _split(path)[1]
    # What is damaged or another message is found out when it is read.
    may_be = name.lower().endswith(_GRAPH_ENDINGS) and name not in (*_OF_MODULES, FINGERPRINT_FILE)
    if not may_be or head[:1] in (b"", b"\x08") or file_types.file_kind(name, head).is_other:
        return None
    return ModelFiles(FROZEN_GRAPH, path, is_text=_META_TEXT.match(head) is not None)


def _begins_graph(path: str, head: bytes) -> ModelFiles | None:
    if file_types.TEXT_GRAPH.match(head):
        return ModelFiles(FROZEN_GRAPH, path, is_text=True)
    return ModelFiles(FROZEN_GRAPH, path) if file_types.starts_graph(head) else None


def _in_folder(path: str, filesystem: Filesystem, depth: int = 0) -> ModelFiles | None:
    names = sorted(filesystem.listdir(path))
    # Keras writes a `keras_metadata.pb` beside it, which is no graph.
    if any(name in _OF_MODULES for name in names):
        return None
    if _STATE_FILE in names:
        found = _latest(path, filesystem)
        if found:
            return found
    metas = [name for name in names if name.endswith(".meta")][:_MOST_FILES]
    whole = [name for name in metas if f"{name[: -len('.meta')]}.index" in names] or metas
    if whole:
        return _checkpoint(join(path, max(whole, key=_step)[: -len(".meta")]), filesystem)
    endings = [join(path, name) for name in names if name.lower().endswith(_GRAPH_ENDINGS)]
    graphs = _graphs([file for file in endings[:_MOST_FILES] if not filesystem.isdir(file)], filesystem)
    if graphs or len(names) != 1 or depth == _DEEPEST or not filesystem.isdir(join(path, names[0])):
        return graphs[0] if len(graphs) == 1 else None
    # Archives often hold a folder with the files rather than the files.
    return _in_folder(join(path, names[0]), filesystem, depth + 1)


def _graphs(files: list[str], filesystem: Filesystem) -> list[ModelFiles]:
    """Those of some files that are graphs; only if none begins as one, those that are called as graphs are.

    Messages of other kinds have the same endings: labels, metadata and settings often lie beside a graph.
    """
    begun = [_begins_graph(file, filesystem.read(file, file_types.HEAD)) for file in files]
    graphs = [found for found in begun if found is not None]
    return graphs or [found for file in files if (found := _graph(file, filesystem)) is not None]


def _step(name: str) -> tuple[int, str]:
    match = _STEP.search(name)
    return (int(match[1][:18]) if match else -1, name)


def _latest(folder: str, filesystem: Filesystem) -> ModelFiles | None:
    """The checkpoint that a folder's state file names as the latest, if its graph is there."""
    with contextlib.suppress(UnicodeDecodeError, IsADirectoryError):
        content = filesystem.read(join(folder, _STATE_FILE), _LARGEST_STATE).decode()
        match = _LATEST.search(content)
        if match:
            text = match[1].replace('\\"', '"').replace("\\\\", "\\")
            # The folder may have been moved since: the file of this name in it comes first.
            name = text.replace("\\", "/").rpartition("/")[2]
            for prefix in (join(folder, name), text):
                found = _checkpoint(prefix, filesystem)
                if found:
                    return found
    return None


def _split(path: str) -> tuple[str, str]:
    if is_url(path):
        folder, _, name = path.rpartition("/")
        return folder, name
    folder, slash, name = path.rpartition("/")
    return (folder or slash) or ".", name


def missing_values(files: ModelFiles, filesystem: Filesystem) -> str | None:
    """The sentence that says that a checkpoint has a graph but no values; None if it has."""
    if filesystem.exists(f"{files.prefix}.index") or filesystem.exists(files.prefix):
        return None
    folder, name = _split(files.prefix)
    others = sorted(
        entry.removesuffix(".index") for entry in filesystem.listdir(folder) if entry.endswith(".index")
    )
    text = f" Other checkpoints there: {', '.join(map(repr, others[:5]))}." if others else ""
    return MSG_NO_VALUES.format(meta=files.graph, index=f"{files.prefix}.index", name=name, others=text)


def read_graph(
    files: ModelFiles, filesystem: Filesystem, meta_graph: Any, *, is_strict: bool = False
) -> None:
    """Fills a MetaGraphDef-shaped message with the graph of a model.

    Args:
      files: of the model.
      filesystem: what reads them.
      meta_graph: an empty message.
      is_strict: whether text may only name fields that the message has.

    Raises:
      DamagedModuleError: the file is truncated or altered, or larger than a message can be.
      NotAModuleError: it holds another message.
      UnsupportedFormatError: it is long text, which would take long to parse.
    """
    if files.is_text and filesystem.size(files.graph) > LARGEST_TEXT and not is_strict:
        raise UnsupportedFormatError(
            f"{files.graph!r} is a graph in text form of {filesystem.size(files.graph):,} bytes. To "
            f"read text "
            f"takes long, so at most {LARGEST_TEXT:,} bytes of it are shown. "
            f"load_module_spec({files.graph!r}) "
            f"opens it."
        )
    content = read_message(filesystem, files.graph)
    message = meta_graph.graph_def if files.format == FROZEN_GRAPH else meta_graph
    try:
        if files.is_text:
            _parse_text(content, message, is_strict)
        else:
            message.ParseFromString(content)
    except (DecodeError, ValueError, RecursionError) as error:
        what = _other_message(content)
        if what and files.format == FROZEN_GRAPH:
            raise NotAModuleError(f"{files.graph!r} is not a graph but {what}.") from error
        raise DamagedModuleError(
            f"{files.graph!r} ({len(content):,} bytes) is truncated or altered: {error}. {MSG_AGAIN}"
        ) from error
    nodes = meta_graph.graph_def.node
    if not nodes or any(not node.op for node in nodes):
        what = _other_message(content)
        if what:
            raise NotAModuleError(f"{files.graph!r} is not a graph but {what}.")
        raise DamagedModuleError(
            f"{files.graph!r} ({len(content):,} bytes) holds no graph: it has "
            f"{'a node without an op' if nodes else 'no nodes'}. {MSG_AGAIN}"
        )


def _parse_text(content: bytes, message: Any, is_strict: bool) -> None:
    # Few graphs are text, and the import takes longer than all else that is needed to open one.
    from google.protobuf import text_format

    try:
        pool = message.DESCRIPTOR.file.pool
        text_format.Parse(content, message, allow_unknown_field=not is_strict, descriptor_pool=pool)
    except text_format.ParseError as error:
        raise ValueError(str(error)) from error


def _other_message(content: bytes) -> str:
    """What serialized content is that is not the expected message; empty if it is not known."""
    try:
        fields = list(wire.fields(content))
    except ValueError:
        return ""
    graphs = [value for number, value in fields if number == 2 and isinstance(value, bytes)]
    if content.startswith(b"\x08") and graphs:
        return "a SavedModel; it belongs into a directory, under the name 'saved_model.pb'"
    if sum(number == 1 for number, _ in fields) == 1 and any(map(file_types.starts_graph, graphs)):
        return "a MetaGraphDef; it belongs beside its checkpoint PREFIX, under the name 'PREFIX.meta'"
    return ""
