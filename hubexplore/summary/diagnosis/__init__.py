"""What a path or handle is that does not lead to a module, and what to do about it."""
