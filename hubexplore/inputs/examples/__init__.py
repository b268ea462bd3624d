"""Example values for a signature (`examples`), and the search for one that runs (`example_search`)."""
