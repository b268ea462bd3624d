"""One picture as Python: the lines that turn a picture of Pillow into the numbers that a module takes."""

from __future__ import annotations

from hubexplore.inputs.external.picture_arrays import ImageChoice


def lines(choice: ImageChoice, sizes: tuple[int, ...]) -> tuple[list[str], str]:
    """Returns lines that make `pixels` of `image`, and the expression of the numbers.

    Args:
      choice: how the picture is fitted and scaled.
      sizes: height, width and, unless the picture is grey without it, the number of channels.
    """
    height, width, channels = (*sizes, 1)[:3]
    size, smooth = f"({width}, {height})", "PIL.Image.Resampling.LANCZOS"
    fitted = {
        "crop": f"PIL.ImageOps.fit(image, {size}, {smooth})",
        "pad": f"PIL.ImageOps.pad(image, {size}, {smooth}, color='white')",
        "stretch": f"image.resize({size}, {smooth})",
    }[choice.fit]
    pixels = "(255 - pixels)" if choice.invert else "pixels"
    scaled = {"0 to 1": f"{pixels} / 255", "-1 to 1": f"{pixels} / 127.5 - 1", "0 to 255": pixels}
    mode = "L" if channels == 1 else "RGB"
    return [
        f"image = {fitted}",
        "image = PIL.Image.alpha_composite(PIL.Image.new('RGBA', image.size, 'white'), image)",
        f"pixels = np.asarray(image.convert({mode!r}), 'float32').reshape({', '.join(map(str, sizes))})",
    ], scaled[choice.scale]
