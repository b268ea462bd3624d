"""TensorFlow's messages without TensorFlow, and what can be said of a graph by looking at it.

`messages.py` and `hub_messages.py` build the message classes, `saved_model_parser.py` fills them.
`traversal.py` walks nodes; all other walks build on it. `op_definitions.py` (with `op_outputs.py` and
`op_defaults.py`) knows the ops of TensorFlow from a table, `op_kernels.py` which of them cannot run,
`op_packages.py` which packages have the others. `declared_tensors.py` reads dtypes and shapes,
`function_nesting.py` finds recursion, `randomness.py` random numbers. `inlining.py` (with `function_body.py`
and `effects.py`) makes one flat graph of a graph with calls, and `inner_tensors.py` reads it for diagrams and
fetches. Read `messages.py` first, then `traversal.py`.
"""
