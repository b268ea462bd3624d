"""TensorFlow's messages without TensorFlow, and what can be said of a graph by looking at it.

`messages.py` and `hub_messages.py` build the message classes, `saved_model_parser.py` fills them.
`traversal.py` walks nodes; all other walks build on it. `declared_tensors.py` reads dtypes and shapes,
`randomness.py` finds random numbers. `ops/` knows TensorFlow's ops from tables: what they take and return,
which cannot run, which packages have others. `functions/` is about calls: `function_nesting.py` finds
recursion, `inlining.py` (with `function_body.py` and `effects.py`) makes one flat graph of a graph with
calls, and `inner_tensors.py` reads it for diagrams and fetches. Read `messages.py` first, then
`traversal.py`.
"""
