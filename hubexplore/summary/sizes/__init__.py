"""Finds the sizes that open dimensions of a signature's inputs must have, from its graph, without running it.

    open dimensions -> unknowns -> shape inference -> equations -> solver -> sizes

To be read in this order: `polynomials` has the arithmetic of sizes that are not known yet. `shape_inference`
follows shapes through the graph by the rules of `rules/`, a file for each family of ops, and collects
equations. `solver` finds sizes for which they hold. `open_dimensions` puts it together and tries ranks where
these are unknown.
"""

from hubexplore.summary.sizes.open_dimensions import OpenInput, Solution, solutions
from hubexplore.summary.sizes.polynomials import Number

__all__ = ["Number", "OpenInput", "Solution", "solutions"]
