"""The part of a graph that a diagram shows, as a `DataFlow`: numbered nodes and the wires between them."""
