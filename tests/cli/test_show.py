"""The command `hubexplore show PATH`."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import hubexplore
from hubexplore import cli
from hubexplore.summary.graph.messages import SavedModel
from tests.display.test_hostile import HOSTILE

ROOT = Path(__file__).resolve().parents[2]
Show = Callable[..., tuple[int, str, str]]
FLOAT = 1


def write_module(directory: Path, *, width: int = 4, extra: str = "", train: bool = False) -> str:
    """Writes a TF1 Hub module by hand: `default` doubles; `extra` names a further signature; no variables."""
    saved_model = SavedModel(saved_model_schema_version=1)
    for tags in [[], ["train"]] if train else [[]]:
        meta_graph = saved_model.meta_graphs.add()
        meta_graph.meta_info_def.tags.extend(tags)
        graph = meta_graph.graph_def
        graph.node.add(name="x", op="Placeholder").attr["dtype"].type = FLOAT
        graph.node.add(name="y", op="Add", input=["x", "x"]).attr["T"].type = FLOAT
        for name in ["default", *([extra] if extra else [])]:
            signature = meta_graph.signature_def[name]
            for side, tensor in ((signature.inputs, "x:0"), (signature.outputs, "y:0")):
                info = side["default"]
                info.name, info.dtype = tensor, FLOAT
                info.tensor_shape.dim.add(size=-1)
                info.tensor_shape.dim.add(size=width)
    directory.mkdir(parents=True)
    (directory / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    (directory / "tfhub_module.pb").write_bytes(b"\x08\x03")
    return str(directory)


@pytest.fixture
def module(tmp_path: Path) -> str:
    return write_module(tmp_path / "module", train=True, extra="double")


@pytest.fixture
def show(capfd: pytest.CaptureFixture[str]) -> Show:
    """Runs the command; returns exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.main(["show", *arguments])
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else -1
        return code, *capfd.readouterr()

    return run


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hubexplore", *arguments],
        cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False, encoding="utf-8",
    )  # fmt: skip


# ---- what is shown


def test_text(show: Show, module: str) -> None:
    code, out, err = show(module)
    assert (code, err) == (0, "")
    assert out.startswith(f"{module}\n")
    assert "\x1b" not in out
    for word in ("default", "double", "train", "(?, 4)", "float32"):
        assert word in out


def test_json(show: Show, module: str) -> None:
    code, out, err = show(module, "--json")
    assert (code, err) == (0, "")
    content = json.loads(out)
    assert content["title"] == module
    assert [variant["tags"] for variant in content["variants"]] == [[], ["train"]]


def test_the_same_as_the_library(show: Show, module: str) -> None:
    summary = hubexplore.summarize(module)
    assert show(module)[1] == f"{summary!r}\n"
    assert json.loads(show(module, "--json")[1]) == summary.to_dict()


def test_html(show: Show, module: str, tmp_path: Path) -> None:
    code, out, err = show(module, "--html", str(tmp_path / "page.html"))
    assert (code, out, err) == (0, "", f"Wrote {tmp_path}/page.html\n")
    assert (tmp_path / "page.html").read_text() == hubexplore.summarize(module).to_html()
    code, out, err = show(module, "--json", "--html", str(tmp_path / "page.html"))
    assert (code, err) == (0, f"Wrote {tmp_path}/page.html\n")
    assert json.loads(out)["title"] == module


def test_files_in_the_home_directory(
    show: Show, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    assert show(module, "--html", "~/page.html")[0] == 0
    assert show(module, "--graph", "~/graph.dot")[0] == 0
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["graph.dot", "page.html"]
    for option, path in (
        ("--html", ""),
        ("--html", "$NOWHERE/a.html"),
        ("--graph", " "),
        ("--graph", "gs://a/b.dot"),
    ):
        code, _, said = show(module, option, path)
        assert (code, said.count("\n")) == (2, 1)
        assert f"The FILE of {option}" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "module"]


