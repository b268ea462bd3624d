"""A module as a TF2 SavedModel, written as messages: no graph is built and no weight is loaded.

`write.py` puts the parts together for what `subject.py` finds out about a user's module. The chosen graph
variants (`choice.py`) become functions: `function_body.py` makes one of a slice of the graph, `callables.py`
those of signatures and of `__call__`, `state.py` those that make and fill tables. All of them are in one
library (`function_library.py`). `objects.py` lists the objects that a loader makes, `session_graph.py` is
the graph for loaders with sessions, such as TensorFlow Serving, and `values.py` brings the values of the
variables into one checkpoint.
"""
