"""Statistics of weights as text, HTML, data frame and JSON."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace

import pytest

from hubexplore.display.rich import weight_statistics as subject
from hubexplore.display.rich.weight_statistics import Statistics, collected
from hubexplore.display.tables.histogram import Sparkline
from hubexplore.display.theme import STYLE
from hubexplore.summary.weights.statistics import VariableStats
from tests.display import page
from tests.display.test_hostile import HOSTILE

Golden = Callable[[str, str], None]

KERNEL = VariableStats(
    "dense/kernel", "float32", (784, 10), 7840, 31360, -0.25, 0.125, 1e-05, 0.0625, 1, 0, 0,
    (1, 2, 4, 8, 16, 32, 64, 128, 999, 500, 250, 100, 50, 5, 1, 0), tuple(n / 64 for n in range(-16, 1)),
)  # fmt: skip
STEP = VariableStats(
    "step", "int64", (), 1, 8, 1234567, 1234567, 1234567.0, 0.0, 0, 0, 0, (1,), (1234567.0,) * 2
)
BROKEN = VariableStats(
    "zz/broken", "float16", (4,), 4, 8, 1.0, 2.0, 1.5, 0.5, 0, 1, 1, (1,) * 2, (1.0, 1.5, 2.0)
)
LOST = VariableStats("lost", "float32", (3,), 3, 12, zeros=0, nans=3, infs=0)
EMPTY = VariableStats("empty", "float32", (0, 3), 0, 0, zeros=0, nans=0, infs=0)
WORDS = VariableStats("words", "string", (9,), 9, 80, note="text")
ALL = {"plain": (KERNEL, STEP), "odd": (KERNEL, STEP, WORDS, BROKEN, LOST, EMPTY), "none": ()}
every_table = pytest.mark.parametrize(("name", "stats"), ALL.items(), ids=ALL)


@every_table
def test_golden(name: str, stats: tuple[VariableStats, ...], golden: Golden) -> None:
    golden(f"statistics_{name}.txt", repr(collected(stats)))
    golden(f"statistics_{name}.html", subject.markup(collected(stats)).replace(STYLE, ""))


@every_table
def test_text_and_html_say_the_same(name: str, stats: tuple[VariableStats, ...]) -> None:
    html = page.read(subject.markup(stats))
    words = subject.text(stats).split()
    for text in html.texts("td") + html.texts("th") + html.texts("caption"):
        assert all(word in words for word in text.split()), text


def test_magnitudes_are_called_so() -> None:
    complexes = VariableStats(
        "c", "complex64", (2,), 2, 16, 2.0, 3.0, 2.5, 0.5, 0, 0, 0, (1, 1), (2.0, 2.5, 3.0), "magnitudes"
    )
    assert "complex64, magnitudes  (2,)" in repr(collected([complexes]))


def test_a_tuple_by_name_that_shows_itself() -> None:
    stats = collected(iter(ALL["odd"]))
    assert isinstance(stats, tuple)
    assert [stat.name for stat in stats] == ["dense/kernel", "empty", "lost", "step", "words", "zz/broken"]
    assert stats._repr_html_() == subject.markup(stats)
    assert subject.markup(stats) in stats.to_html()


def test_what_is_not_finite_comes_first_and_is_counted() -> None:
    lines = subject.text(collected(ALL["odd"])).splitlines()
    assert lines[0] == "Weights of 6 variables: 7,848 numbers, 4 NaN and 1 Inf in 2 variables"
    assert [line.split()[0] for line in lines[2:4]] == ["lost", "zz/broken"]


def test_columns_for_nan_only_where_there_is_one() -> None:
    assert "NaN" in subject.text(ALL["odd"]).splitlines()[1]
    caption, heads = subject.text(ALL["plain"]).splitlines()[:2]
    assert caption.endswith("no NaN, no Inf")
    assert "NaN" not in heads


def test_a_long_list_folds() -> None:
    many = collected(VariableStats(f"v{n:04}", "float32", (1,), 1) for n in range(1000))
    assert subject.text(many).endswith("... and 880 more variables")
    assert len(many.df) == 1000
    assert len(subject.markup(many)) < 60_000


def test_data_frame() -> None:
    frame = collected(ALL["odd"]).df
    assert frame["name"].tolist() == ["dense/kernel", "empty", "lost", "step", "words", "zz/broken"]
    assert frame.loc[0, "std"] == 0.0625
    assert frame.loc[0, "histogram"] == KERNEL.histogram
    assert list(Statistics().df.columns) == list(frame.columns)


def test_json_knows_no_infinity() -> None:
    wide = VariableStats("wide", "float64", (2,), 2, 16, 0.0, 1.0, 0.5, math.inf, 0, 0, 0)
    content = json.loads(collected([KERNEL, wide]).to_json())
    assert content[0]["histogram"] == list(KERNEL.histogram)
    assert content[0]["shape"] == [784, 10]
    assert content[1]["std"] == "inf"


def test_colours() -> None:
    coloured = collected([STEP]).to_text(colour=True)
    assert coloured.replace("\x1b[1m", "").replace("\x1b[0m", "") == subject.text([STEP])
    assert coloured.startswith("\x1b[1mWeights of 1 variable")


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names(name: str) -> None:
    stats = [VariableStats(name, name, (1,), 1, note=name), VariableStats(name, name, (1,), 1, zeros=0)]
    lines = subject.text(stats).splitlines()
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)
    assert "<script" not in page.read(subject.markup(stats)).texts("table")[0].replace("<script>alert(1)", "")


# ---- the histogram of a cell


def test_a_spark_is_text() -> None:
    spark = Sparkline((0, 1, 50, 100), "from a to b")
    assert spark == "▁▂▅█"
    assert isinstance(spark, str)


@pytest.mark.parametrize(
    ("counts", "text"), [((), ""), ((0,), "▁"), ((7,), "█"), ((1, 10**9), "▂█"), ((3, 3), "██")]
)
def test_sparks_of_all_kinds(counts: tuple[int, ...], text: str) -> None:
    assert Sparkline(counts, "") == text


def test_a_spark_in_html() -> None:
    (row,) = page.read(Sparkline((0, 1, 2), 'x" onload="y').html()).all("span")
    assert row.text == "▁▅█"
    assert row.attributes["title"] == row.attributes["aria-label"] == 'x" onload="y'
    assert row.attributes["role"] == "img"
    bars = page.read(Sparkline((0, 1, 2), "").html()).all("i")
    assert [bar.attributes["style"] for bar in bars] == ["height:0%", "height:50%", "height:100%"]


def test_the_label_has_the_numbers() -> None:
    label = page.read(subject.markup([BROKEN])).all("span")[0].attributes["title"]
    assert label == "numbers from 1 to 2 in 2 bins: 1, 1"


# ---- progress


class Terminal:
    """Stands in for stderr."""

    def __init__(self, is_terminal: bool) -> None:
        self.written = ""
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def write(self, text: str) -> None:
        self.written += text

    def flush(self) -> None:
        pass


@pytest.mark.parametrize(
    ("is_terminal", "total", "has_bar"),
    [(True, 10**9, True), (False, 10**9, False), (True, 10**6, False)],
)
def test_progress(monkeypatch: pytest.MonkeyPatch, is_terminal: bool, total: int, has_bar: bool) -> None:
    assert has_progress(monkeypatch, is_terminal, total) == has_bar


def has_progress(monkeypatch: pytest.MonkeyPatch, is_terminal: bool, total: int = 10**9) -> bool:
    stderr = Terminal(is_terminal)
    monkeypatch.setattr(sys, "stderr", stderr)

    def slowly() -> Iterator[VariableStats]:
        yield VariableStats("x", "float32", (), 1, bytes=total)

    assert len(collected(slowly(), total)) == 1
    return "Reading weights" in stderr.written


def test_a_kernel_that_runs_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels_shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: kernels_shell))
    assert has_progress(monkeypatch, is_terminal=False)


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_a_program_that_has_imported_ipykernel_is_no_kernel(
    monkeypatch: pytest.MonkeyPatch, shell: object
) -> None:
    """As every program that starts kernels has."""
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert not has_progress(monkeypatch, is_terminal=False)
