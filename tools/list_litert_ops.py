"""Writes the ops that the LiteRT converter lacks to hubexplore/summary/portability/litert_lacks.txt.

The converter has no list of what it can convert. So a function of nothing but one op is made for each op that
takes numbers, in several dtypes and shapes, and converted. An op is listed if it was refused by name, and
never converted. What no function could be made of is left to the converter: it is not listed.

    .venv/bin/python -m tools.list_litert_ops
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from hubexplore.summary.capabilities.op_effects import effect_of
from hubexplore.summary.graph.ops.op_definitions import OpDefinition, definition, known_ops
from hubexplore.summary.portability.litert import LACKS_FILE, is_refused_by_rule

DTYPES: Final = ("float32", "int32", "int64", "bool", "complex64")
SHAPES: Final = ((4, 4), (4,), (), (1, 4, 4, 3), (2, 4, 4), (1, 2, 4, 4, 3), (3, 3, 3, 3))
INT_VALUES: Final = {"N": 2, "num_bits": 8, "rank": 1, "num_outputs": 2, "num": 4, "num_split": 2}
STRING_VALUES: Final = {
    "padding": b"SAME", "equation": b"ij,jk->ik", "data_format": b"NHWC", "direction": b"unidirectional",
    "reduction_type": b"SUM", "mode": b"REFLECT", "combiner": b"SUM",
}  # fmt: skip
LIST_VALUES: Final = {
    "ksize": [1, 2, 2, 1], "ksizes": [1, 2, 2, 1], "strides": [1, 1, 1, 1], "rates": [1, 1, 1, 1],
    "boundaries": [0.5], "pooling_ratio": [1.0, 1.5, 1.5, 1.0],
}  # fmt: skip
# Refused alone, but converted as a part of something larger: the exact GELU has the first.
PARTS: Final = frozenset({"Erf", "Erfc", "TensorListReserve", "TensorListStack"})
# No signature of a model that is handed on has these.
ELSEWHERE: Final = re.compile(
    r"_|Xla|TPU|Tpu|Collective|BoostedTrees|Experimental|Sdca|(Resource|Sparse|ResourceSparse)?Apply|Mlir|Dummy|"
    r"Kernel|Int(In|Out|Poly)|N(In|Out|Poly)|Attr|Test|Foo|Bar|OpWith|Resource(Sparse)?Apply|DTensor|Rpc"
)
MOST_CONVERSIONS: Final = 4
MOST_TRIES: Final = 4_000
MOST_SECONDS: Final = 20.0
MOST_PROCESS_SECONDS: Final = 120
REFUSED: Final = re.compile(r"'tf\.(\w+)' op is neither|failed to legalize operation 'tf\.(\w+)'|tf\.(\w+)")


def main(names: list[str]) -> int:
    """Writes the file; with names of ops, only prints what happens to these."""
    if names:
        for op in names:
            signal.alarm(MOST_PROCESS_SECONDS)  # which ends the process
            print(op, _outcome(op), flush=True)
        return 0
    found = _in_processes(sorted(known_ops()))
    lacking = sorted(op for op, outcome in found.items() if outcome == "refused" and op not in PARTS)
    LACKS_FILE.write_text("".join(f"{op}\n" for op in lacking), "ascii")
    print(f"{len(lacking)} of {len(found)} ops in {LACKS_FILE}")
    return 0


def _in_processes(ops: list[str]) -> dict[str, str]:
    """Op -> outcome. The converter ends the process at some of them: then the next process goes on behind."""
    found: dict[str, str] = {}
    while len(found) < len(ops):
        command = [sys.executable, "-m", "tools.list_litert_ops", *ops[len(found) :]]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            for line in process.stdout or ():
                op, _, outcome = line.strip().partition(" ")
                if op == ops[len(found)]:
                    found[op] = outcome
                    print(op, outcome, flush=True)
        if len(found) < len(ops):
            found[ops[len(found)]] = "ended the process"
    return found


def _outcome(op: str) -> str:
    described = definition(op)
    if (
        described is None
        or not described.inputs
        or not described.outputs
        or _touches(op)
        or ELSEWHERE.match(op)
    ):
        return "not tried"
    if is_refused_by_rule(op) or not hasattr(tf.raw_ops, op):
        return "by rule"
    refused, end = False, time.monotonic() + MOST_SECONDS
    for function in itertools.islice(_functions(described), MOST_CONVERSIONS):
        answer = _convert(function, op)
        if answer == "converted":
            return answer
        refused |= answer == "refused"
        if time.monotonic() > end:
            break
    return "refused" if refused else "not made"


def _touches(op: str) -> bool:
    """Whether it can touch files, the network or code: it must not run here, not even to be folded."""
    effect = effect_of(op)
    return effect is not None and bool(effect.capabilities)


def _functions(op: OpDefinition) -> Iterator[Any]:
    """Yields concrete functions of the op, in dtypes and shapes that it takes."""
    count = len(op.inputs)
    alike = [(shape,) * count for shape in SHAPES]
    mixed = itertools.product(SHAPES, repeat=count) if count > 1 else ()
    # Some ops, as TopKV2, are converted only if their further inputs are constants.
    constants = (False, True) if count > 1 else (False,)
    # Ops as SparseSegmentMean take numbers of one type, and indices of another, which is a default.
    defaults = (
        (False, True) if any(attribute.default_text for attribute in op.attributes.values()) else (False,)
    )
    wanted = itertools.product((*alike, *mixed), DTYPES, constants, defaults)
    for shapes, dtype, is_constant, has_defaults in itertools.islice(wanted, MOST_TRIES):
        with contextlib.suppress(Exception):
            yield _function(op, shapes, dtype, is_constant, has_defaults)


def _function(op: OpDefinition, shapes: Any, dtype: str, is_constant: bool, has_defaults: bool) -> Any:
    attributes = _attributes(op, dtype)
    types = {**_default_types(op), **attributes} if has_defaults else attributes
    specs: list[Any] = []
    places = []
    for argument, shape in zip(op.inputs, shapes, strict=True):
        own = (
            argument.dtype or np.dtype(tf.as_dtype(types.get(argument.attribute, dtype)).as_numpy_dtype).name
        )
        number = attributes.get(argument.count, 1) if argument.count else 1
        places.append((argument.name, len(specs), number if argument.count else None))
        specs += [tf.TensorSpec(shape, own)] * number

    fixed = [tf.ones(spec.shape, spec.dtype) for spec in specs[1:]] if is_constant else []

    def run(*fed: Any) -> Any:
        values = [*fed, *fixed]
        arguments = {
            name: values[first] if number is None else list(values[first : first + number])
            for name, first, number in places
        }
        return getattr(tf.raw_ops, op.name)(**arguments, **attributes)

    return tf.function(
        run, input_signature=specs[:1] if is_constant else specs, autograph=False
    ).get_concrete_function()


def _default_types(op: OpDefinition) -> dict[str, Any]:
    """Attribute -> dtype, of the types of inputs that have a default."""
    return {
        name: tf.as_dtype(attribute.default.type)
        for name, attribute in op.attributes.items()
        if attribute.kind == "type" and attribute.default is not None
    }


def _attributes(op: OpDefinition, dtype: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    inferred = {argument.attribute for argument in op.inputs} | {argument.count for argument in op.inputs}
    for name, attribute in op.attributes.items():
        if name.startswith("_") or attribute.default_text is not None:
            continue
        if attribute.kind == "type" and name not in inferred:
            found[name] = tf.as_dtype(dtype)
        elif attribute.kind == "int":
            if name in {argument.count for argument in op.inputs}:
                found[name] = 2
            elif name not in inferred:
                found[name] = INT_VALUES.get(name, 1)
        elif attribute.kind == "string":
            found[name] = STRING_VALUES[name]
        elif attribute.kind.startswith("list("):
            found[name] = LIST_VALUES[name]
        elif attribute.kind == "bool":
            found[name] = False
        elif attribute.kind == "float":
            found[name] = 0.5
        elif attribute.kind not in ("type",):
            raise KeyError(name)
    counts = {argument.count for argument in op.inputs}
    return {name: value for name, value in found.items() if name not in counts or name in ("N",)}


def _convert(function: Any, op: str) -> str:
    try:
        tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module()).convert()
    except Exception as error:  # noqa: BLE001 - the message says which op
        named = {name for match in REFUSED.finditer(str(error)) for name in match.groups() if name}
        return "refused" if op in named else "failed"
    return "converted"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
