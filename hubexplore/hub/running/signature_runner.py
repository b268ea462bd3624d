"""Running the signatures of a live module on values, each compiled once."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from hubexplore.errors import SignatureError
from hubexplore.hub.module import Module
from hubexplore.hub.running.compiled_call import CompiledCall
from hubexplore.hub.running.feeds import Feeds, as_session_run, placeholder
from hubexplore.hub.running.run_errors import find_no_kernel, readable
from hubexplore.hub.tensor_info import DEFAULT_OUTPUT, components, select_outputs, shared_inputs
from hubexplore.summary.module_format import DEFAULT_SIGNATURE


class SignatureRunner:
    """Values in, values out, for one module in one session.

    A signature is applied to placeholders and compiled when it is first run; after that a run adds nothing
    to the graph.

    Args:
      module: to run.
      session: of its graph; variables and tables initialised.
    """

    def __init__(self, module: Module, session: tf.compat.v1.Session) -> None:
        self._module = module
        self._session = session
        self._feeds: dict[str | None, Feeds] = {}
        self._applied: dict[str, AppliedSignature] = {}
        self._compiled: dict[tuple[str | None, bool], CompiledCall] = {}

    def __call__(
        self,
        inputs: Any = None,
        _sentinel: Any = None,
        signature: str | None = None,
        as_dict: bool | None = None,
    ) -> Any:
        """Evaluates a signature.

        Args:
          inputs: as for `Module.__call__`, but values, converted as `Session.run` does: arrays, lists,
            SparseTensorValue, RaggedTensorValue.
          signature: its name; None means `default`. Give it by keyword.
          as_dict: whether to return all outputs by name.

        Returns:
          A NumPy array, SparseTensorValue or RaggedTensorValue; with `as_dict` a dict of them.

        Raises:
          NoSuchSignatureError: (a KeyError and ValueError) lists the signatures.
          SignatureError: (a TypeError) names the input that does not fit and what was expected.
        """
        if _sentinel is not None:
            raise SignatureError(
                "Pass signature= and as_dict= by keyword, as in f(inputs, signature='name')."
            )
        self._check_outputs(signature, bool(as_dict))
        arrays = self.feeds(signature).arrays(inputs)
        call = self.compiled(signature, bool(as_dict))
        try:
            results = call.results(call.run(*arrays))
        except UnicodeDecodeError as error:
            raise readable(error) from error
        return results if as_dict else results[DEFAULT_OUTPUT]

    def _check_outputs(self, signature: str | None, as_dict: bool) -> None:
        """Raises SignatureError before anything else happens if there is no output `default` to return."""
        if (signature, as_dict) not in self._compiled:
            name = signature or DEFAULT_SIGNATURE
            select_outputs(name, self._module.get_output_info_dict(name), as_dict)

    def feeds(self, signature: str | None) -> Feeds:
        """What turns the inputs of a signature into arrays."""
        if signature not in self._feeds:
            name = signature or DEFAULT_SIGNATURE
            self._feeds[signature] = Feeds(name, self._module.get_input_info_dict(name), as_session_run)
        return self._feeds[signature]

    def compiled(self, signature: str | None, as_dict: bool) -> CompiledCall:
        """The compiled call of a signature, for all its outputs or for `default`."""
        key = (signature, as_dict)
        if key not in self._compiled:
            name = signature or DEFAULT_SIGNATURE
            applied = self.applied(name)
            fetches = applied.outputs if as_dict else {DEFAULT_OUTPUT: applied.outputs[DEFAULT_OUTPUT]}
            self._compiled[key] = CompiledCall(self._session, applied.placeholders, fetches)
        return self._compiled[key]

    def applied(self, signature: str) -> AppliedSignature:
        """The signature applied to placeholders, once."""
        if signature not in self._applied:
            self._applied[signature] = AppliedSignature(self._module, signature)
        return self._applied[signature]


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
        # Whatever scopes and dependencies the caller is in have nothing to do with it.
        with module.graph.as_default(), tf.control_dependencies(None), tf.compat.v1.name_scope(None):
            inputs: dict[str, Any] = {name: placeholder(info) for name, info in infos.items()}
            # Feeds made sure that the values of these are equal.
            owners = shared_inputs(infos)
            given = {name: inputs[owners.get(name, name)] for name in inputs}
            updates = module.graph.get_collection_ref(tf.compat.v1.GraphKeys.UPDATE_OPS)
            count = len(updates)
            try:
                outputs = module(given, signature=signature, as_dict=True)
            finally:
                # They are for who trains; these would need our placeholders.
                del updates[count:]
            self.inputs = inputs
            self.placeholders = [tensor for each in inputs.values() for tensor in components(each)]
            fed = set(map(id, self.placeholders))
            # An input that is returned as it is: a compiled call cannot fetch what it feeds.
            self.outputs: dict[str, Any] = tf.nest.map_structure(
                lambda tensor: tf.identity(tensor) if id(tensor) in fed else tensor,
                outputs,
                expand_composites=True,
            )
        self.application = module.applications[-1]
        self.scope = self.application.scope
