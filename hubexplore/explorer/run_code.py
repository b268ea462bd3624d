"""Code that repeats a run: a cell with `%hub_call`, and plain Python, which run in a new kernel."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from hubexplore.inputs.code.data_files import DataFile, DataFiles
from hubexplore.inputs.code.expressions import MAX_CHARACTERS, Expressions, is_name, text_of
from hubexplore.inputs.code.line_breaks import WIDTH, broken
from hubexplore.summary.files.handle_names import variable_name
from hubexplore.summary.files.redaction import HIDDEN
from hubexplore.summary.model import HUB_MODULE, IN_MEMORY
from hubexplore.summary.module_format import DEFAULT_OUTPUT, DEFAULT_SIGNATURE

if TYPE_CHECKING:
    from hubexplore.explorer.runs import RunRequest
    from hubexplore.explorer.subject import Subject
    from hubexplore.inputs.input_value import InputValue

# Names that the written code itself uses: a module must not overwrite them.
_RESERVED: Final = frozenset({
    "PIL", "arrays", "base64", "example", "fetch", "hubexplore", "inputs", "io", "json", "np", "pathlib",
    "picture", "pictures", "random", "session", "signature", "texts", "tf",
})  # fmt: skip
PYTHON: Final = "Python"
EAGER: Final = "hub.load"
CELL: Final = "Notebook cell"
CELL_OF: Final = "Cell with {name}"
INPUTS: Final = "inputs"
"""The variable of inputs that are too long for the line of the call."""
MSG_FILES: Final = "# Reads {names}, saved beside the notebook by the Copy button."
# A word that has no special meaning for IPython or the magics once it is in quotes: no $, {, } or quotes.
_QUOTABLE: Final = re.compile(r"[\w./:@+=~#?&() -]+")
MSG_RANDOM: Final = "# The outputs are random: each run gives different values."
_MSG_HIDDEN: Final = f"# {HIDDEN} stands for your token"
_MSG_SOURCE: Final = "# spec is the ModuleSpec that the panel shows"


@dataclass(frozen=True)
class RunCode:
    """Code that repeats a run.

    Attributes:
      language: a label, such as "Python".
      text: the code.
      files: name -> file that the code reads and that is not in its folder yet.
    """

    language: str
    text: str
    files: Mapping[str, DataFile]


def codes(
    subject: Subject, request: RunRequest, folder: Path, fetch: Sequence[str] = ()
) -> tuple[RunCode, ...]:
    """Returns the code of a run in all languages.

    All but the first run in a new kernel; the first does if the notebook does not know the module by a name.

    Args:
      subject: the module.
      request: the run to repeat.
      folder: the folder that the code will run in, whose files it may read.
      fetch: names of further tensors that the call returns.
    """
    writers: list[tuple[str, Callable[..., str]]] = []
    if _is_loaded(subject, request) and _is_word(subject.name or ""):
        writers.append((CELL_OF.format(name=subject.name), functools.partial(_cell_of_name, fetch=fetch)))
    if _can_load(subject, request):
        writers.append((CELL, functools.partial(_magic, fetch=fetch)))
    writers.append((PYTHON, functools.partial(_python, fetch=fetch)))
    if _can_run_eagerly(subject, request) and not fetch:
        writers.append((EAGER, _eager))
    found = []
    for language, write in writers:
        files = DataFiles(folder)
        text = write(subject, request, Expressions(files))
        found.append(RunCode(language, _with_note(text, files.unsaved), files.unsaved))
    return tuple(found)


def magic(subject: Subject, request: RunRequest, folder: Path | None = None) -> str:
    """Returns the cell with magics; plain Python if the magics have no syntax for the run."""
    return codes(subject, request, folder or Path())[0].text


def python(subject: Subject, request: RunRequest, folder: Path | None = None) -> str:
    """Returns the code in plain Python."""
    return next(code.text for code in codes(subject, request, folder or Path()) if code.language == PYTHON)


def _with_note(text: str, files: Mapping[str, DataFile]) -> str:
    """Returns the code below a comment on the files that are not saved yet."""
    if not files:
        return text
    note = MSG_FILES.format(names=", ".join(files))
    return f"{note}\n{text}"


def _cell_of_name(
    subject: Subject, request: RunRequest, expressions: Expressions, fetch: Sequence[str]
) -> str:
    """Returns a cell with the module that the notebook knows by a name.

    It is `%%hub_call` over the inputs if no other lines are needed.
    """
    inputs = _inputs(request, expressions)
    options, before = _options(subject, request, fetch)
    before = [*expressions.before, *before, *_notes(subject, request)]
    name = subject.name or ""
    if before or expressions.files.unsaved:
        return _line_call(before, name, inputs, options)
    return _cell(name, options, request, inputs)


def _magic(subject: Subject, request: RunRequest, expressions: Expressions, fetch: Sequence[str]) -> str:
    """Returns a cell that loads the module and ends in `%hub_call`."""
    inputs = _inputs(request, expressions)
    options, before = _options(subject, request, fetch)
    lines = _loading_lines(subject, request)
    before = [*expressions.before, *lines, *before, *_notes(subject, request)]
    return _line_call(before, _name(subject, request), inputs, options)


def _line_call(before: Sequence[str], name: str, inputs: str, options: Sequence[str]) -> str:
    """Returns `%hub_call`, which is one line: long inputs are a variable above it."""
    line = " ".join(filter(None, ["%hub_call", name, inputs, *options]))
    if len(line) <= WIDTH:
        return "\n".join([*before, line])
    assigned, line = _assigned(inputs), " ".join(["%hub_call", name, INPUTS, *options])
    return "\n".join([*before, assigned, line])


def _assigned(inputs: str) -> str:
    return f"{INPUTS} = {broken(inputs, taken=len(INPUTS) + 3)}"


def _python(subject: Subject, request: RunRequest, expressions: Expressions, fetch: Sequence[str]) -> str:
    """Returns plain Python that loads the module, or takes the one that training may have changed."""
    inputs = _inputs(request, expressions)
    module, loading = _python_module(subject, request, expressions)
    rest = [] if request.signature == DEFAULT_SIGNATURE else [repr(request.signature)]
    if not _is_plain(subject, request):
        rest.append("as_dict=True")
    if fetch:
        rest.append(f"fetch={list(fetch)!r}")
    positional = request.signature != DEFAULT_SIGNATURE
    arguments = [module, inputs or ("None" if positional else ""), *rest]
    before = [*expressions.before, *loading, *_notes(subject, request)]
    call = f"session.call({', '.join(filter(None, arguments))})"
    if len(call) > WIDTH and inputs:
        arguments[1] = INPUTS
        before.insert(len(before) - len(_notes(subject, request)), _assigned(inputs))
        call = f"session.call({', '.join(filter(None, arguments))})"
    return "\n".join([*before, broken(call)])


def _python_module(
    subject: Subject, request: RunRequest, expressions: Expressions
) -> tuple[str, Sequence[str]]:
    """Returns the module as an expression, and the lines that load it."""
    if _is_loaded(subject, request) and _place(subject) is None:
        # It is in memory only: in the session of the magics, where the notebook knows it by its name.
        return repr(subject.name), ["session = get_ipython().run_line_magic('hub_session', '')"]
    tags = f", tags={list(request.tags)!r}" if _needs_tags(subject, request) else ""
    source, note = source_of(subject)
    module = _name(subject, request)
    expressions.imports["import hubexplore"] = None
    load = f"{module} = session.load({source}, {module!r}{tags})"
    return module, [*note, "session = hubexplore.NotebookSession()", broken(load)]


def _can_run_eagerly(subject: Subject, request: RunRequest) -> bool:
    """Whether `hub.load` gives something that is called as a module is; a TF2 SavedModel is not."""
    is_dense = all(isinstance(entry.value, np.ndarray) for entry in request.input_values.values())
    return subject.summary.format == HUB_MODULE and _place(subject) is not None and is_dense


def _eager(subject: Subject, request: RunRequest, expressions: Expressions) -> str:
    """Returns plain Python that runs the module eagerly, without a graph or session."""
    inputs = _inputs(request, expressions)
    source, note = source_of(subject)
    tags = f", tags={list(request.tags)!r}" if _needs_tags(subject, request) else ""
    module = _name(subject, request)
    expressions.imports["import hubexplore"] = None
    options = [] if request.signature == DEFAULT_SIGNATURE else [f"signature={request.signature!r}"]
    if not _is_plain(subject, request):
        options.append("as_dict=True")
    before = [*expressions.before, *note, broken(f"{module} = hubexplore.load({source}{tags})")]
    call = f"{module}({', '.join([*filter(None, [inputs]), *options])})"
    if len(call) > WIDTH and inputs:
        before.append(_assigned(inputs))
        call = f"{module}({', '.join([INPUTS, *options])})"
    return "\n".join([*before, *_notes(subject, request), broken(call)])


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
    name = variable_name(_place(subject) or fallback)
    name = name if is_name(name) and name not in _RESERVED else f"{name}_module"
    return name if is_name(name) and len(name) <= 60 else "module"


def source_of(subject: Subject) -> tuple[str, list[str]]:
    """Returns the argument of `NotebookSession.load` as an expression, and lines of comment on it."""
    place = _place(subject)
    if place is None:
        if subject.name is not None and is_name(subject.name):
            return f"{subject.name}.spec", []
        return "spec", [_MSG_SOURCE]
    handle, note = repr(place), _hidden(subject)
    if subject.wishes:
        return f"hubexplore.load_module_spec({handle}{subject.wishes.code})", note
    return handle, note


def _needs_tags(subject: Subject, request: RunRequest) -> bool:
    """Whether a call that loads the variant of the run has to name its tags."""
    # A session loads the variant without tags, and the only one.
    return bool(request.tags) and len(subject.summary.variants) > 1


def _hidden(subject: Subject) -> list[str]:
    """Returns a comment if a token is left out, without which the address cannot be fetched."""
    return [_MSG_HIDDEN] if HIDDEN in (_place(subject) or "") else []


def _place(subject: Subject) -> str | None:
    """Returns the handle that loads the module as it runs; None if it is in memory only."""
    live = subject.summary.live
    if live is None or subject.written_handle is not None:
        return subject.written_handle
    # Training may have changed the values of one that can be trained.
    source = subject.summary.source
    # A part of a module on disk has its place, but is not what is there.
    is_published = source is not None and source.place is not None and subject.summary.format != IN_MEMORY
    return subject.summary.title if is_published and not live.trainable else None


def _can_load(subject: Subject, request: RunRequest) -> bool:
    """Whether the magics have a syntax for loading the variant of the run."""
    if not _is_word(_name(subject, request)) or (_is_loaded(subject, request) and _place(subject) is None):
        return False
    # A comma separates tags in `--tags`, and a word with a leading dash would be taken for an option.
    tags = request.tags if _needs_tags(subject, request) else ()
    return all(re.fullmatch(r"[\w.:/@+-]+", tag) and not tag.startswith("-") for tag in tags)


def _loading_lines(subject: Subject, request: RunRequest) -> list[str]:
    """Returns the lines that load the module."""
    tags = request.tags if _needs_tags(subject, request) else ()
    name = _name(subject, request)
    lines, word = ["%load_ext hubexplore"], _place(subject) or ""
    # A word that is a Python name would be taken for a variable of the notebook.
    is_handle = not subject.wishes and subject.summary.format != IN_MEMORY
    if not is_handle or not _is_quotable(word) or is_name(word):
        source, note = source_of(subject)
        word = f"{name}_source"
        imports = ["import hubexplore"] if source.startswith("hubexplore.") else []
        lines = [*imports, *lines, *note, f"{word} = {broken(source, taken=len(word) + 3)}"]
    else:
        lines += _hidden(subject)
    option = [f"--tags {','.join(tags)}"] if tags else []
    return [*lines, " ".join(["%hub_load", _quoted(word), f"--as {name}", *option])]


def _options(subject: Subject, request: RunRequest, fetch: Sequence[str]) -> tuple[list[str], list[str]]:
    """Returns the options of the call, and lines that must precede it."""
    options, before = [], []
    words = [] if request.signature == DEFAULT_SIGNATURE else [("signature", request.signature)]
    for option, word in (*words, *(("fetch", tensor) for tensor in fetch)):
        if _is_quotable(word):
            options.append(f"--{option} {_quoted(word)}")
        else:
            before.append(f"{option} = {word!r}")
            options.append(f"--{option} {{{option}}}")
    if not _is_plain(subject, request):
        options.append("--as-dict")
    return options, before


def _cell(name: str, options: Sequence[str], request: RunRequest, inputs: str) -> str:
    """Returns `%%hub_call` over lines of text, rows of numbers, or an expression."""
    head = ["%%hub_call", name, *options]
    if not inputs:
        return " ".join(["%hub_call", name, *options])
    form, body = "", broken(inputs)
    if len(request.input_values) == 1:
        ((input_name, entry),) = request.input_values.items()
        form, body = _body(input_name, entry, body)
    return "\n".join([" ".join([*head, form] if form else head), body])


def _body(name: str, entry: InputValue, expression: str) -> tuple[str, str]:
    """Returns an option and the body of the cell for a single input."""
    value = entry.value
    if entry.variable or not isinstance(value, np.ndarray) or not 0 < value.size <= MAX_CHARACTERS:
        return "", expression
    if value.dtype.kind == "O" and value.ndim == 1:
        texts = [text_of(element) if isinstance(element, bytes) else str(element) for element in value]
        # Lines must survive the way through a cell: neither empty ones nor control characters do.
        lines = [text for text in texts if isinstance(text, str) and text.strip() and text.isprintable()]
        return ("--lines", "\n".join(lines)) if len(lines) == len(texts) else ("", expression)
    if value.dtype.kind in "iuf" and value.ndim == 2:
        rows = [[str(number) for number in row] for row in value]
        # `--csv` takes a first line for a header if it consists of the name of the input.
        lines = [", ".join(row) for row in rows]
        if not set(rows[0]) <= {name} and max(map(len, lines)) <= WIDTH:
            return "--csv", "\n".join(lines)
    return "", expression


def _inputs(request: RunRequest, expressions: Expressions) -> str:
    """Returns one expression for all inputs; "" if there are none."""
    written = {name: expressions.write(entry, name) for name, entry in request.input_values.items()}
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
