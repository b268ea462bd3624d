"""The panel of `hubexplore.lens`: a map of the rows of a mapped data set, and the tables beside it.

Read panel.py first. point_map.py wraps the point map of jupyter-scatter; pick_list.py shows static HTML and
makes it clickable; query.py asks for an input, and search.py makes its vector. What is computed is in
hubexplore/mapped/, as well as its HTML.
"""
