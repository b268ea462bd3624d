"""One graph and one TensorFlow session that a notebook works with.

Start with `session`: `NotebookSession` loads modules into its graph and calls them through
`signature_calls`, which splits rows into `batches`, resolves `fetches`, runs interruptibly (`interruption`,
`tf_session`) and writes the `call_log`. `export` writes a module and verifies it; `memory` estimates a run
before it starts; `removal` frees a module that was replaced; `registry` holds the named sessions of a
notebook.
"""