@pytest.mark.parametrize("ending", ["dot", "svg", "png"])
def test_graph(show: Show, module: str, tmp_path: Path, ending: str) -> None:
    if ending != "dot" and not shutil.which("dot"):
        pytest.skip("the program dot is not installed")
    file = tmp_path / f"picture.{ending}"
    code, out, err = show(module, "--graph", str(file), "--signature", "default")
    assert (code, out, err) == (0, "", f"Wrote {file}\n")
    expected = {"dot": b"digraph", "svg": b"<svg", "png": b"\x89PNG"}
    assert expected[ending] in file.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["module", file.name]


def test_graph_in_colours(show: Show, module: str, tmp_path: Path) -> None:
    file = tmp_path / "picture.dot"
    for quantity, legend in (("parameters", "parameters"), ("flops", "FLOPs")):
        assert show(module, "--graph", str(file), "--color", quantity)[0] == 0
        assert legend in file.read_text()


def test_stats(show: Show, real_modules: Path) -> None:
    path = str(real_modules / "vae3dshapes")
    code, out, err = show(path, "--stats", "encoder/*/kernel")
    assert (code, err) == (0, "")
    assert out.startswith("Weights of 7 variables: ")
    assert json.loads(show(path, "--stats", "e1/bias", "--json")[1])[0]["shape"] == [32]
    assert show("--stats", path)[1].startswith("Weights of 26 variables: 692,567 numbers, no NaN, no Inf\n")


def test_stats_of_nothing(show: Show, module: str) -> None:
    code, out, _ = show(module, "--stats")
    assert code == 0
    assert out.startswith("No variables")


def test_signature_and_tags_narrow_everything(show: Show, module: str, tmp_path: Path) -> None:
    out = show(module, "--signature", "default", "--tags", "train")[1]
    assert "default" in out
    assert "double" not in out
    content = json.loads(show(module, "--json", "--signature", "double", "--tags", "train")[1])
    assert [variant["tags"] for variant in content["variants"]] == [["train"]]
    assert [signature["name"] for signature in content["variants"][0]["signatures"]] == ["double"]
    content = json.loads(show(module, "--json", "--tags", "")[1])
    assert [variant["tags"] for variant in content["variants"]] == [[]]
    show(module, "--html", str(tmp_path / "page.html"), "--signature", "default")
    assert "double" not in (tmp_path / "page.html").read_text()


# ---- comparisons


def test_compare(show: Show, module: str, tmp_path: Path) -> None:
    code, out, err = show(module, "--compare", module)
    assert (code, err) == (0, "")
    assert out.startswith("No difference: ")
    plain = write_module(tmp_path / "plain")
    code, out, _ = show(module, "--compare", plain)
    assert code == 1
    assert out.splitlines()[0] == f"'{plain}' cannot replace '{module}':"
    assert "no signature 'double'" in out
    assert show(plain, "--compare", module)[0] == 0


def test_compare_only_a_part(show: Show, module: str, tmp_path: Path) -> None:
    plain = write_module(tmp_path / "plain")
    assert show(module, "--compare", plain, "--signature", "default", "--tags", "")[0] == 0
    code, out, _ = show(module, "--compare", plain, "--signature", "double", "--tags", "")
    assert code == 1
    assert "there is no signature 'double'" in out
    code, out, _ = show(module, "--compare", plain, "--tags", "train")
    assert code == 1
    assert "  - there is no graph variant train\n" in out


def test_compare_in_other_forms(show: Show, module: str, tmp_path: Path) -> None:
    other = write_module(tmp_path / "other", width=5, extra="double", train=True)
    code, out, _ = show(module, "--compare", other, "--json")
    assert code == 1
    assert json.loads(out)["replaceable"] is False
    code, out, _ = show(module, "--compare", other, "--html", str(tmp_path / "c.html"))
    assert (code, out) == (1, "")
    assert "cannot replace" in (tmp_path / "c.html").read_text()


