"""The style sheets of cards, grids and self-contained pages.

Colours come from JupyterLab's theme variables. On other pages they derive from the colour of the surrounding
text, so that a card suits light and dark pages. If the reader asks for contrast, greys take the colour of the
text. Drawings have white paper, which JupyterLab's dark themes turn into dark paper while keeping the hues.
"""

from __future__ import annotations

import re
from typing import Final

from hubexplore.display import palette
from hubexplore.display.markup import Markup

JUPYTER_DARK: Final = 'body[data-jp-theme-light="false"]'
"""The page of JupyterLab, Notebook 7 and Voila in a dark theme."""
DARK_HOSTS: Final = (
    ':is(body[data-vscode-theme-kind="vscode-dark"], body[data-vscode-theme-kind="vscode-high-contrast"], '
    'html[theme="dark"] body, body.dark-theme, .hub-dark)'
)
"""The page of VS Code, Colab and marimo in a dark theme, or a part of it that plain.js draws."""
DARK: Final = f":is({JUPYTER_DARK}, {DARK_HOSTS})"
"""The page of any front end that is known to be dark."""


def host_style(root: str) -> Markup:
    """Returns a style sheet that gives `root` dark colours where a dark front end does not."""
    return Markup(f"{DARK_HOSTS} {root} {{ {palette.jupyter_variables(palette.DARK_HOST)} }}\n")


BUSY: Final = Markup("""\
.hubexplore p.busy::before { content: ""; display: inline-block; width: .8em; height: .8em;
  margin-right: .5em; vertical-align: -.1em; box-sizing: border-box; border: 2px solid currentColor;
  border-right-color: transparent; border-radius: 50%; animation: hubexplore-turn 1s linear infinite; }
@keyframes hubexplore-turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) { .hubexplore p.busy::before { animation: none; } }
""")
"""Style sheet of lines with a spinner, which displays have only while something is waited for."""
MARKS: Final = Markup("""\
.hubexplore mark, .hubexplore ins { background: none; color: inherit; text-decoration: none; }
.hubexplore mark.unknown, .hubexplore .chip.unknown code { text-decoration: underline wavy var(--hub-danger);
  text-decoration-thickness: from-font; text-underline-offset: .2em; text-decoration-skip-ink: none; }
.hubexplore ins { background: var(--hub-fill); box-shadow: inset 0 -2px var(--hub-bar); }
""")
"""Style sheet of marked words, which displays have only if they mark some."""

