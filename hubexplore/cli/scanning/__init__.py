"""Finds the models below paths, judges them in parallel, and writes what was found."""
