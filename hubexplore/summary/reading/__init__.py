"""From the messages of a module directory to the frozen dataclasses of `summary.model`."""
