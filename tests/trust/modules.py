"""Small modules on disk, written without TensorFlow: one that writes a file when it is called, and others."""

from __future__ import annotations

from pathlib import Path

from hubexplore.summary.graph.messages import SavedModel

FLOAT, STRING = 1, 7


def write_hostile(directory: Path, canary: Path, scope: str = "head/log") -> Path:
    """Writes a TF1 Hub module whose signature `default` doubles, and writes the file `canary`."""
    saved_model = SavedModel(saved_model_schema_version=1)
    meta_graph = saved_model.meta_graphs.add()
    graph = meta_graph.graph_def
    graph.node.add(name="x", op="Placeholder").attr["dtype"].type = FLOAT
    for name, text in (("path", str(canary)), ("text", "boo")):
        node = graph.node.add(name=f"{scope}/{name}", op="Const")
        node.attr["dtype"].type = STRING
        tensor = node.attr["value"].tensor
        tensor.dtype = STRING
        tensor.tensor_shape.SetInParent()
        tensor.string_val.append(text.encode())
    graph.node.add(name=f"{scope}/WriteFile", op="WriteFile", input=[f"{scope}/path", f"{scope}/text"])
    graph.node.add(name="y", op="Add", input=["x", "x", f"^{scope}/WriteFile"]).attr["T"].type = FLOAT
    return _written(directory, saved_model)


def write_harmless(directory: Path) -> Path:
    """Writes a TF1 Hub module whose signature `default` doubles, and does nothing else."""
    saved_model = SavedModel(saved_model_schema_version=1)
    graph = saved_model.meta_graphs.add().graph_def
    graph.node.add(name="x", op="Placeholder").attr["dtype"].type = FLOAT
    graph.node.add(name="y", op="Add", input=["x", "x"]).attr["T"].type = FLOAT
    return _written(directory, saved_model)


def _written(directory: Path, saved_model: SavedModel) -> Path:
    signature = saved_model.meta_graphs[0].signature_def["default"]
    for side, tensor in ((signature.inputs, "x:0"), (signature.outputs, "y:0")):
        info = side["default"]
        info.name, info.dtype = tensor, FLOAT
        info.tensor_shape.dim.add(size=-1)
    directory.mkdir(parents=True)
    (directory / "saved_model.pb").write_bytes(saved_model.SerializeToString(deterministic=True))
    (directory / "tfhub_module.pb").write_bytes(b"\x08\x03")
    return directory
