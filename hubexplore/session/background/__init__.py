"""The import of TensorFlow in the background, begun before a cell needs it.

`background_import` does it; `importlib_bootstrap` keeps other threads from importing halves of it meanwhile,
`native_libraries` loads the large libraries while the kernel answers, `thread_switches` lets it answer during
the rest, `interrupts` ends a wait for it, and `import_time` remembers how long this machine needs.
"""
