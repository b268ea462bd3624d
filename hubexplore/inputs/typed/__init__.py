"""What a person types for an input, as a value, and back."""
