"""Conversion to the formats of other runtimes, with proof that what was written computes the same."""
