"""Names of the classes of an output, from a label file among the assets of a module."""

from __future__ import annotations

import codecs
import contextlib
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hubexplore.summary.dtypes import FLOATS
from hubexplore.summary.files.filesystem import join
from hubexplore.summary.lookup import find_signature, find_variant
from hubexplore.summary.model import AssetSummary, ModuleSummary, TensorSummary, VariantSummary
from hubexplore.summary.reading.resources import AssetFolder

MAX_LINES: Final = 100_000
MAX_BYTES: Final = 5_000_000
IMAGENET: Final = 1000
BACKGROUND: Final = "background"
"""What the class 0 is called where a file has the names of the 1,000 others of ImageNet only."""

_BACKGROUNDS: Final = frozenset({"background", "__background__", "_background_", "dummy", "unused", "???"})
_MAX_RANK: Final = 3  # the last dimension of a picture is its channels


@dataclass(frozen=True)
class _File:
    """The lines of an asset, and how much speaks for their being names of classes (0: it is a vocabulary)."""

    lines: tuple[str, ...]
    rank: int

    def names(self, classes: int) -> tuple[tuple[str, ...], int]:
        """Names of so many classes, and how well they fit; 0 if they do not."""
        if len(self.lines) == classes:
            return self.lines, 2 * self.rank + 1
        # A file that nearly fits may lack any of its lines, but for what is common for ImageNet.
        if self.rank and len(self.lines) == classes - 1 == IMAGENET:
            return (BACKGROUND, *self.lines), 2 * self.rank
        if self.rank and len(self.lines) == classes + 1 and self.lines[0].strip().lower() in _BACKGROUNDS:
            return self.lines[1:], 2 * self.rank
        return (), 0


def labels(summary: ModuleSummary, tags: tuple[str, ...], signature: str) -> Mapping[str, tuple[str, ...]]:
    """Names of the classes, by name of the output, for those outputs that a label file fits.

    A file fits if it has a line for each place of the last dimension, where a first line for the
    background may be left out or, of the 1,000 classes of ImageNet, be lacking.
    A file that turns numbers into texts, or whose name says "label" or "class", goes first; one that a table
    turns texts into numbers by is the vocabulary of an input, and counts only if nothing else fits and the
    sizes are equal. Where two files fit equally well there are no names rather than wrong ones.

    Never raises: what cannot be read names nothing.

    Args:
      summary: of the module.
      tags: sorted, of the graph variant.
      signature: its name.

    Returns:
      As many names as the output has classes; texts as strangers wrote them. Outputs without are left out.
    """
    variant = find_variant(summary, tags)
    called = find_signature(variant, signature) if variant else None
    outputs = called.outputs if called else ()
    sizes = {each.name: size for each in outputs if (size := _classes(each))}
    if variant is None or not sizes or summary.source is None or summary.source.assets is None:
        return {}
    files = list(_files(variant, summary.source.assets, max(sizes.values())))
    found = {name: _best(files, size) for name, size in sizes.items()}
    return {name: names for name, names in found.items() if names}


def _classes(output: TensorSummary) -> int:
    """How many classes an output may tell scores of; 0 if it does not look like that."""
    shape = output.shape
    if output.kind != "dense" or output.dtype not in FLOATS or not shape or len(shape) > _MAX_RANK:
        return 0
    return shape[-1] if shape[-1] is not None and 1 < shape[-1] <= MAX_LINES else 0


def _files(variant: VariantSummary, folder: AssetFolder, most: int) -> Iterator[_File]:
    for asset in variant.assets:
        # The summary has first lines of what is text, and no link to somewhere else.
        if asset.first_lines and asset.size is not None and asset.size <= MAX_BYTES:
            lines = _lines(folder, asset.name, asset.size)
            if 0 < len(lines) <= most + 1:
                yield _File(lines, _rank(asset, variant))


def _rank(asset: AssetSummary, variant: VariantSummary) -> int:
    tables = [table for table in variant.tables if table.node in asset.tables or asset.name in table.assets]
    named = any(word in asset.name.lower() for word in ("label", "class"))
    if any(table.value_dtype == "string" for table in tables):
        return 3
    if tables and not named:
        return 0
    return 2 if named else 1


def _best(files: list[_File], classes: int) -> tuple[str, ...]:
    """The names that fit best; none where two fit equally well and differ."""
    fits = [fit for fit in (file.names(classes) for file in files) if fit[1]]
    highest = max((how for _, how in fits), default=0)
    best = {names for names, how in fits if how == highest}
    return best.pop() if len(best) == 1 else ()


@functools.lru_cache(maxsize=4)
def _lines(folder: AssetFolder, name: str, size: int) -> tuple[str, ...]:
    """The lines of a text file without empty ones at its end; none if it is no text or not readable."""
    with contextlib.suppress(OSError, ValueError):
        content = folder.filesystem.read(join(folder.directory, name), min(size, MAX_BYTES))
        is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = content.decode("utf-16" if is_utf16 else "utf-8-sig")
        if "\0" not in text and text.count("\n") <= MAX_LINES:
            # As TensorFlow counts lines: other characters that Python breaks lines at are part of the text.
            lines = text.rstrip("\r\n").split("\n")
            return tuple(line.rstrip("\r") for line in lines)
    return ()
