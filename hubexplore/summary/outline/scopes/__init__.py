"""The name scopes of a data flow as a tree, and the choice of those that are unfolded."""
