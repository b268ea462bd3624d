"""TensorFlow's messages of a SavedModel, and tf.Example, built at run time in their own pool.

Only fields that are read here; protobuf skips the others. Field numbers are facts of the format, from
tensorflow/core/protobuf/{saved_model,meta_graph,saver,saved_object_graph,struct,fingerprint}.proto and
tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape,types,function,op_def,variable}.proto
and tensorflow/core/example/{example,feature}.proto.
Attribute names are TensorFlow's, so that code which reads these messages reads TensorFlow's own as well.
Full names are TensorFlow's too, since the text form spells them out; in this pool they meet no others.
"""

from __future__ import annotations

import functools
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from hubexplore.summary.dtypes import DTYPES, REFERENCE

_PACKAGE: Final = "tensorflow"
_ANY: Final = "google.protobuf"

TYPE_SPECS: Final = {
    1: "sparse", 2: "indexed slices", 3: "ragged", 4: "tensor array", 5: "dataset", 6: "iterator",
    7: "optional", 8: "per replica", 9: "variable", 10: "row partition", 12: "registered",
    13: "extension type",
}  # fmt: skip
"""What the numbers of the enum TypeSpecClass stand for, in words."""
_TYPE_SPEC_CLASSES: Final = {
    "UNKNOWN": 0, "SPARSE_TENSOR_SPEC": 1, "INDEXED_SLICES_SPEC": 2, "RAGGED_TENSOR_SPEC": 3,
    "TENSOR_ARRAY_SPEC": 4, "DATA_DATASET_SPEC": 5, "DATA_ITERATOR_SPEC": 6, "OPTIONAL_SPEC": 7,
    "PER_REPLICA_SPEC": 8, "VARIABLE_SPEC": 9, "ROW_PARTITION_SPEC": 10, "REGISTERED_TYPE_SPEC": 12,
    "EXTENSION_TYPE_SPEC": 13,
}  # fmt: skip

