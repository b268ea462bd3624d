"""A module explored without widgets: its subject, its runs, and the code that repeats them."""
