"""The formats that a module can be converted to, what they need, and which one a path means."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.errors import ConversionError, MissingConverterError, closest
from hubexplore.summary.lookup import first_names

SAVED_MODEL: Final = "saved-model"
HUB: Final = "hub"
ONNX: Final = "onnx"
TFLITE: Final = "tflite"
SAFETENSORS: Final = "safetensors"
NPZ: Final = "npz"


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
      name: by which it is chosen.
      title: what it is called.
      suffix: of its files; empty if it is a directory.
      extra: of this package, which installs what it needs; empty if nothing is.
      converter: packages that converting needs: what is imported -> what is installed.
      runtime: what is imported to run it; empty if it does not run.
      runtime_title: what that is called.
      beside: endings of files that are written with it.
    """

    name: str
    title: str
    suffix: str = ""
    extra: str = ""
    converter: tuple[tuple[str, str], ...] = ()
    runtime: str = ""
    runtime_title: str = ""
    beside: tuple[str, ...] = ()

    @property
    def is_program(self) -> bool:
        """Whether it is a model that another runtime runs."""
        return bool(self.runtime)

    @property
    def is_weights(self) -> bool:
        """Whether it holds the values of variables only."""
        return bool(self.suffix) and not self.runtime


FORMATS: Final = {
    one.name: one
    for one in (
        Format(
            ONNX,
            "ONNX",
            ".onnx",
            "onnx",
            (("tf2onnx", "tf2onnx"), ("onnx", "onnx")),
            "onnxruntime",
            "ONNX Runtime",
        ),
        Format(TFLITE, "LiteRT", ".tflite", "litert", (), "ai_edge_litert", "LiteRT"),
        Format(SAFETENSORS, "safetensors", ".safetensors", "safetensors", beside=(".json",)),
        Format(NPZ, "npz", ".npz", beside=(".json",)),
        Format(SAVED_MODEL, "TF2 SavedModel"),
        Format(HUB, "TF1 Hub module"),
    )
}  # fmt: skip

MSG_UNKNOWN: Final = "There is no format {name!r}.{hint} Formats: {names}."
MSG_WHICH: Final = (
    "to=, in a terminal --to, names the format, unless the path ends in {suffixes}; the path is {path!r}. "
    "Formats: {names}."
)
MSG_SUFFIX: Final = (
    "The path {path!r} ends like a file of the format {found!r}, but the format is to={name!r}. Change one "
    "of both."
)
MSG_INSTALL: Final = "To write {title}, install {missing}: pip install 'hubexplore[{extra}]'"


def format_of(to: Any, path: str) -> Format:
    """Returns the format that was asked for.

    Args:
      to: its name; None if the path says it.
      path: of what will be written.

    Raises:
      ConversionError: (a ValueError) there is no such format, or the path says another one.
    """
    by_suffix = next(
        (one for one in FORMATS.values() if one.suffix and path.lower().endswith(one.suffix)), None
    )
    names = ", ".join(FORMATS)
    if to is None:
        if by_suffix is None:
            suffixes = ", ".join(one.suffix for one in FORMATS.values() if one.suffix)
            raise ConversionError(
                MSG_WHICH.format(suffixes=suffixes, path=os.path.basename(path), names=names)
            )
        return by_suffix
    if not isinstance(to, str) or to not in FORMATS:
        hint = closest(to, FORMATS) if isinstance(to, str) else ""
        raise ConversionError(MSG_UNKNOWN.format(name=to, hint=hint, names=names))
    if by_suffix is not None and FORMATS[to].suffix and by_suffix.name != to:
        raise ConversionError(MSG_SUFFIX.format(path=os.path.basename(path), found=by_suffix.name, name=to))
    return FORMATS[to]


def require_converter(wanted: Format) -> None:
    """Raises MissingConverterError with the command that installs what is missing."""
    missing = _missing(wanted.converter)
    if missing:
        raise MissingConverterError(
            MSG_INSTALL.format(title=wanted.title, missing=first_names(missing, 3), extra=wanted.extra)
        )


def _missing(packages: Sequence[tuple[str, str]]) -> list[str]:
    return [name for module, name in packages if not is_installed(module)]


def is_installed(package: str) -> bool:
    """Whether a package can be imported."""
    return importlib.util.find_spec(package) is not None


def version(package: str) -> str:
    """The version of an installed package; empty if it has none."""
    from importlib import metadata  # it brings the package email along

    try:
        return metadata.version(package.replace("_", "-"))
    except metadata.PackageNotFoundError:
        return ""
