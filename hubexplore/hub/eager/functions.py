"""Functions of a module where eager code can call them."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf
from tensorflow.core.framework import function_pb2, graph_pb2

from hubexplore.hub import tf_internals
from hubexplore.hub.graph.functions import FunctionImporter


class EagerFunctionImporter(FunctionImporter):
    """Imports slices into functions that are traced, and registers what they call in the eager context.

    All eager code of a process shares one context, where a name means one body for good. So the functions get
    names of their own in each import.
    """

    def import_graph_def(
        self,
        graph_def: graph_pb2.GraphDef,
        library: function_pb2.FunctionDefLibrary,
        scope: str,
        input_map: Mapping[str, tf.Tensor] | None = None,
    ) -> None:
        """See `FunctionImporter.import_graph_def`."""
        if not library.function:
            super().import_graph_def(graph_def, library, scope, input_map)
            return
        renamed = self.with_new_names(graph_def, library)
        # Before the import: shape inference of an op looks into the functions that it calls.
        tf_internals.add_eager_functions(renamed.library)
        self.import_complete(renamed, scope, input_map)
