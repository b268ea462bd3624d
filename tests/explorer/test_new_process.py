"""Code that was copied runs in a process that knows nothing: each kind of input, in all languages."""

from __future__ import annotations

import io
import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.explorer import run_code
from hubexplore.explorer.runs import ModuleRunner, RunRequest
from hubexplore.explorer.subject import Subject
from hubexplore.inputs import fields, pictures
from hubexplore.inputs.code import data_files
from hubexplore.inputs.examples import example_kinds, examples
from hubexplore.inputs.external import picture_arrays, picture_files, sources
from hubexplore.inputs.input_value import InputValue
from hubexplore.inputs.tables import loading, table_sources
from hubexplore.inputs.tables.columns import layout
from hubexplore.inputs.tables.sheet import Sheet
from hubexplore.inputs.text import typed_text
from hubexplore.summary.model import HUB_MODULE
from tests.explorer.copied_code import equal, file_of
from tests.hub import graph_models, tf2_models
from tests.hub.modules import export

tf1 = tf.compat.v1
MATRIX = np.random.default_rng(0).normal(size=(40, 6))
# Each cell in a shell and a namespace of its own, as in a new kernel; imports stay, to be quick.
PROGRAM = """
import json, pickle, sys, warnings
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
warnings.simplefilter("ignore")
shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
sys.stdout = sys.stderr
found, known = [], set(shell.user_ns)
for before, text in json.load(open(sys.argv[1])):
    shell.extension_manager.unload_extension("hubexplore")
    for name in set(shell.user_ns) - known:
        del shell.user_ns[name]
    for cell in before, text:
        done = shell.run_cell(cell)
        done.raise_error()
    result = done.result if isinstance(done.result, (dict, tuple)) else {"": done.result}
    if isinstance(result, dict):  # eager tensors are those of this process
        result = {name: value.numpy() if hasattr(value, "numpy") else value for name, value in result.items()}
    found.append(result)
pickle.dump(found, open(sys.argv[2], "wb"))
"""


def everything() -> None:
    """A signature for each kind of input."""
    for name, dtype, shape in (
        ("sentence", tf.string, [None]), ("numbers", tf.float32, [None]), ("matrix", tf.float32, [None, 6]),
        ("picture", tf.float32, [None, 16, 24, 3]), ("ids", tf.int32, [None, None]),
        ("files", tf.string, [None]),
    ):  # fmt: skip
        x = tf1.placeholder(dtype, shape, name)
        y = tf.identity(x, f"{name}_copy")
        outputs: Any = y
        if name == "files":
            outputs = tf.map_fn(
                lambda content: tf.reduce_sum(tf.cast(tf.io.decode_png(content), tf.int32)),
                x,
                fn_output_signature=tf.int32,
            )
        hub.add_signature(name, {"x": x}, outputs)
    x, mask = tf1.placeholder(tf.float32, [None, 4]), tf1.placeholder(tf.bool, [None, 4])
    hub.add_signature("mask", {"values": x, "mask": mask}, {"y": tf.where(mask, x, -x), "n": tf.size(x)})
    many = {f"input_{number}": tf1.placeholder(tf.float32, [None]) for number in range(30)}
    hub.add_signature("many", many, {"sum": tf.add_n(list(many.values()))})
    hub.add_signature("none", outputs=tf.constant([1.5, 2.5]))
    serialized = tf1.placeholder(tf.string, [None])
    features = {"age": tf.io.FixedLenFeature([], tf.float32), "job": tf.io.VarLenFeature(tf.string)}
    parsed = tf.io.parse_example(serialized, features)
    hub.add_signature(
        "example", {"x": serialized}, {"age": parsed["age"], "job": tf.sparse.to_dense(parsed["job"])}
    )


class Case(NamedTuple):
    """A run: its subject and request, what the notebook has done before, and tensors to fetch."""

    subject: Subject
    request: RunRequest
    before: str = ""
    fetch: tuple[str, ...] = ()


def field_of(subject: Subject, signature: str, tags: tuple[str, ...] = ()) -> Any:
    """The only input of a signature."""
    variant = subject.summary.variant(tags)
    found = next(each for each in variant.signatures if each.name == signature)
    source = subject.summary.source
    assert source is not None
    return fields.fields(found, variant, source.meta_graphs[tags])[0]


