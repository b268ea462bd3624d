"""Python code that makes the values of inputs again."""
