"""What TensorFlow's ops are, without TensorFlow: definitions, kernels, and packages with further ops."""
