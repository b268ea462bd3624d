"""What is asked of a module in a graph: its calls, its tensors, and what is easily forgotten."""
