"""Python code that makes the values of inputs again: one expression each, and the helpers it calls."""
