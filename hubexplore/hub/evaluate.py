"""`eval_function_for_module`: values in, values out, in a private graph and session."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import tensorflow as tf

from hubexplore.errors import GraphError, SignatureError
from hubexplore.hub.module import Module
from hubexplore.hub.running.feeds import as_session_run
from hubexplore.hub.running.signature_runner import AppliedSignatures, SignatureRunner
from hubexplore.hub.spec import ModuleSpec
from hubexplore.summary.module_format import DEFAULT_SIGNATURE


@contextlib.contextmanager
def eval_function_for_module(
    spec: ModuleSpec | str | bytes | os.PathLike[str], tags: Iterable[str] | None = None
) -> Iterator[Callable[..., Any]]:
    """A function that evaluates a module's signatures, in its own graph and session.

    ```python
    with hub.eval_function_for_module("sample:half-plus-two") as f:
        f([1.0, 2.0])  # array([2.5, 3. ], dtype=float32)
    ```

    Args:
      spec: a ModuleSpec, or what `load_module_spec` takes.
      tags: of the graph variant; None means no tags.

    Yields:
      `f(inputs=None, _sentinel=None, signature=None, as_dict=None)`, with arguments as `Module.__call__`
      takes them, but values in (arrays, lists, SparseTensorValue, RaggedTensorValue) and values out. Values
      become the dtype of the input as in `Session.run`: 1.5 is 1 for an integer input. It works until the
      `with` ends.
    """
    graph = tf.Graph()
    with graph.as_default():
        module = Module(spec, tags=tags)
        initializers = [tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()]
        # Run after the others: initial values of local variables may depend on variables.
        local_initializer = tf.compat.v1.local_variables_initializer()
    with contextlib.ExitStack() as stack:
        session = tf.compat.v1.Session(graph=graph)
        stack.callback(session.close)
        session.run(initializers)
        session.run(local_initializer)
        applied = AppliedSignatures()
        runners: dict[tuple[str | None, bool], SignatureRunner] = {}
        is_open = True

        def evaluate(
            inputs: Any = None,
            _sentinel: Any = None,
            signature: str | None = None,
            as_dict: bool | None = None,
        ) -> Any:
            if not is_open:
                raise GraphError("The function works only inside its `with` block.")
            if _sentinel is not None:
                raise SignatureError(
                    "Pass signature= and as_dict= by keyword, as in f(inputs, signature='name')."
                )
            key = (signature, bool(as_dict))
            runner = runners.get(key)
            if runner is None:
                name = signature or DEFAULT_SIGNATURE
                runner = SignatureRunner(module, session, applied, name, key[1], as_session_run)
                runners[key] = runner
            return runner(inputs)

        try:
            yield evaluate
        finally:
            is_open = False
