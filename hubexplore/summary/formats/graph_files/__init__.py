"""Graphs that declare no signatures, in files of their own: frozen graphs, and checkpoints with a `.meta`."""
