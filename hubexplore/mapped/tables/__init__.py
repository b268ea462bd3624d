"""Rows, mistakes and maps of a mapped data set as static HTML."""
