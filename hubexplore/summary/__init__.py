"""What a module is, read without TensorFlow: messages, graph algorithms, checkpoint index, diagnosis."""
