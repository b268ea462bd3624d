"""Checks the links of a site of HTML pages: every file that is named is there, and in it every part (#...).

Links to other hosts are counted, not followed. Prints what is broken, and ends with 1 if anything is:

    python -m tools.check_links build/docs
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_NAMES = {"href", "src", "poster", "data"}
# What is followed when somebody clicks it; a page loads all else by itself.
_CLICKED = {"a", "area"}
_SAID = {"author", "canonical", "index", "license", "next", "prev", "search"}


@dataclass
class Page:
    """What one page has and what it names."""

    ids: set[str] = field(default_factory=set)
    links: list[tuple[str, str]] = field(default_factory=list)
    """(element, address) of each link."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "link" and dict(attrs).get("rel") in _SAID:
            tag = "a"
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (name == "name" and tag == "a"):
                self.page.ids.add(value)
            elif name in _NAMES:
                self.page.links.append((tag, value.strip()))
            elif name == "srcset":
                parts = (part.split() for part in value.split(",")) if "data:" not in value else ()
                self.page.links.extend((tag, part[0]) for part in parts if part)


@dataclass
class Found:
    """What a check found."""

    pages: int = 0
    inside: int = 0
    outside: int = 0
    broken: list[str] = field(default_factory=list)
    """Sentences, by page."""


def read(file: Path) -> Page:
    """Returns the ids and links of a page."""
    reader = _Reader()
    reader.feed(file.read_text(encoding="utf-8"))
    reader.close()
    return reader.page


def check(site: Path) -> Found:
    """Checks all pages below a folder."""
    root = site.resolve()
    pages = {file: read(file) for file in sorted(root.rglob("*.html"))}
    found = Found(pages=len(pages))
    for file, page in pages.items():
        where = file.relative_to(root).as_posix()
        for element, address in dict.fromkeys(page.links):
            parts = urlsplit(address)
            if parts.scheme in ("data", "javascript"):
                continue
            if parts.scheme or parts.netloc:
                found.outside += 1
                if element not in _CLICKED:
                    found.broken.append(f"{where}: <{element}> loads {address} from another host")
                continue
            found.inside += 1
            what = wrong(root, file, unquote(parts.path), unquote(parts.fragment), pages)
            if what:
                found.broken.append(f"{where}: {address} {what}")
    return found


def wrong(root: Path, file: Path, path: str, fragment: str, pages: dict[Path, Page]) -> str:
    """Returns what is wrong with a link from a file to `path` and a part of it; nothing if it is right."""
    target = (file.parent / path).resolve() if path else file
    if path.startswith("/") or not target.is_relative_to(root):
        return "leads out of the site"
    if not target.is_file():
        return "is not there"  # a folder shows its index.html on a server, but not from a disk
    return "has no such part" if fragment and target in pages and fragment not in pages[target].ids else ""


def main(site: Path) -> int:
    """Prints what was found; returns the exit code."""
    found = check(site)
    for line in found.broken:
        print(line, file=sys.stderr)
    if not found.pages:
        print(f"There are no pages in {site}.", file=sys.stderr)
        return 1
    broken = f"{len(found.broken)} broken" if found.broken else "none is broken"
    print(
        f"{found.pages} pages, {found.inside} links inside, {broken}; {found.outside} links to other hosts."
    )
    return 1 if found.broken else 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
