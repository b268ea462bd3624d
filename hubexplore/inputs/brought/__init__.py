"""What a person brings for an input: files, pictures, arrays and objects of the notebook."""
