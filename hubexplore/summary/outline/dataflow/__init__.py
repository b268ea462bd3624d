"""The part of a graph that a diagram is made of, read from its nodes."""
