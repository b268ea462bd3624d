"""Code that does what is on screen: run in a real shell it gives the same numbers."""

from __future__ import annotations

import builtins
import io
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
from IPython.core.interactiveshell import InteractiveShell

import hubexplore as hub
from hubexplore.errors import SignatureError
from hubexplore.explorer import run_code
from hubexplore.explorer.runs import RunRequest
from hubexplore.explorer.subject import Subject
from hubexplore.hub.resolve import cache
from hubexplore.inputs import fields, pictures, sounds
from hubexplore.inputs.examples import example_kinds, examples
from hubexplore.inputs.external import picture_arrays, picture_files, sound_arrays, sources
from hubexplore.inputs.input_value import InputValue, Sparse
from hubexplore.inputs.text import typed_text
from hubexplore.inputs.text.tf_examples import serialized
from hubexplore.summary.files.redaction import without_access
from tests.explorer import media_modules
from tests.explorer.copied_code import HOSTILE, compare, given, tf1
from tests.hub.modules import export
from tests.inputs import fields_of
from tests.notebook.shells import Run
from tests.session import modules

pytestmark = pytest.mark.usefixtures("folder")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:secret@modules.example/scale", "https://modules.example/scale"),
        ("https://modules.example/scale?token=secret", "https://modules.example/scale?token=***"),
    ],
)
def test_what_gives_access_is_not_in_the_code(
    address: str, shown: str, paths: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    shutil.copytree(paths["hostile"], tmp_path / cache.key_of(without_access(address)))
    subject = Subject(address)
    request = RunRequest((), "default", {"x": InputValue(np.ones(2, np.float32))})
    for written in (run_code.magic(subject, request), run_code.python(subject, request)):
        assert "secret" not in written
        assert shown in written
        assert ("# *** stands for your token" in written) == ("***" in shown)


TYPED = (
    ("texts", "one\ntwo words\n--lines"), ("texts", '["a\\u0000", "line\\nbreak", " "]'),
    ("texts", '["line\\nbreak", "a"]'), ("texts", '[" ", "a"]'), ("text", "--out 'x'"),
    ("table", "a\tb\nc\td"), ("numbers", "1, 2.5, 1e30\n0.1, -3, 7"), ("numbers", "nan, inf, -inf"),
    ("line", "0.1 0.2"), ("number", "3"), ("ids", "1, 1\n9007199254740993, 4"), ("bits", "true, false"),
    ("half", "0.1, 3"), ("complex", '[1.5]'), ("--signature", "1"), ("two words", "1 2"),
    (HOSTILE, "1, 2"),
)  # fmt: skip


@pytest.mark.parametrize(("signature", "text"), TYPED, ids=range(len(TYPED)))
@pytest.mark.parametrize("named", [True, False], ids=["loaded", "not loaded"])
def test_typed(run: Run, paths: Mapping[str, Path], signature: str, text: str, named: bool) -> None:
    """What is typed is what runs, with and without loading the module before."""
    request = RunRequest((), signature, given(paths["many"], signature, text))
    if named:
        run(f"%hub_load {paths['many']} --as known")
        session = run("%hub_session")
        subject = Subject(session.module("known"), session, "known")
    else:
        subject = Subject(str(paths["many"]))
    cell = compare(run, subject, request)
    assert (
        cell.startswith("%%hub_call known") or not named or "hub_call known" in cell or "signature = " in cell
    )


def test_examples(run: Run, paths: Mapping[str, Path]) -> None:
    """Examples are made by the code that makes them."""
    subject = Subject(str(paths["many"]))
    variant = subject.summary.variants[0]
    short = {"color": "random.random((2, 16, 16, 3))", "bytes": "random.integers(0, 256, (2, 4, 4, 3))"}
    kinds = {
        "color": (example_kinds.RANDOM, example_kinds.ZEROS, example_kinds.RAMP, example_kinds.PICTURE),
        "grey": (example_kinds.DIGITS,),
        "bytes": (example_kinds.RANDOM, example_kinds.PICTURE),
        "picture": (example_kinds.RANDOM, example_kinds.PICTURE),
        "flat": (example_kinds.PICTURE,),
        "texts": (example_kinds.SENTENCES,),
        "pair": (example_kinds.RANDOM,),
    }
    for name, kind in [(name, kind) for name, own in kinds.items() for kind in own]:
        signature = next(signature for signature in variant.signatures if signature.name == name)
        request = RunRequest((), name, examples.fill(fields.fields(signature, variant), kind))
        cell = compare(run, subject, request)
        assert len(cell) < 800
        assert kind != example_kinds.RANDOM or short.get(name, "random.random") in cell


def test_pictures(
    run: Run, paths: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code reads the same files, turns, cuts and scales them in the same way."""
    tmp_path = tmp_path / "pictures"
    tmp_path.mkdir()
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(3)
    photo = PIL.Image.fromarray(random.integers(0, 256, (40, 70, 4)).astype(np.uint8))
    deep = PIL.Image.fromarray(random.integers(0, 65536, (30, 20)).astype(np.uint16))
    for name, image in (('it\'s "mine".png', photo), ("deep.png", deep)):
        image.save(tmp_path / name, "PNG")
    turned = io.BytesIO()
    exif = PIL.Image.Exif()
    exif[0x112] = 6
    photo.convert("RGB").save(turned, "JPEG", exif=exif)
    (tmp_path / "turned.jpg").write_bytes(turned.getvalue())
    files = [(path.name, path.read_bytes()) for path in sorted(tmp_path.iterdir())]
    subject = Subject(str(paths["many"]))
    variant = subject.summary.variants[0]
    choices = [picture_arrays.ImageChoice("crop", "0 to 1"),
               picture_arrays.ImageChoice("pad", "-1 to 1", True),
               picture_arrays.ImageChoice("stretch", "0 to 255")]  # fmt: skip
    for name, choice in zip(("color", "grey", "bytes"), choices, strict=True):
        signature = next(signature for signature in variant.signatures if signature.name == name)
        (field,) = fields.fields(signature, variant)
        for chosen in (files, list(pictures.samples().items())):
            compare(
                run,
                subject,
                RunRequest((), name, {field.name: picture_arrays.read_pictures(field, chosen, choice)}),
            )

    for name in ("picture", "flat"):
        signature = next(signature for signature in variant.signatures if signature.name == name)
        (field,) = fields.fields(signature, variant)
        for number, one in enumerate((files[0], next(iter(pictures.samples().items())))):
            entry = picture_arrays.read_pictures(field, [one], choices[number])
            assert "np.stack" not in compare(run, subject, RunRequest((), name, {field.name: entry}))
        with pytest.raises(SignatureError, match="takes exactly 1; got 2"):
            picture_arrays.read_pictures(field, files[:2], choices[0])


def parsing() -> None:
    """Signatures whose strings are tf.Example messages and files of pictures."""
    x = tf1.placeholder(tf.string, [None])
    features: dict[str, Any] = {
        "n": tf.io.FixedLenFeature([], tf.int64, 0), "s": tf.io.FixedLenFeature([2], tf.float32, [0.0, 0.0]),
        "t": tf.io.VarLenFeature(tf.string),
    }  # fmt: skip
    found = tf.io.parse_example(x, features)
    text = tf.sparse.to_dense(found["t"])
    hub.add_signature("rows", {"x": x}, {"n": found["n"], "s": found["s"], "t": text})
    for name, shape in (("one", []), ("files", [None]), ("column", [None, 1])):
        x = tf1.placeholder(tf.string, shape)
        sizes = tf.map_fn(
            lambda each: tf.shape(tf.io.decode_image(each)), tf.reshape(x, [-1]), fn_output_signature=tf.int32
        )
        hub.add_signature(name, {"x": x}, {"sizes": sizes, "x": x})
    x = tf1.placeholder(tf.string, [])
    hub.add_signature("web", {"x": x}, tf.io.decode_png(tf.io.decode_base64(x)))


def test_what_the_graph_parses(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: InteractiveShell
) -> None:
    """Messages are made by TensorFlow's own class; files of pictures are read."""
    monkeypatch.chdir(tmp_path)
    with tf.Graph().as_default(), tf1.Session() as running:
        hub.Module(hub.create_module_spec(parsing)).export("m", running)
    subject = Subject("m")
    variant = subject.summary.variants[0]

    source = subject.summary.source
    assert source is not None

    def asked(name: str, make: Callable[..., InputValue], *what: Any) -> RunRequest:
        signature = next(signature for signature in variant.signatures if signature.name == name)
        (field,) = fields.fields(signature, variant, source.meta_graphs[()])
        return RunRequest((), name, {"x": make(field, *what)})

    def read(field: fields.Field, text: str) -> InputValue:
        return InputValue(typed_text.read(field, text), text=text)

    def example(field: fields.Field, kind: str) -> InputValue:
        return examples.fill((field,), kind)["x"]

    texts = ('{"n": -5, "s": [0.1, 1e30], "t": ["a\'b\\"", "ü"]}\n{}', '{"s": [NaN, -Infinity], "n": 1}')
    for text in texts:
        assert "example({" in compare(run, subject, asked("rows", read, text))
    shell.user_ns["frame"] = [{"n": 1}, {"t": "x"}]
    compare(run, subject, asked("rows", sources.from_variable, shell.user_ns, "frame"))
    compare(run, subject, asked("rows", sources.read_file, "x", serialized({"t": [b"\xff"]})))
    compare(run, subject, asked("rows", example, example_kinds.RANDOM))
    name = 'it\'s "mine".tfrecord'
    with tf.io.TFRecordWriter(name) as file:
        file.write(serialized({"n": [0]}))
        file.write(serialized({"t": [b"a"], "n": [1]}))
    cell = compare(run, subject, asked("rows", sources.read_file, name, Path(name).read_bytes()))
    assert "TFRecordDataset" in cell
    for name, form in (('it\'s "mine".png', "PNG"), ("b.bmp", "BMP"), ("c.jpg", "JPEG")):
        PIL.Image.new("RGB", (5, 3), "black").save(tmp_path / name, form)
    files = [(path.name, path.read_bytes()) for path in sorted(tmp_path.glob("*.[pbj]*"))]
    for found in (files, list(pictures.samples().items())):
        for name in ("files", "column"):
            compare(run, subject, asked(name, picture_files.read, found))
        compare(run, subject, asked("one", picture_files.read, found[:1]))
    assert len(compare(run, subject, asked("web", picture_files.read, files[2:]))) < 300
    # Examples of pictures are the files themselves.
    compare(run, subject, asked("files", example, example_kinds.PICTURE))


def test_files_and_variables(
    run: Run,
    paths: Mapping[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shell: InteractiveShell,
) -> None:
    """A file beside the notebook and a variable are taken by their names; what has no name is written out."""
    monkeypatch.chdir(tmp_path)
    subject = Subject(str(paths["many"]))
    value = np.random.default_rng(1).random((500, 3)).astype(np.float32)
    np.save(tmp_path / "my 'rows'.npy", value)
    shell.user_ns["mine"] = value
    for each in (InputValue(value, variable="mine"), InputValue(value, file="rows.csv"),
                 InputValue(value[:0]), InputValue(value[:2], variable="no name")):  # fmt: skip
        compare(run, subject, RunRequest((), "numbers", {"numbers": each}))
    # What has one row or another dtype is taken as the form takes it.
    for name, numbers in (("one", [1, 2, 3]), ("flags", np.array([[True, False, True]]))):
        shell.user_ns[name] = numbers
        taken = sources.from_variable(fields_of.field("float32", (None, 3)), shell.user_ns, name)
        compare(run, subject, RunRequest((), "numbers", {"numbers": taken}))


def test_what_is_too_large_for_code_is_a_file_beside_the_notebook(
    run: Run, paths: Mapping[str, Path], folder: Path
) -> None:
    """No base64 in the cell: the file is saved when the code is copied."""
    subject = Subject(str(paths["many"]))
    binary = np.empty(2, object)
    binary[:] = [b"a" * 1_000_000, b"\xff\0"]
    sentences = np.empty(500, object)
    sentences[:] = [f"Sentence {number}, with a line\nbreak and an \u00e9." for number in range(500)]
    numbers = np.random.default_rng(0).random((100_000, 3)).astype(np.float32)
    for name, value, file in (
        ("numbers", numbers, "inputs.npz"), ("texts", binary, "inputs.json"),
        ("texts", sentences, "inputs-2.json"),
        ("half", numbers[:2000, :2].astype(tf.bfloat16.as_numpy_dtype), "inputs-2.npz"),
        ("complex", numbers[:2000, 0].astype(np.complex64), "inputs-3.npz"),
    ):  # fmt: skip
        request = RunRequest((), name, {name: InputValue(value)})
        code = run_code.codes(subject, request, folder)[0]
        assert list(code.files) == [file]
        assert code.text.startswith(f"# Reads {file}, saved beside the notebook by the Copy button.")
        cell = compare(run, subject, request)
        assert len(cell) < 500
        # Once it is there, nothing has to be saved.
        assert not run_code.codes(subject, request, folder)[0].files
    pair = {
        HOSTILE: InputValue(np.ones([3000, 4], np.float32) / 3),
        "b": InputValue(np.ones([3000, 9], np.int32)),
    }
    assert f"{HOSTILE!r}: arrays['input']" in compare(run, subject, RunRequest((), "pair", pair))


def test_long_values_are_broken_at_commas(run: Run, paths: Mapping[str, Path]) -> None:
    subject = Subject(str(paths["many"]))
    value = np.random.default_rng(0).random((20, 3)).astype(np.float32)
    text = np.array(["Sing, o goddess, the anger of Achilles. " * 20], object)
    grey = np.random.default_rng(0).random((1, 8, 8, 1)).astype(np.float32)
    for name, given_value in (("numbers", value), ("texts", text), ("grey", grey)):
        request = RunRequest((), name, {name: InputValue(given_value)})
        compare(run, subject, request)
        for code in run_code.codes(subject, request, Path()):
            assert max(map(len, code.text.splitlines())) <= 88 or str(paths["many"]) in code.text


def test_sparse_and_ragged(run: Run, paths: Mapping[str, Path]) -> None:
    """Values of these kinds are written so that they need no helper function."""
    subject = Subject(str(paths["composites"]))
    empty = Sparse(np.zeros([0, 2], np.int64), np.zeros(0, np.float32), np.array([2, 3]))
    filled = Sparse(np.array([[0, 1], [1, 2]]), np.array([0.1, np.nan], np.float32), np.array([2, 3]))
    for value in (empty, filled):
        compare(run, subject, RunRequest((), "sparse", {"default": InputValue(value)}))
    nested: list[list[list[int]]] = [[[1, 2], [], [2**53 + 1]], [[]]]
    for rows in nested:
        compare(run, subject, RunRequest((), "ragged", {"default": InputValue(rows)}))


def test_hostile_places(run: Run, paths: Mapping[str, Path]) -> None:
    """A path that the magics cannot quote, names of inputs and outputs, and two inputs at once."""
    numbers = InputValue(np.array([0.1, 2], np.float32), text="0.1, 2")
    cell = compare(run, Subject(str(paths["hostile"])), RunRequest((), "pair", {"a": numbers, "b": numbers}))
    assert "a}" in cell
    pair = {HOSTILE: InputValue(np.ones([1, 4], np.float32)), "b": InputValue(np.ones([1, 9], np.int32))}
    compare(run, Subject(str(paths["many"])), RunRequest((), "pair", pair))
    compare(run, Subject(str(paths["many"])), RunRequest((), "default", {}))


def test_saved_model_and_variants(run: Run, tmp_path: Path) -> None:
    """A TF1 SavedModel needs only its path; another variant of a live module is loaded apart."""
    with tf.Graph().as_default(), tf1.Session() as running:
        x = tf1.placeholder(tf.float32, [None])
        tf1.saved_model.simple_save(running, str(tmp_path / "saved"), {"x": x}, {"y": x * 2})
    asked = RunRequest(("serve",), "serving_default", {"x": InputValue(np.array([1.5], np.float32))})
    cell = compare(run, Subject(str(tmp_path / "saved")), asked)
    assert cell.splitlines()[-2] == f"%hub_load {tmp_path / 'saved'} --as saved"
    run("%hub_load sample:digits --as known")
    session = run("%hub_session")
    subject = Subject(session.module("known"), session, "known")
    image = InputValue(np.zeros([1, 8, 8, 1], np.float32))
    for tags in ((), ("train",)):
        compare(run, subject, RunRequest(tags, "default", {"images": image}))
    assert run("known") is session.module("known")


def test_memory(paths: Mapping[str, Path]) -> None:
    """What exists in memory only is called `spec`, with a comment that says what that is."""
    subject = Subject(hub.create_module_spec(modules.scale))
    request = RunRequest((), "default", {"x": InputValue(np.ones(1, np.float32))})
    assert "# spec is the ModuleSpec" in run_code.magic(subject, request)
    builtins.compile(run_code.python(subject, request), "<code>", "exec")


def noisy() -> None:
    x = tf1.placeholder(tf.float32, [None, 2])
    hub.add_signature(inputs=x, outputs=x + tf1.random.normal(tf.shape(x)))
    hub.add_signature("plain", inputs=x, outputs=x + 1.0)


@pytest.mark.parametrize("signature", ["default", "plain"])
def test_code_says_that_outputs_are_random(signature: str) -> None:
    subject = Subject(hub.create_module_spec(noisy))
    request = RunRequest((), signature, {"default": InputValue(np.ones([2, 2], np.float32))})
    for written in (run_code.magic(subject, request), run_code.python(subject, request)):
        *before, call = written.splitlines()
        assert "call" in call
        assert (before[-1] == run_code.MSG_RANDOM) == (signature == "default")


@pytest.mark.parametrize("signature", ["analyse", "clean", "name", "decode", "quieter"])
def test_sounds(run: Run, tmp_path: Path, signature: str) -> None:
    """Files are read by their path, which is saved beside the notebook; built-in sounds by their name."""
    export(hub.create_module_spec(media_modules.sounds), tmp_path / "m")
    subject = Subject(str(tmp_path / "m"))
    variant = subject.summary.variants[0]
    asked = next(each for each in variant.signatures if each.name == signature)
    assert subject.summary.source is not None
    all_fields = fields.fields(asked, variant, subject.summary.source.meta_graphs[()])
    field = next(filter(sound_arrays.takes_sounds, all_fields))
    others = {"sampleRate": InputValue(np.array(8_000, np.int32))} if len(all_fields) > 1 else {}
    choice = sound_arrays.SoundChoice(8_000 if signature == "clean" else 16_000)
    for name, content in (("it's.wav", sounds.samples()["vowels"]), ("chirp", sounds.samples()["chirp"])):
        entry = sound_arrays.read_sounds(field, [(name, content)], choice)
        cell = compare(run, subject, RunRequest((), signature, {field.name: entry, **others}))
        expected = "sample:chirp" if name == "chirp" else "it's.wav"
        assert f"hubexplore.read_audio({expected!r}, {choice.rate}" in cell
    example = examples.fill(all_fields, example_kinds.SOUND, 2)
    compare(run, subject, RunRequest((), signature, example))


def test_a_module_of_the_notebook(run: Run, paths: Mapping[str, Path]) -> None:
    """The first cell uses it; the others load it again, in a new kernel, unless it may have been trained."""
    request = RunRequest((), "line", given(paths["many"], "line", "1 2"))
    for option, languages in (("", ["Cell with known", "Notebook cell", "Python", "hub.load"]),
                              ("--trainable", ["Cell with known", "Python"])):  # fmt: skip
        run(f"%hub_load {paths['many']} --as known {option}")
        session = run("%hub_session")
        subject = Subject(session.module("known"), session, "known")
        assert [code.language for code in run_code.codes(subject, request, Path())] == languages
        compare(run, subject, request)
        assert run("known") is session.module("known")