# Message -> its fields as "number name type", "*" for repeated, "%" for a map from string. A capital letter
# begins a message of this file; "|name" puts a field into the oneof `name`.
_SCHEMA: Final[dict[str, str]] = {
    "SavedModel": "1 saved_model_schema_version int64; 2 meta_graphs *MetaGraphDef",
    "MetaGraphDef": """1 meta_info_def MetaInfoDef; 2 graph_def GraphDef; 3 saver_def SaverDef;
        4 collection_def %CollectionDef;
        5 signature_def %SignatureDef; 6 asset_file_def *AssetFileDef; 7 object_graph_def SavedObjectGraph""",
    "MetaInfoDef": "4 tags *string; 5 tensorflow_version string",
    "SaverDef": "1 filename_tensor_name string; 2 save_tensor_name string; 3 restore_op_name string",
    "CollectionDef": """1 node_list NodeList |kind; 2 bytes_list BytesList |kind;
        3 int64_list Int64List |kind; 4 float_list FloatList |kind; 5 any_list AnyList |kind""",
    "NodeList": "1 value *string",
    "BytesList": "1 value *bytes",
    "Int64List": "1 value *int64",
    "FloatList": "1 value *float",
    "AnyList": "1 value *google.protobuf.Any",
    "SignatureDef": "1 inputs %TensorInfo; 2 outputs %TensorInfo; 3 method_name string",
    "TensorInfo": """1 name string |encoding; 4 coo_sparse CooSparse |encoding;
        5 composite_tensor CompositeTensor |encoding; 2 dtype DataType; 3 tensor_shape TensorShapeProto""",
    "CooSparse": """1 values_tensor_name string; 2 indices_tensor_name string;
        3 dense_shape_tensor_name string""",
    "CompositeTensor": "1 type_spec TypeSpecProto; 2 components *TensorInfo",
    "TypeSpecProto": "1 type_spec_class TypeSpecClass; 2 type_state StructuredValue",
    # A list has the same form as a tuple.
    "StructuredValue": """1 none_value NoneValue |kind; 11 float64_value double |kind;
        12 int64_value sint64 |kind; 13 string_value string |kind; 14 bool_value bool |kind;
        31 tensor_shape_value TensorShapeProto |kind; 32 tensor_dtype_value DataType |kind;
        33 tensor_spec_value TensorSpecProto |kind; 34 type_spec_value TypeSpecProto |kind;
        35 bounded_tensor_spec_value TensorSpecProto |kind; 51 list_value TupleValue |kind;
        52 tuple_value TupleValue |kind; 53 dict_value DictValue |kind;
        54 named_tuple_value NamedTupleValue |kind""",
    "TupleValue": "1 values *StructuredValue",
    "NoneValue": "",
    "DictValue": "1 fields %StructuredValue",
    "NamedTupleValue": "2 values *PairValue",
    "PairValue": "1 key string; 2 value StructuredValue",
    "TensorSpecProto": "1 name string; 2 shape TensorShapeProto; 3 dtype DataType",
    "AssetFileDef": "1 tensor_info TensorInfo; 2 filename string",
    "VariableDef": """1 variable_name string; 2 initializer_name string; 3 snapshot_name string;
        4 save_slice_info_def SaveSliceInfoDef; 5 is_resource bool; 6 initial_value_name string;
        7 trainable bool""",
    "SaveSliceInfoDef": "1 full_name string; 2 full_shape *int64; 3 var_offset *int64; 4 var_shape *int64",
    "GraphDef": "1 node *NodeDef; 2 library FunctionDefLibrary; 4 versions VersionDef",
    "VersionDef": "1 producer int32",
    "NodeDef": "1 name string; 2 op string; 3 input *string; 4 device string; 5 attr %AttrValue",
    "AttrValue": """2 s bytes |value; 3 i int64 |value; 4 f float |value; 5 b bool |value;
        6 type DataType |value; 7 shape TensorShapeProto |value; 8 tensor TensorProto |value;
        1 list ListValue |value; 10 func NameAttrList |value; 9 placeholder string |value""",
    "ListValue": """2 s *bytes; 3 i *int64; 4 f *float; 5 b *bool; 6 type *DataType;
        7 shape *TensorShapeProto; 8 tensor *TensorProto; 9 func *NameAttrList""",
    "NameAttrList": "1 name string; 2 attr %AttrValue",
    "TensorShapeProto": "2 dim *Dim; 3 unknown_rank bool",
    "Dim": "1 size int64",
    "TensorProto": """1 dtype DataType; 2 tensor_shape TensorShapeProto; 4 tensor_content bytes;
        5 float_val *float; 6 double_val *double; 7 int_val *int32; 8 string_val *bytes; 10 int64_val *int64;
        9 scomplex_val *float; 11 bool_val *bool; 12 dcomplex_val *double; 13 half_val *int32;
        16 uint32_val *uint32; 17 uint64_val *uint64""",
    "FunctionDefLibrary": """1 function *FunctionDef; 2 gradient *GradientDef;
        3 registered_gradients *RegisteredGradient""",
    "RegisteredGradient": "1 gradient_func string; 2 registered_op_type string",
    "GradientDef": "1 function_name string; 2 gradient_func string",
    "FunctionDef": """1 signature OpDef; 3 node_def *NodeDef; 4 ret %string; 5 attr %AttrValue;
        6 control_ret %string""",
    "OpDef": """1 name string; 2 input_arg *ArgDef; 3 output_arg *ArgDef; 4 attr *AttrDef;
        17 is_stateful bool""",
    "ArgDef": """1 name string; 3 type DataType; 4 type_attr string; 5 number_attr string;
        6 type_list_attr string; 16 is_ref bool""",
    "AttrDef": "1 name string; 2 type string; 3 default_value AttrValue",
    "SavedObjectGraph": "1 nodes *SavedObject; 2 concrete_functions %SavedConcreteFunction",
    "SavedConcreteFunction": """2 bound_inputs *int32; 3 canonicalized_input_signature StructuredValue;
        4 output_signature StructuredValue""",
    "SavedObject": """1 children *ObjectReference; 3 slot_variables *SlotVariableReference;
        4 user_object SavedUserObject |kind; 5 asset SavedAsset |kind;
        6 function SavedFunction |kind; 7 variable SavedVariable |kind;
        8 bare_concrete_function SavedBareConcreteFunction |kind; 9 constant SavedConstant |kind;
        10 resource SavedResource |kind;
        12 captured_tensor CapturedTensor |kind; 11 saveable_objects %SaveableObject""",
    "SaveableObject": "2 save_function int32; 3 restore_function int32",
    "SlotVariableReference": """1 original_variable_node_id int32; 2 slot_name string;
        3 slot_variable_node_id int32""",
    "ObjectReference": "1 node_id int32; 2 local_name string",
    "SavedUserObject": "1 identifier string",
    "SavedAsset": "1 asset_file_def_index int32",
    "SavedFunction": "1 concrete_functions *string; 2 function_spec FunctionSpec",
    "SavedBareConcreteFunction": """1 concrete_function_name string; 2 argument_keywords *string;
        4 function_spec FunctionSpec""",
    "FunctionSpec": "1 fullargspec StructuredValue; 2 is_method bool",
    "SavedConstant": "1 operation string",
    "SavedResource": "1 device string",
    "CapturedTensor": "1 name string; 2 concrete_function string",
    "FingerprintDef": "5 checkpoint_hash uint64",
    "Example": "1 features Features",
    # A map on the wire, whose keys may be bytes that are no text; as a oneof of one, a key that is empty is
    # written too.
    "Features": "1 feature *FeatureEntry",
    "FeatureEntry": "1 key bytes |written; 2 value Feature",
    "Feature": "1 bytes_list BytesList |kind; 2 float_list FloatList |kind; 3 int64_list Int64List |kind",
    "SavedVariable": "1 dtype DataType; 2 shape TensorShapeProto; 3 trainable bool; 6 name string",
}

