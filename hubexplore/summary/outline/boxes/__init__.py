"""Turns the scopes that are not unfolded, and the sources of a flow, into boxes, groups and edges."""
