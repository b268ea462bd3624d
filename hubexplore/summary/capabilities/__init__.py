"""What a module can touch outside of itself, read from its graphs before anything runs; no TensorFlow."""
