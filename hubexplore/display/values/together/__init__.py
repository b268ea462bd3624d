"""Outputs that belong together, shown as one: boxes on the picture that went in, ranked tables, bands.

`scene` holds what a run took and returned. Each kind of group has a file, which finds its groups in a scene
and draws them; `grouping` asks the files in order. What belongs together follows from shapes, dtypes and
numbers; names only decide between what these allow.
"""
