"""Class names of an output, read from a label file among the assets of a module."""

from __future__ import annotations

import codecs
import contextlib
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hubexplore.display.values.together.scene import BACKGROUNDS
from hubexplore.summary.dtypes import FLOATS
from hubexplore.summary.files.filesystem import join
from hubexplore.summary.lookup import find_signature, find_variant
from hubexplore.summary.model import AssetSummary, ModuleSummary, TensorSummary, VariantSummary
from hubexplore.summary.reading.resources import AssetFolder

MAX_LINES: Final = 100_000
"""Maximum number of lines of a label file, and of classes of an output."""
MAX_BYTES: Final = 5_000_000
"""Maximum size of a label file in bytes."""
IMAGENET: Final = 1000
"""Number of classes of ImageNet, without the background."""
BACKGROUND: Final = "background"
"""Name given to class 0 when a file names only the 1,000 other classes of ImageNet."""

_NAMED: Final = 2
"""Likelihood of a file whose name says that it holds names of classes."""
# From rank 4 on the last dimension is more likely the channels of an image than scores of classes.
_MAX_RANK: Final = 3


@dataclass(frozen=True)
class _LabelFile:
    """The lines of an asset and their likelihood of being class names, from 0 (a vocabulary) to 3."""

    lines: tuple[str, ...]
    likelihood: int

    def names(self, classes: int) -> tuple[tuple[str, ...], int]:
        """Returns names for this number of classes and a score of the fit; 0 means no fit.

        The likelihood counts first; among files of equal likelihood an exact number of lines wins.
        """
        if len(self.lines) == classes:
            return self.lines, 2 * self.likelihood + 1
        # When the number of lines is off by one, any line may be the missing one. Only two cases are certain:
        # the usual omission of the background in ImageNet files, and a first line that names the background.
        if self.likelihood and len(self.lines) == classes - 1 == IMAGENET:
            return (BACKGROUND, *self.lines), 2 * self.likelihood
        has_background = self.lines[0].strip().lower() in BACKGROUNDS
        if self.likelihood and len(self.lines) == classes + 1 and has_background:
            return self.lines[1:], 2 * self.likelihood
        return (), 0


def labels(summary: ModuleSummary, tags: tuple[str, ...], signature: str) -> Mapping[str, tuple[str, ...]]:
    """Returns the class names of each output that a label file fits, by name of the output.

    A file fits if it has one line for each index of the last dimension. A first line for the background may
    be left out, or be missing from the 1,000 classes of ImageNet.
    A file that a table uses to turn numbers into texts, or whose name contains "label" or "class", is
    preferred. A file that a table uses to turn texts into numbers is the vocabulary of an input: it counts
    only if nothing else fits and the sizes are equal. If two files fit equally well, there are no names:
    wrong names would be worse.

    Never raises: a file that cannot be read provides no names.

    Args:
      summary: of the module.
      tags: sorted tags of the graph variant.
      signature: name of the signature.

    Returns:
      As many names as the output has classes, in the module's own spelling (untrusted text). Outputs that no
      file fits are omitted.
    """
    variant = find_variant(summary, tags)
    if variant is None or summary.source is None or summary.source.assets is None:
        return {}
    entry = find_signature(variant, signature)
    outputs = entry.outputs if entry else ()
    sizes = {output.name: size for output in outputs if (size := _classes(output))}
    if not sizes:
        return {}
    files = list(_files(variant, summary.source.assets, max(sizes.values())))
    best = {name: _best(files, size) for name, size in sizes.items()}
    return {name: names for name, names in best.items() if names}


def names_by_id(summary: ModuleSummary, tags: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the names of classes by id, from the one file of class names of a module.

    Only a file that a table turns numbers into texts with, or whose name contains "label" or "class", counts.
    Never raises: without such a file, or with several, there are no names.
    """
    variant = find_variant(summary, tags)
    if variant is None or summary.source is None or summary.source.assets is None:
        return ()
    files = {
        file.lines for file in _files(variant, summary.source.assets, MAX_LINES) if file.likelihood >= _NAMED
    }
    return files.pop() if len(files) == 1 else ()


def vocabularies(summary: ModuleSummary, tags: tuple[str, ...], most: int) -> Iterator[tuple[str, ...]]:
    """Yields the lines of the text files of a graph variant, of each with at most `most` lines.

    Never raises: a file that cannot be read has no lines.
    """
    variant = find_variant(summary, tags)
    if variant is not None and summary.source is not None and summary.source.assets is not None:
        for file in _files(variant, summary.source.assets, most):
            if len(file.lines) <= most:
                yield file.lines


def _classes(output: TensorSummary) -> int:
    """Returns the number of classes that an output may hold scores for; 0 if it does not look like scores."""
    shape = output.shape
    if output.kind != "dense" or output.dtype not in FLOATS or not shape or len(shape) > _MAX_RANK:
        return 0
    return shape[-1] if shape[-1] is not None and 1 < shape[-1] <= MAX_LINES else 0


def _files(variant: VariantSummary, folder: AssetFolder, max_classes: int) -> Iterator[_LabelFile]:
    for asset in variant.assets:
        # Only text files inside of the module have first lines in the summary: links that leave its folder,
        # which a stranger may have planted, are never followed.
        if asset.first_lines and asset.size is not None and asset.size <= MAX_BYTES:
            lines = text_lines(folder, asset.name, asset.size)
            if 0 < len(lines) <= max_classes + 1:  # one more for the background
                yield _LabelFile(lines, _likelihood(asset, variant))


def _likelihood(asset: AssetSummary, variant: VariantSummary) -> int:
    """Returns 3 to 0: values of a table, named like labels, neither, keys of a table."""
    tables = [table for table in variant.tables if table.node in asset.tables or asset.name in table.assets]
    is_named = any(word in asset.name.lower() for word in ("label", "class"))
    if any(table.value_dtype == "string" for table in tables):
        return 3
    if tables and not is_named:
        return 0
    return _NAMED if is_named else 1


def _best(files: list[_LabelFile], classes: int) -> tuple[str, ...]:
    """Returns the names that fit best; an empty tuple if two files fit equally well and differ."""
    fits = [file.names(classes) for file in files]
    highest = max((score for _, score in fits), default=0)
    best = {names for names, score in fits if score and score == highest}
    return best.pop() if len(best) == 1 else ()


@functools.lru_cache(maxsize=4)
def text_lines(folder: AssetFolder, name: str, size: int) -> tuple[str, ...]:
    """Returns the lines of a text file without empty ones at its end; () if it is unreadable or not text."""
    with contextlib.suppress(OSError, ValueError):
        content = folder.filesystem.read(join(folder.directory, name), min(size, MAX_BYTES))
        is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = content.decode("utf-16" if is_utf16 else "utf-8-sig")
        if "\0" not in text and text.count("\n") <= MAX_LINES:
            # TensorFlow breaks lines at "\n" only. str.splitlines would also break at characters such as
            # U+2028, and shift every name after them.
            lines = text.rstrip("\r\n").split("\n")
            return tuple(line.rstrip("\r") for line in lines)
    return ()
