"""Modules outside of graphs: eager, in `tf.function`, in `Dataset.map`.

`loaded_module.py` is what `hub.load` returns: one set of variables (`variables.py`) for all graph variants,
and for each variant the tables and other resources (`resources.py`). A call adds the same slice of the graph
as a call of `hub.Module` does, with handles of these objects in place of the state. `variant.py` makes a
function of each signature (`signature_function.py`) of a graph without references (`eager_graph.py`), whose
TF1 loops and conds get their gradients from `control_flow.py`. `saved_optimizer.py` is for TF2 SavedModels.
"""
