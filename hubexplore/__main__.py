"""`python -m hubexplore` is the command `hubexplore`."""

from __future__ import annotations

import sys

from hubexplore.cli import main

if __name__ == "__main__":
    sys.exit(main())
