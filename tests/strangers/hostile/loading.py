"""Models that act when they are loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from hubexplore.summary.capabilities.model import Capability, Origin, When
from tests.strangers.cases import hostile, hostile_graph
from tests.strangers.making import Canaries, GraphModel, raw, save_object, scratch, v1

LOADED = When.LOADED
READS, WRITES = Capability.READS, Capability.WRITES


def write(path: Any) -> Any:
    """Returns an op that writes a file."""
    return raw.WriteFile(filename=str(path) if isinstance(path, Path) else path, contents="boo")


@hostile_graph("main op", WRITES, "WriteFile", "{new}", when=LOADED)
def main_op(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    model.collect("saved_model_main_op", write(canaries.new))


@hostile_graph("op of the collection legacy_init_op", WRITES, "WriteFile", "{new}", when=LOADED)
def legacy_init_op(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    model.collect("legacy_init_op", tf.group(write(canaries.new), name="legacy"))


@hostile_graph(
    "table initializer, absolute path", READS, "InitializeTableFromTextFileV2", "{secret}", when=LOADED
)
def table_from_absolute_path(model: GraphModel, canaries: Canaries) -> None:
    y = model.plain()
    table = raw.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="t")
    filled = raw.InitializeTableFromTextFileV2(
        table_handle=table, filename=str(canaries.secret), key_index=-2, value_index=-1, delimiter=","
    )
    model.collect("table_initializer", filled)
    size = raw.LookupTableSizeV2(table_handle=table)
    model.signature({"y": y, "size": size}, {"x": model.graph.get_tensor_by_name("x:0")})


@hostile_graph("op of the collection table_initializer", WRITES, "WriteFile", "{new}", when=LOADED)
def table_initializer_writes(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    model.collect("table_initializer", write(canaries.new))


@hostile_graph("debug op that an initializer waits for", WRITES, "DebugIdentity", "{new}", when=LOADED)
def debug_file_of_initializer(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    spy = raw.DebugIdentity(
        input=tf.constant([1.0]), tensor_name="spy", debug_urls=[f"file://{canaries.new}"]
    )
    with tf.control_dependencies([spy]):
        model.collect("table_initializer", tf.no_op("init_all_tables"))


@hostile_graph("summary writer in an initializer", WRITES, "CreateSummaryFileWriter", "{new}", when=LOADED)
def summary_writer_of_initializer(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    writer = raw.SummaryWriter(shared_name="w")
    made = raw.CreateSummaryFileWriter(
        writer=writer, logdir=str(canaries.new), max_queue=1, flush_millis=1, filename_suffix=".boo"
    )
    model.collect("table_initializer", made)


@hostile_graph(
    "merging of checkpoints that deletes their folder", WRITES, "MergeV2Checkpoints", "{victim}", when=LOADED
)
def merge_deletes(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    merged = raw.MergeV2Checkpoints(
        checkpoint_prefixes=[str(canaries.victim / "part-00000")],
        destination_prefix=str(canaries.victim / "all"),
        delete_old_dirs=True,
        allow_missing_files=True,
    )
    model.collect("table_initializer", merged)


@hostile_graph(
    "initializer of a local variable", READS, "ReadFile", "{secret}", when=(LOADED, When.ASKED, When.TRAINED)
)
def local_variable_initializer(model: GraphModel, canaries: Canaries) -> None:
    y = model.plain()
    v1.get_variable(
        "local",
        initializer=lambda: raw.ReadFile(filename=str(canaries.secret)),
        dtype=tf.string,
        use_resource=True,
        collections=[v1.GraphKeys.LOCAL_VARIABLES],
        shape=None,
        validate_shape=False,
    )
    del y


@hostile_graph(
    "initializer of a variable", WRITES, "WriteFile", "{new}", when=(LOADED, When.ASKED, When.TRAINED)
)
def variable_initializer(model: GraphModel, canaries: Canaries) -> None:
    x = v1.placeholder(tf.float32, [], "x")
    with tf.control_dependencies([write(canaries.new)]):
        first = tf.constant(1.0)
    weight = v1.get_variable("trap", initializer=first, use_resource=True)
    model.signature(x * weight, {"x": x})


@hostile_graph("control edges between initializers", WRITES, "WriteFile", "{new}", when=LOADED)
def control_chain_of_main_op(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    with tf.control_dependencies([write(canaries.new)]):
        first = tf.no_op()
    with tf.control_dependencies([first]):
        second = tf.no_op()
    with tf.control_dependencies([second]):
        model.collect("saved_model_main_op", tf.no_op("main"))


@hostile_graph("function that the main op calls", WRITES, "WriteFile", "{new}", when=LOADED)
def function_of_main_op(model: GraphModel, canaries: Canaries) -> None:
    model.plain()

    @tf.function
    def prepare() -> Any:
        write(canaries.new)
        return tf.constant(1.0)

    model.collect("saved_model_main_op", tf.group(prepare(), name="main"))


@hostile_graph("signature __saved_model_init_op", WRITES, "WriteFile", "{new}", when=LOADED)
def init_op_signature(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    with tf.control_dependencies([write(canaries.new)]):
        ready = tf.no_op("ready")

    def edit(saved_model: Any) -> None:
        outputs = saved_model.meta_graphs[0].signature_def["__saved_model_init_op"].outputs
        outputs["__saved_model_init_op"].name = ready.name
        outputs["__saved_model_init_op"].tensor_shape.unknown_rank = True

    model.edits.append(edit)


@hostile_graph("op of the collection init_op", WRITES, "WriteFile", "{new}", when=(LOADED, When.ASKED))
def init_op_collection(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    model.collect("init_op", write(canaries.new))


@hostile_graph("keys of a table, read from a file", READS, "ReadFile", "{secret}", when=LOADED)
def table_keys_from_file(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    table = raw.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="keys")
    keys = tf.reshape(raw.ReadFile(filename=str(canaries.secret)), [1])
    model.collect("table_initializer", raw.LookupTableImportV2(table_handle=table, keys=keys, values=[1]))
    answer = raw.LookupTableExportV2(table_handle=table, Tkeys=tf.string, Tvalues=tf.int64)
    model.signature(answer.keys, name="keys")


def _with_asset(model: GraphModel, name: str, content: str | None = None) -> None:
    y = model.plain()
    table = raw.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="vocabulary")
    filled = raw.InitializeTableFromTextFileV2(
        table_handle=table, filename=model.asset(name, content), key_index=-2, value_index=-1
    )
    model.collect("table_initializer", filled)
    exported = raw.LookupTableExportV2(table_handle=table, Tkeys=tf.string, Tvalues=tf.int64)
    x = model.graph.get_tensor_by_name("x:0")
    model.signature({"y": y, "words": exported.keys}, {"x": x})


ASSET = (Origin.ASSET, Origin.CONSTANT)
TABLE = "InitializeTableFromTextFileV2"


@hostile("asset whose name climbs out", READS, TABLE, "secret.txt", ASSET, LOADED)
def asset_climbs(directory: Path, canaries: Canaries) -> Path:
    model = GraphModel()
    with model.graph.as_default():
        up = "../" * (len(directory.resolve().parts) + 1)
        _with_asset(model, f"{up}{str(canaries.secret).lstrip('/')}")
    (directory / "assets").mkdir(parents=True)
    directory.joinpath("assets").rmdir()
    directory.rmdir()
    return model.write(directory)


@hostile_graph("asset with an absolute name", READS, TABLE, "{secret}", ASSET, LOADED)
def asset_absolute(model: GraphModel, canaries: Canaries) -> None:
    _with_asset(model, str(canaries.secret))


@hostile("asset that links out of the module", READS, TABLE, "{secret}", ASSET, LOADED)
def asset_link(directory: Path, canaries: Canaries) -> Path:
    model = GraphModel()
    with model.graph.as_default():
        _with_asset(model, "vocabulary.txt", "")
    model.write(directory)
    path = directory / "assets" / "vocabulary.txt"
    path.unlink()
    path.symlink_to(canaries.secret)
    return directory


@hostile("folder of assets that links out of the module", READS, TABLE, "{secret}", ASSET, LOADED)
def assets_folder_link(directory: Path, canaries: Canaries) -> Path:
    model = GraphModel()
    with model.graph.as_default():
        _with_asset(model, "secret.txt")
    model.write(directory)
    (directory / "assets").symlink_to(canaries.folder)
    return directory


def _resource(create: Any = None, initialize: Any = None) -> Any:
    from tensorflow.python.trackable.resource import TrackableResource

    class Trap(TrackableResource):  # type: ignore[misc]
        def _create_resource(self) -> Any:
            if create:
                create()
            return raw.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="trap")

        def _initialize(self) -> None:
            if initialize:
                initialize()

    class Model(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            with tf.Graph().as_default() if create or initialize else tf.init_scope():
                # Made in a graph that is thrown away, or it would act while it is made.
                self.trap = Trap()

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, x: Any) -> Any:
            return x + x

    return Model()


@hostile("method _initialize of a resource", WRITES, "WriteFile", "{new}", when=LOADED)
def resource_initialize(directory: Path, canaries: Canaries) -> Path:
    model = _resource(initialize=lambda: write(canaries.new))
    return save_object(model, directory, {"serving_default": model.__call__})


@hostile("method _create_resource of a resource", WRITES, "WriteFile", "{new}", when=LOADED)
def resource_create(directory: Path, canaries: Canaries) -> Path:
    model = _resource(create=lambda: write(canaries.new))
    return save_object(model, directory, {"serving_default": model.__call__})


@hostile("asset of an object, renamed", READS, TABLE, "secret.txt", ASSET, LOADED)
def object_asset_renamed(directory: Path, canaries: Canaries) -> Path:
    from tests.strangers.making import rewritten

    words = scratch({"words.txt": "a\nb\n"}) / "words.txt"

    class Model(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            found = tf.lookup.TextFileInitializer(
                str(words),
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            )
            self.table = tf.lookup.StaticVocabularyTable(found, 1)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, x: Any) -> Any:
            return self.table.lookup(x)

    model = Model()
    save_object(model, directory, {"serving_default": model.__call__})

    def edit(saved_model: Any) -> None:
        saved_model.meta_graphs[0].asset_file_def[0].filename = str(canaries.secret)

    return rewritten(directory, edit)


@hostile_graph(
    "op of the saver that restores", WRITES, "WriteFile", "{new}", when=(LOADED, When.ASKED, When.TRAINED)
)
def restore_op(model: GraphModel, canaries: Canaries) -> None:
    x = v1.placeholder(tf.float32, [], "x")
    weight = v1.get_variable("weight", initializer=1.0, use_resource=True)
    model.signature(x * weight, {"x": x})
    trap = write(canaries.new)

    def edit(saved_model: Any) -> None:
        meta_graph = saved_model.meta_graphs[0]
        restore = meta_graph.saver_def.restore_op_name
        next(n for n in meta_graph.graph_def.node if n.name == restore).input.append(f"^{trap.name}")

    model.edits.append(edit)


@hostile("link below a folder that is an asset", READS, "ReadFile", "{secret}", when=When.CALLED)
def link_below_asset(directory: Path, canaries: Canaries) -> Path:
    model = GraphModel()
    with model.graph.as_default():
        path = raw.StringJoin(inputs=[model.asset("words"), "/way/secret.txt"])
        model.signature(raw.ReadFile(filename=path))
    model.write(directory)
    (directory / "assets" / "words").mkdir(parents=True)
    (directory / "assets" / "words" / "way").symlink_to(canaries.folder)
    return directory


@hostile_graph(
    "restoring from beside the checkpoint",
    READS,
    "RestoreV2",
    "",
    (Origin.INPUT, Origin.COMPUTED),
    when=(LOADED, When.ASKED),
)
def restore_beside(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    v1.get_variable("kept", initializer=1.0)
    name = v1.placeholder_with_default("model", [], name="file_name")
    beside = raw.StringJoin(inputs=[name, f"/../../../../../../../..{canaries.secret}"])
    read = raw.RestoreV2(prefix=beside, tensor_names=["kept"], shape_and_slices=[""], dtypes=[tf.float32])
    with tf.control_dependencies([read[0]]):
        done = tf.no_op(name="restore_beside")

    def edit(saved_model: Any) -> None:
        saver = saved_model.meta_graphs[0].saver_def
        saver.filename_tensor_name, saver.restore_op_name = name.name, done.name

    model.edits.append(edit)
