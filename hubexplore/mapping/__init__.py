"""Whole data sets through a module: rows in, rows out, in order.

Data flows one way: a source in `sources/` gives batches of rows, `running/` turns them into what TensorFlow
is fed and runs them, `outputs/` makes columns of the results, and these go into a data frame or, with
`parts/`, into Parquet files that survive a kill. `mapper.py` joins the steps, reading ahead in a thread;
`api.py` is `hubexplore.map`, and `predictor.py` the object that other engines send to their workers.
"""
