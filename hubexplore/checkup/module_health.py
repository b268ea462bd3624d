"""Checks of one module: whether it can be read, what is missing, and what to know before it is used."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from typing import Any, Final

from hubexplore.checkup import cache_health, installed, module_ops
from hubexplore.checkup.findings import OK, PROBLEM, WARNING, Finding, of_error
from hubexplore.display.wording import counted, tags_list
from hubexplore.errors import DownloadError, HandleError, HubError, UnreadableModuleError
from hubexplore.hub.resolve import cached_copy
from hubexplore.hub.summarize import summarize, summarize_nearest
from hubexplore.summary.diagnosis.diagnoses import Incomplete
from hubexplore.summary.diagnosis.saved_model_remedy import module_code, unsupported
from hubexplore.summary.files.filesystem import join
from hubexplore.summary.files.paths import text_of
from hubexplore.summary.files.redaction import redacted
from hubexplore.summary.lookup import first_names
from hubexplore.summary.model import HUB_MODULE, TF2_SAVED_MODEL, ModuleSummary
from hubexplore.summary.weights import checkpoint_index

Handle = str | bytes | os.PathLike[str]

_SHOWN: Final = 8
"""Maximum number of names that a sentence lists."""
MOST_SENTENCES: Final = 20
"""Maximum number of warnings of a summary that are findings."""
# How a warning ends that says which of two contradicting parts counts: the module can be used.
_HARMLESS: Final = ("is used.", "can be used.")


def examine(module: Any) -> tuple[list[Finding], bool]:
    """Checks a module; nothing is downloaded, no part of the module runs.

    Args:
      module: a path or handle; or a spec, module or summary.

    Returns:
      What was found, and whether the module could be looked at.
    """
    if isinstance(module, (str, bytes, os.PathLike)):
        return _of_handle(module)
    try:
        summary = summarize(module)
    except HandleError as error:
        return [of_error(type(module).__name__, error)], False
    return list(of_summary(summary, summary.title, summary.title)), True


def _of_handle(handle: Handle) -> tuple[list[Finding], bool]:
    found: list[Finding] = []
    title = ""
    try:
        title = redacted(text_of(handle))
        copy = cached_copy(handle)
        if copy is not None:
            found.append(cache_health.of_entry(copy, title))
            if not cache_health.is_stored(copy):
                return found, False
        opened = summarize_nearest(handle if copy is None else copy)
        path = text_of(opened.handle)
        found += of_summary(opened.value, title if copy is None else copy, path)
    except (DownloadError, HandleError, UnreadableModuleError) as error:
        return [*found, of_error(title or repr(handle), error, title)], False
    except HubError as error:
        found.append(of_error(title, error, title))
    except OSError as error:
        return [*found, Finding(title, PROBLEM, f"It cannot be read: {error.strerror or error}.")], False
    return found, True


def of_summary(summary: ModuleSummary, title: str, path: str) -> Iterator[Finding]:
    """Checks a module that could be read.

    Args:
      summary: of the module.
      title: how findings name it.
      path: or handle, for code that uses it.
    """
    yield _kind(summary, title)
    yield from _damage(summary, path)
    yield from _signatures(summary, path)
    yield from module_ops.findings(summary, installed.tensorflow_minor())
    yield from _collections(summary)
    yield from _use(summary, path)
    yield from _training(summary)
    for sentence in summary.notes[:MOST_SENTENCES]:
        yield Finding("reading", OK, sentence)


def _kind(summary: ModuleSummary, title: str) -> Finding:
    writer = f", written by TensorFlow {summary.tensorflow_version}" if summary.tensorflow_version else ""
    variables = {variable.name for variant in summary.variants for variable in variant.variables}
    counts = f"{counted(len(summary.variants), 'graph variant')}, {counted(len(variables), 'variable')}"
    return Finding(title, OK, f"It is a {summary.format}{writer}: {counts}.")


def _damage(summary: ModuleSummary, path: str) -> Iterator[Finding]:
    """Yields each file that is missing or cut, then what else the summary warns of."""
    remedy = Incomplete("module", ()).remedy(path)
    lost = list(_lost_files(summary))
    for sentence in lost[:MOST_SENTENCES]:
        yield Finding("files", PROBLEM, sentence, remedy)
    if len(lost) > MOST_SENTENCES:
        yield Finding("files", PROBLEM, f"{len(lost) - MOST_SENTENCES:,} more files are missing.", remedy)
    for sentence in summary.warnings[:MOST_SENTENCES]:
        if any(sentence == known for known in lost):
            continue
        if sentence.endswith(_HARMLESS):
            yield Finding("reading", WARNING, sentence)
        else:
            yield Finding("files", PROBLEM, sentence, remedy)


def _lost_files(summary: ModuleSummary) -> Iterator[str]:
    """Yields a sentence for each data file and asset that is missing or shorter than it has to be."""
    weights = summary.source.weights if summary.source else None
    if weights is not None:
        yield from checkpoint_index.lost_shards(weights.index, weights.prefix, weights.filesystem)
    lost = {asset.name for variant in summary.variants for asset in variant.assets if asset.size is None}
    for name in sorted(lost):
        yield f"The asset {join('assets', name)!r} is missing."


def _signatures(summary: ModuleSummary, path: str) -> Iterator[Finding]:
    names = sorted({signature.name for variant in summary.variants for signature in variant.signatures})
    if names:
        count = counted(len(names), "signature")
        remedy = f"hubexplore show {shlex.quote(path)} lists inputs and outputs."
        yield Finding("signatures", OK, f"It has {count}: {first_names(names, _SHOWN)}.", remedy)
        return
    remedy = (
        "Its weights can be read with hub.summarize. To call it, write it again with signatures: "
        "hub.add_signature(...), or tf.saved_model.save(model, path, signatures={'serving_default': call})."
    )
    yield Finding("signatures", PROBLEM, "It has no signatures, so there is nothing to call.", remedy)


def _collections(summary: ModuleSummary) -> Iterator[Finding]:
    """Yields the collections that modules cannot carry, of a module that has some all the same."""
    if summary.format != HUB_MODULE:
        return  # of other formats they are left out, and the notes say so
    names = unsupported(entry.name for variant in summary.variants for entry in variant.collections)
    if names:
        sentence = f"It has collections that modules cannot carry: {first_names(names, _SHOWN)}."
        remedy = (
            "They are ignored. An export leaves them out if they are named: "
            f"hub.create_module_spec(module_fn, drop_collections={names[:_SHOWN]!r})."
        )
        yield Finding("collections", WARNING, sentence, remedy)


def _use(summary: ModuleSummary, path: str) -> Iterator[Finding]:
    """Yields how to use it, with the tags that it has."""
    tag_sets = [variant.tags for variant in summary.variants]
    in_graph = module_code(repr(path), tag_sets)
    remedy = f"In eager code: hub.load({path!r}). In a graph, or with TensorFlow 1 code: {in_graph}."
    trained = next((list(tags) for tags in tag_sets if "train" in tags), None)
    if trained:
        remedy += f" To train it: hub.Module({path!r}, tags={trained!r}, trainable=True)."
    elif summary.format != TF2_SAVED_MODEL:
        remedy += f" To train it: hub.Module({path!r}, trainable=True)."
    yield Finding("graph variants", OK, f"Tags of its graph variants: {tags_list(tag_sets)}.", remedy)


def _training(summary: ModuleSummary) -> Iterator[Finding]:
    updates = max((len(variant.update_ops) for variant in summary.variants), default=0)
    losses = max((len(variant.losses) for variant in summary.variants), default=0)
    if updates or losses:
        parts = [counted(updates, "update op")] if updates else []
        parts += [counted(losses, "regularization loss").replace("losss", "losses")] if losses else []
        sentence = f"Training has to run {' and '.join(parts)} as well."
        remedy = (
            "Graph code: the collections UPDATE_OPS and REGULARIZATION_LOSSES of tf.compat.v1.GraphKeys. "
            "hub.KerasLayer does both."
        )
        yield Finding("training", OK, sentence, remedy)
