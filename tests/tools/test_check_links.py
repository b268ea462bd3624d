"""The check of the site's links finds broken links, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.check_links import check, main


def site(folder: Path, body: str, other: str = '<h1 id="top">Other</h1>') -> Path:
    (folder / "api").mkdir()
    (folder / "index.html").write_text(body, "utf-8")
    (folder / "api" / "other page.html").write_text(other, "utf-8")
    (folder / "picture.png").write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    "good",
    [
        '<a href="api/other%20page.html">',
        '<a href="api/other%20page.html#top">',
        '<a href="#h%C3%A9"></a><p id="hé">',
        '<a href="#old"></a><a name="old">',
        '<a href="">',
        '<img src="picture.png?v=1">',
        '<img srcset="picture.png 1x, picture.png 2x">',
        '<img src="data:image/png;base64,AAAA">',
        '<a href="mailto:someone@example.org">',
        '<link rel="canonical" href="https://example.org/">',
        '<pre>&lt;a href="missing.html"&gt;</pre>',
    ],
)
def test_links_that_work(good: str, tmp_path: Path) -> None:
    assert check(site(tmp_path, good)).broken == []


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ('<a href="missing.html">', "missing.html does not exist"),
        ('<a href="api/">', "api/ does not exist"),
        ('<a href="api/other%20page.html#bottom">', "api/other%20page.html#bottom has no part of that name"),
        ('<a href="#bottom">', "#bottom has no part of that name"),
        ('<img src="other.png">', "other.png does not exist"),
        ('<img srcset="picture.png 1x, large.png 2x">', "large.png does not exist"),
        ('<a href="/index.html">', "/index.html leads out of the site"),
        ('<a href="../index.html">', "../index.html leads out of the site"),
        ('<script src="https://example.org/a.js">', "<script> loads https://example.org/a.js"),
        ('<link rel="stylesheet" href="//example.org/a.css">', "<link> loads //example.org/a.css"),
    ],
)
def test_broken_links(bad: str, what: str, tmp_path: Path) -> None:
    (line,) = check(site(tmp_path, bad)).broken
    assert line.startswith(f"index.html: {what}")


def test_a_link_from_a_folder(tmp_path: Path) -> None:
    report = check(site(tmp_path, '<p id="p">', '<a href="../index.html#p"></a><a href="../index.html#q">'))
    assert report.broken == ["api/other page.html: ../index.html#q has no part of that name"]


def test_links_to_other_hosts_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(site(tmp_path, '<a href="https://example.org/">')) == 0
    assert capsys.readouterr().out == "2 pages, 0 links inside, none is broken; 1 links to other hosts.\n"


def test_broken_links_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(site(tmp_path, '<a href="one.html"></a><a href="two.html">')) == 1
    printed = capsys.readouterr()
    assert printed.err == "index.html: one.html does not exist\nindex.html: two.html does not exist\n"
    assert "2 broken" in printed.out


def test_an_empty_folder_is_not_a_site(tmp_path: Path) -> None:
    assert main(tmp_path) == 1
