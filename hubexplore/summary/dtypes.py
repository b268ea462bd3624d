"""TensorFlow's dtypes: one table of what the package has to know of each. A new dtype is one line here.

Numbers and names are those of the enum DataType (tensorflow/core/framework/types.proto), the fields those of
TensorProto (tensor.proto). A checkpoint stores numbers little-endian, one after the other
(tensorflow/core/util/tensor_bundle); dtypes of less than a byte are not decoded here.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Dtype(NamedTuple):
    """One dtype.

    Attributes:
      number: in the enum DataType.
      enum: name in the enum, in lower case and without `DT_`.
      name: what TensorFlow calls it in Python, and this package everywhere.
      kind: "bool", "int", "uint", "float", "complex", "quantized", or "" for what is not a number.
      stored: NumPy's code for one number in a checkpoint and in TensorProto.tensor_content; "" where these
        are not decoded.
      field: of TensorProto, that lists values one by one; "" where it is not read.
      array: NumPy's dtype for arrays of it; "" where that is object or a type of the package ml_dtypes.
      is_opaque: NumPy gives the type of ml_dtypes the kind "V", of raw bytes, rather than that of a number.
    """

    number: int
    enum: str
    name: str
    kind: str
    stored: str
    field: str
    array: str
    is_opaque: bool


# number, enum, name, kind, stored, field, array: "-" for none, "V" for an opaque type of ml_dtypes.
_TABLE: Final = """
     0  invalid              invalid              -          -     -             -
     1  float                float32              float      <f4   float_val     float32
     2  double               float64              float      <f8   double_val    float64
     3  int32                int32                int        <i4   int_val       int32
     4  uint8                uint8                uint       u1    int_val       uint8
     5  int16                int16                int        <i2   int_val       int16
     6  int8                 int8                 int        i1    int_val       int8
     7  string               string               -          -     -             -
     8  complex64            complex64            complex    <c8   scomplex_val  complex64
     9  int64                int64                int        <i8   int64_val     int64
    10  bool                 bool                 bool       u1    bool_val      bool
    11  qint8                qint8                quantized  i1    int_val       int8
    12  quint8               quint8               quantized  u1    int_val       uint8
    13  qint32               qint32               quantized  <i4   int_val       int32
    14  bfloat16             bfloat16             float      <u2   half_val      V
    15  qint16               qint16               quantized  <i2   int_val       int16
    16  quint16              quint16              quantized  <u2   int_val       uint16
    17  uint16               uint16               uint       <u2   int_val       uint16
    18  complex128           complex128           complex    <c16  dcomplex_val  complex128
    19  half                 float16              float      <f2   half_val      float16
    20  resource             resource             -          -     -             -
    21  variant              variant              -          -     -             -
    22  uint32               uint32               uint       <u4   uint32_val    uint32
    23  uint64               uint64               uint       <u8   uint64_val    uint64
    24  float8_e5m2          float8_e5m2          float      u1    -             -
    25  float8_e4m3fn        float8_e4m3fn        float      u1    -             V
    26  float8_e4m3fnuz      float8_e4m3fnuz      float      -     -             V
    27  float8_e4m3b11fnuz   float8_e4m3b11fnuz   float      -     -             V
    28  float8_e5m2fnuz      float8_e5m2fnuz      float      -     -             V
    29  int4                 int4                 int        -     -             V
    30  uint4                uint4                uint       -     -             V
    31  int2                 int2                 int        -     -             V
    32  uint2                uint2                uint       -     -             V
    33  float4_e2m1fn        float4_e2m1fn        float      -     -             V
"""


def _read(line: str) -> Dtype:
    number, enum, name, *cells = line.split()
    kind, stored, field, array = ("" if cell == "-" else cell for cell in cells)
    is_opaque = array == "V"
    return Dtype(int(number), enum, name, kind, stored, field, "" if is_opaque else array, is_opaque)


DTYPES: Final = tuple(map(_read, _TABLE.strip().splitlines()))
"""All dtypes, at the index of their number."""

REFERENCE: Final = 100
"""What is added to the number of a dtype for reference variables, the variables of early TF1."""

STORED: Final = {dtype.name: dtype.stored for dtype in DTYPES if dtype.stored}
"""Name -> NumPy's code for one number as a checkpoint stores it."""

# The codes end with the bytes of a number: "<f4", "u1", "<c16".
WIDTHS: Final = {name: int(code.lstrip("<iufc")) for name, code in STORED.items()}
"""Name -> bytes of one number of a dtype."""

ARRAYS: Final = {dtype.name: dtype.array for dtype in DTYPES if dtype.array}
"""Name -> NumPy's dtype; quantized numbers are fed and fetched as the integers they are stored in."""

OPAQUE: Final = frozenset(dtype.name for dtype in DTYPES if dtype.is_opaque)
"""Names of the dtypes to which NumPy gives the kind "V"."""

FLOATS: Final = frozenset(
    dtype.name for dtype in DTYPES if dtype.kind == "float" and WIDTHS.get(dtype.name, 1) > 1
)
"""Names of the floating point dtypes that models compute in; those of 8 bits only store weights."""

SMALL_INTEGERS: Final = frozenset(
    dtype.name for dtype in DTYPES if dtype.kind in ("int", "uint") and dtype.is_opaque
)
"""Names of the integers of less than a byte, of which NumPy does not know the limits."""
