"""Modules on disk: `meta_graphs` and `assets` read one, `export` and `save` write one.

An export goes through `export_target` (may this be replaced?), `placement` (whole or not at all), `save`
(values) and `disk_errors` (what went wrong). `provenance` knows whether the files of a spec are unchanged,
`glob_paths` names checkpoints so that TensorFlow does not take them for patterns.
"""
