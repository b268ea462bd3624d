"""Tells what a file is from its first bytes, and what a `saved_model.pb` holds, without TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hubexplore.summary.files import wire

HEAD: Final = 4096
"""How many bytes at the start of a file `file_kind` wants to see."""

MOST_VARIANTS: Final = 1_000
"""How many graphs a file may hold; published modules have up to a dozen."""
MSG_VARIANTS: Final = f"it holds more than {MOST_VARIANTS:,} graphs"

LARGEST_TEXT: Final = 1 << 21
"""Bytes of a SavedModel in text form that are read: protobuf takes about a second for each million."""

LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/"

ARCHIVE_SUFFIXES: Final = (
    ".tar.gz",
    ".tgz",
    ".tar",
    ".zip",
    ".tar.bz2",
    ".tbz2",
    ".tbz",
    ".tar.xz",
    ".txz",
)
"""With what the names of archives end that can be opened."""


@dataclass(frozen=True)
class SavedModelScan:
    """What tells one saved model from another.

    Attributes:
      variants: The sorted tags of each meta graph, in the order of the file.
      has_objects: A meta graph describes a tree of objects, which only `tf.saved_model.save` writes (TF2).
      has_variables: A meta graph lists variables, so it needs a checkpoint.
      collections: Names of all collections, sorted.
    """

    variants: tuple[tuple[str, ...], ...]
    has_objects: bool
    has_variables: bool
    collections: tuple[str, ...] = ()


def scan_saved_model(data: bytes) -> SavedModelScan:
    """Reads a serialized SavedModel, only as deep as needed.

    Format: tensorflow/core/protobuf/saved_model.proto and meta_graph.proto.

    Raises:
      ValueError: It is cut, altered, or no SavedModel.
    """
    variants: list[tuple[str, ...]] = []
    has_objects = has_variables = False
    collections: set[str] = set()
    for number, meta_graph in wire.fields(data):
        if number != 2:
            continue
        if len(variants) == MOST_VARIANTS:
            raise ValueError(MSG_VARIANTS)
        tags: tuple[str, ...] = ()
        for field, value in wire.fields(_message(meta_graph)):
            if field == 1:
                tags = tuple(sorted(_message(tag).decode() for tag in _all(_message(value), 4)))
            elif field == 4:
                has_variables |= _lists_variables(_message(value))
                collections.update(_message(name).decode() for name in _all(_message(value), 1))
            elif field == 7:
                has_objects = True
        variants.append(tags)
    if not variants:
        raise ValueError("it holds no graph")
    return SavedModelScan(tuple(variants), has_objects, has_variables, tuple(sorted(collections)))


def scan_text(data: bytes) -> SavedModelScan:
    """Reads a SavedModel in protobuf's text form.

    Raises:
      ValueError: It is cut, altered, or no SavedModel.
    """
    # Few SavedModels are text, and to import protobuf takes longer than all else that is needed to open one.
    from google.protobuf import text_format

    from hubexplore.summary.graph import messages

    saved_model = messages.SavedModel()
    try:
        pool = saved_model.DESCRIPTOR.file.pool
        text_format.Parse(data, saved_model, allow_unknown_field=True, descriptor_pool=pool)
    except (text_format.ParseError, ValueError, RecursionError) as error:
        raise ValueError(str(error)) from error
    graphs = saved_model.meta_graphs
    if not graphs:
        raise ValueError("it holds no graph")
    return SavedModelScan(
        tuple(tuple(sorted(graph.meta_info_def.tags)) for graph in graphs),
        any(graph.HasField("object_graph_def") for graph in graphs),
        any("variables" in graph.collection_def for graph in graphs),
        tuple(sorted({name for graph in graphs for name in graph.collection_def})),
    )


def _message(value: wire.Value) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number in place of a message")
    return value


def _all(message: bytes, number: int) -> list[wire.Value]:
    return [value for field, value in wire.fields(message) if field == number]


def _lists_variables(collection: bytes) -> bool:
    """Says whether an entry of the map `collection_def` is a collection of variables with something in it."""
    if _all(collection, 1) != [b"variables"]:
        return False
    return any(_message(kind) for value in _all(collection, 2) for _, kind in wire.fields(_message(value)))


@dataclass(frozen=True)
class FileKind:
    """What a file is ("a web page"), and what to do; `{path!r}` in `remedy` stands for its path.

    `is_other` says that it is certainly no `saved_model.pb`, not even a damaged one.
    """

    what: str
    remedy: str
    is_other: bool = True


_AS_ARCHIVE: Final = "If a module is in it, give it a name that ends with '.tar.gz'."
_STARTS: Final[tuple[tuple[int, tuple[bytes, ...], FileKind], ...]] = (
    (0, (b"\x1f\x8b",), FileKind("a file compressed by gzip", _AS_ARCHIVE)),
    (
        257,
        (b"ustar",),
        FileKind("a tar archive", "If a module is in it, give it a name that ends with '.tar'."),
    ),
    (0, (LFS_POINTER,), FileKind("a pointer of git-lfs, not the file itself", "Run `git lfs pull` there.")),
    (
        0,
        (b"\x89HDF\r\n\x1a\n",),
        FileKind("an HDF5 file, as Keras writes (.h5)", "Load it with tf.keras.models.load_model({path!r})."),
    ),
    (
        4,
        (b"TFL3",),
        FileKind("a TensorFlow Lite model", "Run it with tf.lite.Interpreter(model_path={path!r})."),
    ),
    (
        0,
        (b"BZh", b"\xfd7zXZ\0"),
        FileKind(
            "a file compressed by bzip2 or xz",
            "If a module is in it, give it a name that ends with '.tar.bz2' or '.tar.xz'.",
        ),
    ),
    (
        0,
        (b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf", b"Rar!"),
        FileKind("an archive in a format that is not read here", "Extract it and give the directory."),
    ),
)


def file_kind(name: str, head: bytes) -> FileKind:  # noqa: PLR0911  # one return per answer
    """Returns what a single file is; never a module, which is a directory.

    Args:
      name: The file's name. The content goes before it.
      head: Its first `HEAD` bytes, or all if it is shorter.
    """
    if not head:
        return FileKind("an empty file", "Get it again.")
    for offset, starts, kind in _STARTS:
        if head[offset:].startswith(starts):
            return kind
    if head.lstrip()[:100].lower().startswith((b"<!doctype html", b"<html")):
        return FileKind(
            "a web page",
            "Download the archive that the page offers, or give the page's address as the handle.",
        )
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(name, head)
    if _starts_graph(head):
        return FileKind(
            "a frozen graph (GraphDef)",
            "Import it with tf.compat.v1.import_graph_def, or make a module: do so in a module_fn.",
        )
    if head.startswith(b"\x08\x01\x12"):
        return FileKind(
            "a SavedModel without its directory",
            "Name it 'saved_model.pb', in a directory with the 'variables' and 'assets' that belong to it.",
            is_other=False,
        )
    return FileKind(
        "a single file",
        "Give the directory that holds 'tfhub_module.pb' and 'saved_model.pb'.",
        is_other=False,
    )


def _zip_kind(name: str, head: bytes) -> FileKind:
    if name.lower().endswith(".keras") or b"config.json" in head or b"metadata.json" in head:
        return FileKind("a Keras model", "Load it with tf.keras.models.load_model({path!r}).")
    return FileKind("a zip archive", "If a module is in it, give it a name that ends with '.zip'.")


def _starts_graph(head: bytes) -> bool:
    """Says whether this could be a GraphDef: field 1 is a node, whose first fields are name and operation."""
    try:
        key_size = 1 if head[:1] == b"\x0a" else 0
        length, start = wire.varint(head, key_size)
        node = head[start : start + length]
        fields = wire.fields(node)
        (first, name), (second, operation) = next(fields), next(fields)
    except (ValueError, StopIteration):
        return False
    if key_size == 0 or not isinstance(name, bytes) or not isinstance(operation, bytes):
        return False
    return (first, second) == (1, 2) and name.isascii() and operation.isalnum()
