"""Inputs that share their rows as the columns of one table, and single values beside it."""
