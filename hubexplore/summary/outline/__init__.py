"""A graph as few boxes: what a signature needs, grouped by name scope. Facts for diagrams and their tables.

`entry` takes the request; `flow` (with `bodies` and `names`) reads the slice; `scopes`, `series` and `fold`
decide what is one box; `boxes` puts boxes and edges together; `data` is what comes out.
"""

from hubexplore.summary.outline.builder import MAX_BOXES, MAX_EDGES, outline
from hubexplore.summary.outline.data import Box, Edge, Group, Outline, Weight

__all__ = ["MAX_BOXES", "MAX_EDGES", "Box", "Edge", "Group", "Outline", "Weight", "outline"]
