"""SignatureDef-shaped messages as summaries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hubexplore.summary.graph.declared_tensors import Declared, shape_of, sparse_shape
from hubexplore.summary.graph.messages import TYPE_SPECS, dtype_name
from hubexplore.summary.model import ComponentSummary, Shape, SignatureSummary, TensorSummary
from hubexplore.summary.module_format import INTERNAL_SIGNATURES

# Name and serialized TensorInfo -> summary.
_Known = dict[tuple[str, bytes], TensorSummary]


def read_signatures(meta_graph: Any, declared: Declared) -> tuple[SignatureSummary, ...]:
    """The signatures of a meta graph, sorted by name; inputs and outputs too.

    Args:
      meta_graph: MetaGraphDef-shaped message.
      declared: what its graph says of tensors.
    """
    # Sorted throughout: maps of protobuf have no order, so two reads of one file may differ.
    definitions = meta_graph.signature_def
    known: _Known = {}
    summaries = []
    for name in sorted(definitions):
        if name not in INTERNAL_SIGNATURES:
            signature = definitions[name]
            inputs, outputs = (
                _tensors(infos, declared, known) for infos in (signature.inputs, signature.outputs)
            )
            summaries.append(SignatureSummary(name, inputs, outputs, signature.method_name))
    return tuple(summaries)


def contradictions(meta_graph: Any, signatures: Iterable[SignatureSummary]) -> Iterator[str]:
    """What signatures say of dense tensors that the graph contradicts, as sentences.

    Args:
      meta_graph: MetaGraphDef-shaped message.
      signatures: what was read of it, in which the graph counts.
    """
    agreeing: set[int] = set()  # several signatures share a summary, whose sides are then equal
    for summary in signatures:
        signature = meta_graph.signature_def[summary.name]
        for side, infos, tensors in (
            ("input", signature.inputs, summary.inputs),
            ("output", signature.outputs, summary.outputs),
        ):
            for tensor in tensors:
                if tensor.tensor and id(tensor) not in agreeing:
                    sentences = list(_contradiction(infos[tensor.name], tensor))
                    if not sentences:
                        agreeing.add(id(tensor))
                    for sentence in sentences:
                        yield f"Signature {summary.name!r}: {side} {tensor.name!r} is declared {sentence}"


def _contradiction(info: Any, tensor: TensorSummary) -> Iterator[str]:
    shape, declared = tensor.shape, dtype_name(info.dtype)
    if info.dtype and declared != tensor.dtype:
        yield f"as {declared}, but in the graph it is {tensor.dtype}; the latter is used."
    if not info.HasField("tensor_shape"):
        if shape:
            yield f"without a shape; that of the graph is used: {_written(shape)}."
    elif shape != (stated := shape_of(info.tensor_shape)):
        difference = f"with the shape {_written(stated)}, but in the graph it has {_written(shape)}"
        yield f"{difference}; the latter is used."


def _written(shape: Shape) -> str:
    if shape is None:
        return "any"
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def _tensors(infos: Any, declared: Declared, known: _Known) -> tuple[TensorSummary, ...]:
    # Many signatures take the same inputs. To write what is said of one takes a tenth of the time in which
    # it is read.
    tensors = []
    for name in sorted(infos):
        info = infos[name]
        key = name, info.SerializeToString()
        if key not in known:
            known[key] = _tensor(name, info, declared)
        tensors.append(known[key])
    return tuple(tensors)


def _tensor(name: str, info: Any, declared: Declared) -> TensorSummary:
    match info.WhichOneof("encoding"):
        case "coo_sparse":
            coo, shape = info.coo_sparse, sparse_shape(info)
            dtype = dtype_name(declared.dtype(info.dtype, coo.values_tensor_name))
            rank = None if shape is None else len(shape)
            return TensorSummary(
                name,
                dtype,
                shape,
                kind="sparse",
                components=(
                    ComponentSummary("indices", "int64", (None, rank), coo.indices_tensor_name),
                    ComponentSummary("values", dtype, (None,), coo.values_tensor_name),
                    ComponentSummary("dense shape", "int64", (rank,), coo.dense_shape_tensor_name),
                ),
            )
        case "composite_tensor":
            return _composite(name, info.composite_tensor)
        case _:
            dtype = dtype_name(declared.dtype(info.dtype, info.name))
            return TensorSummary(name, dtype, declared.shape(info), tensor=info.name)


def _composite(name: str, composite: Any) -> TensorSummary:
    """A tensor that says of what type it is.

    What its type consists of is written as a tuple: for a ragged tensor (shape, dtype of the values, number
    of ragged dimensions, dtype of the row splits).
    """
    # Newer TensorFlow has classes that the table lacks; they are shown by number rather than refused.
    spec = composite.type_spec
    kind = TYPE_SPECS.get(spec.type_spec_class, f"type {spec.type_spec_class}")
    # By kind rather than by position: the tuples of other composite types have other orders.
    parts = spec.type_state.tuple_value.values
    shapes = [
        shape_of(part.tensor_shape_value) for part in parts if part.WhichOneof("kind") == "tensor_shape_value"
    ]
    dtypes = [
        dtype_name(part.tensor_dtype_value)
        for part in parts
        if part.WhichOneof("kind") == "tensor_dtype_value"
    ]
    components = composite.components
    return TensorSummary(
        name,
        dtypes[0] if dtypes else dtype_name(components[0].dtype) if components else "unknown",
        shapes[0] if shapes else None,
        kind=kind,
        components=tuple(
            ComponentSummary(
                role, dtype_name(component.dtype), shape_of(component.tensor_shape), component.name
            )
            for role, component in zip(_roles(kind, len(components)), components, strict=True)
        ),
    )


def _roles(kind: str, count: int) -> list[str]:
    if kind == "ragged":
        splits = ["row splits"] if count == 2 else [f"row splits {number}" for number in range(1, count)]
        return ["flat values", *splits][:count]
    if kind == "sparse" and count == 3:
        return ["indices", "values", "dense shape"]
    return [f"component {number}" for number in range(1, count + 1)]