# ---- bad input


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["{module}/nothing"], "does not exist"),
        (["{module}/saved_model.pb"], "part of"),
        (["{module}", "--signature", "defualt"], "Did you mean 'default'?"),
        (["{module}", "--tags", "trian"], "Nearest: --tags 'train'."),
        (["{module}", "--tags", "train,gpu"], "with the tags ['gpu', 'train']"),
        (["{module}", "--compare", "{module}/nothing"], "does not exist"),
        (["{module}", "--html", "{module}"], "cannot be written: Is a directory"),
        (["{module}", "--html", "{module}/no/such/page.html"], "cannot be written: No such file"),
        (["{module}", "--graph", "{module}/picture.gif"], ".svg, .png, .dot"),
        (["{module}", "--graph", "{module}"], "a directory"),
        (["{module}", "--graph", "{module}/a.dot", "--color", "flop"], "Did you mean 'flops'?"),
        (
            ["{module}", "--graph", "{module}/a.dot", "--color", "time"],
            "--color takes one of parameters, multiply_adds, flops, activation_bytes. Got 'time'.",
        ),
        (["{module}", "--color", "flops"], "--graph FILE"),
        (["{module}", "--graph", "{module}/no/such.dot"], "cannot be written: No such file"),
        (["{module}", "--stats", "--compare", "{module}"], "not allowed with"),
        (["{module}", "--unknown"], "unrecognized arguments: --unknown"),
        (["{module}", "--sig", "x"], "unrecognized arguments: --sig x"),
        ([], "PATH of a module is missing"),
        (["--stats"], "PATH of a module is missing"),
        (["{module}", "more"], "unrecognized arguments: more"),
        (["evil\x1b[31m\n\u202ename"], r"evil\x1b[31m\n\u202ename"),
        (["sample:nothing"], "sample"),
    ],
)
def test_bad_input_is_one_line(show: Show, module: str, arguments: list[str], says: str) -> None:
    code, out, err = show(*(argument.format(module=module) for argument in arguments))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert err.startswith("hubexplore")
    assert says in err
    assert err[:-1].isprintable()


def test_damaged_files(show: Show, module: str) -> None:
    file = Path(module, "saved_model.pb")
    file.write_bytes(file.read_bytes()[:-7])
    code, out, err = show(module)
    assert (code, out, err.count("\n")) == (2, "", 1)


# Protobuf holds no lone surrogates.
IN_A_FILE = {key: name for key, name in HOSTILE.items() if name and "\ud800" not in name}


@pytest.mark.parametrize("name", IN_A_FILE.values(), ids=IN_A_FILE)
def test_hostile_signature_names(show: Show, tmp_path: Path, name: str) -> None:
    path = write_module(tmp_path / "hostile", extra=name)
    code, out, _ = show(path)
    assert code == 0
    assert all(line.isprintable() for line in out.splitlines())
    assert show(path, "--compare", write_module(tmp_path / "plain"))[0] == 1
    code, _, err = show(path, "--signature", "nothing")
    assert (code, err.count("\n")) == (2, 1)
    assert err[:-1].isprintable()
    assert len(err) < 25_000


