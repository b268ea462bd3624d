"""Makes the gallery of the site from screenshots of the browser tests: a page and its pictures.

python -m tools.gallery build/screenshots/gallery docs/gallery
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from PIL import Image

from tests.browser.gallery import EXHIBITS
from tests.browser.gallery.exhibit import Exhibit

COLOURS: Final = 48
"""Few colours keep the pictures small."""
VARIATIONS: Final = {
    "light": "the light theme", "dark": "the dark theme", "600": "600 pixels wide",
    "200": "enlarged to 200 %", "keyboard": "a value read by keys",
}  # fmt: skip
HEAD: Final = """# Gallery

What the panel shows first of each kind of value. Each module is a few lines, in `tests/browser/gallery/`.
`make gallery` opens it in JupyterLab, fills in its form as a user does, presses Enter and takes pictures.
`make test` does the same without pictures: the right viewer has to be on screen, nothing may be wider
than the panel, every text has to be readable in both themes, and Tab has to reach everything in order.
"""


def page() -> str:
    """Returns the page, in Markdown that GitHub shows as well."""
    return HEAD + "".join(f"\n{section(exhibit)}" for exhibit in EXHIBITS)


def section(exhibit: Exhibit) -> str:
    """Returns the part of the page on one kind."""
    first, *others = (
        f"![{exhibit.title}: {words}]({exhibit.name}-{variation}.png)\n"
        for variation, words in VARIATIONS.items()
    )
    summary = "<details><summary>Dark, 600 pixels wide, enlarged to 200 %, by keys</summary>\n"
    return "\n".join(
        [f"## {exhibit.title}\n", f"{exhibit.reason}\n", first, summary, *others, "</details>\n"]
    )


def names() -> list[str]:
    """Returns the names of all pictures."""
    return [f"{exhibit.name}-{variation}.png" for exhibit in EXHIBITS for variation in VARIATIONS]


def store(source: Path, target: Path) -> None:
    """Replaces the page and its pictures."""
    missing = [name for name in names() if not (source / name).exists()]
    if missing:
        raise SystemExit(f"There are no screenshots {', '.join(missing)} in {source}.")
    target.mkdir(exist_ok=True)
    for old in target.glob("*.png"):
        old.unlink()
    for name in names():
        with Image.open(source / name) as picture:
            few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(target / name, optimize=True)
    (target / "index.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    store(*map(Path, sys.argv[1:]))
