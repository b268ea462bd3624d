"""Which inputs and outputs of a signature are sound, and at what rate: from the graph and what stands beside.

A waveform is a long row of numbers, as many other things are. The graph tells: it takes its spectrum, or it
is made from one, or a number beside it is a sample rate. A name alone is a hint, and only where the shape
fits. A wrong guess costs a player that nobody needs; the other ways to enter and see a value stay.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.summary.graph.neutral_values import number_of
from hubexplore.summary.graph.traversal import calls_of_attr, consumers_of, index_nodes, node_of
from hubexplore.summary.model import MessageSummary, Shape, SignatureSummary, TensorSummary
from hubexplore.summary.name_words import snake, words_of

WAVEFORM: Final = "waveform"
SPECTROGRAM: Final = "spectrogram"

USUAL_RATE: Final = 16_000
"""Samples in a second where nothing states a rate: that of most models of speech and sounds."""
RATES: Final = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
"""Rates in use, in samples in a second."""
MIN_SAMPLES: Final = 400
"""Minimum length of an axis of samples whose length is fixed: 25 ms at 16 kHz."""
MAX_CHANNELS: Final = 2
_LONGEST_RATE: Final = 1_000_000
_MOST_NODES: Final = 5_000
"""Maximum number of nodes that one walk looks at; a spectrum is near the waveform."""

_DTYPES: Final = frozenset({"float16", "bfloat16", "float32", "float64", "int16"})
_SPECTRA: Final = frozenset({"AudioSpectrogram", "FFT", "Mfcc", "RFFT"})
_FROM_SPECTRA: Final = frozenset({"IFFT", "IRFFT", "DecodeWav"})
_SINKS: Final = _SPECTRA | {"EncodeWav"}
# Ops through which samples stay samples, and a spectrum a spectrum: element by element, cut, put together.
_KEEPS: Final = frozenset({
    "Abs", "Add", "AddV2", "Angle", "BatchMatMul", "BatchMatMulV2", "Cast", "Complex", "ComplexAbs",
    "ConcatV2", "Conj", "Div", "DivNoNan", "EnsureShape", "Enter", "Exit", "Exp", "ExpandDims", "Gather",
    "GatherV2", "Identity", "IdentityN", "Imag", "Log", "Log1p", "MatMul", "Maximum", "Merge", "Minimum",
    "MirrorPad", "Mul", "Neg", "Pack", "Pad", "PadV2", "PlaceholderWithDefault", "Pow", "Real", "RealDiv",
    "Reshape", "ReverseV2", "Roll", "Rsqrt", "Select", "SelectV2", "Sign", "Slice", "Snapshot", "Split",
    "SplitV", "Sqrt", "Square", "Squeeze", "StopGradient", "StridedSlice", "Sub", "Sum", "Switch", "Tanh",
    "Tile", "Transpose", "Unpack",
})  # fmt: skip
_PRODUCTS: Final = frozenset({"BatchMatMul", "BatchMatMulV2", "MatMul"})
_OF_SOUND: Final = frozenset({"AudioSpectrogram", "DecodeWav", "EncodeWav", "IRFFT", "Mfcc"})
"""Ops that only graphs with sounds have."""
_RATE_NAME: Final = re.compile(r"(?:^|_)sampl(?:e|ing)_?(?:rate|freq|frequency)(?:$|_)")
_SHORT_RATE_NAME: Final = re.compile(r"(?:^|_)(?:rate|sr|fs|hz)(?:$|_)")
"""Names of many other things, too: they count only beside a usual rate."""
_SOUND_WORDS: Final = frozenset({
    "audio", "music", "pcm", "singing", "song", "sound", "sounds", "speech", "utterance", "voice", "wav",
    "wave", "waveform", "waveforms",
})  # fmt: skip
_SPECTROGRAM_WORDS: Final = frozenset(
    {"logmel", "mel", "melspectrogram", "mfcc", "mfccs", "spectrogram", "stft"}
)


@dataclass(frozen=True)
class Sound:
    """An input or output that is sound.

    Attributes:
      kind: WAVEFORM or SPECTROGRAM.
      rate: samples in a second; 0 where nothing states one.
      rate_name: name of an input or output of the signature that holds the rate; empty without one.
      seconds: length of the sound that a spectrogram is of; 0 where nothing tells.
    """

    kind: str = WAVEFORM
    rate: int = 0
    rate_name: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Sounds:
    """The inputs and outputs that are sound, by name; `other` is for what turns out to be one in a run."""

    inputs: Mapping[str, Sound] = field(default_factory=dict)
    outputs: Mapping[str, Sound] = field(default_factory=dict)
    other: Sound = Sound()


def has_samples(dtype: str, shape: Shape) -> bool:
    """Returns whether a tensor may hold waveforms: [samples], [rows, samples] or [rows, samples, channels].

    Args:
      dtype: TensorFlow's name of it.
      shape: static shape; None for an unknown rank.
    """
    if dtype.removesuffix("_ref") not in _DTYPES or not shape or len(shape) > 3:
        return False
    if len(shape) == 3 and (shape[2] is None or not 0 < shape[2] <= MAX_CHANNELS):
        return False
    size = shape[0] if len(shape) == 1 else shape[1]
    return size is None or size >= MIN_SAMPLES


def find_sounds(
    signature: SignatureSummary, messages: Iterable[MessageSummary] = (), meta_graph: Any = None
) -> Sounds:
    """Returns what of a signature is sound.

    Args:
      signature: the signature.
      messages: attached to its variant; one of them may state a rate.
      meta_graph: MetaGraphDef-shaped message of the variant; without it, only what stands beside counts.
    """
    candidates = [tensor for tensor in signature.inputs if has_samples(tensor.dtype, tensor.shape)]
    results = [tensor for tensor in signature.outputs if _may_be_sound(tensor)]
    if not candidates and not results:
        return Sounds()
    graph = None if meta_graph is None else _Graph(meta_graph)
    rates = _Rates(signature, messages, graph)
    inputs = {}
    for tensor in candidates:
        is_analysed = graph is not None and graph.leads(tensor.tensor, _SINKS)
        is_named = bool(words_of(tensor.name) & _SOUND_WORDS)
        if is_analysed or is_named or rates.name or rates.attached:
            inputs[tensor.name] = Sound(WAVEFORM, rates.of(tensor), rates.name)
    ranks = {len(tensor.shape or ()) for tensor in candidates if tensor.name in inputs}
    outputs = {}
    for tensor in results:
        kind = _kind_of_output(tensor, graph, ranks)
        if kind:
            outputs[tensor.name] = Sound(kind, rates.of(tensor), rates.name)
    may_turn_out = any(has_samples(tensor.dtype, tensor.shape) for tensor in results)
    return Sounds(inputs, outputs, Sound(WAVEFORM, rates.beside, rates.name) if may_turn_out else Sound())


def _may_be_sound(tensor: TensorSummary) -> bool:
    if tensor.kind != "dense" or (tensor.shape is not None and not 1 <= len(tensor.shape) <= 4):
        return False
    return tensor.dtype in _DTYPES or tensor.dtype.startswith("complex")


def _kind_of_output(tensor: TensorSummary, graph: _Graph | None, ranks: set[int]) -> str:
    """What an output is: a waveform, a spectrogram, or ""."""
    words, shape = words_of(tensor.name), tensor.shape
    rank = None if shape is None else len(shape)
    is_waveform = has_samples(tensor.dtype, shape)
    source = "" if graph is None else graph.source(tensor.tensor)
    # A spectrogram has an axis more than the waveform; without that, it is what a layer made of one.
    has_frames = rank is not None and rank >= 2 and (rank > 2 or not ranks or 1 in ranks)
    if source and not ranks and graph is not None and not graph.ops & _OF_SOUND:
        return ""  # networks take spectra of other things than sounds, such as words
    if source in _FROM_SPECTRA or not source:
        if is_waveform and (source or (words & _SOUND_WORDS and not words & _SPECTROGRAM_WORDS)):
            return WAVEFORM
        return SPECTROGRAM if has_frames and words & _SPECTROGRAM_WORDS else ""
    return SPECTROGRAM if has_frames else ""


# ---- rates


class _Rates:
    """The sample rate of a signature, from what stands beside its sounds."""

    def __init__(
        self, signature: SignatureSummary, messages: Iterable[MessageSummary], graph: _Graph | None
    ) -> None:
        self.attached = next(iter(_attached(messages)), 0)
        self._graph = graph
        tensors = [*signature.inputs, *signature.outputs]
        self._tensor = next(filter(self._is_rate, tensors), None)
        self.name = self._tensor.name if self._tensor is not None else ""

    @functools.cached_property
    def beside(self) -> int:
        """The rate that stands beside: attached, a number of the signature, or what an op is told; or 0."""
        if self.attached or self._graph is None:
            return self.attached
        stated = self._graph.rate(self._tensor.tensor) if self._tensor is not None else 0
        return stated or self._graph.noted_rate

    def of(self, tensor: TensorSummary) -> int:
        """The rate of a sound; 0 where nothing states one."""
        # One second, as models of short sounds take it. 15,600 samples are 0.975 s at 16 kHz: whole patches.
        size = (tensor.shape or (None,))[min(1, len(tensor.shape or (None,)) - 1)]
        return self.beside or (size if size in RATES else 0) or 0

    def _is_rate(self, tensor: TensorSummary) -> bool:
        """Whether a tensor is a number that is a rate by its name, or by its name and its value."""
        is_number = tensor.dtype in ("int32", "int64", "float32", "float64") and tensor.shape in ((), (1,))
        name = snake(tensor.name)
        if not is_number or _RATE_NAME.search(name):
            return is_number
        is_short = _SHORT_RATE_NAME.search(name) is not None and self._graph is not None
        return is_short and self._graph is not None and self._graph.rate(tensor.tensor) in RATES


def _attached(messages: Iterable[MessageSummary]) -> Iterator[int]:
    """The rates that attached messages state."""
    for message in messages:
        for path, value in message.fields:
            name = snake(path.rpartition(".")[2])
            number = int(value) if value.isdecimal() and len(value) < 8 else 0
            # Fields of messages of unknown type have numbers for names: there only a usual rate counts.
            if is_rate(number) if _RATE_NAME.search(name) else name.isdecimal() and number in RATES:
                yield number


def is_rate(number: float) -> bool:
    """Returns whether a number may be a sample rate."""
    return 1_000 <= number <= _LONGEST_RATE and number == int(number)


# ---- walks


@dataclass(frozen=True)
class _Scope:
    """The nodes of a graph, or of a function that a node of another scope calls."""

    nodes: Mapping[str, Any]
    arguments: tuple[str, ...] = ()
    call: Any = None
    outer: _Scope | None = None

    # Inputs are followed one by one, and there may be hundreds.
    @functools.cached_property
    def consumers(self) -> dict[str, list[str]]:
        """Name of a node -> those of the nodes that have it as an input."""
        return consumers_of(self.nodes)


class _Graph:
    """Follows the edges of a graph, also into the functions that it calls."""

    def __init__(self, meta_graph: Any) -> None:
        graph = meta_graph.graph_def
        self._library = {function.signature.name: function for function in graph.library.function}
        self._top = _Scope(index_nodes(graph.node))

    @functools.cached_property
    def ops(self) -> frozenset[str]:
        """The types of all nodes, also of those in functions."""
        bodies = (body.node_def for body in self._library.values())
        return frozenset(node.op for nodes in (self._top.nodes.values(), *bodies) for node in nodes)

    @property
    def noted_rate(self) -> int:
        """The rate with which an op of the graph reads or writes sound; 0 without such an op."""
        # Mfcc(spectrogram, sample_rate), EncodeWav(audio, sample_rate).
        told = {"Mfcc", "EncodeWav"}
        if not told & self.ops:
            return 0
        for nodes in (self._top.nodes, *(index_nodes(body.node_def) for body in self._library.values())):
            for node in nodes.values():
                if node.op in told and len(node.input) > 1:
                    rate = _number(nodes.get(node_of(node.input[1])))
                    if is_rate(rate):
                        return int(rate)
        return 0

    def rate(self, tensor: str) -> int:
        """The number that a tensor is, or has where nothing is fed; 0 where the graph does not say."""
        node = self._top.nodes.get(node_of(tensor))
        for _ in range(8):  # an identity behind a cast behind a default, and so on
            if node is None or not node.input:
                break
            node = self._top.nodes.get(node_of(node.input[0]))
        number = _number(node)
        return int(number) if is_rate(number) else 0

    def leads(self, tensor: str, ops: frozenset[str]) -> bool:
        """Whether the values of a tensor get to one of some ops, through ops that keep them samples."""
        return self._leads(self._top, node_of(tensor), ops, 0)

    def _leads(self, scope: _Scope, start: str, ops: frozenset[str], depth: int) -> bool:
        seen, stack = {start}, [start]
        while stack and len(seen) < _MOST_NODES:
            for name in scope.consumers.get(stack.pop(), ()):
                if name in seen:
                    continue
                seen.add(name)
                node = scope.nodes[name]
                if node.op in ops:
                    return True
                bodies = self._bodies(node, scope)
                if depth < 6 and any(
                    self._leads(body, argument, ops, depth + 1)
                    for body in bodies
                    for argument, edge in zip(body.arguments, _arguments(node), strict=False)
                    if node_of(edge) in seen
                ):
                    return True
                if node.op in _KEEPS:
                    stack.append(name)
        return False

    def source(self, tensor: str) -> str:
        """The type of the nearest op that makes a spectrum or a waveform and that a tensor comes from.

        A waveform wins: a model that changes sounds takes a spectrum and goes back. "" without such an op.
        """
        found = set()
        seen: set[tuple[int, str]] = set()
        stack = [(self._top, tensor, 0)]
        while stack and len(seen) < _MOST_NODES:
            scope, edge, products = stack.pop()
            name = node_of(edge)
            if (id(scope), name) in seen:
                continue
            seen.add((id(scope), name))
            node = scope.nodes.get(name)
            if node is None:
                # An argument of a function: what the call passes.
                if scope.outer is not None and name in scope.arguments:
                    passed = list(_arguments(scope.call))
                    place = scope.arguments.index(name)
                    stack += [(scope.outer, passed[place], products)] if place < len(passed) else []
            elif node.op in _SPECTRA or node.op in _FROM_SPECTRA:
                found.add(node.op)
            elif bodies := self._bodies(node, scope):
                results = (
                    (body, result) for body in bodies for result in _results(body, self._library, node)
                )
                stack += [(body, result, products) for body, result in results]
            elif node.op in _KEEPS:
                products += node.op in _PRODUCTS
                # One product makes mels of hertz. What another one makes is a layer, such as an embedding.
                if products <= 1:
                    stack += [(scope, one, products) for one in node.input if one[:1] != "^"]
        return next(iter(sorted(found & _FROM_SPECTRA) or sorted(found)), "")

    def _bodies(self, node: Any, scope: _Scope) -> list[_Scope]:
        names = [call.name for attr in node.attr.values() for call in calls_of_attr(attr)]
        functions = [self._library[name] for name in [node.op, *names] if name in self._library]
        return [
            _Scope(
                index_nodes(function.node_def),
                tuple(argument.name for argument in function.signature.input_arg),
                node,
                scope,
            )
            for function in functions
            if _depth(scope) < 6
        ]


def _depth(scope: _Scope) -> int:
    return 0 if scope.outer is None else 1 + _depth(scope.outer)


def _arguments(call: Any) -> Iterable[str]:
    """What a call passes to its function: the first input of a branch is its condition."""
    edges = [edge for edge in call.input if edge[:1] != "^"]
    return edges[1:] if call.op in ("If", "StatelessIf", "Case") else edges


def _results(body: _Scope, library: Mapping[str, Any], call: Any) -> Iterator[str]:
    """The tensors that a body returns: all of them, since which one is asked for matters little here."""
    names = {name for attr in call.attr.values() for name in (one.name for one in calls_of_attr(attr))}
    for name in {call.op, *names}:
        function = library.get(name)
        if function is not None and tuple(arg.name for arg in function.signature.input_arg) == body.arguments:
            yield from function.ret.values()


def _number(node: Any) -> float:
    """The number of a constant; 0 for anything else."""
    if node is None or node.op != "Const":
        return 0
    return float(number_of(node.attr["value"].tensor) or 0)
