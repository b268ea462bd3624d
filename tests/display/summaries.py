"""Summaries for the tests of display; no module has to exist for them."""

from __future__ import annotations

from dataclasses import replace

from hubexplore.summary.model import (
    HUB_MODULE,
    ApplicationSummary,
    AssetSummary,
    CollectionSummary,
    ComponentSummary,
    FileSummary,
    FunctionSummary,
    LiveSummary,
    MessageSummary,
    ModuleSummary,
    OpSummary,
    PartitionSummary,
    SignatureSummary,
    TableSummary,
    TensorSummary,
    VariableSummary,
    VariantSummary,
)

WORDS = SignatureSummary(
    "words",
    inputs=(TensorSummary("sentences", "string", (None,)),),
    outputs=(
        TensorSummary("counts", "int64", (None, 100), kind="sparse"),
        TensorSummary("default", "float32", (None, 100)),
        TensorSummary("words", "string", (None, None), kind="ragged"),
    ),
)
IMAGES = SignatureSummary(
    "default",
    inputs=(TensorSummary("images", "float32", (None, 224, 224, 3)),),
    outputs=(TensorSummary("default", "float32", None), TensorSummary("loss", "float32", ())),
    method="made/by/hand",
)
CONSTANT = SignatureSummary("constant", inputs=(), outputs=(TensorSummary("default", "int32", (2,)),))

PLAIN = ModuleSummary("/modules/words", (VariantSummary((), (WORDS,)),))
ONE_TABLE_FOR_TWO = ModuleSummary(
    "/modules/images",
    (VariantSummary((), (IMAGES, CONSTANT)), VariantSummary(("train",), (IMAGES, CONSTANT))),
    live=LiveSummary("module_1", ("train",), trainable=True),
)
TWO_TABLES = ModuleSummary(
    "sample:two",
    (VariantSummary((), (IMAGES,)), VariantSummary(("gpu", "train"), (CONSTANT, IMAGES))),
)
EMPTY = ModuleSummary("/modules/empty", ())


def variables(blocks: int, layers: int, trainable: bool = True) -> tuple[VariableSummary, ...]:
    """So many blocks of so many layers, of two variables each, and one variable outside of all."""
    found = [VariableSummary("global_step", "int64", (), trainable=False, stored=8)]
    for block in range(blocks):
        for layer in range(layers):
            at = f"net/block_{block}/conv_{layer}"
            found.append(VariableSummary(f"{at}/bias", "float32", (64,), trainable, stored=256))
            found.append(VariableSummary(f"{at}/kernel", "float32", (3, 3, 64, 64), trainable, f"{at}/k"))
    return tuple(sorted(found, key=lambda entry: entry.name))


def _rich(tags: tuple[str, ...], ops: tuple[OpSummary, ...]) -> VariantSummary:
    return VariantSummary(
        tags,
        (IMAGES, WORDS),
        variables=(
            *variables(2, 4),
            VariableSummary(
                "words/table", "float32", (1000, 20), True, "words/table/part_0",
                partitions=(PartitionSummary("words/table/part_0", (0, 0), (500, 20)),) * 2,
            ),
        ),
        collections=(
            CollectionSummary("variables", "bytes", 18),
            CollectionSummary("mine", "nodes", 2, ("a", "b")),
        ),
        tables=(TableSummary("words/lookup", "HashTableV2", "string", "int64", ("tokens.txt",)),),
        assets=(
            AssetSummary("gone.txt", None),
            AssetSummary("tokens.txt", 2048, ("words/file:0",), ("words/lookup",), ("the", "of", "and")),
        ),
        messages=(
            MessageSummary("image_module_info", "ImageModuleInfo", (("height", "224"), ("width", "224")), 8),
            MessageSummary("mine", "", (("1.2", "0xff"),), 4),
            MessageSummary("nothing", "Empty", (), 0),
        ),
        losses=("net/loss:0",),
        update_ops=("net/update_mean", "net/update_variance") if tags else (),
        functions=(FunctionSummary("body", (("x", "float32"), ("y", "float32")), (("z", "int64"),), 12),),
        ops=ops,
        nodes=sum(op.count for op in ops),
        tensorflow_version="1.15.0",
    )  # fmt: skip


