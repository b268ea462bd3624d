"""Exporting a module, and a comparison of its outputs with those of the export."""
