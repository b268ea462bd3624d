"""Follows what the graphs of a module run, and with which arguments, before anything runs; no TensorFlow.

`reader.read` is the entry; what it finds is in the dataclasses of `summary.capabilities.model`.
"""
