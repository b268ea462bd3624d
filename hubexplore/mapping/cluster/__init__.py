"""Maps on the workers of a `dask.distributed` cluster.

`pieces.py` cuts the data and runs a piece, on a worker; `modules.py` brings the module to workers that lack
it; `engine.py` is the side of the caller: a lazy Dask DataFrame, or parts in a folder.
"""
