"""Checks the links of a site of HTML pages: each linked file exists and has the part (#...) that is named.

Links to other hosts are counted, not followed. Prints broken links; the exit code is 1 if there are any:

    python -m tools.check_links build/docs
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_ATTRIBUTES = {"href", "src", "poster", "data"}
# Followed on a click. All other elements load their address with the page.
_CLICKED = {"a", "area"}
# Relations of a <link> that load nothing.
_RELATIONS = {"author", "canonical", "index", "license", "next", "prev", "search"}


@dataclass
class Page:
    """The ids of a page and the links on it."""

    ids: set[str] = field(default_factory=set)
    links: list[tuple[str, str]] = field(default_factory=list)
    """(element, address) of each link."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "link" and dict(attrs).get("rel") in _RELATIONS:
            tag = "a"
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (name == "name" and tag == "a"):
                self.page.ids.add(value)
            elif name in _ATTRIBUTES:
                self.page.links.append((tag, value.strip()))
            elif name == "srcset":
                parts = (part.split() for part in value.split(",")) if "data:" not in value else ()
                self.page.links.extend((tag, part[0]) for part in parts if part)


@dataclass
class Report:
    """Counts of pages and links, and the broken ones."""

    pages: int = 0
    inside: int = 0
    outside: int = 0
    broken: list[str] = field(default_factory=list)
    """A sentence for each broken link, by page."""


def read(file: Path) -> Page:
    """Returns the ids and links of a page."""
    reader = _Reader()
    reader.feed(file.read_text(encoding="utf-8"))
    reader.close()
    return reader.page


def check(site: Path) -> Report:
    """Checks all pages below a folder."""
    root = site.resolve()
    pages = {file: read(file) for file in sorted(root.rglob("*.html"))}
    report = Report(pages=len(pages))
    for file, page in pages.items():
        page_name = file.relative_to(root).as_posix()
        # A link that occurs often on a page is reported once.
        for element, address in dict.fromkeys(page.links):
            parts = urlsplit(address)
            if parts.scheme in ("data", "javascript"):
                continue  # contain their content themselves
            if parts.scheme or parts.netloc:
                report.outside += 1
                # The site must work without a network, and must not tell other hosts who reads it.
                if element not in _CLICKED:
                    report.broken.append(f"{page_name}: <{element}> loads {address} from another host")
                continue
            report.inside += 1
            fault = find_fault(root, file, unquote(parts.path), unquote(parts.fragment), pages)
            if fault:
                report.broken.append(f"{page_name}: {address} {fault}")
    return report


def find_fault(root: Path, file: Path, path: str, fragment: str, pages: dict[Path, Page]) -> str:
    """Returns what is wrong with a link from a file to a part of `path`; an empty text if nothing is."""
    target = (file.parent / path).resolve() if path else file
    if path.startswith("/") or not target.is_relative_to(root):
        return "leads out of the site"
    if not target.is_file():
        return "does not exist"  # a folder shows its index.html on a server, but not from a disk
    if fragment and target in pages and fragment not in pages[target].ids:
        return "has no part of that name"
    return ""


def main(site: Path) -> int:
    """Prints the report; returns the exit code."""
    report = check(site)
    for line in report.broken:
        print(line, file=sys.stderr)
    if not report.pages:
        print(f"{site} has no HTML pages.", file=sys.stderr)
        return 1
    broken = f"{len(report.broken)} broken" if report.broken else "none is broken"
    links = f"{report.inside} links inside, {broken}; {report.outside} links to other hosts"
    print(f"{report.pages} pages, {links}.")
    return 1 if report.broken else 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
