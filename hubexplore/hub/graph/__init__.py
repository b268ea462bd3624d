"""A module's graphs inside TensorFlow: its state, built once, and a slice of it for each call."""
