"""Rows to results: which columns an input takes, what TensorFlow is fed, and what comes back.

`bindings.py` chooses the columns; `values.py` makes values of them, and of pictures `picture_values.py`, with
`plain_pictures.py` for the usual ones. `callee.py` is the signature that runs, `row_function.py` runs it on
rows and finds those that fail, `batch_size.py` chooses the number of rows, and `leaks.py` finds out whether
rows depend on each other.
"""
