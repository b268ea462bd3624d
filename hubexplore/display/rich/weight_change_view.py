"""The parts of a comparison of weights: a verdict, what is damaged, the largest changes, a tree of scopes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from hubexplore.display.markup import Markup, tag
from hubexplore.display.tables.grid import (
    Bar,
    Column,
    Grid,
    Remark,
    Row,
    bar_html,
    grid_html,
    grid_lines,
    name_html,
)
from hubexplore.display.wording import MAX_SENTENCE, counted, omission, shape_text, visible
from hubexplore.errors import MSG_AGAIN
from hubexplore.summary.compare.weights.records import ScopeChange, VariableChange, WeightChanges
from hubexplore.summary.compare.weights.scopes import scope_changes

WIDTH: Final = 128
"""Terminal columns of a line, more than elsewhere: many numbers, and the complete name."""
MAX_ROWS: Final = 24
"""Maximum number of variables that are listed as the largest changes."""
MAX_UNCOMPARED: Final = 24
MAX_TREE_ROWS: Final = 160
"""Maximum number of scopes and variables in the tree."""
MAX_FOLDS: Final = 8
"""Maximum depth of folds; deeper scopes are part of the names in them."""
MIN_TREE: Final = 12
"""Number of variables up to which there is no tree: the list has them all."""
MAX_NAMED: Final = 3

MSG_DAMAGED: Final = (
    "The values of {names} in {title} do not have the checksum (CRC-32C) that was stored with them: the data "
    "was altered or damaged after it was written. "
)
MSG_EQUAL: Final = "No weight changed: {count} equal in {first} and {second}."
MSG_CHANGED: Final = "{changed:,} of {count} changed from {first} to {second}{facts}."


def lines(changes: WeightChanges, width: int) -> Iterator[tuple[bool, str]]:
    """Yields (is it bold, line)."""
    yield True, _verdict(changes)
    yield from ((False, f"  - {sentence}") for sentence in _damage(changes))
    scopes = scope_changes(changes.variables)
    grids = [
        _largest(changes, scopes[0]),
        *_scope_grid(scopes, len(changes.variables)),
        *_uncompared(changes),
    ]
    for grid in grids:
        if not grid.rows:
            continue
        (_, caption), *rows = grid_lines(grid, width)
        yield False, ""
        yield True, caption
        yield from ((False, line) for _, line in rows)


def blocks(changes: WeightChanges) -> Iterator[Markup]:
    """Yields the parts as HTML."""
    yield tag("p", tag("strong", _verdict(changes)))
    damage = _damage(changes)
    if damage:
        yield tag("ul", *(tag("li", tag("b", "Damaged", class_="danger"), ": ", line) for line in damage))
    scopes = scope_changes(changes.variables)
    largest = _largest(changes, scopes[0])
    if largest.rows:
        yield grid_html(largest)
    if len(changes.variables) > MIN_TREE and len(scopes) > 1:
        yield tag(
            "details",
            tag("summary", "By scope ", tag("small", counted(len(scopes) - 1, "scope"))),
            tag("div", _tree(changes, scopes)),
        )
    for grid in _uncompared(changes):
        yield grid_html(grid)


def change_text(change: VariableChange) -> str:
    """Returns how much a variable changed, in a few words."""
    if any(change.damaged):
        return "damaged"
    if not change.changed:
        return change.note if change.changed is None else "equal"
    if change.relative is None:
        return "from zero" if change.norm is not None else f"{_share(change)} changed"
    return f"{_number(change.relative)} of its norm"


def scopes_text(scopes: Sequence[ScopeChange]) -> str:
    """Returns scopes as an aligned grid."""
    return "\n".join(line for _, line in grid_lines(_grid_of_scopes(scopes), WIDTH))


def scopes_html(scopes: Sequence[ScopeChange]) -> Markup:
    """Returns scopes as a table."""
    return grid_html(_grid_of_scopes(scopes))


def side_names(first: str, second: str) -> tuple[str, str]:
    """Returns headings for both sides: only the names within one folder; "first" and "second" if equal."""
    (folder, _, name), (other_folder, _, other_name) = (
        side.rstrip("/").rpartition("/") for side in (first, second)
    )
    if folder != other_folder:
        return first, second
    return (name, other_name) if name != other_name else ("first", "second")


# ---- sentences


def _verdict(changes: WeightChanges) -> str:
    first, second = (f"'{visible(name)}'" for name in side_names(changes.first, changes.second))
    compared = [change for change in changes.variables if change.changed is not None]
    count = counted(len(compared), "variable")
    changed = sum(1 for change in compared if change.changed)
    if not compared:
        return f"No weights to compare in {first} and {second}."
    if not changed:
        is_are = "is" if len(compared) == 1 else "are"
        return MSG_EQUAL.format(count=f"{count} {is_are}", first=first, second=second)
    whole = scope_changes(changes.variables, 0)[0]
    facts = ""
    if whole.relative is not None:
        facts += f": relative change {_number(whole.relative)}"
    if whole.cosine is not None:
        facts += f", cosine {_cosine(whole.cosine)}"
    for noun, pair in (("NaN", whole.nans), ("Inf", whole.infs)):
        if any(pair):
            facts += f"; {noun}: {pair[0]:,} before, {pair[1]:,} after"
    return MSG_CHANGED.format(changed=changed, count=count, first=first, second=second, facts=facts)


def _damage(changes: WeightChanges) -> list[str]:
    """Returns a sentence for each side whose data does not have its checksums."""
    found = []
    for side, title in enumerate((changes.first, changes.second)):
        names = [change.name for change in changes.variables if change.damaged[side]]
        if names:
            listed = ", ".join(f"'{visible(name)}'" for name in names[:MAX_NAMED])
            more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
            sentence = MSG_DAMAGED.format(names=listed + more, title=f"'{visible(title)}'")
            found.append(visible(sentence + MSG_AGAIN, 2 * MAX_SENTENCE))
    return found


# ---- grids


def _largest(changes: WeightChanges, whole: ScopeChange) -> Grid:
    """Lists the variables that changed, largest changes first, and those with odd numbers or notes."""
    listed = [change for change in changes.variables if _is_of_interest(change)]
    # Stable, so that all others stay sorted by change: what is broken is never left out.
    listed.sort(key=lambda change: (not any(change.damaged), not change.has_odd))
    has_nans, has_infs = (any(any(getattr(change, kind)) for change in listed) for kind in ("nans", "infs"))
    top = _top(changes.variables)
    rows = tuple(_row(change, top, (has_nans, has_infs)) for change in listed[:MAX_ROWS])
    columns = (
        Column("Name", code=True),
        Column("Type"),
        Column("Shape"),
        Column("Change", "bar"),
        Column("Norm of difference", "right"),
        Column("Norm before", "right"),
        Column("Cosine", "right"),
        Column("Changed", "right"),
        *((Column("NaN", "right"),) if has_nans else ()),
        *((Column("Inf", "right"),) if has_infs else ()),
    )
    unchanged = len(changes.variables) - len(listed)
    notes = [omission(len(listed) - len(rows), "variable")]
    if unchanged and listed:
        notes.append(f"{counted(unchanged, 'variable')} did not change.")
    caption = f"Relative changes, largest first, of {counted(whole.count, 'number')}"
    return Grid(caption, columns, rows, "; ".join(filter(None, notes)))


def _is_of_interest(change: VariableChange) -> bool:
    return bool(change.changed) or change.changed is None or any(change.damaged) or change.has_odd


def _top(changes: Iterable[VariableChange | ScopeChange]) -> float:
    """The largest relative change, which has a full bar."""
    return max((change.relative or 0.0 for change in changes), default=0.0)


def _row(change: VariableChange, top: float, odd: tuple[bool, bool]) -> Row:
    start = (change.name, change.dtype, shape_text(change.shape))
    if change.changed is None:
        return (*start, Remark(change.note))
    if change.norm is None:
        return (*start, Remark(f"{_share(change)} changed: {change.note}"))
    counts = tuple(
        "" if not any(pair) else f"{pair[0]:,} → {pair[1]:,}"
        for pair, shown in zip((change.nans, change.infs), odd, strict=True)
        if shown
    )
    return (
        *start,
        _bar(change.relative, top, "from zero" if change.changed else "zero"),
        _number(change.norm),
        _number(change.first_norm),
        _cosine(change.cosine),
        _share(change),
        *counts,
    )


def _bar(relative: float | None, top: float, missing: str) -> Bar:
    if relative is None:
        return Bar(0.0, missing)
    return Bar(relative / top if top else 0.0, _number(relative))


def _share(change: VariableChange | ScopeChange) -> str:
    return "" if change.share is None else Bar(change.share).text


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _cosine(value: float | None) -> str:
    """Returns as many digits as tell a cosine from 1, as far as these are exact."""
    if value is None:
        return ""
    rest = 1 - abs(value)
    if 1e-8 < rest < 1e-4:
        return f"-1 + {rest:.1e}" if value < 0 else f"1 - {rest:.1e}"
    return f"{value:.4f}"


def _uncompared(changes: WeightChanges) -> Iterator[Grid]:
    if not changes.uncompared:
        return
    listed = changes.uncompared[:MAX_UNCOMPARED]
    first, second = side_names(changes.first, changes.second)
    rows = tuple((item.name, item.reason, item.first or "—", item.second or "—") for item in listed)
    columns = (
        Column("Name", code=True),
        Column("Why"),
        Column(first, keep_empty=True),
        Column(second, keep_empty=True),
    )
    caption = f"Not compared: {counted(len(changes.uncompared), 'variable')}"
    yield Grid(caption, columns, rows, omission(len(changes.uncompared) - len(listed), "variable"))


def _scope_grid(scopes: Sequence[ScopeChange], variables: int) -> Iterator[Grid]:
    """Yields the outermost scopes in which something changed, largest changes first."""
    outer = [scope for scope in scopes[1:] if "/" not in scope.name and scope.changed]
    if variables > MIN_TREE and outer:
        outer.sort(key=_by_change)
        yield _grid_of_scopes(outer[:MAX_ROWS], omission(len(outer) - MAX_ROWS, "scope"))


def _by_change(change: VariableChange | ScopeChange) -> tuple[int, float, str]:
    if change.relative is None:
        return (0 if change.changed else 2), 0.0, change.name
    return 1, -change.relative, change.name


def _grid_of_scopes(scopes: Sequence[ScopeChange], note: str = "") -> Grid:
    top = _top(scopes)
    columns = (
        Column("Scope", code=True),
        Column("Variables", "right"),
        Column("Change", "bar"),
        Column("Norm of difference", "right"),
        Column("Norm before", "right"),
        Column("Cosine", "right"),
        Column("Changed", "right"),
    )
    rows = tuple(
        (
            scope.name or "(all)",
            f"{scope.variables:,}",
            _bar(scope.relative, top, "from zero" if scope.changed else "zero"),
            _number(scope.norm),
            _number(scope.first_norm),
            _cosine(scope.cosine),
            _share(scope),
        )
        for scope in scopes
    )
    return Grid("Relative changes by scope", columns, rows, note)


# ---- the tree


@dataclass
class _Fold:
    """A scope with what is directly in it."""

    change: ScopeChange
    folds: list[_Fold] = field(default_factory=list)
    leaves: list[VariableChange] = field(default_factory=list)


@dataclass
class _Budget:
    rows: int

    def take(self) -> bool:
        self.rows -= 1
        return self.rows >= 0


def _tree(changes: WeightChanges, scopes: Sequence[ScopeChange]) -> Markup:
    folds = {scope.name: _Fold(scope) for scope in scopes if scope.name.count("/") < MAX_FOLDS}
    # Sorted by name, so that a scope comes before what is in it.
    for name, fold in folds.items():
        if name:
            folds[name.rpartition("/")[0]].folds.append(fold)
    for change in changes.variables:
        scope = "/".join(change.name.split("/")[:-1][:MAX_FOLDS])
        folds[scope].leaves.append(change)
    top = max(_top(scopes), _top(changes.variables))
    return tag("div", *_contents(folds[""], "", top, _Budget(MAX_TREE_ROWS)), class_="tree")


def _contents(fold: _Fold, path: str, top: float, budget: _Budget) -> list[Markup]:
    folds = sorted(fold.folds, key=lambda inner: _by_change(inner.change))
    # All lines of a level before what is in them: a closed line shows the totals of what has no room.
    listed = [inner for inner in folds if budget.take()]
    leaves = sorted(fold.leaves, key=_by_change)
    shown = [change for change in leaves if budget.take()]
    content = [_fold(inner, path, top, budget) for inner in listed]
    if shown:
        rows = tuple(_leaf(change, path, top) for change in shown)
        columns = (
            Column("Name", code=True), Column("Type"), Column("Shape"), Column("Changed", "right"),
            Column("Cosine", "right"), Column("Change", "bar"),
        )  # fmt: skip
        content.append(grid_html(Grid("", columns, rows), path or "All variables"))
    left_out = len(folds) - len(listed), len(leaves) - len(shown)
    note = "; ".join(filter(None, (omission(left_out[0], "scope"), omission(left_out[1], "variable"))))
    return [*content, *((tag("p", note, class_="note"),) if note else ())]


def _leaf(change: VariableChange, path: str, top: float) -> Row:
    start = (change.name.removeprefix(path), change.dtype, shape_text(change.shape))
    if change.norm is None:
        return (*start, Remark(change.note))
    bar = _bar(change.relative, top, "from zero" if change.changed else "zero")
    return (*start, _share(change), _cosine(change.cosine), bar)


def _fold(fold: _Fold, path: str, top: float, budget: _Budget) -> Markup:
    # A scope with nothing but another scope in it is one line with it.
    while len(fold.folds) == 1 and not fold.leaves:
        fold = fold.folds[0]
    change = fold.change
    name = f"{change.name}/"
    parts = (
        tag(
            "b", name_html(name.removeprefix(path)), " ", tag("small", counted(change.variables, "variable"))
        ),
        " ",
        tag("span", _share(change), tag("span", " changed, cosine ", class_="aside"), class_="number"),
        tag("span", _cosine(change.cosine), tag("span", ", ", class_="aside"), class_="number"),
        tag(
            "span",
            bar_html(_bar(change.relative, top, "from zero" if change.changed else "zero")),
            class_="share",
        ),
    )
    if budget.rows <= 0:
        return tag("p", *parts, class_="scope")
    return tag(
        "details", tag("summary", *parts, class_="scope"), tag("div", *_contents(fold, name, top, budget))
    )