_Field = descriptor_pb2.FieldDescriptorProto


def _build() -> dict[str, Any]:
    any_file = descriptor_pb2.FileDescriptorProto(name="any.proto", package=_ANY, syntax="proto3")
    _add_message(any_file, "Any", [["1", "type_url", "string"], ["2", "value", "bytes"]])
    file = descriptor_pb2.FileDescriptorProto(
        name="saved_model.proto", package=_PACKAGE, syntax="proto3", dependency=[any_file.name]
    )
    _add_enums(file)
    for name, schema in _SCHEMA.items():
        _add_message(file, name, [part.split() for part in schema.split(";") if part])
    # A pool of its own: in the default one TensorFlow's full definitions would collide with these as soon as
    # TensorFlow is imported.
    pool = descriptor_pool.DescriptorPool()
    for proto in (any_file, file):
        pool.AddSerializedFile(proto.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _SCHEMA
    }


def _add_enums(file: descriptor_pb2.FileDescriptorProto) -> None:
    # Enums of proto3 are open: a number that is missing here is read as an int, not refused.
    enum = file.enum_type.add(name="DataType")
    for number, name in ((dtype.number, dtype.enum.upper()) for dtype in DTYPES):
        enum.value.add(name=f"DT_{name}", number=number)
        if number:
            enum.value.add(name=f"DT_{name}_REF", number=REFERENCE + number)
    enum = file.enum_type.add(name="TypeSpecClass")
    for name, number in _TYPE_SPEC_CLASSES.items():
        enum.value.add(name=name, number=number)


def _add_message(file: descriptor_pb2.FileDescriptorProto, name: str, fields: list[list[str]]) -> None:
    message = file.message_type.add(name=name)
    oneofs: list[str] = []
    for number, field_name, kind, *oneof in fields:
        field = message.field.add(name=field_name, number=int(number), label=_Field.LABEL_OPTIONAL)
        if kind[0] in "*%":
            field.label = _Field.LABEL_REPEATED
        if kind[0] == "%":
            # On the wire a map is a repeated message of key and value. The name of that message must be the
            # one that protoc derives from the field's: the C++ runtime checks it.
            entry = message.nested_type.add(name=f"{field_name.title().replace('_', '')}Entry")
            entry.options.map_entry = True
            for index, (part, part_kind) in enumerate((("key", "string"), ("value", kind[1:])), 1):
                _set_type(entry.field.add(name=part, number=index, label=_Field.LABEL_OPTIONAL), part_kind)
            _set_type(field, f"{name}.{entry.name}")
        else:
            _set_type(field, kind.lstrip("*"))
        if oneof:
            if oneof[0] not in oneofs:
                oneofs.append(oneof[0])
                message.oneof_decl.add(name=oneof[0][1:])
            field.oneof_index = oneofs.index(oneof[0])


def _set_type(field: descriptor_pb2.FieldDescriptorProto, kind: str) -> None:
    if kind in ("DataType", "TypeSpecClass"):
        field.type = _Field.TYPE_ENUM
        field.type_name = f".{_PACKAGE}.{kind}"
    elif kind[0].isupper() or kind.startswith(_ANY):
        field.type = _Field.TYPE_MESSAGE
        field.type_name = f".{kind}" if kind.startswith(_ANY) else f".{_PACKAGE}.{kind}"
    else:
        field.type = getattr(_Field, f"TYPE_{kind.upper()}")


_CLASSES: Final = _build()

SavedModel: Any = _CLASSES["SavedModel"]
"""Content of `saved_model.pb`."""

MetaGraphDef: Any = _CLASSES["MetaGraphDef"]
VariableDef: Any = _CLASSES["VariableDef"]
AssetFileDef: Any = _CLASSES["AssetFileDef"]
AttrValue: Any = _CLASSES["AttrValue"]
GraphDef: Any = _CLASSES["GraphDef"]
NodeDef: Any = _CLASSES["NodeDef"]
TensorShapeProto: Any = _CLASSES["TensorShapeProto"]
FingerprintDef: Any = _CLASSES["FingerprintDef"]
Example: Any = _CLASSES["Example"]


# Bounded: numbers come from files, which may contain any.
@functools.lru_cache(maxsize=256)
def dtype_name(number: int) -> str:
    """Returns TensorFlow's name of a DataType ("float32", "int64_ref"), or "unknown (99)"."""
    is_reference = number > REFERENCE
    base = number - REFERENCE if is_reference else number
    if not 0 <= base < len(DTYPES):
        return f"unknown ({number})"
    return f"{DTYPES[base].name}_ref" if is_reference else DTYPES[base].name
