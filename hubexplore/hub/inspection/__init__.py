"""Questions about a module in a graph: its calls, its tensors, and common mistakes."""