# Specificity: selectors repeat the class twice to win over JupyterLab's rules for tables, three times for
# code.
_LOOKS: Final = """  color: var(--hub-text); line-height: 1.45; }
.hubexplore.hubexplore p { margin: 0 0 .25em; }
.hubexplore p.title { font-size: 115%; overflow-wrap: anywhere; }
.hubexplore p.facts, .hubexplore small, .hubexplore p.note { color: var(--hub-dim); }
.hubexplore small { font-size: 90%; margin-left: .6em; font-weight: normal; }
.hubexplore details { margin: 0; }
.hubexplore section > details, .hubexplore > details { border-top: 1px solid var(--hub-line); }
.hubexplore summary { display: list-item; cursor: pointer; padding: .3em 0; }
.hubexplore details[open] > summary ~ div { padding: .1em 0 .8em 1.1em; overflow-x: auto; }
.hubexplore.hubexplore ul { margin: 0 0 .5em; padding-left: 1.2em; }
.hubexplore.hubexplore ol { margin: 0 0 .25em; padding-left: 2em; }
.hubexplore ol > li { margin: 0 0 .3em; }
.hubexplore li p.note { font-size: 92%; }
.hubexplore .danger { color: var(--hub-danger); }
.hubexplore ul.findings small { margin-left: 0; overflow-wrap: anywhere; }
.hubexplore.hubexplore table { border-collapse: collapse; border: none; margin: .1em 0 .8em;
  font-size: 90%; table-layout: auto; }
.hubexplore caption { caption-side: top; text-align: left; padding: .2em 0; color: var(--hub-dim);
  white-space: nowrap; font-style: normal; }
.hubexplore.hubexplore tbody tr:nth-child(n), .hubexplore.hubexplore tbody tr:nth-child(n):hover {
  background: none; }
.hubexplore.hubexplore th, .hubexplore.hubexplore td { text-align: left; vertical-align: top;
  padding: .15em 1.2em .15em .5em; border: none; max-width: none; }
.hubexplore th { font-weight: 600; }
.hubexplore tbody th { font-weight: normal; min-width: 5em; }
.hubexplore.hubexplore .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.hubexplore.hubexplore thead th { background: var(--hub-fill); white-space: nowrap; }
.hubexplore.hubexplore thead th.long { white-space: normal; overflow-wrap: anywhere; min-width: 12em; }
.hubexplore.hubexplore thead { border: none; }
.hubexplore tbody { border-top: 1px solid var(--hub-line); }
.hubexplore tbody:last-child { border-bottom: 1px solid var(--hub-line); }
.hubexplore.hubexplore.hubexplore code { background: none; padding: 0; white-space: pre-wrap; color: inherit;
  font-size: 95%; overflow-wrap: break-word; }
.hubexplore.hubexplore pre { margin: .1em 0 .4em; padding: .5em .7em; overflow-x: auto; font-size: 90%;
  line-height: 1.4; background: var(--hub-fill); color: inherit; border: none; }
.hubexplore.hubexplore.hubexplore pre code { white-space: pre; overflow-wrap: normal; }
.hubexplore.hubexplore pre.lines { white-space: pre-wrap; overflow-wrap: anywhere; }
.hubexplore .chip { display: inline-block; margin: 0 0 .25em; padding: 0 .45em; border-radius: .25em;
  background: var(--hub-fill); }
.hubexplore.hubexplore ul.plain { list-style: none; padding-left: 0; }
.hubexplore .chip small { margin-left: .45em; font-variant-numeric: tabular-nums; }
.hubexplore.hubexplore td.note { color: var(--hub-dim); }
.hubexplore.hubexplore td.share, .hubexplore .share { white-space: nowrap; text-align: right;
  font-variant-numeric: tabular-nums; }
.hubexplore .percent { display: inline-block; min-width: 4em; text-align: right; }
.hubexplore .bar { display: inline-block; width: 5em; height: .6em; margin-left: .6em;
  background: var(--hub-fill); }
.hubexplore .bar i { display: block; height: 100%; background: var(--hub-bar); }
.hubexplore .spark { display: inline-flex; align-items: flex-end; gap: 1px; height: 1.3em;
  vertical-align: top; }
.hubexplore .spark i { width: 5px; min-height: 1px; font-size: 0; background: var(--hub-bar); }
.hubexplore .aside { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
.hubexplore .pictures, .hubexplore .beside { display: flex; flex-wrap: wrap; gap: .8em 1.2em;
  align-items: flex-start; }
.hubexplore .pictures { margin-bottom: .3em; }
.hubexplore .beside > div { flex: 1 1 30em; min-width: 0; max-width: 46em; overflow-x: auto; }
.hubexplore .beside > div:has(figure) { flex: 0 1 auto; min-width: 14em; max-width: 19em; }
.hubexplore .pictures figure { margin: 0; max-width: 24em; }
.hubexplore .pictures figure.plot { max-width: 46em; }
.hubexplore .keys { display: flex; flex-direction: column; gap: .2em; }
.hubexplore .keys img { vertical-align: -.1em; }
.hubexplore figcaption { color: var(--hub-dim); font-size: 90%; overflow-wrap: anywhere; }
.hubexplore img { max-width: 100%; height: auto; }
.hubexplore img.photo { image-rendering: pixelated; }
.hubexplore figure img.photo { outline: 1px solid var(--hub-line); }
.hubexplore .tree { font-size: 90%; min-width: 50em; max-width: 64em; }
.hubexplore .tree details[open] > summary ~ div { overflow-x: visible; }
.hubexplore .tree td:nth-child(3) { white-space: nowrap; }
.hubexplore .tree .scope { display: flex; align-items: baseline; gap: 0; padding: .15em 0; }
.hubexplore .tree summary.scope::before { content: "\\25b8"; flex: none; width: 1.1em;
  color: var(--hub-dim); }
.hubexplore .tree details[open] > summary.scope::before { content: "\\25be"; }
.hubexplore .tree p.scope { padding-left: 1.1em; margin: 0; }
.hubexplore .tree .scope b { flex: 1 1 auto; font-weight: normal; }
.hubexplore .tree .scope span.number, .hubexplore .tree .scope span.share { flex: none; }
.hubexplore .tree .scope span.number { width: 6.5em; }
.hubexplore .tree .scope span.share { width: 11em; }
.hubexplore .tree details > div { padding-left: 1.1em; }
.hubexplore.hubexplore .tree table { font-size: 100%; width: 100%; margin: 0 0 .3em; }
.hubexplore.hubexplore .tree td.share, .hubexplore.hubexplore .tree th.share { width: 11em; padding: .15em 0;
  text-align: right; box-sizing: border-box; }
.hubexplore.hubexplore th.share { text-align: right; padding-right: 6.8em; }
.hubexplore.hubexplore .tree th.share { text-align: right; padding-right: 5.7em; }
.hubexplore.hubexplore .tree thead th { background: none; font-weight: normal; color: var(--hub-dim); }
.hubexplore.hubexplore .tree tbody th { min-width: 14em; }
.hubexplore.hubexplore .tree td.number, .hubexplore.hubexplore .tree th.number { width: 6.5em;
  padding-left: .8em; padding-right: 0; box-sizing: border-box; }
.hubexplore .tree th:nth-child(2) { width: 6em; }
.hubexplore .tree th:nth-child(3) { width: 9em; }
"""
# On narrow screens (phones, a panel beside the notebook) the columns of shares go first: sizes state the
# same. 50em is where the tree, which is at least as wide, would begin to scroll.
_NARROW: Final = """@media (max-width: 50em) {
  .hubexplore.hubexplore th, .hubexplore.hubexplore td { padding-right: .5em; }
  .hubexplore tbody th { min-width: 0; }
  .hubexplore .tree { min-width: 0; }
  .hubexplore.hubexplore .tree .share { display: none; }
  .hubexplore.hubexplore .tree tbody th { min-width: 8em; }
  .hubexplore .tree th:nth-child(2), .hubexplore .tree th:nth-child(3) { width: auto; }
  .hubexplore.hubexplore .tree th, .hubexplore.hubexplore .tree td { padding-right: .6em; }
  .hubexplore.hubexplore .tree .number { width: 5.5em; padding-left: 0; padding-right: 0; }
}
"""
# Drawings are images, which no style sheet reaches inside: a filter inverts them as a whole. Photographs stay
# as they are. `lighten` makes the paper vanish on pages that are lighter than it.
_DARK: Final = f"""\
{DARK} .hubexplore img:not(.photo) {{ filter: {palette.DARKENED};
  mix-blend-mode: lighten; }}
"""
# In forced colours a browser replaces backgrounds, which would hide bars: these opt out and use a system
# colour.
_CONTRAST: Final = f"""\
@media (prefers-contrast: more) {{
  .hubexplore {{ {palette.properties(palette.CARD_CONTRAST)} }}
}}
@media (forced-colors: active) {{
  .hubexplore {{ {palette.properties(palette.CARD_FORCED)} }}
  .hubexplore .bar {{ border: 1px solid CanvasText; }}
  .hubexplore .bar i, .hubexplore .spark i {{ forced-color-adjust: none; background: CanvasText; }}
}}
"""
# One <style> element for each display, because a notebook may remove any output, also the first one.
STYLE: Final = Markup(
    # Without the blanks, which each display would repeat.
    re.sub(
        r"\s*([{};])\s*|\s+",
        lambda match: match[1] or " ",
        f".hubexplore {{ {palette.properties(palette.CARD, chr(10))}\n"
        f"{_LOOKS}{host_style('.hubexplore')}{_DARK}{_NARROW}{_CONTRAST}",
    )
)
PAGE_STYLE: Final = Markup(f"""
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.45 system-ui, sans-serif; max-width: 72em; margin: 2em auto; padding: 0 1.5em;
  color: {palette.PAGE[0]}; background: {palette.PAGE[1]}; }}
@media screen and (prefers-color-scheme: dark) {{
  body {{ color: {palette.DARK_PAGE[0]}; background: {palette.DARK_PAGE[1]}; }}
  .hubexplore {{ {palette.properties(palette.CARD_ON_DARK_PAGE)} }}
}}
@media print {{ .hubexplore details > div {{ overflow: visible; }} }}
""")
