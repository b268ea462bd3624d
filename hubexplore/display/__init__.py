"""Summaries and values, shown: as text, static HTML, data frames and diagrams. No TensorFlow, no IPython.

Read from the bottom: `markup` (the only writer of tags), `wording` (text that is safe to print), `palette`
and `theme` (colours, styles); then `tables` (grids, data frames), `card` (a module's sections as data, as
text and as HTML), `diagram` (an outline by graphviz), `values` (values of a run) and `rich` (objects that
show themselves in a notebook). In `card`, `content` decides what is shown, in which order and how much of it;
`text` and `html` only decide how it looks, so the two cannot disagree.
"""
