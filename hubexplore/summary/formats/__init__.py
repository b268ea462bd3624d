"""Models of other formats, rewritten into the form of a TF1 Hub module.

`tf2/` and `graph_files/` (frozen graphs, training checkpoints) make a `Converted` of a model
(`converted.py`): a flat graph whose collections name the variables, tables and assets. So what shows, loads
and runs modules needs to know no other format. Messages are this package's own or TensorFlow's; a conversion
makes new ones of the same class.
"""
