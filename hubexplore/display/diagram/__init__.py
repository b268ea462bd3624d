"""Diagrams of a module: a picture, and the same facts as a list and a table."""

from hubexplore.display.diagram.view import ENDINGS, Diagram, diagram

__all__ = ["ENDINGS", "Diagram", "diagram"]
