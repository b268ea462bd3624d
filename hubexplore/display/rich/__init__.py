"""Objects that show themselves in a notebook and in a terminal: summaries, listings, comparisons, call logs.

Each is a plain value for code (a dataclass, a tuple, a dict), has `.df` as a data frame, and renders itself
by `card` or `tables`. They hold no facts of their own.
"""
