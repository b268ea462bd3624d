"""Typed text as the value of an input, and back. Entries are in `literals`, layout is in the other files."""
