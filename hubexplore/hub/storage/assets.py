"""Assets of a variant: files whose paths are constants of the graph."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import meta_graph_pb2

from hubexplore.errors import AuthoringError, DamagedModuleError, reading
from hubexplore.hub.variants.graph_variant import node_list
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.module_format import ASSETS_FOLDER
from hubexplore.summary.reading.resources import is_inside

ASSETS_COLLECTION: Final = "saved_model_assets"
_FILEPATHS: Final = tf.compat.v1.GraphKeys.ASSET_FILEPATHS
# Stands for the path of an asset in a written graph, so that no path of the author's machine leaks.
NEUTRAL_PATH: Final = b"SAVEDMODEL-ASSET"
MSG_SEVERAL: Final = (
    "The path of an asset must be a scalar, but the constant {tensor!r} in the collection ASSET_FILEPATHS "
    "holds a list. Make one tf.constant per path, add each to the collection, and tf.stack them where they "
    "are needed together."
)
_LONGEST_NAME: Final = 255  # bytes, on the file systems of Linux, macOS and Windows


def read_assets(meta_graph: Any) -> dict[str, str]:
    """Tensor name -> file name below `assets/`, from the collection and from the newer field."""
    filenames = {asset.tensor_info.name: asset.filename for asset in _definitions(meta_graph)}
    return dict(sorted(filenames.items()))


def files_by_node(meta_graph: Any) -> dict[str, str]:
    """Name of the node that holds the path of an asset -> the asset's file name."""
    return {node_of(tensor): filename for tensor, filename in read_assets(meta_graph).items()}


def _definitions(meta_graph: Any) -> Iterator[Any]:
    yield from meta_graph.asset_file_def
    if ASSETS_COLLECTION in meta_graph.collection_def:
        for packed in meta_graph.collection_def[ASSETS_COLLECTION].any_list.value:
            asset = meta_graph_pb2.AssetFileDef()
            with reading("The module's list of assets", DecodeError):
                is_asset = packed.Unpack(asset)
            if not is_asset:
                raise DamagedModuleError(
                    f"The list of assets holds a {packed.type_url!r}, not an AssetFileDef."
                )
            yield asset


def write_assets(meta_graph: Any, assets: Iterable[tuple[str, str]]) -> None:
    """Replaces a variant's list of assets by (tensor name, file name) pairs."""
    meta_graph.collection_def.pop(ASSETS_COLLECTION, None)
    del meta_graph.asset_file_def[:]
    for tensor_name, filename in assets:
        asset = meta_graph_pb2.AssetFileDef(filename=filename)
        asset.tensor_info.name = tensor_name
        meta_graph.collection_def[ASSETS_COLLECTION].any_list.value.add().Pack(asset)


def point_to(meta_graph: Any, nodes: Any, directory: str) -> list[str]:
    """Writes the paths of a module's assets into its graph, and returns them.

    All of them join the collection `asset_filepaths`, which not every writer of SavedModels keeps: what is
    made of the graph, such as an export, finds them there.

    Args:
      meta_graph: changed in place.
      nodes: its index, node name -> NodeDef.
      directory: of the module.

    Raises:
      DamagedModuleError: an asset lies outside of `assets/`, or its node is not a string constant.
    """
    paths = []
    for tensor_name, filename in read_assets(meta_graph).items():
        _check_inside(filename)
        paths.append(os.path.join(directory, ASSETS_FOLDER, filename))
        # As bytes of the file system: names need not be UTF-8.
        set_path(_const(nodes, tensor_name), os.fsencode(paths[-1]))
        if tensor_name not in node_list(meta_graph, _FILEPATHS):
            meta_graph.collection_def[_FILEPATHS].node_list.value.append(tensor_name)
    return paths


def _check_inside(filename: str) -> None:
    if not is_inside(filename):
        raise DamagedModuleError(
            f"Asset {filename!r} points outside of the module's assets folder. Such a module is not loaded."
        )


def _const(nodes: Any, tensor_name: str) -> Any:
    node = nodes.get(node_of(tensor_name))
    if node is None or node.op != "Const" or node.attr["dtype"].type != tf.string.as_datatype_enum:
        raise DamagedModuleError(f"The path of an asset must be a string constant; {tensor_name!r} is not.")
    return node


