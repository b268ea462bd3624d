"""A summary, shown: the same frozen dataclasses as text and as static HTML. No TensorFlow, no IPython.

`card.content` decides what is shown, in which order and how much of it; `card.text` and `card.html` only
decide how it looks, so the two cannot disagree.
"""
