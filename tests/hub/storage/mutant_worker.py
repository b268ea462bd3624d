"""A process that tries damaged modules: one JSON line per case on stdin, one per outcome on stdout.

TensorFlow's C++ may abort a process on a damaged graph, so the tests that damage modules keep this process
at arm's length: they see its death, or its silence, and start another.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import traceback
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

import hubexplore as hub

tf1 = tf.compat.v1
# A damaged size must not take the machine's memory: beyond this, an allocation fails.
_ADDRESS_SPACE = 12 << 30
# A damaged loop may be endless, as any program may; a session gives up on it.
_ENDLESS_MS = 10_000
Outputs = dict[str, Any]


def _values(info: Any) -> Any:
    """The same values every time for an input of a signature."""
    random = np.random.default_rng(7)
    known = info.get_shape()
    shape = [2 if size is None else size for size in known] if known.rank is not None else [2]
    if info.dtype == tf.string:
        return np.full(shape, b"there")
    return random.integers(0, 2, shape).astype(info.dtype.as_numpy_dtype)


class _Original:
    """The undamaged module: what to feed, and what comes out."""

    def __init__(self, directory: str) -> None:
        spec = hub.load_module_spec(directory)
        self.calls: list[tuple[list[str], str]] = []
        self.inputs: list[dict[str, Any]] = []
        for tags in spec.get_tags():
            for signature in sorted(spec.get_signature_names(tags)):
                self.calls.append((sorted(tags), signature))
                infos = spec.get_input_info_dict(signature, tags)
                self.inputs.append({name: _values(info) for name, info in infos.items()})
        self._outputs: dict[tuple[int, bool], Outputs] = {}
        self._directory = directory

    def outputs(self, number: int, trainable: bool) -> Outputs:
        """What a call of the undamaged module gives."""
        if (number, trainable) not in self._outputs:
            first, second = (self.attempt(self._directory, number, trainable, "") for _ in range(2))
            # What a signature draws at random cannot be compared.
            self._outputs[number, trainable] = {
                name: value for name, value in first.items() if _same({name: value}, {name: second[name]})
            }
        return self._outputs[number, trainable]

    def attempt(self, directory: str, number: int, trainable: bool, scratch: str) -> Outputs:
        """Load, show, instantiate, call, initialise, run, export."""
        spec = hub.load_module_spec(directory)
        repr(spec)
        spec._repr_html_()
        tags, signature = self.calls[number]
        with tf.Graph().as_default() as graph:
            feeds = {
                name: tf1.placeholder(value.dtype if value.dtype.kind != "S" else tf.string, value.shape)
                for name, value in self.inputs[number].items()
            }
            module = _or_unchanged(graph, lambda: hub.Module(spec, trainable=trainable, tags=tags))
            outputs = _or_unchanged(graph, lambda: module(feeds, signature=signature, as_dict=True))
            config = tf1.ConfigProto(
                operation_timeout_in_ms=_ENDLESS_MS,
                intra_op_parallelism_threads=1,
                inter_op_parallelism_threads=1,
            )
            with tf1.Session(config=config) as session:
                session.run([tf1.global_variables_initializer(), tf1.tables_initializer()])
                feed = {feeds[name]: value for name, value in self.inputs[number].items()}
                values: Outputs = session.run(outputs, feed)
                values |= {f"variable {v.name}": v.eval(session) for v in module.variables}
                if scratch:
                    module.export(os.path.join(scratch, "again"), session)
        return values


class ChangedGraphError(AssertionError):
    """A refused module or call that left something in the graph."""


def _traces(graph: tf.Graph) -> Any:
    # TensorFlow keeps things of its own there, which are no strings.
    collections = {
        key: len(graph.get_collection_ref(key)) for key in graph.collections if isinstance(key, str)
    }
    return (
        len(graph.get_operations()),
        {key: size for key, size in collections.items() if size},
        dict(graph._names_in_use),
    )


def _or_unchanged(graph: tf.Graph, step: Any) -> Any:
    before = _traces(graph)
    try:
        return step()
    except Exception as error:
        after = _traces(graph)
        if after != before:
            changed = sorted(set(after[2].items()) ^ set(before[2].items()))[:4]
            raise ChangedGraphError(
                f"{before[0]} -> {after[0]} ops, {before[1]} -> {after[1]}, {changed}: {error!r:.300}"
            ) from error
        raise


def _same(one: Outputs, other: Outputs) -> bool:
    if not one.keys() <= other.keys():
        return False
    for name in one:
        ours, theirs = (tf.nest.flatten(value, expand_composites=True) for value in (one[name], other[name]))
        for left, right in zip(map(np.asarray, ours), map(np.asarray, theirs), strict=True):
            if left.shape != right.shape or left.dtype != right.dtype:
                return False
            equal_nan = left.dtype.kind == "f"
            if not np.array_equal(left, right, equal_nan=equal_nan):
                return False
    return True


def _judge(original: _Original, request: dict[str, Any]) -> dict[str, str]:
    """The outcome of one case: `fine`, `refused` or `wrong`, and why."""
    number, trainable = request["call"] % len(original.calls), bool(request["trainable"])
    expected = original.outputs(number, trainable)
    scratch = tempfile.mkdtemp(prefix="hub_mutant_")
    try:
        values = original.attempt(request["directory"], number, trainable, scratch)
    except (hub.HubError, tf.errors.OpError, ValueError) as error:
        what = f"{type(error).__name__}: {error}"
        if not str(error).strip() or isinstance(error, UnicodeError):
            return {"outcome": "wrong", "why": traceback.format_exc()}
        return {"outcome": "refused", "why": what}
    except Exception:  # noqa: BLE001 - whatever it is, the test shall report it
        return {"outcome": "wrong", "why": traceback.format_exc()}
    finally:
        shutil.rmtree(scratch)
    return {"outcome": "fine", "why": "same" if _same(expected, values) else "other numbers"}


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What libraries print must not mix with the outcomes.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    originals: dict[str, _Original] = {}
    for line in sys.stdin:
        request = json.loads(line)
        source = request["original"]
        if source not in originals:
            originals[source] = _Original(source)
        answers.write(json.dumps(_judge(originals[source], request)) + "\n")


if __name__ == "__main__":
    main()
