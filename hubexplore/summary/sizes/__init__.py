"""Sizes that the open dimensions of a signature's inputs must have, read from its graph without running it.

`terms` has the arithmetic of sizes that are not known yet. `walk` follows the shapes through the graph by the
rules of `elements`, `arrays`, `parts`, `lists` and `layers`, and notes what has to be equal. `solve` finds
sizes for which it is, and `question` puts all of it together.
"""

from hubexplore.summary.sizes.open_dimensions import Open, Solution, solutions
from hubexplore.summary.sizes.polynomials import Number

__all__ = ["Number", "Open", "Solution", "solutions"]
