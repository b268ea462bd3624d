"""Exporting a module, and the proof that what was written gives the same results."""
