"""Renderings of a summary: text and HTML. Knows no TensorFlow and no IPython."""
