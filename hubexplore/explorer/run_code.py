"""Code that does what is on screen: a cell with `%hub_call`, and plain Python."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from hubexplore.inputs.code.expressions import Expressions, is_name, text_of
from hubexplore.session.names import variable_name
from hubexplore.summary.files.redaction import HIDDEN
from hubexplore.summary.lookup import find_signature, find_variant
from hubexplore.summary.model import IN_MEMORY, TF1_SAVED_MODEL

if TYPE_CHECKING:
    from hubexplore.explorer.runs import Asked
    from hubexplore.explorer.subject import Subject
    from hubexplore.inputs.input_value import Given

_DEFAULT: Final = "default"
_TAKEN: Final = frozenset({
    "PIL", "base64", "bundled", "drawn_pictures", "example", "hubexplore", "io", "np", "pathlib", "picture",
    "random", "session", "tf",
})  # fmt: skip
# A word that neither IPython nor the magics read anything into, once it is in quotes.
_QUOTABLE: Final = re.compile(r"[\w./:@+=~#?&() -]+")
MSG_RANDOM: Final = "# The outputs are random: each run gives different values."
_MSG_HIDDEN: Final = f"# {HIDDEN} stands for your token"
_MSG_SOURCE: Final = "# spec is the ModuleSpec that the panel shows"


def magic(subject: Subject, asked: Asked) -> str:
    """A cell that does the run again, and may be pasted as it is.

    It is `%%hub_call` over the inputs where the module is loaded by a name and nothing has to stand before;
    else it loads the module first, and ends in `%hub_call`. What the magics have no words for is Python.

    Args:
      subject: what is tried.
      asked: the run.
    """
    expressions = Expressions()
    inputs = _inputs(asked, expressions)
    loading = [] if _is_loaded(subject, asked) else _loading_lines(subject, asked)
    name = subject.name if _is_loaded(subject, asked) and subject.name else _name(subject, asked)
    if loading is None or not _is_word(name):
        return python(subject, asked)
    options, before = _options(subject, asked)
    before = [*loading, *expressions.before, *before, *_notes(subject, asked)]
    if not before:
        return _cell(name, options, asked, inputs)
    return "\n".join([*before, " ".join(filter(None, [f"%hub_call {name}", inputs, *options]))])


def python(subject: Subject, asked: Asked) -> str:
    """Python that does the run again.

    Args:
      subject: what is tried.
      asked: the run.
    """
    expressions = Expressions()
    arguments = [_inputs(asked, expressions)]
    if asked.signature != _DEFAULT:
        arguments = [arguments[0] or "None", repr(asked.signature)]
    if not _is_plain(subject, asked):
        arguments.append("as_dict=True")
    if _is_loaded(subject, asked):
        # The session of the magics is where a module that the notebook knows by name is loaded.
        loading = ["session = get_ipython().run_line_magic('hub_session', '')"]
        module = repr(subject.name)
    else:
        tags = f", tags={list(asked.tags)!r}" if asked.tags else ""
        source, note = _source(subject)
        module = _name(subject, asked)
        loading = [*note, "session = hubexplore.NotebookSession()",
                   f"{module} = session.load({source}, {module!r}{tags})"]  # fmt: skip
        expressions.imports["import hubexplore"] = None
    call = ", ".join(filter(None, [module, *arguments]))
    return "\n".join([*expressions.before, *loading, *_notes(subject, asked), f"session.call({call})"])


def _notes(subject: Subject, asked: Asked) -> list[str]:
    """Comments on the call."""
    return [MSG_RANDOM] if subject.is_random(asked.tags, asked.signature) else []


def _is_loaded(subject: Subject, asked: Asked) -> bool:
    """Whether the notebook knows what is run by a name."""
    return subject.name is not None and asked.tags == subject.tags


def _name(subject: Subject, asked: Asked) -> str:
    """A variable for the module."""
    # The notebook's own variable stays what it is.
    other = f"{subject.name}_{'_'.join(asked.tags) or 'untagged'}" if subject.name is not None else "module"
    name = variable_name(subject.written_handle or other)
    name = name if is_name(name) and name not in _TAKEN else f"{name}_module"
    return name if is_name(name) and len(name) <= 60 else "module"


def _source(subject: Subject) -> tuple[str, list[str]]:
    """An expression for what `NotebookSession.load` takes, and a comment where it needs one."""
    if subject.written_handle is None:
        if subject.name is not None and is_name(subject.name):
            return f"{subject.name}.spec", []
        return "spec", [_MSG_SOURCE]
    handle, note = repr(subject.written_handle), _hidden(subject)
    if subject.summary.format == TF1_SAVED_MODEL:
        drop = f", drop_collections={list(subject.dropped)!r}" if subject.dropped else ""
        return f"hubexplore.create_module_spec_from_saved_model({handle}{drop})", note
    return handle, note


def _hidden(subject: Subject) -> list[str]:
    """A comment where a token is left out, without which the address cannot be fetched."""
    return [_MSG_HIDDEN] if HIDDEN in (subject.written_handle or "") else []


def _loading_lines(subject: Subject, asked: Asked) -> list[str] | None:
    """The lines that load the module; None where the magics have no words for it."""
    if not all(re.fullmatch(r"[\w.:/@+-]+", tag) and not tag.startswith("-") for tag in asked.tags):
        return None
    name = _name(subject, asked)
    lines, word = ["%load_ext hubexplore"], subject.written_handle or ""
    if subject.summary.format in (TF1_SAVED_MODEL, IN_MEMORY) or not _is_quotable(word) or is_name(word):
        source, note = _source(subject)
        word = f"{name}_source"
        imports = ["import hubexplore"] if source.startswith("hubexplore.") else []
        lines = [*imports, *lines, *note, f"{word} = {source}"]
    else:
        lines += _hidden(subject)
    tags = [f"--tags {','.join(asked.tags)}"] if asked.tags else []
    return [*lines, " ".join(["%hub_load", _quoted(word), f"--as {name}", *tags])]


def _options(subject: Subject, asked: Asked) -> tuple[list[str], list[str]]:
    """Options of the call, and lines that have to stand before."""
    options, before = [], []
    if asked.signature != _DEFAULT:
        if _is_quotable(asked.signature):
            options.append(f"--signature {_quoted(asked.signature)}")
        else:
            before.append(f"signature = {asked.signature!r}")
            options.append("--signature {signature}")
    if not _is_plain(subject, asked):
        options.append("--as-dict")
    return options, before


def _cell(name: str, options: Sequence[str], asked: Asked, inputs: str) -> str:
    """`%%hub_call` over lines of text, rows of numbers, or an expression."""
    head = ["%%hub_call", name, *options]
    if not inputs:
        return " ".join(["%hub_call", name, *options])
    form, body = "", inputs
    if len(asked.given) == 1:
        ((only, given),) = asked.given.items()
        form, body = _body(only, given, inputs)
    return "\n".join([" ".join([*head, form] if form else head), body])


def _body(name: str, given: Given, expression: str) -> tuple[str, str]:
    """An option of the cell and what stands in it, for a single input."""
    value = given.value
    if given.variable or not isinstance(value, np.ndarray) or not value.size:
        return "", expression
    if value.dtype.kind == "O" and value.ndim == 1:
        texts = [text_of(each) if isinstance(each, bytes) else str(each) for each in value]
        lines = [each for each in texts if isinstance(each, str) and each.strip() and each.isprintable()]
        return ("--lines", "\n".join(lines)) if len(lines) == len(texts) else ("", expression)
    if value.dtype.kind in "iuf" and value.ndim == 2:
        rows = [[str(each) for each in row] for row in value]
        # A first row of names would be taken for such.
        if not set(rows[0]) <= {name}:
            return "--csv", "\n".join(", ".join(row) for row in rows)
    return "", expression


def _inputs(asked: Asked, expressions: Expressions) -> str:
    """One expression for all inputs; empty if there are none."""
    written = {name: expressions.write(given) for name, given in asked.given.items()}
    if len(written) == 1:
        ((name, given),) = asked.given.items()
        # A single text may hold what looks like an option, in quotes of its own.
        if getattr(given.value, "shape", None) != ():
            return written[name]
    return f"{{{', '.join(f'{name!r}: {text}' for name, text in written.items())}}}" if written else ""


def _is_plain(subject: Subject, asked: Asked) -> bool:
    """Whether the signature has one output, which a call returns as it is."""
    variant = find_variant(subject.summary, asked.tags)
    signature = find_signature(variant, asked.signature) if variant else None
    return signature is not None and [each.name for each in signature.outputs] == [_DEFAULT]


def _is_word(name: str) -> bool:
    return is_name(name) and name.isascii()


def _is_quotable(word: str) -> bool:
    return bool(_QUOTABLE.fullmatch(word)) and word.isprintable() and word == word.strip() and word[0] != "-"


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[\w.:/-]+", word, re.ASCII) else f"'{word}'"
