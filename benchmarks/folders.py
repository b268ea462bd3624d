"""The folders that the benchmark reads and writes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PEER: Final = ROOT / "build" / "peer"
BENCH: Final = ROOT / "build" / "bench"
REAL_MODULES: Final = ROOT.parent / "shared" / "real-modules"
