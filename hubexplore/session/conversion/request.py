"""What is asked of a conversion."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

INT8: Final = "int8"
QUANTIZATIONS: Final = ("dynamic", "float16", INT8)
"""How numbers of a model of LiteRT can be made smaller."""
MSG_TRUST: Final = "hub.convert(..., trust=True)"


@dataclass(frozen=True)
class Request:
    """What is asked of a conversion; see `convert`.

    Attributes:
      load: returns the module and the tags of its graph variant, once TensorFlow is imported.
      path: of what is written.
      to: the format, if the path does not say it.
      signature: of the signatures.
      session: of a `hub.Module`.
      quantize: how numbers are made smaller.
      data: examples for it.
      verify: whether what is written runs.
      timeout: in seconds.
      overwrite: whether files are replaced.
      trust: whether it may run in any case.
      version: of a SavedModel that is served.
      remedy: what to type in order to trust the module.
      begin: when the call began, as `time.monotonic` says it.
    """

    load: Callable[[], tuple[Any, Iterable[str] | None]]
    path: str | os.PathLike[str]
    to: str | None = None
    signature: str | Sequence[str] | None = None
    session: Any = None
    quantize: str | None = None
    data: Any = None
    verify: bool = True
    timeout: float = 600.0
    overwrite: bool = False
    trust: bool = False
    version: int | None = None
    remedy: str = MSG_TRUST
    begin: float = field(default_factory=time.monotonic)
