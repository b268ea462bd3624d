"""What a module is, read without TensorFlow. Nothing here knows how it is shown.

Bytes come in through `files/` and become protobuf-shaped messages in `graph/`, which also has the algorithms
on them; `weights/` reads checkpoints. `reading/directory.py` joins the three into the frozen dataclasses of
`model.py`; where a path does not lead to a module, `diagnosis/` says what is there instead. What builds on a
summary: `outline/` (a graph as few boxes), `compare/` (two modules or variants), `sizes/` (open dimensions)
and `usage.py` (code to copy).

Facts with one home: `dtypes.py`, `module_format.py` (names of files, collections, signatures) and `lookup.py`
(which variant and signature is meant). Read `model.py` first, then `reading/directory.py`.
"""
