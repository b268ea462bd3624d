"""Grids as data, as HTML and as aligned text, and data frames of a summary.

What is called a table elsewhere has a name of its own here: a grid is rows and columns as data, a lookup
table is a resource of a graph, a data frame is of pandas, and `rich.small_table.Table` is a grid that shows
itself.
"""
