"""What a module is: frozen dataclasses that every rendering shares.

They hold facts, not words: nothing here is shortened, escaped or sorted for display. Names are as strangers
wrote them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hubexplore.summary.capabilities.model import NOTHING, Capabilities
from hubexplore.summary.dtypes import WIDTHS

if TYPE_CHECKING:
    from hubexplore.summary.source import Source

# Plain strings rather than an enum: they are displayed and written to JSON as they are.
HUB_MODULE: Final = "TF1 Hub module"
TF1_SAVED_MODEL: Final = "TF1 SavedModel"
TF2_SAVED_MODEL: Final = "TF2 SavedModel"
FROZEN_GRAPH: Final = "frozen graph"
TRAINING_CHECKPOINT: Final = "training checkpoint"
IN_MEMORY: Final = "module spec"

GLOBAL: Final = "global"
LOCAL: Final = "local"
UNNEEDED: Final = "unneeded"
CONSTANT: Final = "constant"

Shape = tuple[int | None, ...] | None
"""A static shape. None is an unknown rank, None within the tuple an unknown size."""

MOST_ELEMENTS: Final = (1 << 63) - 1
"""Maximum number of elements of a tensor. TensorFlow counts them in 64 bits."""


def elements(shape: Shape) -> int | None:
    """Returns the number of elements of a shape; None if it is unknown, or more than a tensor can have."""
    if shape is None:
        return None
    count: int | None = 1
    for size in shape:
        if size == 0:
            return None if None in shape else 0
        count = None if count is None or size is None else count * size
        # Python's integers do not overflow: without this limit the many large sizes of a made-up shape would
        # become a number that no table, and no Int64 column of a data frame, can hold.
        if count is not None and not 0 <= count <= MOST_ELEMENTS:
            count = None
    return count


# All containers below are tuples: a frozen dataclass with a list could still be changed through it, and would
# have no hash.
@dataclass(frozen=True)
class ComponentSummary:
    """One dense tensor of a sparse, ragged or other composite one; `role` as in "indices"."""

    role: str
    dtype: str
    shape: Shape
    tensor: str


@dataclass(frozen=True)
class TensorSummary:
    """One input or output of a signature.

    Attributes:
      name: in the signature.
      dtype: as TensorFlow names it ("float32"), or "unknown (99)".
      shape: static shape.
      kind: "dense", "sparse", "ragged", or the name of another composite type.
      tensor: name in the graph ("x:0"); empty for a composite.
      components: what a composite consists of; empty for a dense tensor.
    """

    name: str
    dtype: str
    shape: Shape
    kind: str = "dense"
    tensor: str = ""
    components: tuple[ComponentSummary, ...] = ()

    @property
    def tensors(self) -> tuple[str, ...]:
        """Names of all its tensors in the graph."""
        return (self.tensor,) if self.tensor else tuple(part.tensor for part in self.components)


@dataclass(frozen=True)
class SignatureSummary:
    """A named signature: inputs and outputs sorted by name; `method` is the writer's method name."""

    name: str
    inputs: tuple[TensorSummary, ...]
    outputs: tuple[TensorSummary, ...]
    method: str = ""


@dataclass(frozen=True)
class PartitionSummary:
    """One part of a partitioned variable: its node, and where in the whole it lies."""

    node: str
    offset: tuple[int, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True)
class VariableSummary:
    """One variable; a partitioned one counts once.

    Attributes:
      name: in the module (`variable_map`'s key), or of the object in a TF2 SavedModel.
      dtype: as TensorFlow names it.
      shape: of the whole variable; from the checkpoint where the graph does not say.
      trainable: whether the writer marked it trainable.
      kind: "global", or "local" for one that starts from a value of the graph and not from the checkpoint, as
        accumulators of metrics do, or "unneeded" for one that no signature needs, as
        slots of an optimizer, which is not loaded, or "constant" for a weight of a frozen graph.
        `variable_map` leaves these out.
      node: name of the graph node that holds it (the first part's); empty where there is none.
      key: name of its tensor in the checkpoint; empty where the checkpoint has no such tensor.
      stored: bytes of its value in the checkpoint; None without one.
      partitions: its parts in offset order; empty if it is not partitioned.
    """

    name: str
    dtype: str
    shape: Shape
    trainable: bool
    node: str = ""
    key: str = ""
    stored: int | None = None
    partitions: tuple[PartitionSummary, ...] = ()
    kind: str = GLOBAL

    # A frozen dataclass may cache a property, since that writes to `__dict__` and not through `__setattr__`.
    # This is also why the class has no slots.
    @functools.cached_property
    def parameters(self) -> int | None:
        """Number of elements; None if the shape is unknown, or larger than that of any tensor."""
        return elements(self.shape)

    @functools.cached_property
    def bytes(self) -> int | None:
        """Size of its value: what the checkpoint stores, else parameters times the size of a number."""
        # What is stored goes first: the lengths of strings follow from no dtype and shape.
        if self.stored is not None:
            return self.stored
        # A reference variable of TF1 is stored like any other; only the dtype of its node differs.
        width = WIDTHS.get(self.dtype.removesuffix("_ref"))
        return None if self.parameters is None or width is None else self.parameters * width


@dataclass(frozen=True)
class CollectionSummary:
    """A collection of the graph: what it holds ("nodes", "bytes", "ints", "floats", "messages"), how many.

    `entries` are its node names or numbers as text; empty for bytes and messages.
    """

    name: str
    kind: str
    count: int
    entries: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableSummary:
    """A lookup table: the assets it is filled from, its op, dtypes, and the node that makes it.

    The node is of type `op`, or calls a function that holds such a node.
    """

    node: str
    op: str
    key_dtype: str
    value_dtype: str
    assets: tuple[str, ...] = ()


