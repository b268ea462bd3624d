"""Views of values, one file for each kind: pictures, tables, bars, lines."""
