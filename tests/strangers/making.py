"""Makes models for the tests of capabilities: graphs of TensorFlow 1, and objects of TensorFlow 2."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tensorflow as tf

v1 = tf.compat.v1
raw = tf.raw_ops
Edit = Callable[[Any], None]


@dataclass(frozen=True)
class Canaries:
    """What no model may touch: files in a temporary folder, and an address at the loopback.

    Attributes:
      folder: holds all of them; made when first used.
      address: host and port that nobody listens at.
    """

    folder: Path
    address: str = "127.0.0.1:9"

    def place(self) -> Canaries:
        """Makes the files; their access times are set back, so that a read shows."""
        victim = self.folder / "victim"
        victim.mkdir(parents=True)
        self.new.parent.mkdir()
        (victim / "part-00000").write_text("must stay\n")
        for path in (self.secret, self.pointer):
            path.write_text(f"{self.secret}\n" if path == self.pointer else "key-1,2,3\n" * 20)
        for path in (self.secret, self.pointer, victim / "part-00000"):
            os.utime(path, (1_000_000_000, 1_700_000_000))
        return self

    @property
    def secret(self) -> Path:
        """A file that must not be read."""
        return self.folder / "secret.txt"

    @property
    def pointer(self) -> Path:
        """A file that must not be read, and names another one."""
        return self.folder / "pointer.txt"

    @property
    def new(self) -> Path:
        """A file that must not be written."""
        return self.folder / "written" / "new.txt"

    @property
    def victim(self) -> Path:
        """A folder that must not be deleted."""
        return self.folder / "victim"

    def touched(self) -> list[str]:
        """Says what happened to them; empty if nothing did."""
        expected = {"secret.txt", "pointer.txt", "written", "victim", "victim/part-00000"}
        there = {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}
        happened = [f"{name} was deleted" for name in sorted(expected - there)]
        happened += [f"{name} was written" for name in sorted(there - expected)]
        for name in sorted((expected & there) - {"victim", "written"}):
            found = (self.folder / name).stat()
            if found.st_mtime != 1_700_000_000:
                happened.append(f"{name} was changed")
            if found.st_atime != 1_000_000_000:
                happened.append(f"{name} was read")
        return happened


@dataclass
class GraphModel:
    """A SavedModel of TensorFlow 1 in the making: a graph, and what goes beside it.

    Attributes:
      tags: of the graph variant.
      signatures: from the name to inputs and outputs.
      collections: from the name to names of nodes.
      assets: from the file name to the tensor that holds its path.
      files: content of the files in the assets folder.
      edits: change the message at last, where TensorFlow would not make it so.
      variants: further graph variants.
    """

    tags: tuple[str, ...] = ("serve",)
    signatures: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=dict)
    collections: dict[str, list[str]] = field(default_factory=dict)
    assets: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    variants: list[GraphModel] = field(default_factory=list)
    graph: Any = field(default_factory=tf.Graph)

    def signature(
        self, outputs: Mapping[str, Any] | Any, inputs: Mapping[str, Any] | None = None, name: str = "default"
    ) -> None:
        """Adds a signature; a single output is named `y`."""
        outs = outputs if isinstance(outputs, Mapping) else {"y": outputs}
        self.signatures[name] = (inputs or {}, outs)

    def collect(self, collection: str, *ops: Any) -> None:
        """Adds ops or tensors to a collection."""
        self.collections.setdefault(collection, []).extend(
            op if isinstance(op, str) else op.name for op in ops
        )

    def plain(self) -> Any:
        """Adds the signature `default`, which doubles `x`; returns its output."""
        x = v1.placeholder(tf.float32, [None], "x")
        y = tf.add(x, x, "y")
        self.signature(y, {"x": x})
        return y

    def asset(self, name: str, content: str | None = None) -> Any:
        """Returns a constant that becomes the path of an asset."""
        at = f"asset_path_{len(self.assets)}"
        path = tf.constant(name, name=at)
        self.assets.append((name, f"{at}:0"))
        if content is not None:
            self.files[name] = content
        return path

    def write(self, directory: Path) -> Path:
        """Writes it all; returns the directory."""
        from tensorflow.core.protobuf import saved_model_pb2

        saved_model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
        directory.mkdir(parents=True)
        for variant in (self, *self.variants):
            variant._add_to(saved_model.meta_graphs.add(), directory)
        for edit in self.edits:
            edit(saved_model)
        (directory / "saved_model.pb").write_bytes(saved_model.SerializeToString(deterministic=True))
        for name, content in self.files.items():
            file = directory / "assets" / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(content)
        return directory

    def _add_to(self, meta_graph: Any, directory: Path) -> None:
        with self.graph.as_default():
            found = v1.global_variables()
            saver = v1.train.Saver(found) if found else None
            if saver:
                with v1.Session() as session:
                    # Not the initializer of all: one of them may be the trap.
                    session.run([each.initializer for each in found if "trap" not in each.name])
                    for each in found:
                        if "trap" in each.name:
                            each.load(0.0, session)
                    (directory / "variables").mkdir(exist_ok=True)
                    prefix = str(directory / "variables" / "variables")
                    saver.save(session, prefix, write_meta_graph=False, write_state=False)
                meta_graph.saver_def.CopyFrom(saver.as_saver_def())
                for name in (v1.GraphKeys.GLOBAL_VARIABLES, v1.GraphKeys.TRAINABLE_VARIABLES):
                    kept = meta_graph.collection_def[name].bytes_list.value
                    kept.extend(each.to_proto().SerializeToString() for each in v1.get_collection(name))
            local = v1.get_collection(v1.GraphKeys.LOCAL_VARIABLES)
            if local:
                kept = meta_graph.collection_def[v1.GraphKeys.LOCAL_VARIABLES].bytes_list.value
                kept.extend(each.to_proto().SerializeToString() for each in local)
        meta_graph.graph_def.CopyFrom(self.graph.as_graph_def(add_shapes=True))
        meta_graph.meta_info_def.tags.extend(self.tags)
        for name, (inputs, outputs) in self.signatures.items():
            signature = meta_graph.signature_def[name]
            signature.method_name = "tensorflow/serving/predict"
            for side, tensors in ((signature.inputs, inputs), (signature.outputs, outputs)):
                for key, tensor in tensors.items():
                    side[key].name, side[key].dtype = tensor.name, tensor.dtype.as_datatype_enum
                    side[key].tensor_shape.CopyFrom(tensor.shape.as_proto())
        for name, nodes in self.collections.items():
            meta_graph.collection_def[name].node_list.value.extend(nodes)
        for name, tensor in self.assets:
            asset = meta_graph.asset_file_def.add(filename=name)
            asset.tensor_info.name = tensor


def node_of(saved_model: Any, name: str, variant: int = 0) -> Any:
    """Returns a node of a graph by its name."""
    (node,) = (each for each in saved_model.meta_graphs[variant].graph_def.node if each.name == name)
    return node


def rewritten(directory: Path, edit: Edit) -> Path:
    """Changes the message of a SavedModel on disk."""
    from tensorflow.core.protobuf import saved_model_pb2

    path = directory / "saved_model.pb"
    saved_model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    edit(saved_model)
    path.write_bytes(saved_model.SerializeToString(deterministic=True))
    return directory


def save_object(module: Any, directory: Path, signatures: Any = None, **options: Any) -> Path:
    """Saves an object of TensorFlow 2."""
    chosen = tf.saved_model.SaveOptions(**options)
    tf.saved_model.save(module, str(directory), signatures=signatures, options=chosen)
    return directory


def scratch(content: Mapping[str, str]) -> Path:
    """Makes files in a new temporary folder, for what wants them while a model is made."""
    folder = Path(tempfile.mkdtemp(prefix="strangers-"))
    for name, text in content.items():
        (folder / name).write_text(text)
    return folder


def serialized(make: Callable[[], Any]) -> bytes:
    """Returns the graph of a dataset, as DatasetFromGraph takes it; the dataset is never read."""
    from tensorflow.python.eager import context

    with context.eager_mode():
        graph: bytes = raw.DatasetToGraphV2(
            input_dataset=make()._variant_tensor, external_state_policy=0, strip_device_assignment=True
        ).numpy()
    return graph


def joined(parts: Iterable[str]) -> Any:
    """Returns a string that the graph puts together."""
    return raw.StringJoin(inputs=[tf.constant(part) for part in parts], separator="")
