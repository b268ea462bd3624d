"""What differs between two graph variants or two modules, and whether one can replace the other.

`comparison` has the result and puts it together: it compares the facts of two summaries, and adds what
`weight_values` finds in checkpoints and assets and `graphs` in the graphs, node by node (`structure/`).
`replacement` decides by the signatures whether the second side can stand in for the first.
"""
