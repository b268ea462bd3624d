"""The command `hubexplore scan PATH...`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubexplore import cli
from hubexplore.cli.scanning import judging, parallel
from hubexplore.cli.scanning.targets import Target, targets
from hubexplore.summary.graph.messages import GraphDef, SavedModel
from tests.folders import tree
from tests.trust.modules import write_harmless, write_hostile

ROOT = Path(__file__).resolve().parents[2]
Scan = Callable[..., tuple[int, str, str]]


@pytest.fixture
def scan(capfd: pytest.CaptureFixture[str]) -> Scan:
    """Runs the command; returns exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = cli.main(["scan", *map(str, arguments)])
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else -1
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


@pytest.fixture
def hostile(tmp_path: Path, canary: Path) -> Path:
    return write_hostile(tmp_path / "models/hostile", canary)


@pytest.fixture
def harmless(tmp_path: Path) -> Path:
    return write_harmless(tmp_path / "models/harmless")


def read(folder: Path) -> Any:
    saved_model = SavedModel()
    saved_model.ParseFromString((folder / "saved_model.pb").read_bytes())
    return saved_model


def test_a_danger(scan: Scan, hostile: Path, canary: Path) -> None:
    code, out, err = scan(hostile)
    assert (code, err) == (1, "")
    assert f"{hostile}: 1 danger\n  DANGER " in out
    assert "head/log > WriteFile" in out
    assert f"{canary.name}'" in out
    assert out.endswith("1 model: 1 with dangers\n")
    assert not canary.exists()


def test_no_danger(scan: Scan, harmless: Path) -> None:
    assert scan(harmless) == (0, f"{harmless}: no outside access\n1 model: no dangers\n", "")
    assert scan(harmless, "--quiet")[1] == "1 model: no dangers\n"


def test_what_cannot_be_read(scan: Scan, harmless: Path, tmp_path: Path) -> None:
    (harmless / "saved_model.pb").write_bytes(b"\xff" * 100)
    code, out, _ = scan(harmless, tmp_path / "absent")
    assert code == 2
    assert out.count(": not readable: ") == 2
    assert out.endswith("2 models: 2 not readable\n")


def test_a_danger_outweighs_what_cannot_be_read(scan: Scan, hostile: Path, tmp_path: Path) -> None:
    assert scan(hostile, tmp_path / "absent")[0] == 1


def test_nothing_to_scan(scan: Scan, tmp_path: Path) -> None:
    code, out, err = scan(tmp_path)
    assert (code, out) == (2, "")
    assert "There is no model in" in err


def test_every_kind_of_model_below_a_folder(
    scan: Scan, hostile: Path, harmless: Path, tmp_path: Path
) -> None:
    root = tmp_path / "models"
    graph = read(hostile).meta_graphs[0].graph_def.SerializeToString()
    (root / "frozen").mkdir()
    (root / "frozen/frozen.pb").write_bytes(graph)
    (root / "frozen/text.pbtxt").write_text(str(GraphDef.FromString(graph)))
    (root / "train").mkdir()
    (root / "train/model.ckpt-7.meta").write_bytes(read(hostile).meta_graphs[0].SerializeToString())
    (root / "train/model.ckpt-7.index").write_bytes(b"")
    (root / "versions").mkdir()
    shutil.copytree(hostile, root / "versions/1")
    with tarfile.open(root / "module.tar.gz", "w:gz") as archive:
        archive.add(hostile, "module")
    with zipfile.ZipFile(root / "two.zip", "w") as two:
        for name, folder in (("a", hostile), ("b", harmless)):
            for file in folder.iterdir():
                two.write(file, f"{name}/{file.name}")
    # What is no model is not mentioned.
    (harmless / "settings.pb").write_bytes(b"\xff" * 20)
    (root / "labels.pbtxt").write_text("item { id: 1 name: 'cat' }")
    (root / "notes.meta").write_text("author: somebody")
    with zipfile.ZipFile(root / "pictures.zip", "w") as pictures:
        pictures.writestr("cat.txt", "a cat")
    before = tree(root)
    code, out, _ = scan(root, "--json")
    assert code == 1
    verdicts = {os.path.relpath(model["path"], root): model["verdict"] for model in json.loads(out)["models"]}
    assert verdicts == {
        "hostile": "danger", "harmless": "no danger", "frozen/frozen.pb": "danger",
        "frozen/text.pbtxt": "danger", "train/model.ckpt-7.meta": "danger", "versions/1": "danger",
        "module.tar.gz!/module": "danger", "two.zip!/a": "danger", "two.zip!/b": "no danger",
    }  # fmt: skip
    assert tree(root) == before


