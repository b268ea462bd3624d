"""Example values that suit a signature, and the search for one that runs."""
