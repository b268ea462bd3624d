"""Files of modules with one to three of their fields changed, at random but the same for a seed.

Bytes changed at random mostly make a file that cannot be parsed. These changes keep the form of a message,
and put what no writer would into its fields: numbers out of range, names that are no text, fields of another
wire type, messages within messages.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, Final

from hubexplore.summary.files import wire
from hubexplore.summary.graph.hub_messages import ModuleAttachment
from hubexplore.summary.weights import crc32c
from tests.summary import saved_models
from tests.summary.graph.functions.nested_functions import Library
from tests.summary.saved_models import FLOAT, INT64, RESOURCE, STRING

NUMBERS: Final = (
    *(0, 1, 2, 3, 7, 20, 21, 34, 99, 100, 107, 120, 121, 134, 255, 1 << 16, 1 << 20, (1 << 31) - 1, 1 << 31),
    *(1 << 32, 1 << 40, (1 << 62) + 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 2, (1 << 64) - 1),
)
TEXTS: Final = (
    *(b"", b" ", b"x", b"x:0", b"x:1", b"x:-1", b"x:9999999999999999999999", b"^x", b":0", b":", b"y"),
    *(b"y:0", b"\0", b"a\0b", b"\xff\xfe", b"\xed\xa0\x80", b"\xc3", b"\r", b"a\nb", b"\t", b",", b"a,b"),
    *(b"../../x", b"/", b".", b"..", b"w", b"p/part_0", b"\xe2\x80\xaereversed", b"default", b"{0}", b"%s"),
    *(b"__saved_model_init_op", b"f0", b"Const", b"PartitionedCall", b"If", b"VarHandleOp", b"StridedSlice"),
    *(b"ParseExample", b"%", b"0", "\U0001f600".encode(), "\u0661".encode(), "x:\u0661".encode()),
    *(b"n" * 5_000, b"a/" * 3_000, b"/" * 50),
)
BLOBS: Final = (
    *(b"\x08\x01", b"\x0a\x01x", b"\x12\x02\x08\x02", b"\x0a\x00" * 50, b"\x80" * 12, b"\x0a\x7f"),
    *(b"\x12\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f" * 40, b"\x18\x01", b"\x12\x00", b"\0\0\0\0"),
)

Field = tuple[int, int, int | bytes]


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def fields(data: bytes) -> list[Field]:
    """(number, wire type, value) of the fields of a message; a value of fixed length is its bytes.

    Raises:
      ValueError: it is none.
    """
    found: list[Field] = []
    position = 0
    for _ in wire.fields(data):  # checks its form
        break
    while position < len(data):
        key, position = wire.varint(data, position)
        number, kind = key >> 3, key & 7
        if kind == wire.VARINT:
            value, position = wire.varint(data, position)
            found.append((number, kind, value))
            continue
        length = {wire.FIXED32: 4, wire.FIXED64: 8}.get(kind)
        if length is None:
            if kind != wire.BYTES:
                raise ValueError("no message")
            length, position = wire.varint(data, position)
        if position + length > len(data) or not number:
            raise ValueError("no message")
        found.append((number, kind, data[position : position + length]))
        position += length
    return found


def written(message_fields: list[Field]) -> bytes:
    """The message of these fields."""
    out = bytearray()
    for number, kind, value in message_fields:
        out += varint(number << 3 | kind)
        if isinstance(value, int):
            out += varint(value)
        else:
            out += (varint(len(value)) if kind == wire.BYTES else b"") + value
    return bytes(out)


def altered(data: bytes, random: Random) -> bytes:
    """A message in which one field, at some depth, is another."""
    field = fields(data)
    if not field:
        return random.choice(BLOBS)
    at = random.randrange(len(field))
    number, kind, value = field[at]
    if kind == wire.BYTES and isinstance(value, bytes) and random.random() < 0.85:
        try:
            field[at] = (number, kind, altered(value, random) if value else random.choice(TEXTS))
            return written(field)
        except ValueError:
            pass
    match random.randrange(10):
        case 0:
            del field[at]
        case 1:
            field.insert(at, field[random.randrange(len(field))])
        case 2:
            field[at : at + 1] = [field[at]] * random.choice([2, 3, 70])
        case 3:
            field[at] = (number, wire.VARINT, random.choice(NUMBERS))
        case 4:
            field[at] = (number, wire.BYTES, random.choice(BLOBS))
        case 5:
            field[at] = (random.choice([1, 2, 3, 4, 5, 7, 10, 15]), kind, value)
        case _:
            field[at] = (number, kind, _other(number, kind, value, random))
    return written(field)


def _other(number: int, kind: int, value: int | bytes, random: Random) -> int | bytes:
    """Another value of a field."""
    if isinstance(value, int):
        return random.choice(NUMBERS)
    if kind != wire.BYTES:
        return random.randbytes(len(value))
    if random.random() < 0.75:
        return random.choice(TEXTS)
    for _ in range(random.choice([2, 20, 150])):  # deeper than parsers go
        value = varint(number << 3 | wire.BYTES) + varint(len(value)) + value
    return value


def several(data: bytes, seed: int) -> bytes:
    """A message with one to three such changes."""
    random = Random(seed)
    for _ in range(random.choice([1, 1, 2, 3])):
        data = altered(data, random)
    return data


# ---- an index of a checkpoint


def index(entries: list[tuple[bytes, bytes]]) -> bytes:
    """An index of a checkpoint with these entries, the header among them, whatever they are."""
    out = bytearray()

    def block(pairs: list[tuple[bytes, bytes]]) -> bytes:
        content = bytearray()
        for key, value in pairs:
            content += b"\0" + varint(len(key)) + varint(len(value)) + key + value
        content += b"\0\0\0\0\1\0\0\0"
        start, size = len(out), len(content)
        content.append(0)
        out.extend(content + crc32c.masked(bytes(content)).to_bytes(4, "little"))
        return varint(start) + varint(size)

    meta = block([])
    data = block(entries)
    footer = meta + block([(entries[-1][0] if entries else b"", data)])
    return bytes(out) + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def entry(shape: tuple[int, ...], offset: int, size: int, dtype: int = FLOAT) -> bytes:
    """The entry of a tensor."""
    dims = b"".join(b"\x12" + varint(len(each)) + each for each in (b"\x08" + varint(size) for size in shape))
    return (
        b"\x08" + varint(dtype) + b"\x12" + varint(len(dims)) + dims
        + (b"\x20" + varint(offset) if offset else b"") + b"\x28" + varint(size) + b"\x35\1\2\3\4"
    )  # fmt: skip


ENTRIES: Final = [
    (b"", b"\x08\x01\x1a\x02\x08\x01"),
    (b"p", entry((4, 2), 0, 32)),
    (b"s", entry((2,), 32, 16, INT64)),
    (b"w", entry((2, 3), 48, 24)),
]


def altered_index(seed: int) -> bytes:
    """An index one to three entries of which are others, its checksums right."""
    random = Random(seed)
    entries = list(ENTRIES)
    for _ in range(random.choice([1, 1, 2, 3])):
        at = random.randrange(len(entries))
        name, value = entries[at]
        match random.randrange(8):
            case 0:
                entries.append((random.choice([b"\0p\0\x01\x01", b"zz", b"\xff\xfe", b"z" * 3_000]), value))
            case 1:
                entries[at] = (random.choice(TEXTS), value)
            case _:
                entries[at] = (name, several(value, random.randrange(1 << 30)))
    return index(sorted(entries)) if random.random() < 0.9 else index(entries)


# ---- modules to change


def rich(folder: Path, *, objects: bool = False) -> Path:
    """Writes a module with something of every kind; as a TF2 SavedModel with a tree of objects."""
    graph = saved_models.meta_graph("serve")
    other = saved_models.meta_graph("serve", "train")
    _fill(graph)
    if objects:
        _add_objects(graph)
    files = {
        "variables/variables.index": index(ENTRIES),
        "variables/variables.data-00000-of-00001": bytes(range(72)),
        "assets/vocabulary.txt": b"one\ntwo\n",
    }
    return saved_models.write(folder, graph, other, is_module=not objects, files=files)


def _fill(graph: Any) -> None:
    for name, shape in (("w", [2, 3]), ("s", [2])):
        saved_models.add_variable(graph, name, shape)
    for number in range(2):
        part = {"full_name": "p", "full_shape": [4, 2], "var_offset": [2 * number, 0]}
        saved_models.add_variable(graph, f"p/part_{number}", [2, 2], part=part)
    saved_models.add_asset(graph, "vocabulary.txt")
    add = saved_models.add_node
    add(graph, "table", "HashTableV2", key_dtype=STRING, value_dtype=INT64)
    add(graph, "filled", "InitializeTableFromTextFileV2", ["table", "asset"])
    add(graph, "size", "Const", dtype=3).attr["value"].tensor.int_val.extend([2, 3])
    add(graph, "read", "ReadVariableOp", ["w"], dtype=FLOAT)
    add(graph, "product", "MatMul", ["x", "read"], T=FLOAT)
    add(graph, "reshaped", "Reshape", ["product", "size"], T=FLOAT, Tshape=3)
    library = Library(graph.graph_def)
    library.levels(3, "PartitionedCall", "If")
    library.call(graph.graph_def.node, "called", "reshaped", "f0", "StatefulPartitionedCall")
    graph.graph_def.library.gradient.add(function_name="f0", gradient_func="f1")
    graph.graph_def.versions.producer = 134
    example = add(graph, "example", "ParseExample", ["x", "x", "size", "size", "size"])
    example.attr["Tdense"].list.type.append(FLOAT)
    example.attr["dense_shapes"].list.shape.add().dim.add(size=3)
    signature = graph.signature_def["default"]
    saved_models.set_tensor(signature.outputs["called"], "called:0", FLOAT, [None, 3])
    saved_models.set_tensor(signature.inputs["handle"], "table:0", RESOURCE, [])
    sparse = signature.inputs["sparse"]
    sparse.dtype = FLOAT
    coo = sparse.coo_sparse
    coo.values_tensor_name, coo.indices_tensor_name, coo.dense_shape_tensor_name = "x:0", "size:0", "y:0"
    ragged = signature.outputs["ragged"].composite_tensor
    ragged.type_spec.type_spec_class = 3
    state = ragged.type_spec.type_state.tuple_value
    saved_models.set_shape(state.values.add().tensor_shape_value, [None, None])
    state.values.add().tensor_dtype_value = FLOAT
    state.values.add().int64_value = 1
    for name in ("x:0", "size:0"):
        saved_models.set_tensor(ragged.components.add(), name, FLOAT, [None])
    graph.signature_def["other"].CopyFrom(signature)
    collections = graph.collection_def
    for name in ("regularization_losses", "update_ops", "table_initializer", "saved_model_main_op"):
        collections[name].node_list.value.append("filled")
    collections["ints"].int64_list.value.extend([1, -5])
    collections["floats"].float_list.value.extend([1.5, float("nan"), float("inf")])
    for key, value in (
        ("image_module_info", b"\x0a\x04\x08\x20\x10\x20"),
        ("mine", b"\x0a\x02hi\x12\x02\x08\x05"),
    ):
        serialized = ModuleAttachment(key=key, value=value).SerializeToString()
        collections["hub_module_attachments"].bytes_list.value.append(serialized)


def _add_objects(graph: Any) -> None:
    nodes = graph.object_graph_def.nodes
    for number in range(4):
        node = nodes.add()
        node.children.add(node_id=(number + 1) % 4, local_name=f"child_{number}")
        if number:
            node.variable.dtype = FLOAT
            node.variable.name = f"v{number}"
            saved_models.set_shape(node.variable.shape, [2, number])
    nodes[1].slot_variables.add(original_variable_node_id=2, slot_name="m", slot_variable_node_id=3)
    for collection in ("variables", "trainable_variables"):
        del graph.collection_def[collection]
