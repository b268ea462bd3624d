"""`hub.Module` and its family: handles, specs, authoring, calls, export.

The files at the top have the public names. A module passes through the folders in this order: `resolve`
turns a handle into a directory, `loading` and `storage` read it, `variants` checks a graph variant and
describes its variables and checkpoint, `definition` holds the variants as a spec. `module` and `impl` add
its state to a graph (`graph.state`) and a slice of it for each call (`graph.plan`, `graph.apply`); `running`
calls signatures on values; `inspection` answers questions about a module in a graph. `storage` exports it,
and `placement` puts the directory at its path, whole or not at all. `tf_internals` is the only file that
uses private names of TensorFlow.
"""