def set_path(node: Any, path: bytes) -> None:
    """Makes a string Const the scalar `path`."""
    tensor = node.attr["value"].tensor
    tensor.Clear()
    tensor.dtype = tf.string.as_datatype_enum
    tensor.tensor_shape.SetInParent()
    tensor.string_val.append(path)


def const_path(node: Any) -> bytes:
    """The scalar string that a Const holds."""
    tensor = node.attr["value"].tensor
    if tensor.string_val:
        return bytes(tensor.string_val[0])
    return bytes(tf.make_ndarray(tensor).item())


def used_files(meta_graph: Any, nodes: Any) -> dict[str, str]:
    """Tensor name -> absolute path of each asset in a graph that was built here.

    Raises:
      AuthoringError: (a ValueError) an asset path is not a constant.
    """
    # A tensor may be listed more than once, as by nested modules.
    paths = {}
    for tensor_name in dict.fromkeys(node_list(meta_graph, _FILEPATHS)):
        try:
            node = _const(nodes, tensor_name)
        except DamagedModuleError as error:
            raise AuthoringError(str(error)) from error
        paths[tensor_name] = os.fsdecode(const_path(node))
    return paths


def make_absolute(meta_graph: Any, nodes: Any) -> None:
    """Makes relative paths of assets absolute in a graph that was built here.

    They are read when the module is used and when it is written; the current directory may differ then.

    Raises:
      AuthoringError: (a ValueError) one constant holds several paths.
    """
    for tensor_name in node_list(meta_graph, _FILEPATHS):
        node = nodes.get(node_of(tensor_name))
        if node is None or node.op != "Const" or node.attr["dtype"].type != tf.string.as_datatype_enum:
            continue
        if len(node.attr["value"].tensor.tensor_shape.dim):
            raise AuthoringError(MSG_SEVERAL.format(tensor=tensor_name))
        path = const_path(node)
        if path and b"://" not in path and not os.path.isabs(path):
            set_path(node, os.fsencode(Path(os.fsdecode(path)).absolute()))


def distinct_names(paths: Iterable[str]) -> dict[str, str]:
    """Path -> file name for each distinct path; two files get different names, one file gets one.

    The names differ on every file system: also where case or the form of accents do not count. A file keeps
    its name if no other has it.
    """
    groups: dict[str, dict[str, None]] = {}
    spelled: dict[str, str] = {}
    for path in dict.fromkeys(paths):
        spelled[path] = _one_spelling(path)
        groups.setdefault(_key(_file_name(path)), {})[spelled[path]] = None
    used = set(groups)
    names: dict[str, str] = {}
    for files in groups.values():
        # The first file of a group keeps its name, which is therefore in use for all others.
        for number, file in enumerate(files):
            names[file] = _unused(_file_name(file), used) if number else _shortened(_file_name(file), "")
            used.add(_key(names[file]))
    return {path: names[file] for path, file in spelled.items()}


def _one_spelling(path: str) -> str:
    """A path with links in its folder resolved, so that all paths of one file and name are equal."""
    if "://" in path:
        return path
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)


def _file_name(path: str) -> str:
    """The last part of a path, as a name that a list of assets can hold and that can be loaded again."""
    name = re.sub("[\udc80-\udcff]", "_", os.path.basename(path))  # bytes that are not UTF-8
    return name if is_inside(name) else re.sub(r"[\\:]", "_", name)


def _key(name: str) -> str:
    """A key that is equal for two names that some file system treats as one."""
    # Case folding may undo the composition of accents, hence the second normalisation.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _unused(name: str, used: Container[str]) -> str:
    stem, extension = os.path.splitext(name)
    number = 1
    while _key(candidate := _shortened(stem, f"_{number}{extension}")) in used:
        number += 1
    return candidate


def _shortened(stem: str, end: str) -> str:
    """`stem + end`, the stem cut where a file system would refuse the length; never within a character."""
    room = _LONGEST_NAME - len(end.encode())
    return stem.encode()[:room].decode(errors="ignore") + end
