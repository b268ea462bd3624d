"""Outputs that are said in a sentence: what only repeats an input, and what has nothing to show."""
