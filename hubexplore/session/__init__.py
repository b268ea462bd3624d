"""One graph and one TensorFlow session that a notebook works with. Knows no IPython."""