def test_no_command_at_all(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main([])
    assert raised.value.code == 2
    assert capfd.readouterr().err.count("\n") == 1


def test_help_and_version() -> None:
    assert command("--version").stdout == f"hubexplore {hubexplore.__version__}\n"
    text = command("show", "--help").stdout
    for option in ("--json", "--html", "--graph", "--signature", "--tags", "--compare", "--stats"):
        assert option in text
    assert max(map(len, text.splitlines())) <= 110


# ---- files


def test_a_file_is_replaced_as_a_whole(show: Show, module: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("old")
    link = tmp_path / "link.html"
    link.symlink_to(page)
    assert show(module, "--html", str(link))[0] == 0
    assert link.is_symlink()
    assert page.read_text().startswith("<!doctype html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.html", "module", "page.html"]


def test_what_fails_leaves_nothing_behind(show: Show, module: str, tmp_path: Path) -> None:
    (tmp_path / "kept.html").write_text("old")
    before = sorted(tmp_path.rglob("*"))
    assert show(module, "--html", str(tmp_path / "kept.html" / "page.html"))[0] == 2
    assert show(module, "--html", str(tmp_path))[0] == 2
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "kept.html").read_text() == "old"


def test_a_device_stays_a_device(show: Show, module: str) -> None:
    assert show(module, "--html", os.devnull)[0] == 0
    assert not Path(os.devnull).is_file()


# ---- terminals


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("arguments", "environment", "has_colours"),
    [
        ([], {}, True),
        (["--no-color"], {}, False),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        (["--json"], {}, False),
        (["--compare", "{module}"], {}, True),
        (["--stats"], {}, True),
    ],
)
def test_colours_on_a_terminal(
    module: str,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    environment: dict[str, str],
    has_colours: bool,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert cli.main(["show", module, *(argument.format(module=module) for argument in arguments)]) == 0
    assert ("\x1b[" in terminal.getvalue()) == has_colours
    assert re.sub(r"\x1b\[\d*m", "", terminal.getvalue()).replace("\n", "").isprintable()


@pytest.mark.parametrize("arguments", [[], ["--stats"], ["--compare", "{module}"]])
def test_lines_are_as_long_as_a_terminal_is_wide(
    real_modules: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    module = str(real_modules / "vae3dshapes")
    shown = {}
    for width in (80, 140):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setenv("COLUMNS", str(width))
        call = ["show", module, "--no-color", *(argument.format(module=module) for argument in arguments)]
        assert cli.main(call) == 0
        shown[width] = terminal.getvalue()
    if not arguments:
        # Code is to be copied: no line of it is cut or wrapped.
        shown = {width: re.sub(r"(?s)\nCode: .*?\n\n", "\n", text) for width, text in shown.items()}
        longest = {width: max(map(len, text.splitlines()[1:])) for width, text in shown.items()}
        assert longest[80] <= 80 < longest[140] <= 140
    elif "--stats" in arguments:
        assert "…" in shown[80]
        assert "…" not in shown[140]


def test_a_reader_that_leaves(module: str) -> None:
    """As in `hubexplore show MODULE | head -1`, for a text that no pipe holds."""
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "hubexplore", "show", module],
        cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(reader)
    os.close(writer)
    assert process.communicate()[1] == ""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_disk_that_is_full(module: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "hubexplore", "show", module],
            cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        2,
        "hubexplore: the output cannot be written: No space left on device\n",
    )


def test_control_c(module: str, monkeypatch: pytest.MonkeyPatch, show: Show) -> None:
    def interrupt(_: str, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("hubexplore.hub.summarize.summarize", interrupt)
    assert show(module) == (130, "", "")


def test_a_terminal_without_the_characters(real_modules: Path) -> None:
    done = command("show", str(real_modules / "vae3dshapes"), "--stats", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u2588" in done.stdout


# ---- what is loaded


HEAVY = ("tensorflow", "keras", "IPython", "ipywidgets")


@pytest.mark.parametrize(
    ("arguments", "unloaded"),
    [
        ([], ("pandas", "numpy", "graphviz", "tqdm", "asyncio")),
        (["--json"], ("pandas", "numpy", "graphviz", "tqdm")),
        (["--html", "{folder}/page.html"], ("pandas", "graphviz", "tqdm")),
        (["--graph", "{folder}/picture.dot"], ("pandas",)),
        (["--compare", "{module}"], ("pandas", "graphviz")),
        (["--stats"], ("pandas", "graphviz", "tqdm")),
    ],
    ids=["text", "json", "html", "graph", "compare", "stats"],
)
def test_what_is_never_imported(
    module: str, tmp_path: Path, arguments: list[str], unloaded: tuple[str, ...]
) -> None:
    filled = [argument.format(module=module, folder=tmp_path) for argument in arguments]
    program = (
        "import sys; from hubexplore.cli import main; code = main(sys.argv[1:]); "
        f"print(sorted(set({[*HEAVY, *unloaded]}) & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "show", module, *filled],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"
