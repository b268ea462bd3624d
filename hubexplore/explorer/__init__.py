"""A trial of a module without widgets: its subject, its runs, and the code that repeats them."""
