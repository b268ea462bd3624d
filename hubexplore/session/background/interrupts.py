"""What an interrupt says that ends the wait for an import, and not the import."""

from __future__ import annotations

from typing import Final

MSG_GOES_ON: Final = (
    "Interrupted. TensorFlow is still being imported in the background, since half of it could not be used. "
    "What needs it next waits for it."
)


def interrupt() -> KeyboardInterrupt:
    """Returns the interrupt to raise; IPython shows it in one line."""
    error = KeyboardInterrupt(MSG_GOES_ON)
    # IPython shows this instead of a traceback, which would take seconds beside the import: making one looks
    # through all modules. An attribute, since a kernel tells its clients the name of the class.
    error._render_traceback_ = lambda: [f"KeyboardInterrupt: {MSG_GOES_ON}"]  # type: ignore[attr-defined]  # IPython's protocol
    return error
