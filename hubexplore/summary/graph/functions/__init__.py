"""Functions that graphs call: how deep they are nested, and what a graph is when calls are inlined."""
