"""An estimate of the memory that a run needs, made before TensorFlow allocates any."""
