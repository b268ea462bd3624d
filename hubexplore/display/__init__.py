"""A summary, shown: the same frozen dataclasses as text and as static HTML. No TensorFlow, no IPython.

`tables` decides what is shown, in which order and how much of it; `text` and `html` only decide how it
looks, so the two cannot disagree.
"""
