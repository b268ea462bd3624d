"""`python -m benchmarks [--quick] [--json FILE]`: prints the table of figures."""

from __future__ import annotations

import argparse
import compileall
import dataclasses
import json
import os
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Before TensorFlow is imported, which reads it once.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from benchmarks import (
    cuts,
    display_times,
    eager_modules,
    keras_layers,
    keras_models,
    large,
    maps,
    notebook_rows,
    parts,
    peer,
    processes,
    report,
    rounds,
    saving,
    subjects,
    weight_changes,
)
from benchmarks.folders import BENCH, REAL_MODULES, ROOT
from benchmarks.report import Row
from benchmarks.subjects import Subject

# Targets on subject (a): minimum ratio to the peer, and for init also the maximum ratio to the floor.
AT_LEAST = {rounds.MODULE: 6, rounds.FIRST: 8, rounds.MANY: 12, rounds.INIT: 3, rounds.EXPORT: 2}
AT_MOST = {rounds.INIT: 1.3}
# A text encoder of many small ops has fewer nodes that a call can leave out, so its targets are lower.
ALBERT_AT_LEAST = {rounds.MANY: 8, rounds.INIT: 2.5}
COLD_AT_LEAST = 3
ALBERT_COLD_AT_LEAST = 2
GRADIENTS_AT_LEAST = 1
EAGER_LOAD_AT_LEAST = 5
FIT_STEP_AT_LEAST = 1 / 1.1
EAGER_CALL_AT_LEAST = 1 / 1.1
MAP_AT_LEAST = 1
LOOP_AT_LEAST = 3
PARTS_AT_MOST = 1.05
MAP_MEMORY_WITHIN = 300
CLUSTER_AT_LEAST = 1.7
SPEC_AT_LEAST = 1 / 1.5  # unlike the peer, hubexplore checks files and checksums
GROWTH_AT_MOST = 1.2
MEMORY_AT_MOST = 1.2
IMPORT_AT_MOST = 0.2
FORM_WITHIN = 1
SHOWN = (
    rounds.LOAD,
    rounds.MODULE,
    rounds.FIRST,
    rounds.MANY,
    rounds.INIT,
    rounds.EXPORT,
)


