"""A graph variant as TensorFlow needs it: its meta graph, its variables, the values of its checkpoint."""
