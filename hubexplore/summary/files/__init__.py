"""Paths, file systems and bytes: where modules are read from, and how files are written."""
