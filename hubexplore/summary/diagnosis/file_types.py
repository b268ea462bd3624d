"""What a single file is, told from its name and first bytes, and what to do with it."""

from __future__ import annotations

import re
from typing import Final

from hubexplore.summary.diagnosis.file_kind import FileKind
from hubexplore.summary.diagnosis.other_models import model_kind
from hubexplore.summary.files import magic, wire

# Far more than magic numbers take (that of tar ends at byte 262): the names of the first entries of a zip
# file and the first node of a graph are looked for as well.
HEAD: Final = 4096
"""Bytes at the start of a file that `file_kind` looks at."""

# An op type, which packages may begin with a scope of their own.
_OP: Final = re.compile(rb"[A-Za-z0-9_.>/\-]+")

TEXT_GRAPH: Final = re.compile(rb"\s*(#[^\n]*\n\s*)*(node|library|versions?|version)\s*[:{<]")
"""What the first bytes of a GraphDef as text match."""
_UNREAD: Final = FileKind(
    "an archive in a format that is not read here", "Extract it and give the directory."
)
_KINDS: Final = {
    magic.GZIP: FileKind(
        "a file compressed by gzip", "If a module is in it, give it a name that ends with '.tar.gz'."
    ),
    magic.TAR: FileKind("a tar archive", "If a module is in it, give it a name that ends with '.tar'."),
    magic.GIT_LFS: FileKind("a Git LFS pointer, not the file itself", "Run `git lfs pull` there."),
    magic.ZIP_ENTRY: FileKind("a zip archive", "If a module is in it, give it a name that ends with '.zip'."),
    magic.BZIP2: FileKind(
        "a file compressed by bzip2", "If a module is in it, give it a name that ends with '.tar.bz2'."
    ),
    magic.XZ: FileKind(
        "a file compressed by xz", "If a module is in it, give it a name that ends with '.tar.xz'."
    ),
} | dict.fromkeys(magic.UNREAD_ARCHIVES, _UNREAD)


def file_kind(name: str, head: bytes) -> FileKind:  # noqa: PLR0911  # one return per answer
    """Returns what a single file is; never a module, which is a directory.

    Args:
      name: The file's name. The content goes before it.
      head: Its first `HEAD` bytes, or all if it is shorter.
    """
    if not head:
        return FileKind("an empty file", "Copy or download it again.")
    model = model_kind(name, head)
    if model is not None:
        return model
    file_format = magic.format_of(head)
    if file_format in _KINDS:
        return _KINDS[file_format]
    if magic.is_web_page(head):
        return FileKind(
            "a web page",
            "Download the archive that the page offers, or give the page's address as the handle.",
        )
    if starts_graph(head):
        return FileKind(
            "a frozen graph (GraphDef)",
            "Open it with hub.load_module_spec({path!r}).",
        )
    # Field 1 of a SavedModel is its schema version, which has always been 1; field 2, with a length, begins
    # the first graph. Writers put fields in the order of their numbers.
    if head.startswith(b"\x08\x01\x12"):
        return FileKind(
            "a SavedModel without its directory",
            "Name it 'saved_model.pb', in a directory with the 'variables' and 'assets' that belong to it.",
            is_other=False,
        )
    return FileKind(
        "a single file",
        "Pass the directory that holds 'tfhub_module.pb' and 'saved_model.pb'.",
        is_other=False,
    )


def is_graph(head: bytes) -> bool:
    """Says whether this may begin a GraphDef, binary or text."""
    return TEXT_GRAPH.match(head) is not None or starts_graph(head)


def starts_graph(head: bytes) -> bool:
    """Says whether this may be a GraphDef: its field 1 is a node, which begins with its name and op type."""
    try:
        # b"\n" is the key of field 1 with a length. There is no magic number to check, so two fields in
        # order, with content that names and op types can have, must do.
        key_size = 1 if head[:1] == b"\x0a" else 0
        length, start = wire.varint(head, key_size)
        node = head[start : start + length]
        fields = wire.fields(node)
        (first, name), (second, operation) = next(fields), next(fields)
    except (ValueError, StopIteration):
        return False
    if key_size == 0 or not isinstance(name, bytes) or not isinstance(operation, bytes):
        return False
    return (first, second) == (1, 2) and name.isascii() and _OP.fullmatch(operation) is not None
