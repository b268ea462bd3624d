"""Functions, as text, that written code calls.

They repeat what this package does with NumPy, Pillow and TensorFlow alone: who keeps the code can change it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from hubexplore.inputs.code import pixel_code
from hubexplore.inputs.external.picture_arrays import Pictures
from hubexplore.inputs.text.tf_examples import Values

EXAMPLE: Final = """\
def example(features):
    message = tf.train.Example()
    for name, (kind, values) in features.items():
        getattr(message.features.feature[name], kind).value.extend(values)
    return message.SerializeToString(deterministic=True)"""
"""The function that serializes the features that `features` writes as a tf.Example."""


def features(message: dict[str, Values]) -> str:
    """Returns the argument of `example` for a message, as an expression."""
    pairs = []
    for name, values in message.items():
        kind = {bytes: "bytes_list", int: "int64_list"}.get(type(next(iter(values), b"")), "float_list")
        written = ", ".join(map(_literal, values))
        pairs.append(f"{name!r}: ({kind!r}, [{written}])")
    return f"{{{', '.join(pairs)}}}"


def _literal(value: bytes | int | float) -> str:
    if not isinstance(value, float):
        return repr(value)
    # The fewest digits that give this float32 again; nan and inf have no literals.
    return str(np.float32(value)) if np.isfinite(value) else f"float({str(value)!r})"


def picture(name: str, source: Pictures) -> str:
    """Returns the function that reads a picture as `images.read_pictures` does; the tests hold them equal."""
    pixels, numbers = pixel_code.lines(source.choice, source.value.shape[1:])
    has_16_bits = ["    if image.mode.startswith('I'):  # 16 bits per pixel",
            "        image = PIL.Image.fromarray((np.asarray(image) / 257).astype('uint8'))"]  # fmt: skip
    return "\n".join([
        f"def {name}(file):",
        "    image = PIL.ImageOps.exif_transpose(PIL.Image.open(file))",
        *(has_16_bits if source.has_16_bits else []),
        "    image = image.convert('RGBA')",
        *(f"    {line}" for line in pixels),
        f"    return {numbers}",
    ])  # fmt: skip
