"""Modules made of modules: `chain` joins them, `head` adds a classifier.

`part` opens what they are given, `variants` says which graph variants go together, `fit` which output goes
into which input, `build` puts them into one graph, and `kept` gives the result files and weights.
"""
