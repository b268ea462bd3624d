"""What shows itself in a notebook and in a terminal: summaries, listings, comparisons, call logs."""
