"""Runs the signatures of a live module on values, each compiled once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub.call_arguments import select_outputs, shared_inputs
from hubexplore.hub.module import Module
from hubexplore.hub.running.compiled_call import CompiledCall
from hubexplore.hub.running.feeds import Conversion, Feeds, exactly, placeholder
from hubexplore.hub.running.missing_kernels import find_no_kernel
from hubexplore.hub.running.run_errors import readable
from hubexplore.hub.tensor_info import components
from hubexplore.summary.module_format import DEFAULT_OUTPUT
from hubexplore.summary.tensor_values import Array

LIGHT_SECONDS: Final = 0.001
"""Runs that are expected to take less than this are done in the thread that calls."""


class SignatureRunner:
    """One signature of a live module as a function of values.

    The signature is applied to placeholders and compiled when it is first run; after that a run adds nothing
    to the graph. This is the only engine for values: `eval_function_for_module` uses it as it is, a
    `NotebookSession` with interrupts, a log, batches and fetched layers (`session.signature_calls`).

    Args:
      module: to run.
      session: of its graph; variables and tables initialised.
      applied: the signatures that were applied so far.
      signature: its name.
      as_dict: whether to return all outputs by name.
      conversion: how values that are not strings become arrays.

    Raises:
      NoSuchSignatureError: (a KeyError and ValueError) lists the signatures.
      SignatureError: (a TypeError) there is no output `default`, and `as_dict` is false.
    """

    def __init__(  # noqa: PLR0917 - what is run, where, and how
        self,
        module: Module,
        session: tf.compat.v1.Session,
        applied: AppliedSignatures,
        signature: str,
        as_dict: bool = False,
        conversion: Conversion = exactly,
        takes_only_output: bool = False,
    ) -> None:
        self.module = module
        self.signature = signature
        self.as_dict = as_dict
        self._session = session
        self._applied = applied
        input_infos = module.get_input_info_dict(signature)
        self.output_infos = module.get_output_info_dict(signature)
        self._single = DEFAULT_OUTPUT
        if takes_only_output and len(self.output_infos) == 1:
            (self._single,) = self.output_infos
        else:
            # Before anything else happens: what cannot be returned need not be applied.
            select_outputs(signature, self.output_infos, as_dict)
        self.output_names = list(self.output_infos) if as_dict else [self._single]
        self.feeds = Feeds(signature, input_infos, conversion)
        self._compiled: CompiledCall | None = None
        # How long the last run took, and on how many bytes.
        self._seconds = float("inf")
        self._size = 1

    def __call__(self, inputs: Any) -> Any:
        """Evaluates the signature.

        Args:
          inputs: as for `Module.__call__`, but values: arrays, lists, SparseTensorValue, RaggedTensorValue.

        Returns:
          A NumPy array, SparseTensorValue or RaggedTensorValue; with `as_dict` a dict of them.

        Raises:
          SignatureError: (a TypeError) names the input that does not fit and what was expected.
        """
        return self.selected(self.results(self.feeds.arrays(inputs)))

    def results(self, arrays: Sequence[Array]) -> dict[str, Any]:
        """What is fetched, by name, for the arrays that `feeds` makes of values."""
        call = self._compiled or self._compile()
        size = sum(array.nbytes for array in arrays) + 1
        # A guess from the last run: more bytes take longer in proportion, fewer bytes take no less.
        is_light = self._seconds * max(size / self._size, 1.0) < LIGHT_SECONDS
        begin = time.perf_counter()
        flat = self._execute(call, call.run_light if is_light else call.run, arrays)
        self._seconds, self._size = time.perf_counter() - begin, size
        return call.results(flat)

    def selected(self, outputs: dict[str, Any]) -> Any:
        """What the caller gets of the outputs."""
        return outputs if self.as_dict else outputs[self._single]

    def _execute(
        self, call: CompiledCall, run: Callable[..., Sequence[Any]], arrays: Sequence[Array]
    ) -> Sequence[Any]:
        """Calls `run`, one of those of `call`."""
        try:
            return run(*arrays)
        except UnicodeDecodeError as error:
            raise readable(error) from error

    def _compile(self) -> CompiledCall:
        # Threads that come here at the same time get the same one.
        with self._applied.building:
            if self._compiled is None:
                self._compiled = self._new_call()
            return self._compiled

    def _new_call(self) -> CompiledCall:
        applied = self._applied.get(self.module, self.signature)
        return CompiledCall(self._session, applied.placeholders, self._output_tensors(applied))

    def _output_tensors(self, applied: AppliedSignature) -> dict[str, Any]:
        return {name: applied.outputs[name] for name in self.output_names}


class AppliedSignatures:
    """The signatures of one graph that were applied to placeholders, each once.

    Attributes:
      building: lock held by the thread that adds to the graph; a TF1 graph takes ops from one thread at a
        time. Runs do not need it.
    """

    def __init__(self, building: threading.RLock | None = None) -> None:
        self.building = building or threading.RLock()
        self._applied: dict[tuple[Module, str], AppliedSignature] = {}

    def get(self, module: Module, signature: str) -> AppliedSignature:
        """A signature on placeholders; ops are added to the graph the first time only."""
        with self.building:
            applied = self._applied.get((module, signature))
            if applied is None:
                applied = self._applied[module, signature] = AppliedSignature(module, signature)
            return applied

    def forget(self, module: Module) -> None:
        """Drops what is known of a module that is no longer called."""
        for key in [key for key in self._applied if key[0] is module]:
            del self._applied[key]


class AppliedSignature:
    """A signature of a live module applied to placeholders; making one adds the ops of one call to the graph.

    Raises:
      NoKernelError: TensorFlow cannot run an op that the signature needs. Nothing was added to the graph.

    Attributes:
      inputs: the placeholders by name: Tensor, SparseTensor or RaggedTensor.
      placeholders: dense, in the order of `Feeds.arrays`.
      outputs: by name: Tensor, SparseTensor or RaggedTensor.
      application: the call.
      scope: name scope of the ops; below it they have the names they have in the module.
    """

    def __init__(self, module: Module, signature: str) -> None:
        infos = module.get_input_info_dict(signature)
        if error := find_no_kernel(module, signature):
            raise error
        # The scopes and control dependencies that the caller is in have nothing to do with these ops.
        with module.graph.as_default(), tf.control_dependencies(None), tf.compat.v1.name_scope(None):
            inputs: dict[str, Any] = {name: placeholder(info) for name, info in infos.items()}
            # Inputs that share a placeholder in the module: Feeds made sure that their values are equal.
            owners = shared_inputs(infos)
            arguments = {name: inputs[owners.get(name, name)] for name in inputs}
            updates = module.graph.get_collection_ref(tf.compat.v1.GraphKeys.UPDATE_OPS)
            count = len(updates)
            try:
                outputs = module(arguments, signature=signature, as_dict=True)
            finally:
                # Update ops are for training loops, which would have to feed our placeholders to run these.
                del updates[count:]
            self.inputs = inputs
            self.placeholders = [tensor for value in inputs.values() for tensor in components(value)]
            fed = set(map(id, self.placeholders))
            # An output may be an input itself, and a compiled call cannot fetch what it feeds.
            self.outputs: dict[str, Any] = tf.nest.map_structure(
                lambda tensor: tf.identity(tensor) if id(tensor) in fed else tensor,
                outputs,
                expand_composites=True,
            )
        self.application = module.applications[-1]
        self.scope = self.application.scope
