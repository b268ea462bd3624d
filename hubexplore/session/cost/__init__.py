"""What a run of a signature costs, measured: time by op, memory, and latency by number of rows.

`measure` puts it together. `rows` makes inputs of any number of rows, `trace` runs once with TensorFlow's own
trace and reads it, `curve` runs more and more rows until memory or time is used up.
"""
