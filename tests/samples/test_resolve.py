"""Names, handles, the cache."""

from __future__ import annotations

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore import errors, samples
from hubexplore.samples import files, half_plus_two
from tests.work import calls


def run_python(code: str, **environment: str) -> str:
    """Runs `code` in a new interpreter and returns what it printed."""
    completed = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def entries(cache: pathlib.Path) -> list[str]:
    return [str(path.relative_to(cache)) for path in sorted(cache.rglob("*"))]


def test_names_are_those_promised() -> None:
    assert samples.names() == ["digits", "half-plus-two", "text-embedding"]


def test_names_is_a_copy() -> None:
    samples.names().clear()
    assert samples.names()


@pytest.mark.parametrize("name", samples.names())
def test_each_sample_is_a_module_directory(name: str) -> None:
    directory = samples.resolve(name)
    assert pathlib.Path(directory, "tfhub_module.pb").read_bytes() == b"\x08\x03"
    assert hub.load_module_spec(directory).get_tags()


@pytest.mark.parametrize("name", samples.names())
def test_each_sample_is_built_with_little_work(
    name: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    # 270,000 for the digits, most of them in TensorFlow.
    assert calls(lambda: samples.resolve(name)) < 600_000


def test_path_is_resolve() -> None:
    assert samples.path("half-plus-two") == samples.resolve("half-plus-two")


def test_a_handle_works_where_a_path_does() -> None:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = hub.Module("sample:half-plus-two")
        result = module(tf.constant([1.0]))
        session.run(tf.compat.v1.global_variables_initializer())
        np.testing.assert_allclose(session.run(result), [2.5])


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(errors.HandleError, match=r"no sample 'digit'.*Did you mean 'digits'"):
        samples.resolve("digit")


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(errors.HandleError, match="digits, half-plus-two, text-embedding"):
        samples.resolve("bert")


def test_the_second_time_nothing_is_built(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    first = samples.resolve("half-plus-two")
    written = pathlib.Path(first, "saved_model.pb").stat()
    assert samples.resolve("half-plus-two") == first
    assert pathlib.Path(first, "saved_model.pb").stat() == written


def test_many_at_once_get_one_whole_module(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    with concurrent.futures.ThreadPoolExecutor(4) as executor:
        paths = set(executor.map(samples.resolve, ["text-embedding"] * 4))
    assert len(paths) == 1
    assert len([entry for entry in entries(tmp_path) if entry.endswith("saved_model.pb")]) == 1


def test_a_failed_build_leaves_nothing(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    with monkeypatch.context() as broken:
        broken.setattr(half_plus_two, "load_weights", lambda: {"a": np.float32(0.5)})
        with pytest.raises(Exception, match="b"):
            samples.resolve("half-plus-two")
    assert not [entry for entry in entries(tmp_path) if entry.endswith(".pb")]
    assert pathlib.Path(samples.resolve("half-plus-two")).is_dir()


@pytest.mark.parametrize("changed", ["digits.py", "build.py", "weights/digits/weights.npz"])
def test_the_digest_follows_code_and_weights(changed: str, tmp_path: pathlib.Path) -> None:
    package = tmp_path / "samples"
    shutil.copytree(files.PACKAGE, package)
    assert files.digest("digits", package) == files.digest("digits")
    with open(package / changed, "ab") as file:
        file.write(b"\n")
    assert files.digest("digits", package) != files.digest("digits")


def test_the_digest_follows_the_release(monkeypatch: pytest.MonkeyPatch) -> None:
    before = files.digest("digits")
    monkeypatch.setattr(hub, "__version__", "999")
    assert files.digest("digits") != before


def test_another_digest_is_built_anew(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    before = samples.resolve("half-plus-two")
    monkeypatch.setattr(files, "digest", lambda name: "0" * 64)
    assert samples.resolve("half-plus-two") != before
    assert pathlib.Path(before).is_dir()


def test_nothing_in_a_module_tells_where_it_was_made() -> None:
    home = str(files.WEIGHTS).encode()
    for name in samples.names():
        for path in pathlib.Path(samples.resolve(name)).rglob("*"):
            assert path.is_dir() or home not in path.read_bytes(), path


def test_they_are_built_and_run_with_v2_behaviour_disabled(tmp_path: pathlib.Path) -> None:
    code = """
import tensorflow as tf
tf.compat.v1.disable_v2_behavior()
import hubexplore as hub
x = {"digits": hub.samples.digit_images(1)[0], "half-plus-two": [2.0], "text-embedding": ["a king"]}
with tf.compat.v1.Session() as session:
    results = [hub.Module("sample:" + name)(value) for name, value in x.items()]
    session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
    print(*[value.shape for value in session.run(results)])
"""
    assert run_python(code, TFHUB_CACHE_DIR=str(tmp_path)) == "(1, 10) (1,) (1, 100)\n"


def test_names_images_and_cached_samples_need_no_tensorflow() -> None:
    samples.resolve("half-plus-two")
    code = """
import sys
from hubexplore import samples
samples.names(), samples.digit_images(), samples.resolve("half-plus-two")
print("tensorflow" in sys.modules)
"""
    assert run_python(code) == "False\n"


def test_the_weights_are_small() -> None:
    assert sum(path.stat().st_size for path in files.WEIGHTS.rglob("*") if path.is_file()) < 2_000_000


def test_a_sample_is_built_without_loading_tensorflow_here(tmp_path: pathlib.Path) -> None:
    """And without its log on the terminal."""
    program = (
        "import sys, hubexplore; assert hubexplore.summarize('sample:half-plus-two').warnings == (); "
        "sys.exit('tensorflow' in sys.modules)"
    )
    environment = os.environ | {"TFHUB_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
