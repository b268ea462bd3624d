"""Reads from the graphs of a SavedModel only what tells of which kind it is, without TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hubexplore.summary.files import wire
from hubexplore.summary.module_format import MOST_VARIANTS, MSG_VARIANTS

LARGEST_TEXT: Final = 1 << 21
"""Bytes of a SavedModel in text form that are read: protobuf takes about a second for each million."""


@dataclass(frozen=True)
class SavedModelScan:
    """What tells one saved model from another.

    Attributes:
      variants: The sorted tags of each meta graph, in the order of the file.
      has_objects: A meta graph describes a tree of objects, which only `tf.saved_model.save` writes (TF2).
      has_variables: A meta graph lists variables, so it needs a checkpoint.
    """

    variants: tuple[tuple[str, ...], ...]
    has_objects: bool
    has_variables: bool


def scan_saved_model(data: bytes) -> SavedModelScan:
    """Reads a serialized SavedModel, only as deep as needed.

    Format: tensorflow/core/protobuf/saved_model.proto and meta_graph.proto.

    Raises:
      ValueError: It is cut, altered, or no SavedModel.
    """
    # The field numbers: 2 meta_graphs in SavedModel; 1 meta_info_def (4 its tags), 4 collection_def and 7
    # object_graph_def in MetaGraphDef. The graph itself, field 2 and nearly all of the bytes, is skipped by
    # its length and never parsed.
    variants: list[tuple[str, ...]] = []
    has_objects = has_variables = False
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
            elif field == 7:
                has_objects = True
        variants.append(tags)
    if not variants:
        raise ValueError("it holds no graph")
    return SavedModelScan(tuple(variants), has_objects, has_variables)


def scan_text(data: bytes) -> SavedModelScan:
    """Reads a SavedModel in protobuf's text form.

    Raises:
      ValueError: It is cut, altered, or no SavedModel.
    """
    # Few SavedModels are text, and to import protobuf takes longer than all else that is needed to open one.
    from hubexplore.summary.graph import messages, saved_model_parser

    saved_model = messages.SavedModel()
    saved_model_parser.parse(content=data, message=saved_model, is_text=True)
    graphs = saved_model.meta_graphs
    return SavedModelScan(
        tuple(tuple(sorted(graph.meta_info_def.tags)) for graph in graphs),
        any(graph.HasField("object_graph_def") for graph in graphs),
        any("variables" in graph.collection_def for graph in graphs),
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
