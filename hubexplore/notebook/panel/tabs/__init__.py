"""The other tabs of the panel."""