def test_patterns_name_each_model_once(hostile: Path, harmless: Path, tmp_path: Path) -> None:
    root = tmp_path / "models"
    found = targets([f"{root}/h*", str(hostile), f"{tmp_path}/**/hostile"])
    assert [target.path for target in found] == [str(harmless), str(hostile)]


def test_a_pattern_without_a_match(scan: Scan, tmp_path: Path) -> None:
    code, text, _ = scan(tmp_path / "*.tgz")
    assert code == 2
    assert "No file matches this pattern." in text
    assert "Errno" not in text


def test_a_folder_with_the_name_of_a_pattern(scan: Scan, tmp_path: Path) -> None:
    assert scan(write_harmless(tmp_path / "a[1]*"))[0] == 0


def test_a_module_without_its_graph_is_reported(scan: Scan, harmless: Path) -> None:
    (harmless / "saved_model.pb").unlink()
    code, out, _ = scan(harmless.parent)
    assert code == 2
    assert "not readable" in out


def test_links_out_of_a_folder_are_not_followed(scan: Scan, hostile: Path, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links/loop").symlink_to(tmp_path / "links")
    (tmp_path / "links/out").symlink_to(hostile)
    assert "There is no model" in scan(tmp_path / "links")[2]


@pytest.mark.parametrize("name", ["../../canary", "/tmp/canary"])
def test_an_archive_that_would_write_elsewhere(scan: Scan, tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    code, out, _ = scan(tmp_path / "evil.tar")
    assert code == 2
    assert "not readable" in out


def test_archives_in_archives_end(scan: Scan, tmp_path: Path) -> None:
    inner = tmp_path / "0.tar"
    with tarfile.open(inner, "w") as archive:
        archive.add(write_harmless(tmp_path / "module"), "module")
    for level in range(1, 8):
        outer = tmp_path / f"{level}.tar"
        with tarfile.open(outer, "w") as archive:
            archive.add(inner, inner.name)
        inner = outer
    code, out, _ = scan(inner)
    assert code == 2
    assert "levels deep" in out


def test_a_temporary_folder_is_not_left_behind(
    scan: Scan, hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with tarfile.open(tmp_path / "module.tar", "w") as archive:
        archive.add(hostile, "module")
    assert scan(tmp_path / "module.tar")[0] == 1
    assert list(temporary.iterdir()) == []


def test_json(scan: Scan, hostile: Path) -> None:
    written = json.loads(scan(hostile, "--json")[1])
    assert written["schema"] == 1
    assert written["counts"] == {"danger": 1, "no danger": 0, "unreadable": 0}
    (model,) = written["models"]
    assert set(model) == {"path", "format", "verdict", "capabilities", "error"}
    assert model["capabilities"]["findings"][0]["op"] == "WriteFile"


def test_names_of_strangers_are_escaped(scan: Scan, tmp_path: Path) -> None:
    name = "\x1b[31mred\u202e"
    write_hostile(tmp_path / name, tmp_path / "canary", scope="\x1b[2J")
    for form in ((), ("--json",), ("--sarif",)):
        code, out, _ = scan(tmp_path, *form)
        assert code == 1
        assert "\x1b" not in out
        assert "\u202e" not in out


# ---- SARIF 2.1.0: what its schema requires


def check_sarif(log: Any) -> None:
    """Checks the required properties and the enumerated values of the parts that the command writes."""
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "hubexplore"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    for invocation in run["invocations"]:
        assert isinstance(invocation["executionSuccessful"], bool)
        for notification in invocation["toolExecutionNotifications"]:
            assert notification["message"]["text"]
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
        for location in result["locations"]:
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            assert uri.isascii()
            assert " " not in uri
            for logical in location["logicalLocations"]:
                assert set(logical) <= {"name", "fullyQualifiedName", "decoratedName", "kind"}


def test_sarif(scan: Scan, here: Path, canary: Path) -> None:
    hostile = write_hostile(here / "ein Mödel", canary)
    log = json.loads(scan(hostile, here / "absent", "--sarif")[1])
    check_sarif(log)
    (run,) = log["runs"]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("writes-files", "error")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == (
        "ein%20M%C3%B6del/saved_model.pb"
    )
    assert result["locations"][0]["logicalLocations"][0]["name"].endswith("WriteFile")
    assert run["invocations"][0]["executionSuccessful"] is False
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 1


def test_sarif_of_nothing_found(scan: Scan, harmless: Path) -> None:
    log = json.loads(scan(harmless, "--sarif")[1])
    check_sarif(log)
    assert log["runs"][0]["results"] == []


# ---- many models


def test_processes_give_the_same_in_the_same_order(hostile: Path, harmless: Path) -> None:
    found = [Target(str(folder), f"model {at}") for at, folder in enumerate(10 * [hostile, harmless])]
    results = parallel.judge_all(found, processes=2)
    assert results == parallel.judge_all(found, processes=1)
    assert [one.label for one in results] == [f"model {at}" for at in range(20)]


def test_a_process_that_is_ended_costs_one_model(
    hostile: Path, harmless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = judging.judged

    def judged(target: Target) -> list[judging.Judged]:
        if target.label == "killer":
            os.kill(os.getpid(), signal.SIGKILL)
        return real(target)

    monkeypatch.setattr(parallel, "judged", judged)
    found = [Target(str(hostile), "first"), Target("", "killer"), Target(str(harmless), "last")]
    verdicts = {one.label: one.verdict for one in parallel.judge_all(found, processes=2)}
    assert verdicts == {"first": "danger", "killer": "unreadable", "last": "no danger"}


def test_interrupted_it_ends_at_once_and_leaves_nothing(tmp_path: Path, hostile: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for at in range(40):
        (tmp_path / f"models/{at}.pb").symlink_to("/dev/null")
    program = (
        "import sys, time\n"
        "from hubexplore import cli\n"
        "from hubexplore.cli.scanning import judging\n"
        "def slow(target):\n"
        "    print('begun', flush=True)\n"
        "    time.sleep(60)\n"
        "judging._model = slow\n"
        f"sys.exit(cli.main(['scan', {str(tmp_path / 'models')!r}]))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(temporary)}, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().startswith("begun")
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert time.monotonic() - began < 20
    assert list(temporary.iterdir()) == []


def test_nothing_heavy_is_imported(hostile: Path) -> None:
    heavy = ["tensorflow", "pandas", "IPython", "numpy", "graphviz"]
    program = (
        "import sys\nfrom hubexplore import cli\n"
        f"cli.main(['scan', {str(hostile)!r}])\nprint([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_models_of_keras_are_looked_into(scan: Scan, tmp_path: Path, hostile: Path) -> None:
    layer = {"class_name": "Lambda", "config": {"name": "evil"}}
    for name, layers in (("bad", [layer]), ("good", [])):
        with zipfile.ZipFile(tmp_path / "models" / f"{name}.keras", "w") as archive:
            archive.writestr("config.json", json.dumps({"class_name": "Sequential", "config": layers}))
            for file in hostile.iterdir():
                archive.write(file, f"assets/layer/module/{file.name}")
    (tmp_path / "models" / "weights.h5").write_bytes(b"\x89HDF\r\n\x1a\nweights")
    code, out, _ = scan(tmp_path / "models", "--json")
    assert code == 1
    models = json.loads(out)["models"]
    verdicts = {one["path"].removeprefix(f"{tmp_path}/models/"): one["verdict"] for one in models}
    inside = "!/assets/layer/module"
    assert verdicts == {
        "hostile": "danger",
        "bad.keras": "danger",
        f"bad.keras{inside}": "danger",
        "good.keras": "no danger",
        f"good.keras{inside}": "danger",
    }
