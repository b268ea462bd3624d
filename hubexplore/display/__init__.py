"""Summaries and values as text, static HTML, data frames and diagrams; without TensorFlow and IPython.

`markup` escapes and `wording` formats names and numbers for all of them; `theme` has the styles. `card`
shows a module: `card.content` decides what is shown, in which order and how much of it; `card.text` and
`card.html` decide only how it looks, so that the two cannot disagree. `tables` has its tables and the data
frames, `diagram` draws an outline, `values` displays arrays, and `rich` wraps summaries so that they display
themselves in a notebook.
"""
