"""Views of values that are drawn: each file is one kind of picture."""