def cases(folder: Path) -> Mapping[str, Case]:
    """Runs of all kinds on a module in the folder `m` of the notebook, and on models of other formats."""
    export(hub.create_module_spec(everything), folder / "m")
    subject = Subject("m")

    def case(signature: str, make: Callable[..., InputValue], *arguments: Any, before: str = "") -> Case:
        value = make(field_of(subject, signature), *arguments)
        return Case(subject, RunRequest((), signature, {"x": value}), before)

    def typed(field: Any, text: str) -> InputValue:
        return InputValue(typed_text.read(field, text), text=text)

    def example(field: Any, kind: str) -> InputValue:
        return examples.fill((field,), kind)[field.name]

    def read(field: Any, *files: tuple[str, bytes]) -> InputValue:
        return picture_arrays.read_pictures(field, files, picture_arrays.ImageChoice())

    image = io.BytesIO()
    PIL.Image.fromarray((MATRIX[:24, :3, None] * 20 + 128).astype(np.uint8).repeat(3, 2)).save(image, "PNG")
    photo = image.getvalue()
    (folder / "here.png").write_bytes(photo)
    np.save(folder / "here.npy", MATRIX)
    csv = file_of(np.savetxt, MATRIX.repeat(9, 0), delimiter=",", header="a,b,c,d,e,f", comments="")
    variable = "import numpy\nmine = numpy.arange(12.).reshape(2, 6)"
    return {
        "sentence": case("sentence", typed, "One sentence.\nThe quick brown fox jumps, é."),
        "long sentence": case("sentence", typed, "Sing, o goddess, the anger of Achilles. " * 30),
        "numbers": case("numbers", typed, "1 2.5 nan"),
        "matrix": case("matrix", typed, "\n".join(", ".join(map(str, row)) for row in MATRIX.round(3))),
        "picture upload": case("picture", read, ("upload.png", photo)),
        "picture by path": case("picture", read, ("here.png", photo)),
        "picture file": case("files", picture_files.read, [("upload.png", photo), ("here.png", photo)]),
        "built-in pictures": case("picture", read, *pictures.samples().items()),
        "variable": case("matrix", sources.from_variable, {"mine": np.arange(12.0).reshape(2, 6)}, "mine",
                         before=variable),
        "csv": case("matrix", sources.read_file, "rows.csv", csv),
        "npy by path": case("matrix", sources.read_file, "here.npy", (folder / "here.npy").read_bytes()),
        "npy": case("matrix", sources.read_file, "there.npy", file_of(np.save, MATRIX.repeat(9, 0))),
        "tf.Example": case("example", typed, '{"age": 3.5, "job": ["smith", "cook"]}\n{"age": 1}'),
        "many tf.Examples": case("example", typed, "\n".join(
            f'{{"age": {age}, "job": ["a job that has number {age}"]}}' for age in range(200))),
        "random": case("picture", example, example_kinds.RANDOM),
        "scenes": case("picture", example, example_kinds.PICTURE),
        "ids": case("ids", typed, "1 2 3\n4 5 6"),
        "values of code": case("matrix", lambda _: InputValue(MATRIX.repeat(100, 0).astype(np.float32))),
        **several(subject),
        **models(folder),
    }  # fmt: skip


def several(subject: Subject) -> Mapping[str, Case]:
    """Runs with several inputs, with none, and of a part of the graph."""
    values = MATRIX[:3, :4].astype(np.float32)
    numbers = {f"input_{at}": InputValue(np.array([at, at / 7], np.float32)) for at in range(30)}
    large = {name: InputValue(np.tile(entry.value, 900)) for name, entry in numbers.items()}
    matrix = {"x": InputValue(MATRIX[:2].astype(np.float32))}
    # Sums of these are exact: TensorFlow adds up in an order that depends on the buffers it may reuse.
    rows = [",".join(numbers), *(",".join(str(row * at / 4) for at in range(30)) for row in range(40))]
    table = "\n".join(rows).encode()
    mask = {"values": InputValue(values), "mask": InputValue(values > 0)}
    return {
        "mask": Case(subject, RunRequest((), "mask", mask)),
        "30 inputs": Case(subject, RunRequest((), "many", numbers)),
        "30 columns of a file": Case(subject, RunRequest((), "many", columns(subject, "rows.csv", table))),
        "30 large inputs": Case(subject, RunRequest((), "many", large)),
        "no inputs": Case(subject, RunRequest((), "none")),
        "intermediate": Case(subject, RunRequest((), "matrix", matrix), fetch=("matrix_copy",)),
    }


