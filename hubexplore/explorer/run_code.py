"""Code that repeats a run: a cell with `%hub_call`, and plain Python."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from hubexplore.inputs.code.expressions import Expressions, is_name, text_of
from hubexplore.session.names import variable_name
from hubexplore.summary.files.redaction import HIDDEN
from hubexplore.summary.model import IN_MEMORY
from hubexplore.summary.module_format import DEFAULT_OUTPUT, DEFAULT_SIGNATURE

if TYPE_CHECKING:
    from hubexplore.explorer.runs import RunRequest
    from hubexplore.explorer.subject import Subject
    from hubexplore.inputs.input_value import InputValue

# Names that the written code itself uses: a module must not overwrite them.
_RESERVED: Final = frozenset({
    "PIL", "base64", "example", "hubexplore", "io", "np", "pathlib", "picture", "pictures", "random",
    "session", "tf",
})  # fmt: skip
# A word that has no special meaning for IPython or the magics once it is in quotes: no $, {, } or quotes.
_QUOTABLE: Final = re.compile(r"[\w./:@+=~#?&() -]+")
MSG_RANDOM: Final = "# The outputs are random: each run gives different values."
_MSG_HIDDEN: Final = f"# {HIDDEN} stands for your token"
_MSG_SOURCE: Final = "# spec is the ModuleSpec that the panel shows"


def magic(subject: Subject, request: RunRequest) -> str:
    """Returns a cell that repeats a run and can be pasted without changes.

    If the notebook knows the module by a name and no other lines are needed, it is `%%hub_call` over the
    inputs; otherwise it loads the module first and ends in `%hub_call`. It is plain Python if the magics have
    no syntax for the run.

    Args:
      subject: the module.
      request: the run to repeat.
    """
    expressions = Expressions()
    inputs = _inputs(request, expressions)
    loading = [] if _is_loaded(subject, request) else _loading_lines(subject, request)
    name = subject.name if _is_loaded(subject, request) and subject.name else _name(subject, request)
    if loading is None or not _is_word(name):
        return python(subject, request)
    options, before = _options(subject, request)
    before = [*loading, *expressions.before, *before, *_notes(subject, request)]
    if not before:
        return _cell(name, options, request, inputs)
    return "\n".join([*before, " ".join(filter(None, [f"%hub_call {name}", inputs, *options]))])


def python(subject: Subject, request: RunRequest) -> str:
    """Returns Python code that repeats a run.

    Args:
      subject: the module.
      request: the run to repeat.
    """
    expressions = Expressions()
    arguments = [_inputs(request, expressions)]
    if request.signature != DEFAULT_SIGNATURE:
        arguments = [arguments[0] or "None", repr(request.signature)]
    if not _is_plain(subject, request):
        arguments.append("as_dict=True")
    if _is_loaded(subject, request):
        # The session of the magics is where a module that the notebook knows by name is loaded.
        loading = ["session = get_ipython().run_line_magic('hub_session', '')"]
        module = repr(subject.name)
    else:
        tags = f", tags={list(request.tags)!r}" if _needs_tags(subject, request) else ""
        source, note = _source(subject)
        module = _name(subject, request)
        loading = [*note, "session = hubexplore.NotebookSession()",
                   f"{module} = session.load({source}, {module!r}{tags})"]  # fmt: skip
        expressions.imports["import hubexplore"] = None
    call = ", ".join(filter(None, [module, *arguments]))
    return "\n".join([*expressions.before, *loading, *_notes(subject, request), f"session.call({call})"])


def _notes(subject: Subject, request: RunRequest) -> list[str]:
    """Returns comments on the call."""
    return [MSG_RANDOM] if subject.is_random(request.tags, request.signature) else []


def _is_loaded(subject: Subject, request: RunRequest) -> bool:
    """Whether the notebook knows the variant of the run by a name."""
    return subject.name is not None and request.tags == subject.tags


def _name(subject: Subject, request: RunRequest) -> str:
    """Returns a name for the variable of the module."""
    # Not that of the notebook's Module, which the code would overwrite with another variant.
    fallback = (
        f"{subject.name}_{'_'.join(request.tags) or 'untagged'}" if subject.name is not None else "module"
    )
    name = variable_name(subject.written_handle or fallback)
    name = name if is_name(name) and name not in _RESERVED else f"{name}_module"
    return name if is_name(name) and len(name) <= 60 else "module"


def _source(subject: Subject) -> tuple[str, list[str]]:
    """Returns the argument of `NotebookSession.load` as an expression, and lines of comment on it."""
    if subject.written_handle is None:
        if subject.name is not None and is_name(subject.name):
            return f"{subject.name}.spec", []
        return "spec", [_MSG_SOURCE]
    handle, note = repr(subject.written_handle), _hidden(subject)
    if subject.signatures is not None:
        return f"hubexplore.load_module_spec({handle}, signatures={subject.signatures!r})", note
    return handle, note


def _needs_tags(subject: Subject, request: RunRequest) -> bool:
    """Whether a call that loads the variant of the run has to name its tags."""
    # A session loads the variant without tags, and the only one.
    return bool(request.tags) and len(subject.summary.variants) > 1


def _hidden(subject: Subject) -> list[str]:
    """Returns a comment if a token is left out, without which the address cannot be fetched."""
    return [_MSG_HIDDEN] if HIDDEN in (subject.written_handle or "") else []


def _loading_lines(subject: Subject, request: RunRequest) -> list[str] | None:
    """Returns the lines that load the module; None if the magics have no syntax for it."""
    # A comma separates tags in `--tags`, and a word with a leading dash would be taken for an option.
    tags = request.tags if _needs_tags(subject, request) else ()
    if not all(re.fullmatch(r"[\w.:/@+-]+", tag) and not tag.startswith("-") for tag in tags):
        return None
    name = _name(subject, request)
    lines, word = ["%load_ext hubexplore"], subject.written_handle or ""
    # A word that is a Python name would be taken for a variable of the notebook.
    is_handle = subject.signatures is None and subject.summary.format != IN_MEMORY
    if not is_handle or not _is_quotable(word) or is_name(word):
        source, note = _source(subject)
        word = f"{name}_source"
        imports = ["import hubexplore"] if source.startswith("hubexplore.") else []
        lines = [*imports, *lines, *note, f"{word} = {source}"]
    else:
        lines += _hidden(subject)
    option = [f"--tags {','.join(tags)}"] if tags else []
    return [*lines, " ".join(["%hub_load", _quoted(word), f"--as {name}", *option])]


def _options(subject: Subject, request: RunRequest) -> tuple[list[str], list[str]]:
    """Returns the options of the call, and lines that must precede it."""
    options, before = [], []
    if request.signature != DEFAULT_SIGNATURE:
        if _is_quotable(request.signature):
            options.append(f"--signature {_quoted(request.signature)}")
        else:
            before.append(f"signature = {request.signature!r}")
            options.append("--signature {signature}")
    if not _is_plain(subject, request):
        options.append("--as-dict")
    return options, before


def _cell(name: str, options: Sequence[str], request: RunRequest, inputs: str) -> str:
    """Returns `%%hub_call` over lines of text, rows of numbers, or an expression."""
    head = ["%%hub_call", name, *options]
    if not inputs:
        return " ".join(["%hub_call", name, *options])
    form, body = "", inputs
    if len(request.input_values) == 1:
        ((input_name, entry),) = request.input_values.items()
        form, body = _body(input_name, entry, inputs)
    return "\n".join([" ".join([*head, form] if form else head), body])


def _body(name: str, entry: InputValue, expression: str) -> tuple[str, str]:
    """Returns an option and the body of the cell for a single input."""
    value = entry.value
    if entry.variable or not isinstance(value, np.ndarray) or not value.size:
        return "", expression
    if value.dtype.kind == "O" and value.ndim == 1:
        texts = [text_of(element) if isinstance(element, bytes) else str(element) for element in value]
        # Lines must survive the way through a cell: neither empty ones nor control characters do.
        lines = [text for text in texts if isinstance(text, str) and text.strip() and text.isprintable()]
        return ("--lines", "\n".join(lines)) if len(lines) == len(texts) else ("", expression)
    if value.dtype.kind in "iuf" and value.ndim == 2:
        rows = [[str(number) for number in row] for row in value]
        # `--csv` takes a first line for a header if it consists of the name of the input.
        if not set(rows[0]) <= {name}:
            return "--csv", "\n".join(", ".join(row) for row in rows)
    return "", expression


def _inputs(request: RunRequest, expressions: Expressions) -> str:
    """Returns one expression for all inputs; "" if there are none."""
    written = {name: expressions.write(entry) for name, entry in request.input_values.items()}
    if len(written) == 1:
        ((name, entry),) = request.input_values.items()
        # A single text needs a dict around it: its quotes do not keep it from looking like an option.
        if getattr(entry.value, "shape", None) != ():
            return written[name]
    return f"{{{', '.join(f'{name!r}: {text}' for name, text in written.items())}}}" if written else ""


def _is_plain(subject: Subject, request: RunRequest) -> bool:
    """Whether the signature has one output, which a call returns as it is."""
    signature = subject.signature(request.tags, request.signature)
    return signature is not None and [output.name for output in signature.outputs] == [DEFAULT_OUTPUT]


def _is_word(name: str) -> bool:
    return is_name(name) and name.isascii()


def _is_quotable(word: str) -> bool:
    return bool(_QUOTABLE.fullmatch(word)) and word.isprintable() and word == word.strip() and word[0] != "-"


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[\w.:/-]+", word, re.ASCII) else f"'{word}'"
