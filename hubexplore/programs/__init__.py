"""Programs written for tensorflow_hub and TensorFlow 1, run unchanged.

`installation.py` is `hubexplore.install`: it puts `peer_finder.py` into `sys.meta_path`, so that `import
tensorflow_hub` finds the namespaces of `peer_modules.py`, and `tensorflow_hints.py`, so that a name which
TensorFlow no longer has says what to write. With `tf1=True`, `importlib_bootstrap.py` also answers the
`import tensorflow` of the program, whose modules `importers.py` tells from libraries, with the namespaces of
`old_tensorflow.py`; `removed_names.py` lists what replaces the names that are gone.

`command.py` is `hubexplore run`: it installs this and hands over to `execution.py`, which runs a script as
Python would, and leaves what Python itself would not show out of `tracebacks.py`.
"""
