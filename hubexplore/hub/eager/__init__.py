"""Modules outside of graphs: eager, in `tf.function`, in `Dataset.map`.

`loaded_module.py` is what `hub.load` returns: one set of variables (`variables.py`) for all graph variants,
and for each variant the tables and other resources (`resources.py`). A call adds the same slice of the graph
as a call of `hub.Module` does, with handles of these objects in place of the state.
"""
