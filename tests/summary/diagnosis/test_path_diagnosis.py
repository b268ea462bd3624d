"""What is at this path, and does the error say what to do."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest
import tensorflow as tf

from hubexplore import errors
from hubexplore.hub.resolve import filesystem_of
from hubexplore.summary.diagnosis import diagnoses, path_diagnosis, saved_model_scan
from hubexplore.summary.files.filesystem import LocalFilesystem

LOCAL = LocalFilesystem()
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"


def diagnose(path: Path | str) -> diagnoses.Diagnosis:
    diagnosis = path_diagnosis.diagnose(str(path), LOCAL)
    if str(path):
        assert repr(str(path)) in diagnosis.message(str(path))
    return diagnosis


def message(path: Path | str) -> str:
    error = path_diagnosis.explain(str(path), LOCAL)
    assert error is not None
    return str(error)


def save_variables(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    prefix = str(folder / "variables")
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=["v"], shape_and_slices=[""], tensors=[tf.ones([3])])
    return prefix


def save_tf1(folder: Path) -> Path:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variable = tf.compat.v1.get_variable("v", [3])
        session.run(variable.initializer)
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve", "gpu"])
        builder.add_meta_graph([])
        builder.save()
    return folder


@pytest.fixture
def saved_model(tmp_path: Path) -> Path:
    return save_tf1(tmp_path / "around" / "model")


@pytest.fixture
def module(saved_model: Path) -> Path:
    (saved_model / "tfhub_module.pb").write_bytes(b"\x08\x03")
    return saved_model


def test_a_module(module: Path) -> None:
    assert diagnose(module) == diagnoses.HubModule((("gpu", "serve"), ()))
    assert path_diagnosis.explain(str(module), LOCAL) is None
    assert "'gpu+serve', no tags" in diagnose(module).message(str(module))


def test_a_module_without_variables(tmp_path: Path) -> None:
    (tmp_path / "tfhub_module.pb").write_bytes(b"\x08\x03")
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12\x00")
    assert diagnose(tmp_path) == diagnoses.HubModule(((),))


def test_a_tf1_saved_model(saved_model: Path) -> None:
    assert diagnose(saved_model) == diagnoses.TF1SavedModel((("gpu", "serve"), ()))
    error = path_diagnosis.explain(str(saved_model), LOCAL)
    assert isinstance(error, errors.NotAModuleError)
    assert f"hub.Module({str(saved_model)!r}" in str(error)


def test_a_tf2_saved_model(tmp_path: Path) -> None:
    thing = tf.Module()
    thing.v = tf.Variable(1.0)
    tf.saved_model.save(thing, str(tmp_path / "m"))
    assert diagnose(tmp_path / "m") == diagnoses.TF2SavedModel()
    assert f"hub.Module({str(tmp_path / 'm')!r}, tags=['serve'])" in message(tmp_path / "m")
    assert diagnoses.TF2SavedModel.holds_saved_model


def test_a_bare_checkpoint(tmp_path: Path) -> None:
    prefix = save_variables(tmp_path / "run")
    expected = diagnoses.BareCheckpoint((prefix,))
    for path in (prefix, f"{prefix}.index", f"{prefix}.data-00000-of-00001", tmp_path / "run"):
        assert diagnose(path) == expected
        assert f"checkpoint_path={prefix!r}" in message(path)


def test_a_checkpoint_of_objects(tmp_path: Path) -> None:
    """Its variables have names that no graph has: it is restored into the objects."""
    model, other = tf.Module(), tf.Module()
    for made, value in ((model, 3.0), (other, 0.0)):
        made.v = tf.Variable(value)
    other.f = tf.function(lambda x: x * other.v, input_signature=[tf.TensorSpec([], tf.float32)])
    prefix = tf.train.Checkpoint(model=model, step=tf.Variable(1)).save(str(tmp_path / "run" / "ckpt"))
    expected = diagnoses.ObjectCheckpoint((prefix,), ("model", "step"))
    for path in (prefix, f"{prefix}.index", tmp_path / "run"):
        assert diagnose(path) == expected
    code = message(tmp_path / "run").partition("open that: ")[2]
    exec(code, {"tf": tf, "model": other})  # as a person would paste it
    assert tf.saved_model.load(f"{prefix}_saved_model").f(tf.constant(2.0)).numpy() == 6.0


def test_weights_of_keras_2(tmp_path: Path) -> None:
    model = tf.Module()
    setattr(model, "layer_with_weights-0", tf.train.Checkpoint(kernel=tf.Variable([1.0])))
    prefix = tf.train.Checkpoint(model).write(str(tmp_path / "weights"))
    assert f"tf_keras`), then write a SavedModel, and open that: model.load_weights({prefix!r})" in message(
        tmp_path
    )


def test_one_level_down(module: Path) -> None:
    assert diagnose(module.parent) == diagnoses.OneLevelDown((("model", diagnose(module)),))
    assert f"hub.Module({str(module)!r})" in message(module.parent)


def test_one_level_down_prefers_modules(module: Path, tmp_path: Path) -> None:
    other = save_tf1(module.parent / "zzz")
    assert f"hub.Module({str(module)!r})" in message(module.parent)
    shutil.rmtree(module)
    assert f"hub.Module({str(other)!r}" in message(module.parent)


@pytest.mark.parametrize(
    "part",
    [
        "variables",
        "assets",
        "saved_model.pb",
        "tfhub_module.pb",
        "variables/variables",
        "variables/variables.index",
    ],
)
def test_parts_of_a_module(part: str, module: Path) -> None:
    (module / "assets").mkdir()
    assert diagnose(module / part) == diagnoses.PartOfModule(str(module))
    assert f"Pass the whole directory: {str(module)!r}" in message(module / part)


def test_relative_paths(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(module)
    assert isinstance(diagnose("."), diagnoses.HubModule)
    assert diagnose("saved_model.pb") == diagnoses.PartOfModule(".")
    assert diagnose("variables/") == diagnoses.PartOfModule(".")
    assert isinstance(diagnose(".."), diagnoses.OneLevelDown)
    assert diagnose("saved_modle.pb") == diagnoses.Nothing(".", "saved_model.pb")
    monkeypatch.chdir(module / "variables")
    assert diagnose(".") == diagnoses.PartOfModule(str(module))


def test_an_empty_directory(tmp_path: Path) -> None:
    assert diagnose(tmp_path) == diagnoses.EmptyDirectory()


def test_another_directory(tmp_path: Path) -> None:
    names = tuple(f"file{n}" for n in range(9))
    for name in names:
        (tmp_path / name).write_bytes(b"")
    assert diagnose(tmp_path) == diagnoses.OtherDirectory(names)
    assert "'file4' and 4 more" in message(tmp_path)


@pytest.mark.parametrize(
    ("removed", "says"),
    [
        ("saved_model.pb", "'saved_model.pb' is missing"),
        ("variables/variables.index", "'variables/variables.index' is missing"),
        ("variables/variables.data-00000-of-00001", "data-00000-of-00001' is missing"),
        ("variables", "'variables/variables.index' is missing"),
    ],
)
def test_half_copied_modules(removed: str, says: str, module: Path) -> None:
    path = module / removed
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    error = path_diagnosis.explain(str(module), LOCAL)
    assert isinstance(error, errors.DamagedModuleError)
    assert says in str(error)
    assert "incomplete copy of a module" in str(error)


def test_only_the_variables_were_copied(module: Path) -> None:
    (module / "tfhub_module.pb").unlink()
    (module / "saved_model.pb").unlink()
    assert diagnose(module) == diagnoses.Incomplete(
        "module", ("'tfhub_module.pb' is missing", "'saved_model.pb' is missing")
    )


def test_cut_files(module: Path) -> None:
    for name, says in (
        ("variables/variables.data-00000-of-00001", "is truncated"),
        ("variables/variables.index", "index is damaged"),
        ("saved_model.pb", "'saved_model.pb' is damaged"),
    ):
        file = module / name
        content = file.read_bytes()
        file.write_bytes(content[:-1])
        error = path_diagnosis.explain(str(module), LOCAL)
        assert isinstance(error, errors.DamagedModuleError)
        assert says in str(error)
        file.write_bytes(content)
    assert path_diagnosis.explain(str(module), LOCAL) is None


@pytest.mark.parametrize("name", ["tfhub_module.pb", "saved_model.pb", "variables/variables.index"])
def test_pointers_of_git_lfs(name: str, module: Path) -> None:
    (module / name).write_bytes(LFS)
    assert diagnose(module) == diagnoses.Pointers((name,))
    assert "git lfs pull" in message(module)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"<html>", "a web page"), (b"\x1f\x8b", "a file compressed by gzip"), (b"", "an empty file")],
)
def test_something_else_under_the_name_of_the_saved_model(content: bytes, says: str, module: Path) -> None:
    (module / "saved_model.pb").write_bytes(content)
    assert f"'saved_model.pb' is {says}." in message(module)


def test_text_form(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pbtxt").write_text("saved_model_schema_version: 1")
    assert diagnose(tmp_path) == diagnoses.TextSavedModel()


def graph() -> bytes:
    with tf.Graph().as_default() as made:
        tf.compat.v1.placeholder(tf.float32, name="x")
        content: bytes = made.as_graph_def().SerializeToString(deterministic=True)
    return content


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("m", gzip.compress(b"x", mtime=0), "compressed by gzip.*'.tar.gz'"),
        ("m", b"x".ljust(257) + b"ustar", "a tar archive.*'.tar'"),
        ("m.tar.bz2", b"BZh9", "compressed by bzip2"),
        ("m.tar.gz", b"<!DOCTYPE html><p>", "web page"),
        ("frozen.pb", graph(), "frozen graph"),
        ("saved_model.pb", graph(), "frozen graph"),
        ("other.pb", b"\x08\x01\x12\x00", "SavedModel without its directory"),
        ("saved_model.pb", LFS, "git lfs pull"),
        ("notes.txt", b"hello", "a single file"),
        ("empty", b"", "empty file"),
        ("{path!r}", b"hello", "a single file"),
    ],
)
def test_single_files(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    error = path_diagnosis.explain(str(tmp_path / name), LOCAL)
    assert isinstance(error, errors.NotAModuleError)
    with pytest.raises(errors.NotAModuleError, match=says):
        raise error


def test_zip_files(tmp_path: Path) -> None:
    for name, member in (("m.keras", "x"), ("m", "config.json"), ("m.zip", "x")):
        with zipfile.ZipFile(tmp_path / name, "w") as file:
            file.writestr(member, json.dumps({}))
    assert "Keras" in message(tmp_path / "m.keras")
    assert "Keras" in message(tmp_path / "m")
    assert "zip archive" in message(tmp_path / "m.zip")


def test_nothing_there(module: Path) -> None:
    assert diagnose(module.parent / "modle") == diagnoses.Nothing(str(module.parent), str(module))
    assert f"Did you mean {str(module)!r}?" in message(module.parent / "modle")
    assert diagnose(module.parent / "quite" / "else") == diagnoses.Nothing(str(module.parent), None)
    assert isinstance(path_diagnosis.explain("no/such", LOCAL), errors.MissingModuleError)
    assert diagnose(f" {module}\n") == diagnoses.Nothing("", str(module))
    (module.parent / "a.tar.gz").write_bytes(b"")
    assert diagnose(module.parent / "a") == diagnoses.Nothing("", str(module.parent / "a.tar.gz"))
    assert isinstance(diagnose(module / "saved_model.pb" / "below"), diagnoses.Nothing)
    assert isinstance(path_diagnosis.diagnose("", LOCAL), diagnoses.Diagnosis)


class Forbidding(LocalFilesystem):
    """Root may read everything, so the refusal is acted."""

    def listdir(self, path: str) -> list[str]:
        raise PermissionError(13, "Permission denied", path)


def test_no_permission(module: Path) -> None:
    error = path_diagnosis.explain(str(module), Forbidding())
    assert isinstance(error, errors.UnreadableModuleError)
    assert isinstance(error, PermissionError)
    assert "Permission denied. Ask its owner" in str(error)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_no_permission_for_real(module: Path) -> None:
    module.chmod(0)
    try:
        assert isinstance(diagnose(module), diagnoses.Unreadable)
        assert isinstance(diagnose(module / "saved_model.pb"), diagnoses.Unreadable)
    finally:
        module.chmod(0o755)


def test_the_handle_is_named_beside_its_place_in_the_cache(tmp_path: Path) -> None:
    error = path_diagnosis.explain(str(tmp_path), LOCAL, "https://a.b/c")
    assert "(from 'https://a.b/c')" in str(error)
    assert "(from" not in str(path_diagnosis.explain(str(tmp_path), LOCAL, str(tmp_path)))


def test_names_made_by_strangers_stay_on_one_line(tmp_path: Path) -> None:
    (tmp_path / "evil\n\x1b[31mname").write_bytes(b"")
    assert "\n" not in message(tmp_path)
    assert "\x1b" not in message(tmp_path)


def test_other_filesystems(module: Path) -> None:
    for file in module.rglob("*"):
        if file.is_file():
            copy = f"ram://around/model/{file.relative_to(module)}"
            tf.io.gfile.makedirs(copy.rpartition("/")[0])
            tf.io.gfile.copy(str(file), copy, overwrite=True)
    filesystem = filesystem_of("ram://around/model")
    assert isinstance(path_diagnosis.diagnose("ram://around/model", filesystem), diagnoses.HubModule)
    assert isinstance(path_diagnosis.diagnose("ram://around", filesystem), diagnoses.OneLevelDown)
    part = path_diagnosis.diagnose("ram://around/model/variables", filesystem)
    assert part == diagnoses.PartOfModule("ram://around/model")
    missing = path_diagnosis.diagnose("ram://around/modle", filesystem)
    assert missing == diagnoses.Nothing("ram://around", "ram://around/model")
    assert isinstance(path_diagnosis.diagnose("ram://none/at/all", filesystem), diagnoses.Nothing)


def test_real_modules(real_modules: Path) -> None:
    folders = [path.parent for path in real_modules.glob("*/saved_model.pb")]
    kinds = {folder.name: type(diagnose(folder)).__name__ for folder in folders}
    assert kinds == {
        "vae3dshapes": "HubModule",
        "dm21": "HubModule",
        "half-plus-two-savedmodel": "TF1SavedModel",
        "taxi-estimator-savedmodel": "TF1SavedModel",
        "deep-image-savedmodel": "TF1SavedModel",
        "penguin-tf2-savedmodel": "TF2SavedModel",
    }


def test_a_saved_model_cut_anywhere_is_no_crash(module: Path) -> None:
    data = (module / "saved_model.pb").read_bytes()
    for length in range(0, len(data), 7):
        with pytest.raises(ValueError, match=r"."):
            saved_model_scan.scan_saved_model(data[:length])
