"""Models that act when a signature is called: ops of each kind, and where their arguments come from."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from hubexplore.summary.capabilities.model import Capability, Origin
from tests.strangers.cases import hostile_graph
from tests.strangers.making import Canaries, GraphModel, joined, node_of, raw, v1

READS, WRITES, NETWORK = Capability.READS, Capability.WRITES, Capability.NETWORK
CODE, HIDES, UNKNOWN = Capability.CODE, Capability.HIDES, Capability.UNKNOWN


# Where the argument comes from.


@hostile_graph("slice of a signature", READS, "ReadFile", "{secret}")
def reads_constant(model: GraphModel, canaries: Canaries) -> None:
    model.signature(raw.ReadFile(filename=str(canaries.secret)))


@hostile_graph("path from an input", READS, "ReadFile", "where", Origin.INPUT)
def reads_input(model: GraphModel, canaries: Canaries) -> None:
    where = v1.placeholder(tf.string, [], "where")
    model.signature(raw.ReadFile(filename=where), {"where": where})


@hostile_graph("path and content from inputs", WRITES, "WriteFile", "where", Origin.INPUT)
def writes_input(model: GraphModel, canaries: Canaries) -> None:
    where, what = v1.placeholder(tf.string, [], "where"), v1.placeholder(tf.string, [], "what")
    with tf.control_dependencies([raw.WriteFile(filename=where, contents=what)]):
        model.signature(tf.identity(what), {"where": where, "what": what})


@hostile_graph(
    "path joined from constants", READS, "ReadFile", "secret.txt", (Origin.CONSTANT, Origin.COMPUTED)
)
def reads_joined(model: GraphModel, canaries: Canaries) -> None:
    model.signature(raw.ReadFile(filename=joined([str(canaries.folder), "/", "secret.txt"])))


@hostile_graph("path joined by a reduction", READS, "ReadFile", "", (Origin.CONSTANT, Origin.COMPUTED))
def reads_reduced(model: GraphModel, canaries: Canaries) -> None:
    parts = tf.constant(list(str(canaries.secret)))
    model.signature(raw.ReadFile(filename=raw.ReduceJoin(inputs=parts, reduction_indices=[0])))


@hostile_graph("path decoded from base64", READS, "ReadFile", "", (Origin.CONSTANT, Origin.COMPUTED))
def reads_decoded(model: GraphModel, canaries: Canaries) -> None:
    import base64

    text = base64.urlsafe_b64encode(str(canaries.secret).encode()).decode()
    model.signature(raw.ReadFile(filename=raw.DecodeBase64(input=text)))


@hostile_graph("path in a variable of the checkpoint", READS, "ReadFile", "place", Origin.VARIABLE)
def reads_variable(model: GraphModel, canaries: Canaries) -> None:
    place = v1.get_variable("place", initializer=str(canaries.secret), dtype=tf.string, use_resource=False)
    model.signature(raw.ReadFile(filename=place))


@hostile_graph("path that an asset holds", READS, "ReadFile", "", (Origin.COMPUTED, Origin.ASSET))
def reads_what_asset_names(model: GraphModel, canaries: Canaries) -> None:
    path = raw.ReadFile(filename=model.asset("where.txt", str(canaries.secret)))
    model.signature(raw.ReadFile(filename=raw.Identity(input=path)))


@hostile_graph(
    "path beside an asset", READS, "ReadFile", "", (Origin.COMPUTED, Origin.ASSET, Origin.CONSTANT)
)
def reads_beside_asset(model: GraphModel, canaries: Canaries) -> None:
    asset = model.asset("words.txt", "a\n")
    climb = tf.constant("/../" + "../" * 30 + str(canaries.secret).lstrip("/"))
    folder = raw.RegexReplace(input=asset, pattern="/words.txt$", rewrite="")
    model.signature(raw.ReadFile(filename=raw.StringJoin(inputs=[folder, climb])))


@hostile_graph(
    "file written over an asset", WRITES, "WriteFile", "words.txt", (Origin.ASSET, Origin.CONSTANT)
)
def writes_asset(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    written = raw.WriteFile(filename=model.asset("words.txt", "a\n"), contents="boo")
    with tf.control_dependencies([written]):
        model.signature(tf.constant(1.0))


@hostile_graph(
    "path chosen by the input", READS, "ReadFile", "", (Origin.INPUT, Origin.COMPUTED, Origin.CONSTANT)
)
def reads_chosen(model: GraphModel, canaries: Canaries) -> None:
    at = v1.placeholder(tf.int32, [], "at")
    paths = tf.constant([str(canaries.secret), "/etc/hostname"])
    model.signature(raw.ReadFile(filename=tf.gather(paths, at)), {"at": at})


@hostile_graph(
    "path with a default that callers may replace",
    READS,
    "ReadFile",
    "",
    (Origin.INPUT, Origin.CONSTANT, Origin.COMPUTED),
)
def reads_default(model: GraphModel, canaries: Canaries) -> None:
    path = v1.placeholder_with_default(str(canaries.secret), [])
    model.signature(raw.ReadFile(filename=path))


@hostile_graph("path at a remote file system", (READS, NETWORK), "ReadFile", "gs://bucket/x", runs=False)
def reads_bucket(model: GraphModel, canaries: Canaries) -> None:
    model.signature(raw.ReadFile(filename="gs://bucket/x"))


@hostile_graph("path with control characters of terminals", WRITES, "WriteFile", "boo")
def reads_escapes(model: GraphModel, canaries: Canaries) -> None:
    path = str(canaries.new.parent / "\x1b[31m<script>boo")
    with tf.control_dependencies([raw.WriteFile(filename=path, contents="boo")]):
        model.signature(tf.constant(1.0))


# Where the op hides in the graph.


@hostile_graph("control dependency of an output", WRITES, "WriteFile", "{new}")
def control_dependency(model: GraphModel, canaries: Canaries) -> None:
    x = v1.placeholder(tf.float32, [None], "x")
    with tf.control_dependencies([raw.WriteFile(filename=str(canaries.new), contents="boo")]):
        model.signature(tf.identity(x), {"x": x})


@hostile_graph("control edge of a constant deep in the graph", WRITES, "WriteFile", "{new}")
def control_edge(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    one = tf.constant(1.0, name="one")
    x = model.graph.get_tensor_by_name("x:0")
    model.signature(x + one * 2.0, {"x": x})
    trap = raw.WriteFile(filename=str(canaries.new), contents="boo")
    model.edits.append(lambda saved: node_of(saved, "one").input.append(f"^{trap.name}"))


@hostile_graph("node named as the saver names its own", READS, "ReadFile", "{secret}")
def named_as_saver(model: GraphModel, canaries: Canaries) -> None:
    model.signature(raw.ReadFile(filename=str(canaries.secret), name="save/RestoreV2"))


@hostile_graph("scope that looks like a path", WRITES, "WriteFile", "{new}")
def odd_names(model: GraphModel, canaries: Canaries) -> None:
    x = v1.placeholder(tf.float32, [None], "x")
    trap = raw.WriteFile(filename=str(canaries.new), contents="boo", name="a/trap")
    with tf.control_dependencies([trap]):
        y = tf.identity(x, "b")
    model.signature(y, {"x": x})

    def edit(saved_model: Any) -> None:
        node_of(saved_model, "a/trap").name = "a/b/../c.-_x"
        node_of(saved_model, "b").input[1] = "^a/b/../c.-_x"

    model.edits.append(edit)


@hostile_graph("second graph variant", WRITES, "WriteFile", "{new}")
def second_variant(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    model.tags = ()
    other = GraphModel(tags=("train",))
    with other.graph.as_default():
        control_dependency(other, canaries)
    model.variants.append(other)


@hostile_graph("second signature", READS, "ReadFile", "{secret}", signature="<b>debug</b>")
def second_signature(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    model.signature(raw.ReadFile(filename=str(canaries.secret)), name="<b>debug</b>")


@hostile_graph("node at a remote device", WRITES, "WriteFile", "{new}", runs=False)
def remote_device(model: GraphModel, canaries: Canaries) -> None:
    x = v1.placeholder(tf.float32, [None], "x")
    with tf.device("/job:worker/replica:0/task:3"):
        trap = raw.WriteFile(filename=str(canaries.new), contents="boo")
    with tf.control_dependencies([trap]):
        model.signature(tf.identity(x), {"x": x})


@hostile_graph("loop of TensorFlow 1", WRITES, "WriteFile", "{new}")
def loop_of_tf1(model: GraphModel, canaries: Canaries) -> None:
    v1.disable_control_flow_v2()
    x = v1.placeholder(tf.float32, [], "x")

    def body(i: Any) -> Any:
        with tf.control_dependencies([raw.WriteFile(filename=str(canaries.new), contents="boo")]):
            return i + 1.0

    y = v1.while_loop(lambda i: i < 3.0, body, [x])
    v1.enable_control_flow_v2()
    model.signature(y, {"x": x})


# Ops.


def op_case(  # noqa: PLR0917 - a row of a table
    name: str, capability: Any, op: Any, argument: str, make: Callable[[Canaries], Any], runs: bool = True
) -> None:
    """Registers a model whose only signature has the output of an op, or waits for the op."""

    def fill(model: GraphModel, canaries: Canaries) -> None:
        made = make(canaries)
        if isinstance(made, tf.Operation):
            with tf.control_dependencies([made]):
                made = tf.constant(1.0)
        model.signature(made)

    fill.__name__ = name
    hostile_graph(f"op {op if isinstance(op, str) else op[0]}", capability, op, argument, runs=runs)(fill)


def read_all(dataset: Any) -> Any:
    """Returns the number of elements, which reads them all."""
    return dataset.reduce(tf.constant(0, tf.int64), lambda count, *_: count + 1)


def _restore(canaries: Canaries) -> Any:
    return raw.RestoreV2(
        prefix=str(canaries.secret), tensor_names=["w"], shape_and_slices=[""], dtypes=[tf.float32]
    )[0]


def _shards(canaries: Canaries) -> Any:
    return raw.SaveV2(
        prefix=str(canaries.new), tensor_names=["w"], shape_and_slices=[""], tensors=[tf.constant([1.0])]
    )


def _merge(canaries: Canaries) -> Any:
    return raw.MergeV2Checkpoints(
        checkpoint_prefixes=[str(canaries.victim / "part-00000")],
        destination_prefix=str(canaries.victim / "all"),
        delete_old_dirs=True,
        allow_missing_files=True,
    )


def _mapped_file(canaries: Canaries) -> Any:
    return raw.ImmutableConst(dtype=tf.uint8, shape=[4], memory_region_name=str(canaries.secret))


def _remap(canaries: Canaries) -> Any:
    return raw.LoadAndRemapMatrix(
        ckpt_path=str(canaries.secret),
        old_tensor_name="w",
        row_remapping=[0],
        col_remapping=[0],
        initializing_values=[],
        num_rows=1,
        num_cols=1,
    )


def _vocabulary(canaries: Canaries) -> Any:
    return raw.GenerateVocabRemapping(
        new_vocab_file=str(canaries.secret),
        old_vocab_file=str(canaries.secret),
        new_vocab_offset=0,
        num_new_vocab=1,
    ).remapping


def _proto(canaries: Canaries) -> Any:
    return raw.DecodeProtoV2(
        bytes=b"",
        message_type="a.B",
        field_names=["c"],
        output_types=[tf.float32],
        descriptor_source=str(canaries.secret),
    ).sizes


def _debug(url: str) -> Any:
    return raw.DebugIdentity(input=tf.constant([1.0]), tensor_name="spy", debug_urls=[url])


def _csv(canaries: Canaries) -> Any:
    return read_all(tf.data.experimental.CsvDataset(str(canaries.secret), [tf.string, tf.int64, tf.int64]))


def _sql(canaries: Canaries) -> Any:
    dataset = tf.data.experimental.SqlDataset("sqlite", str(canaries.secret), "select a from b", (tf.string,))
    return read_all(dataset)


def _service(canaries: Canaries) -> Any:
    distribute = tf.data.experimental.service.distribute
    dataset = tf.data.Dataset.range(3)
    return read_all(dataset.apply(distribute("parallel_epochs", f"grpc://{canaries.address}")))


def _reader(canaries: Canaries) -> Any:
    names = v1.FIFOQueue(1, [tf.string], [[]])
    with tf.control_dependencies([names.enqueue([str(canaries.secret)])]):
        queue = tf.identity(names.queue_ref)
    reader = raw.WholeFileReaderV2()
    return raw.ReaderReadV2(reader_handle=reader, queue_handle=queue).value


def _summary(canaries: Canaries) -> Any:
    writer = raw.SummaryWriter(shared_name="w2")
    made = raw.CreateSummaryFileWriter(
        writer=writer, logdir=str(canaries.new), max_queue=1, flush_millis=1, filename_suffix=".boo"
    )
    with tf.control_dependencies([made]):
        return raw.WriteScalarSummary(writer=writer, step=1, tag="t", value=1.0)


def _database(canaries: Canaries) -> Any:
    return raw.CreateSummaryDbWriter(
        writer=raw.SummaryWriter(shared_name="db"),
        db_uri=str(canaries.new),
        experiment_name="a",
        run_name="b",
        user_name="c",
    )


def _to_records(canaries: Canaries) -> Any:
    dataset = tf.data.Dataset.from_tensors("boo")
    return raw.DatasetToTFRecord(
        input_dataset=dataset._variant_tensor, filename=str(canaries.new), compression_type=""
    )


def _image_files(canaries: Canaries) -> Any:
    return read_all(tf.data.Dataset.list_files(f"{canaries.folder}/*.txt", shuffle=False))


def _python(op: str, canaries: Canaries) -> Any:
    del canaries
    if op == "EagerPyFunc":
        return raw.EagerPyFunc(input=[], token="os.system", Tout=[tf.float32])[0]
    return getattr(raw, op)(input=[], token="os.system", Tout=[tf.float32])[0]


def _cache(canaries: Canaries) -> Any:
    return read_all(tf.data.Dataset.range(3).cache(str(canaries.new)))


def _save(canaries: Canaries) -> Any:
    dataset = tf.data.Dataset.range(3)
    saved = raw.SaveDatasetV2(
        input_dataset=dataset._variant_tensor,
        path=str(canaries.new),
        shard_func_other_args=[],
        shard_func=tf.function(lambda _: tf.constant(0, tf.int64)).get_concrete_function(
            tf.TensorSpec([], tf.int64)
        ),
        output_types=[tf.int64],
        output_shapes=[[]],
    )
    return read_all(tf.data.experimental.from_variant(saved, tf.TensorSpec([], tf.int64)))


def _simple(kind: str, canaries: Canaries) -> Any:
    path = str(canaries.secret)
    data = tf.data
    datasets: dict[str, Callable[[], Any]] = {
        "record": lambda: data.TFRecordDataset(path),
        "lines": lambda: data.TextLineDataset(path),
        "fixed": lambda: data.FixedLengthRecordDataset(path, 4),
        "snapshot": lambda: data.Dataset.range(3).snapshot(str(canaries.new)),
    }
    return read_all(datasets[kind]())


for _name, _capability, _op, _argument, _make in (
    ("restores_foreign_path", READS, "RestoreV2", "{secret}", _restore),
    ("saves", WRITES, "SaveV2", "{new}", _shards),
    ("merges_checkpoints", WRITES, "MergeV2Checkpoints", "{victim}", _merge),
    ("maps_file", READS, "ImmutableConst", "{secret}", _mapped_file),
    ("remaps_matrix", READS, "LoadAndRemapMatrix", "{secret}", _remap),
    ("remaps_vocabulary", READS, "GenerateVocabRemapping", "{secret}", _vocabulary),
    ("descriptor_of_proto", READS, "DecodeProtoV2", "{secret}", _proto),
    ("debug_to_file", WRITES, "DebugIdentity", "{new}", lambda c: _debug(f"file://{c.new}")),
    ("debug_to_network", NETWORK, "DebugIdentity", "{address}", lambda c: _debug(f"grpc://{c.address}")),
    (
        "prints_to_file",
        WRITES,
        "PrintV2",
        "{new}",
        lambda c: raw.PrintV2(input="boo", output_stream=f"file://{c.new}"),
    ),
    ("caches_dataset", WRITES, ("CacheDatasetV2", "CacheDataset"), "{new}", _cache),
    (
        "snapshots_dataset",
        WRITES,
        ("SnapshotDatasetV2", "SnapshotDataset"),
        "{new}",
        functools.partial(_simple, "snapshot"),
    ),
    (
        "reads_records",
        READS,
        ("TFRecordDataset", "TFRecordDatasetV2"),
        "{secret}",
        functools.partial(_simple, "record"),
    ),
    ("reads_lines", READS, "TextLineDataset", "{secret}", functools.partial(_simple, "lines")),
    (
        "reads_fixed_records",
        READS,
        "FixedLengthRecordDatasetV2",
        "{secret}",
        functools.partial(_simple, "fixed"),
    ),
    ("reads_csv", READS, ("CSVDatasetV2", "CSVDataset"), "{secret}", _csv),
    ("reads_sql", (READS, WRITES, NETWORK), "SqlDataset", "{secret}", _sql),
    ("lists_files", READS, ("MatchingFiles", "MatchingFilesDataset"), "{folder}", _image_files),
    ("writes_records", WRITES, "DatasetToTFRecord", "{new}", _to_records),
    ("saves_dataset", WRITES, "SaveDatasetV2", "{new}", _save),
    ("writes_summary", WRITES, "CreateSummaryFileWriter", "{new}", _summary),
    ("writes_database", WRITES, "CreateSummaryDbWriter", "{new}", _database),
    ("reads_by_queue", READS, ("WholeFileReaderV2", "ReaderReadV2"), "", _reader),
    (
        "lists_folder",
        READS,
        "MatchingFiles",
        "{folder}",
        lambda c: raw.MatchingFiles(pattern=f"{c.folder}/*"),
    ),
):
    op_case(_name, _capability, _op, _argument, _make)

op_case(
    "data_service",
    NETWORK,
    ("DataServiceDatasetV4", "DataServiceDatasetV3"),
    "{address}",
    _service,
    runs=False,
)
for _op in ("PyFunc", "PyFuncStateless", "EagerPyFunc"):
    op_case(f"python_{_op.lower()}", CODE, _op, "os.system", functools.partial(_python, _op), runs=False)


@hostile_graph("op that TensorFlow lacks", UNKNOWN, "EvilShell", runs=False)
def unknown_op(model: GraphModel, canaries: Canaries) -> None:
    x = v1.placeholder(tf.string, [], "x")
    model.signature(tf.identity(x, "y"), {"x": x})

    def edit(saved_model: Any) -> None:
        node_of(saved_model, "y").op = "EvilShell"

    model.edits.append(edit)


@hostile_graph("op that ends the process", tuple(Capability), "Abort", runs=False)
def aborts(model: GraphModel, canaries: Canaries) -> None:
    with tf.control_dependencies([raw.Abort(error_msg="boo")]):
        model.signature(tf.constant(1.0))
