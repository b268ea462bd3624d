"""Values for the inputs of a signature. Knows neither sessions, widgets nor TensorFlow.

Read in this order: `fields` turns a signature into fields (dtype, shape, hint), with what `graph_uses` and
`open_sizes` find in the graph. A field gets its `input_value.InputValue` from one of three places: `text/`
(what was typed, and back), `external/` (files, pictures and objects of the notebook) or `examples/` (made up,
and the search for an example that runs). `code/` writes Python that makes the value again; it imports
`pictures`, the one public module here. `machine_memory` says how much memory there is for all this.
"""