_OPS = (
    OpSummary("Const", 60),
    OpSummary("Conv2D", 40, 2),
    OpSummary("MyOp", 1, unknown=True, package="mine"),
)
_CALL = ApplicationSummary(
    "default", (("images", "float32", (None, 224, 224, 3)),), (("default", "float32", None),)
)
RICH = ModuleSummary(
    "/modules/rich",
    (_rich((), _OPS), _rich(("train",), (*_OPS, OpSummary("AssignSub", 2)))),
    format=HUB_MODULE,
    size=1_234_567,
    files=(FileSummary("saved_model.pb", 234_567), FileSummary("variables/variables.index", 1_000_000)),
    digest="0123456789abcdef" * 4,
    unclaimed=("old/kernel",),
    warnings=("The asset 'gone.txt' is missing. Copy or download the module again.",),
    live=LiveSummary("module", ("train",), False, (_CALL,)),
)
ALL = {
    "plain": PLAIN,
    "one_table_for_two": ONE_TABLE_FOR_TWO,
    "two_tables": TWO_TABLES,
    "empty": EMPTY,
    "rich": RICH,
}


def tensors(count: int) -> tuple[TensorSummary, ...]:
    """As many scalars as asked for."""
    return tuple(TensorSummary(f"t{i}", "float32", ()) for i in range(count))


def large(count: int, name: str = "scope_{i}/layer/kernel") -> ModuleSummary:
    """A module of so many variables, ops, functions, ... in two variants that differ everywhere."""
    names = [name.format(i=i) for i in range(count)]

    def variant(tags: tuple[str, ...], end: str) -> VariantSummary:
        own = [f"{name}{end}" for name in names]
        return VariantSummary(
            tags,
            tuple(SignatureSummary(name, tensors(3), tensors(3)) for name in own[:500]),
            variables=tuple(VariableSummary(name, "float32", (3, 3, 8), True) for name in own),
            collections=tuple(CollectionSummary(name, "nodes", count, tuple(own)) for name in own[:100]),
            tables=tuple(TableSummary(name, name, name, name, (name,)) for name in own),
            assets=tuple(AssetSummary(name, 1, (name,), (name,), (name,) * 3) for name in own),
            messages=tuple(MessageSummary(name, name, ((name, name),) * 3, 1) for name in own),
            losses=tuple(own),
            update_ops=tuple(own),
            functions=tuple(FunctionSummary(name, ((name, name),), ((name, name),), 1) for name in own),
            ops=tuple(OpSummary(name, 1, 1, unknown=True, package=name) for name in own),
            nodes=100_000,
        )

    call = ApplicationSummary(names[0], ((names[0], names[0], None),), ((names[0], names[0], None),))
    return ModuleSummary(
        names[0],
        (variant((), ""), variant((names[0],), "~")),
        files=tuple(FileSummary(name, 1) for name in names),
        unclaimed=tuple(names),
        warnings=tuple(names),
        live=LiveSummary(names[0], (names[0],), True, (call,) * count),
    )


def named(text: str) -> ModuleSummary:
    """A module in which everything that has a name has this one."""
    component = ComponentSummary(text, text, (None, 3), text)
    tensor = TensorSummary(text, text, (None, 3), kind=text, components=(component,))
    part = PartitionSummary(text, (0,), (3,))
    scoped = tuple(
        VariableSummary(f"scope_{i}/{text}", text, (3,), bool(i), text, text, partitions=(part,))
        for i in range(16)
    )
    variant = VariantSummary(
        (text,),
        (SignatureSummary(text, (tensor,), (tensor,), method=text),),
        variables=scoped,
        collections=(CollectionSummary(text, text, 1, (text,)),),
        tables=(TableSummary(text, text, text, text, (text,)),),
        assets=(AssetSummary(text, 1, (text,), (text,), (text,)),),
        messages=(MessageSummary(text, text or "type", ((text, text),), 1),),
        losses=(text,),
        update_ops=(text,),
        functions=(FunctionSummary(text, ((text, text),), ((text, text),), 1),),
        ops=(OpSummary(text, 1, 1, unknown=True, package=text or "package"),),
        nodes=1,
        tensorflow_version=text or "1",
    )
    call = ApplicationSummary(text, ((text, text, None),), ((text, text, None),))
    return ModuleSummary(
        text,
        (variant, replace(variant, tags=())),
        format=text,
        files=(FileSummary(text, 1),),
        digest=text or "digest",
        unclaimed=(text,),
        warnings=(text,),
        live=LiveSummary(text, (text,), True, (call,)),
    )
