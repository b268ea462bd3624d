"""Checkpoints read without TensorFlow: their index, its encoding, and statistics of the values."""