def columns(subject: Subject, name: str, content: bytes) -> Mapping[str, InputValue]:
    """The inputs of the signature `many` from a table file."""
    variant, source = subject.summary.variant(()), subject.summary.source
    assert source is not None
    found = next(each for each in variant.signatures if each.name == "many")
    sheet = Sheet(layout(fields.fields(found, variant, source.meta_graphs[()])))
    table = table_sources.read_file(sheet.layout, name, content)
    assert isinstance(table, table_sources.Table)
    loading.load(sheet, table)
    return sheet.entries()


def models(folder: Path) -> Mapping[str, Case]:
    """Runs of modules by handle, of a chosen variant, and of models of other formats."""
    image = {"images": InputValue(np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 8, 8, 1))}
    samples = Subject("sample:digits")
    (kernel, bias) = (np.eye(4, 3, dtype=np.float32), np.ones(3, np.float32))
    dense = tf.Module()
    dense.kernel, dense.bias = tf.Variable(kernel), tf.Variable(bias)
    tf2_models.save(
        dense,
        folder / "tf2",
        serving_default=tf2_models.function(
            lambda x: {"y": x @ dense.kernel + dense.bias}, tf2_models.spec(None, 4, name="x")
        ),
    )
    rows = InputValue(np.array([[1, 2, 3, 4.5]], np.float32))
    frozen = graph_models.frozen(folder / "frozen", graph_models.mlp).path
    checkpoint = graph_models.checkpoint(folder / "training", graph_models.mlp).path
    chosen = {"default": (["x"], {"hidden": "hidden/activation"})}
    return {
        "handle": Case(samples, RunRequest((), "default", image)),
        "variant": Case(samples, RunRequest(("train",), "default", image)),
        "TF2": Case(Subject("tf2"), RunRequest(("serve",), "serving_default", {"x": rows})),
        "frozen graph": first(Subject(str(frozen)), rows),
        "checkpoint": first(Subject(str(checkpoint), signatures=chosen), rows),
    }


def first(subject: Subject, value: InputValue) -> Case:
    """A run of the first signature of a model with one input."""
    variant = subject.summary.variants[0]
    signature = variant.signatures[0]
    return Case(subject, RunRequest(variant.tags, signature.name, {signature.inputs[0].name: value}))


LANGUAGES = ("Notebook cell", "Python", "hub.load")


class Written(NamedTuple):
    """Code of a run, what must run before it, and what it must give."""

    kind: str
    before: str
    text: str
    outputs: Any
    fetched: Any


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, list[Written]]]:
    """The folder of the notebook, and the code of all kinds by language."""
    folder = tmp_path_factory.mktemp("notebook")
    found: dict[str, list[Written]] = {language: [] for language in LANGUAGES}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for kind, (subject, request, before, fetch) in cases(folder).items():
            outputs, _, fetched = ModuleRunner(subject).call(request, fetch)
            codes = run_code.codes(subject, request, folder, fetch)
            languages = [code.language for code in codes]
            is_hub_module = subject.summary.format == HUB_MODULE and not fetch
            assert languages == list(LANGUAGES[: 3 if is_hub_module else 2]), kind
            for code in codes:
                data_files.save(code.files, folder)
                found[code.language].append(Written(kind, before, code.text, outputs, fetched))
    return folder, found


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_kind(written: tuple[Path, Mapping[str, list[Written]]], tmp_path: Path, language: str) -> None:
    folder, codes = written
    for code in codes[language]:
        assert len(code.text) < 4000, code.kind
        used = set(re.findall(r"hubexplore\.(\w+)", code.text))
        assert used <= set(hub.__all__), f"{code.kind}: public names only"
    programs = [(code.before, code.text) for code in codes[language]]
    (tmp_path / "programs.json").write_text(json.dumps(programs))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "programs.json", tmp_path / "found.pickle"],
        capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    assert not done.returncode, done.stderr[-4000:]
    results = pickle.loads((tmp_path / "found.pickle").read_bytes())
    for code, result in zip(codes[language], results, strict=True):
        values, inner = result if code.fetched else (result, {})
        assert inner.keys() == code.fetched.keys(), code.kind
        equal(inner, code.fetched)
        values = values if isinstance(values, dict) else {"": values}
        equal(values if "" not in values else {next(iter(code.outputs)): values[""]}, code.outputs)
