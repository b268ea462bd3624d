"""What is wrong gives one clear error, and changes nothing: neither the graph nor a directory."""

from __future__ import annotations

import contextlib
import errno
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.hub.placement import rename
from tests.folders import tree
from tests.hub import modules

tf1 = tf.compat.v1
Make = Callable[[Path], Any]


def _rich(words: str) -> None:
    """Variables (one partitioned), a table with its asset, a function; default [n, 2] -> [n, 3]."""
    modules.affine()
    modules.partitioned_only()
    modules.lookup(words, "lookup")
    square = tf.function(lambda x: x * x, input_signature=[tf.TensorSpec([None], tf.float32)])
    x = tf1.placeholder(tf.float32, [None], name="to_square")
    hub.add_signature("square", inputs=x, outputs=square(x))
    # The static shape says nothing, so only TensorFlow's shape inference finds a shape that does not fit.
    x = tf1.placeholder(tf.float32, name="any_shape")
    w = tf1.get_variable("square/w", initializer=modules.MATRIX)
    hub.add_signature("matmul", inputs=x, outputs=tf.matmul(x, w))
    hub.add_signature("both", inputs={"x": x, "to": w.read_value()}, outputs=tf.matmul(x, w.read_value()))


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a good module, not to be changed."""
    folder = tmp_path_factory.mktemp("good")
    words = folder / "words.txt"
    words.write_text("here\nthere\n")
    spec = hub.create_module_spec(_rich, [((), {"words": str(words)}), ({"train"}, {"words": str(words)})])
    return Path(modules.export(spec, folder / "module"))


@pytest.fixture
def good(original: Path, tmp_path: Path) -> Path:
    """A copy of the good module, to be damaged."""
    return Path(shutil.copytree(original, tmp_path / "module"))


def _state(graph: tf.Graph) -> Any:
    keys = [key for key in graph.collections if isinstance(key, str)]
    return [op.name for op in graph.get_operations()], {key: len(graph.get_collection(key)) for key in keys}


@contextlib.contextmanager
def refused(folder: Path, error: Any, match: str) -> Iterator[None]:
    """Expects an error, and that neither the default graph nor `folder` is changed by what led to it."""
    graph = tf1.get_default_graph()
    files, before = tree(folder), _state(graph)
    with pytest.raises(error, match=match) as caught:
        yield
    if isinstance(caught.value, hub.HubError):
        assert "\n\n" not in str(caught.value)
    assert tree(folder) == files
    assert _state(graph) == before


def check_good(original: Path, name: str = "module") -> Any:
    """A good module still works in the default graph, and gets the names it would have had."""
    module = hub.Module(original, name=name)
    assert module.name == name
    result = module([[1.0, 1.0]])
    assert result.op.name.startswith(f"{name}_apply_default/")
    np.testing.assert_allclose(modules.run(result), [[15.0, 17.0, 19.0]])
    return module


# What is at the path.


def _nothing(folder: Path) -> Path:
    return folder / "modlue"


def _empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def _tf2_saved_model(folder: Path) -> Path:
    with tf.Graph().as_default(), tf.init_scope():
        if not tf.executing_eagerly():
            pytest.skip("TF2 SavedModels are made eagerly")
        thing = tf.Module()
        thing.weight = tf.Variable(1.0)
        tf.saved_model.save(thing, str(folder / "tf2"))
    return folder / "tf2"


def _checkpoint(folder: Path) -> Path:
    shutil.copytree(folder / "module" / "variables", folder / "training")
    return folder / "training"


def _one_level_up(folder: Path) -> Path:
    (folder / "around").mkdir()
    (folder / "module").rename(folder / "around" / "module")
    return folder / "around"


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (_nothing, FileNotFoundError, "modlue"),
        (_empty, ValueError, "empty"),
        (_tf2_saved_model, ValueError, r"tf\.saved_model\.load"),
        (_checkpoint, ValueError, "checkpoint"),
        (_one_level_up, ValueError, "around/module"),
    ],
)
def test_what_is_no_module(  # noqa: PLR0917 - pytest passes them by name
    original: Path, good: Path, graph: tf.Graph, make: Callable[[Path], Path], error: Any, says: str
) -> None:
    path = make(good.parent)
    for load in (hub.load_module_spec, hub.Module):
        for kind in (error, hub.HubError):
            with refused(good.parent, kind, says):
                load(path)
    check_good(original)


FILES = [
    "saved_model.pb",
    "tfhub_module.pb",
    "assets/words.txt",
    "variables/variables.index",
    "variables/variables.data-00000-of-00001",
]


def test_without_the_file_that_names_the_format(good: Path, graph: tf.Graph) -> None:
    """All that a module needs is in its graph; without that file it is the SavedModel that it also is."""
    (good / "tfhub_module.pb").unlink()
    hub.Module(good)


@pytest.mark.parametrize(
    "file", [*(name for name in FILES if name != "tfhub_module.pb"), "assets", "variables"]
)
def test_half_copied(original: Path, good: Path, graph: tf.Graph, file: str) -> None:
    assert [name for name, data in tree(original).items() if data is not None] == sorted(FILES)
    (shutil.rmtree if (good / file).is_dir() else Path.unlink)(good / file)
    missing = {"assets": r"words\.txt", "variables": r"variables\.index"}.get(file, Path(file).name)
    with refused(good, ValueError, missing):
        hub.Module(good)
    check_good(original)


@pytest.mark.parametrize("file", ["saved_model.pb", "variables/variables.index", FILES[-1]])
def test_cut_files(original: Path, good: Path, graph: tf.Graph, file: str) -> None:
    content = (original / file).read_bytes()
    for size in {0, 1, 2, len(content) // 3, len(content) // 2, len(content) - 2, len(content) - 1}:
        (good / file).write_bytes(content[:size])
        with refused(good, hub.HubError, Path(file).name.replace(".", r"\.")):
            hub.Module(good)
    check_good(original)


def test_a_cut_module_file(original: Path, good: Path, graph: tf.Graph) -> None:
    for content in (b"", b"\x08", b"\x08\x03\x12"):
        (good / "tfhub_module.pb").write_bytes(content)
        with refused(good, hub.HubError, r"tfhub_module\.pb"):
            hub.Module(good)
    check_good(original)


@pytest.mark.parametrize("file", ["tfhub_module.pb", "variables/variables.index"])
def test_flipped_bits(original: Path, good: Path, graph: tf.Graph, file: str) -> None:
    content = (original / file).read_bytes()
    for position in range(0, len(content), 1 + len(content) // 60):
        for bit in range(8) if len(content) < 60 else (position % 8,):
            damaged = bytearray(content)
            damaged[position] ^= 1 << bit
            (good / file).write_bytes(damaged)
            with refused(good, hub.HubError, Path(file).name):
                hub.Module(good)
    check_good(original)


def test_flipped_bits_of_a_shard_never_give_numbers(original: Path, good: Path) -> None:
    content = (original / FILES[-1]).read_bytes()
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1 << (position % 8)
        (good / FILES[-1]).write_bytes(damaged)
        with tf.Graph().as_default(), tf1.Session() as session:
            module = hub.Module(good)
            with pytest.raises(tf.errors.DataLossError, match="variables/variables"):
                session.run(tf1.global_variables_initializer())
            left = [v.op.name for v in module.variables if not session.run(tf1.is_variable_initialized(v))]
            assert len(left) == len(module.variables)


def test_a_missing_shard_of_several(original: Path, good: Path, graph: tf.Graph) -> None:
    for number in (0, 1):
        prefix = str(good / "variables" / f"part_{number}")
        reader = tf.train.load_checkpoint(str(original / "variables" / "variables"))
        names = sorted(reader.get_variable_to_shape_map())[number::2]
        with tf.Graph().as_default(), tf1.Session() as session:
            tensors = [reader.get_tensor(name) for name in names]
            slices = [""] * len(names)
            save = tf.raw_ops.SaveV2(
                prefix=prefix, tensor_names=names, shape_and_slices=slices, tensors=tensors
            )
            session.run(save)
    for file in ("variables/variables.index", FILES[-1]):
        (good / file).unlink()
    with tf.Graph().as_default(), tf1.Session() as session:
        prefixes = [str(good / "variables" / f"part_{number}") for number in (0, 1)]
        target = str(good / "variables" / "variables")
        session.run(tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=prefixes, destination_prefix=target))
    with tf.Graph().as_default():
        check_good(good)
    for number in (0, 1):
        shard = good / "variables" / f"variables.data-{number:05d}-of-00002"
        content = shard.read_bytes()
        shard.unlink()
        with refused(good, hub.HubError, shard.name):
            hub.Module(good)
        shard.write_bytes(content)
    check_good(good)


# What the graph holds.


def _rename_op(path: Path, name: str, *, function: bool = False) -> None:
    with modules.edited(path) as saved_model:
        for meta_graph in saved_model.meta_graphs:
            library = meta_graph.graph_def.library.function
            nodes = [node for function in library for node in function.node_def] if function else None
            for node in nodes or meta_graph.graph_def.node:
                if node.name.partition(":")[0] == name:
                    node.op = "MyVeryOwnOp"


@pytest.mark.parametrize("where", ["reached", "unreached", "function"])
def test_an_unknown_op(original: Path, good: Path, graph: tf.Graph, where: str) -> None:
    if where == "unreached":
        with modules.edited(good) as saved_model:
            saved_model.meta_graphs[0].graph_def.node.add(name="alone", op="MyVeryOwnOp")
    else:
        _rename_op(good, "mul" if where == "function" else "y", function=where == "function")
    with refused(good, tf.errors.NotFoundError, "MyVeryOwnOp"):
        hub.Module(good)
    check_good(original)


# What the caller asks for.


def test_wrong_tags(original: Path, graph: tf.Graph) -> None:
    with refused(original, ValueError, r"trian.*train"):
        hub.Module(original, tags=["trian"])
    with refused(original, ValueError, r"serve"):
        hub.Module(original, tags="serve")
    check_good(original)


def _wrong_calls() -> list[Any]:
    return [
        pytest.param("defualt", [[1.0, 1.0]], (KeyError, ValueError), "default", id="signature"),
        pytest.param("default", {"defautl": [[1.0, 1.0]]}, TypeError, "'default'", id="input name"),
        pytest.param("default", {}, TypeError, "'default'", id="no input"),
        pytest.param("default", tf.float64, TypeError, "float64", id="dtype"),
        pytest.param("default", [2, 3], TypeError, r"\(2, 3\)", id="shape"),
        pytest.param("default", [2], TypeError, r"\(2,\)", id="rank"),
        pytest.param("default", [[1.0, 2.0, 3.0]], TypeError, r"\(1, 3\)", id="shape of a value"),
        pytest.param("default", [["text", "text"]], TypeError, "float32", id="dtype of a value"),
        pytest.param("matmul", [2, 3], ValueError, "3", id="shape inference"),
        pytest.param("matmul", [2], ValueError, "rank", id="rank inference"),
    ]


@pytest.mark.parametrize(("signature", "value", "error", "says"), _wrong_calls())
@pytest.mark.parametrize("again", [False, True])
def test_wrong_calls(  # noqa: PLR0917 - pytest passes them by name
    original: Path, graph: tf.Graph, signature: str, value: Any, error: Any, says: str, again: bool
) -> None:
    """In a tensor of its own: the graph is as before. `again`: after a call that was fine."""
    module = hub.Module(original)
    x = tf1.placeholder(tf.float32, [None, 2], name="given")
    if isinstance(value, tf.DType):
        value = tf1.placeholder(value, [None, 2], name="wrong")
    elif isinstance(value, list) and not isinstance(value[0], list):
        value = tf1.placeholder(tf.float32, value, name="wrong")
    if again:
        module(x)
        module(x, signature="matmul")
    with refused(original, error, says):
        module(value, signature=signature)
    assert len(module.applications) == 2 * again
    number = "_1" if again else ""
    for name in ("default", "matmul"):
        result = module(x, signature=name)
        assert result.op.name.startswith(f"module_apply_{name}{number}/")
    np.testing.assert_allclose(modules.run(result, {x: [[1.0, 1.0]]}), [[5.0, 7.0, 9.0]])


@pytest.mark.parametrize(
    "values",
    [{"x": [[1.0, 2.0]], "to": [["text"] * 3] * 2}, {"x": ["text"], "to": [[1.0] * 3] * 2}],
)
def test_of_values_all_or_none_join_the_graph(original: Path, graph: tf.Graph, values: Any) -> None:
    module = hub.Module(original)
    with refused(original, TypeError, "float32"):
        module(values, signature="both")
    check_good(original, "other")


# Export.


@pytest.fixture
def session(affine: Any) -> Iterator[Any]:
    with modules.initialized_session() as session:
        yield session


@pytest.fixture
def rich(original: Path) -> Iterator[Callable[[Path], None]]:
    """Exports the good module."""
    with tf.Graph().as_default():
        module = hub.Module(original)
        with modules.initialized_session() as session:
            module.export(original.parent / "warm_up", session)  # adds its ops to the graph, once
            shutil.rmtree(original.parent / "warm_up")
            yield lambda path: module.export(path, session)


def test_export_into_an_existing_module(rich: Callable[[Path], None], good: Path) -> None:
    with refused(good.parent, FileExistsError, "module"):
        rich(good)


def test_export_to_a_read_only_place(rich: Callable[[Path], None], tmp_path: Path) -> None:
    """Nobody may write to /proc, not even root."""
    for path in ("/proc/module", "/proc/self/module/deeper"):
        with refused(tmp_path, OSError, path):
            rich(Path(path))


class _Steps:
    """Counts what is done to files, and fails at one of them."""

    _NAMES = ("makedirs", "copy", "exists", "isdir", "listdir", "GFile")

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.fail_at: int | None = None
        self.error: BaseException = OSError()
        for name in self._NAMES:
            monkeypatch.setattr(tf.io.gfile, name, self._counted(getattr(tf.io.gfile, name)))
        for owner, name in ((tf1.Session, "run"), (Path, "mkdir"), (Path, "rename"), (rename, "move")):
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, function: Any) -> Any:
        def step(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            if self.count == self.fail_at:
                raise self.error
            return function(*args, **kwargs)

        return step


ERRORS = [
    KeyboardInterrupt(),
    MemoryError(),
    OSError(errno.ENOSPC, "No space left on device"),
    tf.errors.ResourceExhaustedError(None, None, "No space left on device"),
    tf.errors.PermissionDeniedError(None, None, "Read-only file system"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("exists", [False, True])
def test_export_that_fails_at_any_step(
    rich: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Any, exists: bool
) -> None:
    place = tmp_path / "new" / "module"
    if exists:
        place.mkdir(parents=True)
        (place / "README").write_text("mine")
    steps = _Steps(monkeypatch)
    steps.error = error
    expected = hub.HubError if isinstance(error, (OSError, tf.errors.OpError)) else type(error)
    before, graph = tree(tmp_path), tf1.get_default_graph()
    done = 0
    while True:
        steps.count, steps.fail_at, ops = 0, done + 1, len(graph.get_operations())
        try:
            rich(place)
            break
        except expected as caught:
            says = str(caught)
        assert expected is not hub.HubError or str(place) in says
        assert tree(tmp_path) == before, f"step {done + 1}"
        assert len(graph.get_operations()) == ops
        done += 1
    assert done >= 11
    monkeypatch.undo()
    assert [path.name for path in place.parent.iterdir()] == ["module"]
    with tf.Graph().as_default():
        check_good(place)


@contextlib.contextmanager
def _files_no_larger_than(size: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_export_to_a_disk_that_is_full(rich: Callable[[Path], None], tmp_path: Path) -> None:
    """The operating system refuses to write on, to Python and to TensorFlow's C++ alike."""
    rich(tmp_path / "fine")
    sizes = sorted({len(data) for data in tree(tmp_path / "fine").values() if data})
    for size in [0, *(size - 1 for size in sizes)]:
        with refused(tmp_path, OSError, "module"), _files_no_larger_than(size):
            rich(tmp_path / "module")
    with _files_no_larger_than(sizes[-1]):
        rich(tmp_path / "module")
    assert tree(tmp_path / "module") == tree(tmp_path / "fine")


def test_weights_from_a_damaged_checkpoint(original: Path, good: Path, tmp_path: Path) -> None:
    shard = good / FILES[-1]
    damaged = bytearray(shard.read_bytes())
    damaged[-1] ^= 1
    shard.write_bytes(damaged)
    spec = hub.load_module_spec(original)
    with refused(tmp_path, tf.errors.DataLossError, "variables/variables"):
        spec.export(tmp_path / "out", str(good / "variables" / "variables"))
    shard.unlink()
    with refused(tmp_path, (tf.errors.OpError, ValueError), "variables/variables"):
        spec.export(tmp_path / "out", str(good / "variables" / "variables"))
    spec.export(tmp_path / "out", str(original / "variables" / "variables"))
    with tf.Graph().as_default():
        check_good(tmp_path / "out")
