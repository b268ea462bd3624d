"""One graph and one TensorFlow session that a notebook works with. Nothing here imports IPython.

Read `session` first: `NotebookSession` loads modules into its graph and keeps a runner for each kind of call.
A call then goes through `signature_calls` (a `hub.running` runner with a log, batches and fetched tensors),
`tf_session` (a TensorFlow session that initialises what is new) and `interruption` (the thread in which it
runs, so that Ctrl-C gives control back). `call_log` remembers it. `memory/` estimates whether inputs fit into
memory, `export/` writes a module and compares what was written. `registry` has the sessions of a notebook by
name, and `tf_startup` imports TensorFlow without its start-up log; these two load without TensorFlow.
"""