def main() -> int:
    """Measures and prints; the exit code is 1 only if hubexplore failed to run."""
    options = _options()
    tf.get_logger().setLevel("ERROR")
    # As installers do; the peer's is compiled when it is installed. Else each process that is measured would
    # compile what it imports, where Python is told to write no bytecode.
    compileall.compile_dir(ROOT / "hubexplore", quiet=1)
    # What a kernel or a browser is measured on needs neither the peer nor the large modules that it writes.
    is_alone = options.only in {name for name, _ in _WITHOUT_PEER}
    libraries = {"hubexplore": _product()}
    if not is_alone:
        peer.install()
        libraries["peer"] = peer.load()
    BENCH.mkdir(parents=True, exist_ok=True)
    machine = report.machine() | {"peer": peer.REQUIREMENT, "hubexplore": libraries["hubexplore"].__version__}
    print("\n".join(f"{name}: {text}" for name, text in machine.items()), "\n", sep="\n")
    print(f"medians of {options.repeats}; ratio: peer / hubexplore\n")
    rows: list[Row] = []
    # The peer writes the generated modules, so that none of them depends on hubexplore's own export.
    every = [] if is_alone else [*subjects.generated(libraries["peer"], options.quick), *subjects.real()]
    for subject in [subject for subject in every if options.only in subject.name]:
        rows += _show(subject.name, _subject_rows(subject, libraries, options.repeats))
        if subject.name == subjects.CNN:
            rows += _show("save", [saving.row(subject.name, subject.path, targeted=subject.targeted)])
    if options.only in "read a spec":
        rows += _show("read a spec", _spec_rows(libraries, options))
    if options.only in "process":
        rows += _show("process", _process_rows(libraries, options))
    if options.only in "see a module":
        rows += _show("see a module", _look_rows(options))
    if options.only in "outside of graphs":
        rows += _show("outside of graphs", _eager_rows(libraries, options))
    if options.only in "models of Keras":
        rows += _show("models of Keras", _keras_rows(options))
    for name, measure in _WITHOUT_PEER:
        if options.only in name:
            rows += _show(name, measure(options))
    if options.json:
        data = {"machine": machine, "repeats": options.repeats, "rows": [_plain(row) for row in rows]}
        options.json.write_text(json.dumps(data, indent=1) + "\n")
    missed = [row for row in rows if row.misses]
    print(f"{sum(bool(row.target) for row in rows) - len(missed)} targets met, {len(missed)} missed")
    return int(any(row.ours is None for row in rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="small models and two rounds, to see whether it runs"
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--repeats", type=int, help="rounds; the figures are medians (5, quick: 2)")
    parser.add_argument(
        "--only", default="", help='only subjects whose name contains this: "(a)", "dm21", "process"'
    )
    options = parser.parse_args()
    options.repeats = options.repeats or (2 if options.quick else 5)
    return options


def _product() -> Any:
    import hubexplore

    return hubexplore


def _plain(row: Row) -> dict[str, Any]:
    return dataclasses.asdict(row) | {"ratio": row.ratio, "to_floor": row.to_floor, "verdict": row.verdict}


def _show(title: str, rows: list[Row]) -> list[Row]:
    print(report.table(rows, title), flush=True)
    return rows


def _subject_rows(subject: Subject, libraries: dict[str, Any], repeats: int) -> list[Row]:
    print(f"measuring {subject.name} ...", file=sys.stderr)
    took, failed = rounds.alternate(subject, libraries, repeats)
    theirs, ours, floor = (took.get(side, {}) for side in ("peer", "hubexplore", "floor"))
    note = _why(failed)
    rows = [
        Row(
            subject.name,
            operation,
            theirs.get(operation),
            ours.get(operation),
            floor.get(operation),
            at_least=_at_least(subject).get(operation),
            at_most=AT_MOST.get(operation) if subject.targeted else None,
            note=note if operation == rounds.LOAD else "",
        )
        for operation in SHOWN
    ]
    growth = Row(
        subject.name,
        "20th call / 2nd call",
        _growth(theirs),
        _growth(ours),
        _growth(floor),
        unit="x",
        at_most=GROWTH_AT_MOST if subject.targeted else None,
    )
    # Below the row whose calls it compares.
    rows.insert(SHOWN.index(rounds.MANY) + 1, growth)
    theirs_added, ours_added, reached = (side.get(rounds.ADDED) for side in (theirs, ours, floor))
    rows.append(Row(subject.name, rounds.ADDED, theirs_added, ours_added, reached, unit="ops", at_most=1))
    if not subject.saved_model and not failed:
        if subject.trainable:
            rows.append(_gradients_row(subject, libraries["peer"], repeats))
        rows += _cold_rows(subject, libraries["peer"], repeats)
    return rows


def _gradients_row(subject: Subject, api: Any, repeats: int) -> Row:
    took, failed = processes.gradients(subject, api, ["peer", "hubexplore", "floor"], repeats)
    return Row(
        subject.name,
        "first tf.gradients, new process",
        took.get("peer"),
        took.get("hubexplore"),
        took.get("floor"),
        at_least=GRADIENTS_AT_LEAST,
        note=_why(failed),
    )


def _spec_rows(libraries: dict[str, Any], options: argparse.Namespace) -> list[Row]:
    print("measuring read a spec ...", file=sys.stderr)
    rows = []
    for path in subjects.small():
        first, failed = processes.first_spec(path, ["peer", "hubexplore"], options.repeats)
        again = rounds.read_specs(path, libraries, 10 * options.repeats)
        for name, took, why in ((path.name, again, ""), ("  first in a process", first, _why(failed))):
            theirs, ours = took.get("peer"), took.get("hubexplore")
            rows.append(Row("read a spec", name, theirs, ours, at_least=SPEC_AT_LEAST, note=why))
    return rows


def _at_least(subject: Subject) -> Mapping[str, float]:
    if subject.name == subjects.ALBERT:
        return ALBERT_AT_LEAST
    return AT_LEAST if subject.targeted else {}


def _growth(side: rounds.Round) -> float | None:
    return side[rounds.TWENTIETH] / side[rounds.SECOND] if side else None


def _cold_rows(subject: Subject, api: Any, repeats: int) -> list[Row]:
    sides = ["peer", "hubexplore"]
    general = "tf.saved_model.load"
    if processes.can_saved_model_load(subject):
        sides.append(general)
    took, failed = processes.cold(subject, api, sides, repeats)
    limit = COLD_AT_LEAST if subject.targeted else None
    if subject.name == subjects.ALBERT:
        limit = ALBERT_COLD_AT_LEAST
    name = "path -> first output, cold"
    ours = took.get("hubexplore")
    note = _why(failed)
    rows = [Row(subject.name, name, took.get("peer"), ours, at_least=limit, note=note)]
    if general in took:
        name = "  same, peer tf.saved_model.load"
        rows.append(Row(subject.name, name, took[general], ours, at_least=limit))
    return rows


def _why(failed: dict[str, str]) -> str:
    return "; ".join(f"{side} failed: {why}" for side, why in failed.items())


def _process_rows(libraries: dict[str, Any], options: argparse.Namespace) -> list[Row]:
    megabytes = 64 if options.quick else 1024
    path = subjects.heavy(libraries["peer"], megabytes)
    shares, failed = processes.memory(path, ["peer", "hubexplore"], 1 if options.quick else options.repeats)
    limit = None if options.quick else MEMORY_AT_MOST
    seconds, heavy = processes.import_time(2 if options.quick else 9)
    name = f"peak memory / checkpoint ({megabytes} MB)"
    theirs, ours = (shares.get(side) for side in ("peer", "hubexplore"))
    note = f"loads {', '.join(heavy)}" if heavy else "loads no TensorFlow, pandas, IPython"
    return [
        Row("process", name, theirs, ours, unit="x", at_most=limit, note=_why(failed)),
        Row("process", "import hubexplore", None, seconds, at_most=IMPORT_AT_MOST, note=note),
    ]


def _look_rows(options: argparse.Namespace) -> list[Row]:
    name = "see a module"
    print(f"measuring {name} ...", file=sys.stderr)
    rows = []
    if REAL_MODULES.is_dir():
        theirs, ours, bare = display_times.cold_show(REAL_MODULES / "vae3dshapes", options.repeats)
        note = "peer: saved_model_cli show --all; floor: Python, numpy, protobuf"
        operation = "show vae3dshapes, cold process"
        rows.append(Row(name, operation, theirs, ours, bare, at_least=10, within=0.4, note=note))
    cnn = BENCH / ("quick" if options.quick else "full") / "cnn"
    if cnn.exists():
        figures = _look(cnn, options)
        rows.append(Row(name, "summary + HTML, CNN", None, figures["page"], figures["parse"], within=0.15))
    small, large = (2_000, 20_000) if options.quick else (10_000, 100_000)
    tenth, whole = (_look(_large(nodes), options) for nodes in (small, large))
    title = f"{large:,} nodes"
    # Per node, since the claim is linear cost: 1.0 is linear, 10 would be quadratic.
    growth = whole["page"] / tenth["page"] / (large / small)
    note = f"loads {', '.join(whole['heavy'])}" if whole["heavy"] else "floor: reading and parsing the graph"
    return [
        *rows,
        Row(name, f"summary + HTML, {title}", None, whole["page"], whole["parse"], within=1.5, note=note),
        Row(name, f"  per node, against {small:,}", None, growth, unit="x", at_most=GROWTH_AT_MOST),
        Row(name, f"  HTML, {title}", None, whole["html_kb"], unit="kB", within=300),
        Row(name, f"first diagram with dot, {title}", None, whole["diagram"], within=1.5),
        Row(name, f"  SVG, {title}", None, whole["svg_kb"], unit="kB", within=300),
        Row(name, f"cost without running, {title}", None, whole["cost"], within=1),
        Row(
            name,
            f"  per node, against {small:,}",
            None,
            whole["cost"] / tenth["cost"] / (large / small),
            unit="x",
            at_most=GROWTH_AT_MOST,
        ),
    ]


def _cut_rows(options: argparse.Namespace) -> list[Row]:
    print(f"measuring {cuts.NAME} ...", file=sys.stderr)
    return cuts.rows(processes.run_child, options.repeats, quick=options.quick)


def _parts_rows(options: argparse.Namespace) -> list[Row]:
    print(f"measuring {parts.NAME} ...", file=sys.stderr)
    return parts.rows(processes.run_child, options.repeats, quick=options.quick)


def _keras_rows(options: argparse.Namespace) -> list[Row]:
    """TF2 SavedModels that Keras exports, against TensorFlow's own loader; and inlining, which they need."""
    name = "models of Keras"
    print(f"measuring {name} ...", file=sys.stderr)
    rows = []
    for kind in (keras_models.WORDS, keras_models.IMAGES):
        path = str(keras_models.author(kind, BENCH / f"keras-{kind}"))
        cold = processes.keras_cold(kind, path, options.repeats)
        calls = processes.run_child("keras_calls", kind, path)
        forms = [processes.run_child("form", path)["shown"] for _ in range(options.repeats)]
        theirs, ours, bare = (cold[side] for side in (keras_models.LOADER, "hubexplore", keras_models.FLOOR))
        note = "peer: tf.saved_model.load and its signature; floor: import of the flat graph"
        if theirs < COLD_AT_LEAST * bare:
            note += "; the target is below the floor"
        title = f"{kind}: path -> first output, cold"
        rows += [
            Row(name, title, theirs, ours, bare, at_least=COLD_AT_LEAST, note=note),
            Row(name, "  call, p50", calls[keras_models.LOADER], calls["hubexplore"], at_least=1),
            Row(name, "  explore: form, new kernel", None, statistics.median(forms), within=FORM_WITHIN),
        ]
    step = processes.run_child("fit_steps")
    rows.append(
        Row(
            name,
            "step of fit, KerasLayer",
            step[keras_layers.KERAS],
            step["hubexplore"],
            at_least=FIT_STEP_AT_LEAST,
            note="peer: the same network written in Keras",
        )
    )
    seconds = processes.run_child("inline", "10000", "100000")
    growth = seconds["100000"] / seconds["10000"] / 10
    rows.append(Row(name, "inline calls, 100,000 nodes", None, seconds["100000"]))
    rows.append(Row(name, "  per node, against 10,000", None, growth, unit="x", at_most=GROWTH_AT_MOST))
    return rows


def _weight_rows(options: argparse.Namespace) -> list[Row]:
    print("measuring weights ...", file=sys.stderr)
    return weight_changes.rows("weights", options.quick)


def _map_rows(options: argparse.Namespace) -> list[Row]:
    """`hub.map`, against a pipeline of `tf.data`, a loop over `session.call`, and one Parquet file."""
    name = "whole data sets"
    print(f"measuring {name} ...", file=sys.stderr)
    rows = []
    for kind, seconds in processes.run_child("maps", "100000" if options.quick else "1000000").items():
        if maps.FILE in seconds:
            note = "peer: one file, written by hand"
            figures = (seconds[maps.FILE], seconds[maps.PARTS])
            rows.append(Row(name, kind, *figures, at_least=1 / PARTS_AT_MOST, note=note))
            continue
        ours = seconds[maps.OURS]
        if maps.EXACT in seconds:
            exact, fast = seconds[maps.EXACT], seconds[maps.FAST]
            note = "peer: tf.data with the same pixels"
            rows.append(Row(name, kind, exact, ours, at_least=MAP_AT_LEAST, note=note))
            note = "peer: tf.data with TensorFlow's faster transform, so with other pixels"
            rows.append(Row(name, "  against other pixels", fast, ours, note=note))
            continue
        note = "peer: tf.data with a tf.function"
        rows.append(Row(name, kind, seconds[maps.PIPELINE], ours, at_least=MAP_AT_LEAST, note=note))
        note = "peer: a loop over session.call with the same batch size; floor: its runs alone"
        if seconds[maps.LOOP] < LOOP_AT_LEAST * seconds[maps.FLOOR]:
            note += f"; {LOOP_AT_LEAST}x is below the floor"
        rows.append(Row(name, "  against a loop", seconds[maps.LOOP], ours, seconds[maps.FLOOR], note=note))
    return [*rows, _map_memory_row(name, options)]


def _map_memory_row(name: str, options: argparse.Namespace) -> Row:
    """Memory of a map of more Parquet than fits into it, beyond that of the loaded module."""
    gigabytes = "1" if options.quick else "20"
    taken = processes.run_child("map_memory", gigabytes)
    note = f"of which {taken['whole']:.0f} MB after {gigabytes} GB; one file under many names"
    # The noise of a few files, times a hundred, says nothing.
    target = None if options.quick else MAP_MEMORY_WITHIN
    title = "100 GB of Parquet, above the module"
    return Row(name, title, None, taken["of_100"], unit="MB", within=target, note=note)


def _cluster_rows(options: argparse.Namespace) -> list[Row]:
    """`hub.map` on one worker of Dask and on two: needs two cores that nothing else uses."""
    name = "Dask cluster"
    print(f"measuring {name} ...", file=sys.stderr)
    taken = processes.run_child("maps_on_clusters", "200" if options.quick else "4000")
    one, two = taken["1"], taken["2"]
    load = f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    note = f"peer: one worker of one thread; hubexplore: two of them; {load}"
    # A few rows take as long as loading the module.
    target = None if options.quick else CLUSTER_AT_LEAST
    return [
        Row(name, "pictures, loading included", one["seconds"], two["seconds"], at_least=target, note=note),
        Row(name, "  seconds of processors", one["cpu"], two["cpu"], note="of the workers together"),
    ]


def _eager_rows(libraries: dict[str, Any], options: argparse.Namespace) -> list[Row]:
    """`hub.load`, against TensorFlow's own loader and a `tf.function` of the same graph."""
    name = "outside of graphs"
    print(f"measuring {name} ...", file=sys.stderr)
    rows = []
    cnn = BENCH / ("quick" if options.quick else "full") / "cnn"
    sides = (eager_modules.LOADER, "hubexplore")
    if cnn.exists():
        runs = [
            {side: processes.run_child("eager_load", side, str(cnn)) for side in sides}
            for _ in range(options.repeats)
        ]
        for key, title in (("seconds", "hub.load, CNN"), ("first", "  path -> first output")):
            theirs, ours = (statistics.median(run[side][key] for run in runs) for side in sides)
            least = EAGER_LOAD_AT_LEAST if key == "seconds" and not options.quick else None
            note = "peer: tf.saved_model.load"
            rows.append(Row(name, title, theirs, ours, at_least=least, note=note))
    took = processes.run_child("eager_calls")
    rows.append(
        Row(
            name,
            "call, p50",
            took["function"],
            took["hubexplore"],
            took["floor"],
            at_least=EAGER_CALL_AT_LEAST,
            note="peer: a tf.function of the same graph; floor: the runtime alone",
        )
    )
    megabytes = 64 if options.quick else 1024
    path = subjects.heavy(libraries["peer"], megabytes)
    theirs, ours = (eager_modules.share(processes.run_child, side, path) for side in sides)
    limit = None if options.quick else MEMORY_AT_MOST
    title = f"peak memory / checkpoint ({megabytes} MB)"
    return [*rows, Row(name, title, theirs, ours, unit="x", at_most=limit)]


def _session_rows(options: argparse.Namespace) -> list[Row]:
    name = "notebook session"
    print(f"measuring {name} ...", file=sys.stderr)
    figures = processes.run_child("calls", "sample:half-plus-two")
    shells = [processes.run_child("load_ext") for _ in range(options.repeats)]
    seconds = statistics.median(shell["seconds"] for shell in shells)
    heavy = sorted({package for shell in shells for package in shell["heavy"]})
    cards = [processes.run_child("card") for _ in range(2)]
    shown, ready = (statistics.median(card[key] for card in cards) for key in ("shown", "ready"))
    over = figures["ours"] - figures["bare"]
    note = f"over the bare callable: {over * 1e6:+.0f} us; ops added: {figures['ops_added']}"
    # Relative to the bare calls made in turn with them, since the machine itself gets faster and slower.
    growth = figures["growth"] / figures["bare_growth"]
    return [
        Row(
            name,
            "call, p50 of 10,000",
            figures["bare"],
            figures["ours"],
            within=figures["bare"] + 60e-6,
            note=note,
        ),
        Row(name, "  10,000th call / 10th", None, growth, unit="x", at_most=GROWTH_AT_MOST),
        Row(name, "  memory grown by 8,000 calls", None, figures["memory_growth_mb"], unit="MB", within=4),
        Row(
            name, "%load_ext, fresh shell", None, seconds, within=0.3, note=f"loads {heavy}" if heavy else ""
        ),
        Row(name, "%hub_load: card, cold kernel", None, shown, within=1, note=f"ready in {ready:.1f} s"),
    ]


def _look(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    return processes.run_child("look", str(path), str(options.repeats))


def _large(nodes: int) -> Path:
    path = BENCH / f"large-{nodes}"
    if not path.exists():
        large.write(path, nodes, nodes // 20)
    return path


_WITHOUT_PEER = (
    ("notebook session", _session_rows),
    (cuts.NAME, _cut_rows),
    (parts.NAME, _parts_rows),
    ("whole data sets", _map_rows),
    ("weights", _weight_rows),
    ("Dask cluster", _cluster_rows),
    ("hours", notebook_rows.hours_rows),
    ("new kernel", notebook_rows.new_kernel_rows),
    ("explorer", notebook_rows.explorer_rows),
    ("lens", notebook_rows.lens_rows),
)


if __name__ == "__main__":
    sys.exit(main())
