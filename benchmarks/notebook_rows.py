"""The rows of what is measured in kernels and in browsers."""

from __future__ import annotations

import argparse
import shutil
import sys

from benchmarks import long_session, processes
from benchmarks.folders import BENCH, REAL_MODULES
from benchmarks.report import Row

FIRST_ANSWER_AT_MOST = 1.3


def hours_rows(options: argparse.Namespace) -> list[Row]:
    """Figures that must not have changed after hours of use."""
    name = "hours"
    print(f"measuring {name} ...", file=sys.stderr)
    rows = []
    for handle in ("sample:half-plus-two",) if options.quick else ("sample:half-plus-two", "sample:digits"):
        figures = processes.run_child("hours", handle)
        title = handle.removeprefix("sample:")
        over = figures["call"] - figures["bare"]
        note = f"over the bare callable: {over * 1e6:+.0f} us"
        rows += [
            Row(
                name,
                f"{title}: call, p50 of {long_session.CALLS:,} batch sizes",
                figures["bare"],
                figures["call"],
                note=note,
            ),
            Row(name, "  last / first, to the bare one", None, figures["call_growth"], unit="x", at_most=1.2),
            Row(
                name,
                "  memory grown by the last 9/10",
                None,
                figures["calls_mb"],
                unit="MB",
                note="both sides",
            ),
            Row(name, f"{title}: load, p50 of {long_session.LOADS} of one name", None, figures["load"]),
            Row(name, "  last / first", None, figures["load_growth"], unit="x", at_most=1.2),
            Row(name, "  memory grown by the last 9/10", None, figures["loads_mb"], unit="MB", within=10),
            Row(
                name,
                f"{title}: {long_session.PANELS} panels, memory grown by the last 3/4",
                None,
                figures["panels_mb"],
                unit="MB",
                within=10,
            ),
            *(
                Row(
                    name,
                    f"  {what} left by the last {long_session.PANELS - 1}",
                    None,
                    figures[f"{what}_left"],
                    unit=what,
                    within=0,
                )
                for what in ("widgets", "comms")
            ),
        ]
    return rows


def new_kernel_rows(options: argparse.Namespace) -> list[Row]:
    """What a user waits for at the beginning, in kernels of both sides by turns."""
    from benchmarks import cold_kernel

    name = "new kernel"
    print(f"measuring {name} ...", file=sys.stderr)
    measured = cold_kernel.measure(options.repeats)
    return [
        Row(
            name,
            "%load_ext to first answer",
            None,
            measured.ours,
            floor=measured.tensorflow,
            note="floor: import tensorflow, and the same run",
        ),
        Row(
            name,
            "  the same, to that floor",
            None,
            measured.ratio,
            unit="x",
            at_most=FIRST_ANSWER_AT_MOST,
            note=f"median of {options.repeats} pairs",
        ),
        Row(name, "  until the card is shown", None, measured.card),
    ]


def explorer_rows(options: argparse.Namespace) -> list[Row]:
    """Waiting times in a browser; no rows without one."""
    name = "explorer"
    if shutil.which("chromium") is None:
        print("explorer: not measured, since the program chromium is missing", file=sys.stderr)
        return []
    # Imports Playwright, which is of no use without a browser.
    from benchmarks import explorer

    print(f"measuring {name} ...", file=sys.stderr)
    decoder = REAL_MODULES / "vae3dshapes"
    cnn = BENCH / ("quick" if options.quick else "full") / "cnn"
    measured = explorer.measure(decoder if decoder.exists() else None, cnn if cnn.exists() else None)
    rows = []
    for key, title in (("text", "Run to picture, 20 sentences"), ("decoder", "Run to picture, vae decoder")):
        if key in measured:
            note = f"without TensorFlow's part; of {measured[key].count}"
            rows += [
                Row(name, f"{title}, p50", None, measured[key].p50, within=0.15, note=note),
                Row(name, "  p95", None, measured[key].p95, within=0.4),
            ]
    for what, waits in zip(("digits", "vae"), measured["unfolding"], strict=False):
        rows.append(
            Row(name, f"unfold a scope, {what}, p50", None, waits.p50, within=0.2, note=f"of {waits.count}")
        )
    if "opening" in measured:
        rows.append(Row(name, "open on the CNN", None, measured["opening"], within=1.0))
    rows.append(Row(name, "open a form of 100 inputs", None, measured["form"], within=0.3))
    rows.append(Row(name, "CSV of 1,000,000 numbers into an input", None, measured["csv"], within=1.0))
    return rows


def lens_rows(_: argparse.Namespace) -> list[Row]:
    """Waiting times of the lens; no rows without a browser."""
    name = "lens"
    if shutil.which("chromium") is None:
        return []
    from benchmarks import lens

    print(f"measuring {name} ...", file=sys.stderr)
    measured = lens.measure()
    what = f"{lens.ROWS:,} vectors of 100"
    return [
        Row(name, f"first picture, {what}", None, measured["picture"], within=5.0),
        Row(name, f"lasso to table, {what}, p50", measured["bare"].p50, measured["lasso"].p50, within=0.3,
            note=f"of {measured['lasso'].count}; peer: jupyter-scatter alone, to a text of the kernel"),
        Row(name, "  p95", measured["bare"].p95, measured["lasso"].p95),
    ]  # fmt: skip
