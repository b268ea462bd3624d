"""Writes the data sets of the samples: the digits that trained `digits`, and the verses of the Gospels.

    python tools/sample_data.py

The digits are those of tools/train_digits.py, the verses are those of tools/train_words.py: the four Gospels
in the King James Version. Needs scikit-learn, SciPy and a Debian system, which hubexplore itself does not.
"""

from __future__ import annotations

import lzma
import pathlib
import re
import subprocess
import tempfile

import numpy as np

from hubexplore.samples import files
from tools import train_digits

PACKAGES = ("bible-kjv", "bible-kjv-text")
FIRST, LAST = "Matthew1:1", "John21:25"


def gospels() -> str:
    """Returns the verses, one on each line: book, place and text between tabs."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "download", "--quiet", *PACKAGES], check=True, cwd=folder)
        root = pathlib.Path(folder) / "unpacked"
        for package in sorted(pathlib.Path(folder).glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", package, root], check=True)
        # -f: one verse a line, after its reference.
        command = [f"{root}/usr/bin/bible", "-p", f"{root}/usr/lib/", "-f", f"{FIRST}-{LAST}"]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return "".join(map(verse_line, lines))


def verse_line(line: str) -> str:
    """Turns `Mat1:2 Abraham begat` into fields between tabs."""
    found = re.fullmatch(r"([A-Za-z]+)(\d+:\d+) (.+)", line)
    if found is None:
        raise ValueError(f"not a verse: {line!r}")
    book = {"Mat": "Matthew"}.get(found[1], found[1])
    return f"{book}\t{found[2]}\t{found[3].strip()}\n"


def main() -> None:
    (images, labels), _ = train_digits.load_split()
    pixels = np.rint(images[..., 0] * files.LARGEST_PIXEL).astype(np.uint8)
    files.DATA.mkdir(exist_ok=True)
    np.savez_compressed(
        files.TRAINING_DIGITS, allow_pickle=False, pixels=pixels, labels=labels.astype(np.uint8)
    )
    # The format without a time stamp: the same bytes each time.
    files.VERSES.write_bytes(lzma.compress(gospels().encode(), preset=9))


if __name__ == "__main__":
    main()
