"""The form of a signature: one field for each input."""
