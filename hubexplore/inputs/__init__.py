"""Values for the inputs of a signature: typed, from files, or examples.

`fields` describes the inputs as fields of a form, by what `graph_uses` and `open_sizes` read from the graph.
Text becomes a value in `typed`, files and variables in `brought`, and an example in `examples`; each of them
returns an `input_value`. `code` writes Python code that makes such a value again.
"""
