"""The outline of a graph: what a signature needs as a few boxes, grouped by name scope.

    MetaGraphDef -> dataflow/ -> scopes/ -> boxes/ -> Outline (data.py)

To be read in this order: `data` is what comes out, `builder` the way there, with a picture. `dataflow/` reads
the slice as numbered nodes and hides what computes nothing; `scopes/` groups nodes by path, merges repeats
and siblings, and chooses what is unfolded; `boxes/` makes boxes, groups and edges. `display/diagram` draws
them.
"""

from hubexplore.summary.outline.builder import MAX_BOXES, MAX_EDGES, outline
from hubexplore.summary.outline.data import Box, Edge, Group, Outline, Weight

__all__ = ["MAX_BOXES", "MAX_EDGES", "Box", "Edge", "Group", "Outline", "Weight", "outline"]
