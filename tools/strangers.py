"""Compares `hubexplore scan` with other scanners on the hostile and harmless models of the tests.

Each scanner is asked once for the folder of hostile models and once for that of harmless ones;
saved_model_cli takes single models, and is called in this process. A model counts as caught if the report
names one of its files. Prints the table for docs/api/trust.md. The other scanners are installed below
build/peers.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
import venv
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import tests.strangers.benign
import tests.strangers.hostile  # noqa: F401 - both fill the lists below
from tests.strangers.cases import BENIGN, HOSTILE
from tests.strangers.making import Canaries

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "build" / "peers"
# Without TensorFlow modelscan leaves SavedModels out.
PACKAGES = {"modelscan": "modelscan[tensorflow]", "modelaudit": "modelaudit"}


def installed(name: str) -> Path:
    """The program of a scanner, in an environment of its own."""
    program = PEERS / name / "bin" / name
    if not program.exists():
        venv.create(PEERS / name, with_pip=True)
        subprocess.run([PEERS / name / "bin" / "pip", "install", "-q", PACKAGES[name]], check=True)
    return program


def output(*command: str | Path) -> str:
    """What a program prints, whatever its exit code."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, cwd=ROOT)
    return done.stdout


def named(paths: Iterable[str], folder: Path) -> set[str]:
    """The models that paths lie in."""
    start = str(folder) + "/"
    found = (path.partition(start)[2] for path in paths)
    return {rest.partition("/")[0].partition(":")[0] for rest in found if rest}


def hubexplore(folder: Path) -> set[str]:
    report = json.loads(output(sys.executable, "-m", "hubexplore", "scan", folder, "--json"))
    return named((one["path"] for one in report["models"] if one["verdict"] == "danger"), folder)


def modelscan(folder: Path) -> set[str]:
    with tempfile.TemporaryDirectory() as there:
        report = Path(there, "report.json")
        output(installed("modelscan"), "scan", "-p", folder, "-r", "json", "-o", report)
        issues = json.loads(report.read_text())["issues"]
    return {
        Path(issue["source"]).parts[0]
        if not Path(issue["source"]).is_absolute()
        else next(iter(named([issue["source"]], folder)))
        for issue in issues
    }


def modelaudit(folder: Path) -> set[str]:
    text = output(installed("modelaudit"), "scan", "--format", "json", folder)
    issues = json.loads(text[text.index("{") :])["issues"]
    told = [issue for issue in issues if issue["severity"] in ("warning", "critical")]
    return named((str(issue.get("location") or "") for issue in told), folder)


def saved_model_cli(folder: Path) -> set[str]:
    from tensorflow.python.tools import saved_model_cli as peer
    from tensorflow.python.tools import saved_model_utils

    found = set()
    for model in folder.iterdir():
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.suppress(OSError):
            for meta_graph in saved_model_utils.read_saved_model(str(model)).meta_graphs:
                peer.scan_meta_graph_def(meta_graph, peer._OP_DENYLIST)
        if "contains the following denylisted" in printed.getvalue():
            found.add(model.name)
    return found


SCANNERS: dict[str, Callable[[Path], set[str]]] = {
    "hubexplore scan": hubexplore,
    "modelscan": modelscan,
    "modelaudit": modelaudit,
    "saved_model_cli scan": saved_model_cli,
}


def main() -> None:
    with tempfile.TemporaryDirectory() as there:
        top = Path(there).resolve()
        hostile, harmless = top / "hostile", top / "harmless"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for case in HOSTILE:
                case.build(hostile / case.name, Canaries(top / "canaries" / case.name).place())
            for name, build in BENIGN.items():
                build(harmless / name)
        print(f"| scanner | caught, of {len(HOSTILE)} | false alarms, of {len(BENIGN)} | seconds |")
        print("| --- | --- | --- | --- |")
        for name, scan in SCANNERS.items():
            start = time.perf_counter()
            caught, alarms = scan(hostile), scan(harmless)
            took = time.perf_counter() - start
            print(f"| {name} | {len(caught)} | {len(alarms)} | {took:.1f} |", flush=True)
            print(name, "misses", sorted({case.name for case in HOSTILE} - caught), file=sys.stderr)
            print(name, "false alarms", sorted(alarms), file=sys.stderr)


if __name__ == "__main__":
    main()
