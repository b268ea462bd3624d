"""Diagrams of a module: a picture, and the same facts as a list and a grid.

`labels` puts the facts of an `Outline` into words; `dot` writes it in the language of graphviz,
`graphviz_svg` runs the program `dot` and cleans its SVG, `box_table` makes the list, the grid and the data
frame; `colouring` gives boxes the colours of numbers; `view` joins them in a `Diagram`.
"""

from hubexplore.display.diagram.colouring import QUANTITIES, Scale, scale_of
from hubexplore.display.diagram.view import ENDINGS, Diagram, diagram

__all__ = ["ENDINGS", "QUANTITIES", "Diagram", "Scale", "diagram", "scale_of"]
