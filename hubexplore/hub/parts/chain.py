"""`chain`: modules in a row as one module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hubexplore.errors import SignatureError
from hubexplore.hub.authoring import add_signature, create_module_spec
from hubexplore.hub.definition import DefinedSpec
from hubexplore.hub.parts.build import DROPPED_COLLECTIONS, Inputs, apply_part, attach_messages
from hubexplore.hub.parts.fit import Side, connections, converted
from hubexplore.hub.parts.kept import check_weights, kept
from hubexplore.hub.parts.part import Part, open_parts
from hubexplore.hub.parts.variants import Joined, join_variants
from hubexplore.summary.module_format import DEFAULT_SIGNATURE

Connect = Mapping[str, str]


def chain(
    *modules: Any,
    connect: Connect | Sequence[Connect | None] | None = None,
    signature: str | None = None,
    cast: bool = False,
    names: Sequence[str] | None = None,
) -> DefinedSpec:
    """Makes one module of several: outputs of each go into inputs of the next.

    ```python
    spec = hub.chain("path/to/embedding", "path/to/classifier")
    spec.export("path/to/both")
    ```

    The new module has the weights, tables, assets and attached messages of all, and one signature, whose
    outputs are those of the last module. Inputs that nothing is connected to are inputs of the new module,
    under their names; one whose name is taken begins with the name of its part. Variables that could be
    trained still can be.

    Graph variants of equal tags go together; a module with a single variant goes with every variant of the
    others. The weights are copied, into a temporary folder that lasts as long as this process: `export`
    keeps them. Variables of a module that was never written get their initial values now.

    Args:
      *modules: two or more, each a handle or path as `load_module_spec` takes it, or a ModuleSpec, or a pair
        of that and the name of a signature. By default it is `default`, `serving_default` or the only one.
      connect: input of a module -> output of the one before; for more than two modules a list of these, None
        for the default. By default the only output goes into the only input; else outputs go into the inputs
        of equal names; else the output `default` goes into the only input.
      signature: name of the new signature; None means `default`.
      cast: whether numbers of another dtype are converted.
      names: of the parts, which the names of their variables begin with; by default made from the handles.

    Returns:
      A ModuleSpec with its weights.

    Raises:
      SignatureError: (a TypeError and ValueError) an output does not fit, with the reason and with what
        would; or it is not clear what goes where, or `connect` names something that is not there.
      NoSuchVariantError: (a KeyError and ValueError) no graph variants go together.
      NoSuchSignatureError: (a KeyError and ValueError) a module has no such signature.
      UntrustedModuleError: (a ValueError) a module that is not trusted has no stored weights, so that its own
        code would have to make them.
      HubError: a module cannot be loaded, as `load_module_spec` raises it, or the weights cannot be written.
    """
    if len(modules) < 2:
        raise SignatureError(
            f"chain takes two or more modules, as in hub.chain(first, second); got {len(modules)}."
        )
    parts = open_parts("hub.chain", modules, names)
    wishes = _per_joint(connect, len(parts) - 1)
    variants = join_variants(parts)
    # All variants, before anything is built.
    joints = {joined.tags: _connections(parts, joined, wishes, cast) for joined in variants}
    check_weights(part.spec for part in parts)

    def joined_modules(joined: Joined) -> None:
        inputs = Inputs()
        outputs: dict[str, Any] = {}
        for number, part in enumerate(parts):
            infos = part.spec.get_input_info_dict(joined.signatures[number], joined.sources[number])
            pairs = joints[joined.tags][number - 1] if number else {}
            values = {name: converted(outputs[output], infos[name]) for name, output in pairs.items()}
            values |= inputs.of(part, infos, values)
            outputs = apply_part(part, joined, number, values, trainable=True)
        add_signature(signature or DEFAULT_SIGNATURE, inputs=inputs.by_name, outputs=outputs)
        attach_messages(parts, joined)

    spec = create_module_spec(
        joined_modules,
        tags_and_args=[(joined.tags, {"joined": joined}) for joined in variants],
        drop_collections=DROPPED_COLLECTIONS,
    )
    return kept(spec, " + ".join(part.name for part in parts), [part.spec for part in parts])


def _per_joint(connect: Any, joints: int) -> list[Any]:
    """What `connect` says of each pair of neighbours."""
    if connect is None:
        return [None] * joints
    if isinstance(connect, Mapping) and joints == 1:
        return [connect]
    if isinstance(connect, (Mapping, str)) or len(connect) != joints:
        raise SignatureError(
            f"connect= has one dict, or None, for each pair of neighbours: {joints} in a list; got "
            f"{connect!r}."
        )
    return list(connect)


def _connections(
    parts: Sequence[Part], joined: Joined, wishes: Sequence[Connect | None], cast: bool
) -> list[dict[str, str]]:
    """Input of the next part -> output of this one, for each pair of neighbours."""
    sides = [Side(*each) for each in zip(parts, joined.sources, joined.signatures, strict=True)]
    return [
        connections(first, second, wish, cast)
        for first, second, wish in zip(sides[:-1], sides[1:], wishes, strict=True)
    ]