@dataclass(frozen=True)
class AssetSummary:
    """A file that the graph reads.

    Attributes:
      name: file name below `assets/`.
      size: in bytes; None where the file is not there.
      tensors: the graph's tensors that hold its path.
      tables: nodes of the tables that are filled from it.
      first_lines: how it begins, if it is text.
    """

    name: str
    size: int | None
    tensors: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    first_lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class MessageSummary:
    """An attached message.

    Attributes:
      key: it is attached under.
      type: its name if the type is known, else empty.
      fields: (path, value) of its fields: "default_image_size.height" where the type is known, "1.2" (field
        numbers) where it is not. Bytes that are no text and no message are as hex digits.
      size: in bytes.
    """

    key: str
    type: str
    fields: tuple[tuple[str, str], ...]
    size: int


@dataclass(frozen=True)
class FunctionSummary:
    """A function of the library: dtypes of its arguments and results, and how many nodes its body has."""

    name: str
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    nodes: int


@dataclass(frozen=True)
class OpSummary:
    """An op type: how often it occurs in the graph and in function bodies.

    `unknown` says that TensorFlow itself may lack it; `package` is then the pip package that has it, or "".
    """

    op: str
    count: int
    in_functions: int = 0
    unknown: bool = False
    package: str = ""


@dataclass(frozen=True)
class VariantSummary:
    """One graph variant.

    Attributes:
      tags: sorted; empty for the common untagged variant.
      signatures: sorted by name.
      variables: sorted by name.
      collections: sorted by name.
      tables: in the order of the graph.
      assets: sorted by name.
      messages: attached messages, sorted by key.
      losses: tensors of the regularization losses.
      update_ops: nodes of the update ops.
      functions: in the order of the library.
      ops: most frequent first.
      nodes: how many nodes the graph has, function bodies not counted.
      tensorflow_version: of the writer; empty if it does not say.
      initializer: node or tensor that a TF1 SavedModel runs on loading; empty if there is none.
    """

    tags: tuple[str, ...]
    signatures: tuple[SignatureSummary, ...]
    variables: tuple[VariableSummary, ...] = ()
    collections: tuple[CollectionSummary, ...] = ()
    tables: tuple[TableSummary, ...] = ()
    assets: tuple[AssetSummary, ...] = ()
    messages: tuple[MessageSummary, ...] = ()
    losses: tuple[str, ...] = ()
    update_ops: tuple[str, ...] = ()
    functions: tuple[FunctionSummary, ...] = ()
    ops: tuple[OpSummary, ...] = ()
    nodes: int = 0
    tensorflow_version: str = ""
    initializer: str = ""

    @property
    def parameters(self) -> int:
        """Numbers in all variables of known shape that it needs."""
        return sum(variable.parameters or 0 for variable in self.variables if variable.kind != UNNEEDED)


@dataclass(frozen=True)
class FileSummary:
    """A file of the module's directory: its path below it, and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True)
class ApplicationSummary:
    """One call of a live Module: the signature, and (name, dtype, shape) that went in and came out."""

    signature: str
    inputs: tuple[tuple[str, str, Shape], ...]
    outputs: tuple[tuple[str, str, Shape], ...]


@dataclass(frozen=True)
class LiveSummary:
    """What a Module in a graph has besides: its scope, its tags, whether it trains, its calls so far."""

    scope: str
    tags: tuple[str, ...]
    trainable: bool
    applications: tuple[ApplicationSummary, ...] = ()


@dataclass(frozen=True)
class ModuleSummary:
    """What one module holds.

    Attributes:
      title: the path or handle it was opened by.
      format: HUB_MODULE, TF1_SAVED_MODEL, TF2_SAVED_MODEL, or IN_MEMORY for a spec that is not on disk.
      variants: in the order of the file.
      size: bytes of all files; None where it is not on disk.
      files: sorted by name.
      digest: SHA-256 (hex) of graphs, assets and the checksums of the weights; empty where unknown.
      unclaimed: names of tensors in the checkpoint that no variable of any variant uses.
      warnings: what is wrong with it though it can be shown: sentences.
      notes: what was chosen or left out when it was opened, and why: sentences.
      live: of a Module in a graph.
      source: where graphs and weights are read from, for diagrams and statistics.
      scan: finds `capabilities`; None where there are no graphs.
    """

    title: str
    variants: tuple[VariantSummary, ...]
    format: str = IN_MEMORY
    size: int | None = None
    files: tuple[FileSummary, ...] = ()
    digest: str = ""
    unclaimed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    live: LiveSummary | None = None
    # Neither compared nor printed: equal modules are equal wherever their files lie, and the text of a graph
    # would take megabytes.
    source: Source | None = field(default=None, compare=False, repr=False)
    scan: Callable[[], Capabilities] | None = field(default=None, compare=False, repr=False)

    @property
    def capabilities(self) -> Capabilities:
        """What the module can touch outside of itself, and what makes it do so.

        Found when it is first asked for, in the whole module, also where this is only a part of it.
        """
        return self.scan() if self.scan is not None else NOTHING

    @property
    def tensorflow_version(self) -> str:
        """Of the writer; empty if it does not say."""
        return next(
            (variant.tensorflow_version for variant in self.variants if variant.tensorflow_version), ""
        )
