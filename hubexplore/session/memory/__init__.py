"""Whether a run fits into the memory of this machine."""
