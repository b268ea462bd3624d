"""Signatures on values: arrays in, arrays out, each signature compiled once."""
