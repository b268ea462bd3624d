"""Which columns of the data each input of a signature takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hubexplore.errors import MapError, closest
from hubexplore.session.batches import is_batched

if TYPE_CHECKING:
    from hubexplore.hub.tensor_info import TensorInfo
    from hubexplore.mapping.sources.source import Source

Infos = Mapping[str, "TensorInfo"]
Features = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Binding:
    """What an input gets.

    Attributes:
      columns: one, or several whose values side by side are a row of the input.
      constant: the value for all rows, where there are no columns.
      is_record: whether the columns are the features of a tf.Example, which the input takes as a string.
    """

    columns: tuple[Any, ...] = ()
    constant: Any = None
    is_record: bool = False

    @property
    def as_json(self) -> Any:
        """What stands for it in a manifest."""
        if not self.columns:
            return {"constant": repr(self.constant)}
        return list(map(_json_name, self.columns))


def _json_name(name: Any) -> Any:
    return name if isinstance(name, (str, int)) else repr(name)


def bind(
    infos: Infos, wished: Mapping[str, Any] | str | None, source: Source, features: Features
) -> dict[str, Binding]:
    """Binds each input to columns: those that are wished, else the column of its name.

    An input of serialized tf.Examples takes the columns of its features. The only input also takes the only
    column, whatever that is called, or all columns, where the input takes as many numbers in a row.

    Args:
      infos: the inputs.
      wished: for each input a column, a list of columns, or the value for all rows (anything else). A single
        name stands for the column of the only input.
      source: has the columns.
      features: returns the names of the features that the strings of an input hold; none for other inputs.

    Raises:
      MapError: (a ValueError) a column is missing, or none fits.
    """
    if isinstance(wished, str):
        if len(infos) != 1:
            raise MapError(
                f"The signature has the inputs {sorted(infos)}; say which takes column {wished!r}."
            )
        wished = dict.fromkeys(infos, wished)
    wished = dict(wished or {})
    if unknown := [name for name in wished if name not in infos]:
        hint = closest(unknown[0], infos)
        raise MapError(f"The signature has no input {unknown[0]!r}; it has {sorted(infos)}.{hint}")
    bindings = {name: _wished(name, wish, source) for name, wish in wished.items()}
    for name, info in infos.items():
        if name not in bindings and (binding := _default(name, infos, source, features)) is not None:
            bindings[name] = binding
        elif name not in bindings and info.default is None:
            raise MapError(_message(name, info, source))
    if not any(binding.columns for binding in bindings.values()):
        raise MapError("No input takes a column of the data, so there is nothing to map.")
    return {name: bindings[name] for name in infos if name in bindings}


def _wished(name: str, wish: Any, source: Source) -> Binding:
    if isinstance(wish, str) or (not isinstance(wish, (list, tuple)) and _is_column(wish, source)):
        columns: tuple[Any, ...] = (wish,)
    elif isinstance(wish, (list, tuple)) and wish and all(isinstance(item, str) for item in wish):
        columns = tuple(wish)
    else:
        return Binding(constant=wish)
    if missing := [column for column in columns if column not in source.names]:
        hint = closest(str(missing[0]), map(str, source.names))
        raise MapError(
            f"{source.label} has no column {missing[0]!r}, which input {name!r} is to take; it has "
            f"{listed(source.names)}.{hint}"
        )
    return Binding(columns)


def _is_column(wish: Any, source: Source) -> bool:
    """Whether a number is the name of a column, as of `DataFrame(array)`."""
    return isinstance(wish, int) and not isinstance(wish, bool) and wish in source.names


def _default(name: str, infos: Infos, source: Source, features: Features) -> Binding | None:
    if name in source.names:
        return Binding((name,))
    if infos[name].dtype.name == "string":
        record = tuple(feature for feature in features(name) if feature in source.names)
        if record:
            return Binding(record, is_record=True)
    required = [key for key, info in infos.items() if info.default is None or key == name]
    if required != [name] or not is_batched(infos[name]):
        return None
    shape = infos[name].get_shape()
    width = shape[1] if infos[name].kind == "dense" and shape.rank == 2 else None
    if len(source.names) == 1 or (width is not None and width == len(source.names)):
        return Binding(tuple(source.names))
    return None


def _message(name: str, info: TensorInfo, source: Source) -> str:
    if not is_batched(info) and info.get_shape().rank == 0:
        return (
            f"Input {name!r} is a single value ({info!r}), and {source.label} has no column of this name. "
            f"Give its value, as in inputs={{{name!r}: 1.0}}."
        )
    hint = closest(name, map(str, source.names))
    return (
        f"{source.label} has no column {name!r} for the input of this name ({info!r}); it has "
        f"{listed(source.names)}.{hint} Say which to take: inputs={{{name!r}: COLUMN}}, or a list of columns."
    )


def listed(names: Sequence[Any], most: int = 12) -> str:
    """The names of columns in a sentence."""
    shown = ", ".join(json.dumps(name) if isinstance(name, str) else repr(name) for name in names[:most])
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return f"the columns {shown}{rest}" if names else "no columns"
