"""Code of the user in a cell under a magic, compiled so that errors point at the lines of the cell."""

from __future__ import annotations

import ast
import contextlib
import linecache
from collections.abc import Iterator, Sequence
from types import FunctionType
from typing import Any, Final

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from hubexplore.display.wording import beginning
from hubexplore.errors import HubError
from hubexplore.notebook.magics.line_parser import one_line
from hubexplore.summary.files.paths import is_text

# What Python's parser raises: ValueError for a zero byte and for half of a surrogate pair, RecursionError and
# MemoryError for code that is nested too deeply.
_PARSE_ERRORS: Final = (SyntaxError, ValueError, RecursionError, MemoryError)


class Cell:
    """The code under a magic, with the line numbers of the cell: line 1 is the magic.

    Args:
      shell: the running IPython shell.
      magic: the first line.
      body: the code below it, in which IPython's own syntax works.

    Raises:
      SyntaxError: it is not valid Python; its line number is that of the cell.
    """

    def __init__(self, shell: InteractiveShell, magic: str, body: str) -> None:
        self._shell = shell
        self.file = _register_source(shell, magic, body)
        # transform_cell drops leading empty lines; they are put back, so that line numbers stay those of the
        # cell.
        skipped = len(body) - len(body.lstrip("\n"))
        source = "\n" * (1 + skipped) + shell.transform_cell(body)
        self._tree = shell.transform_ast(compile(source, self.file, "exec", ast.PyCF_ONLY_AST))

    def run(self) -> Any:
        """Runs the code in the user's namespace; returns the value of the last line, if it has one."""
        __tracebackhide__ = True
        statements = list(self._tree.body)
        last = statements.pop() if statements and isinstance(statements[-1], ast.Expr) else None
        namespace = self._shell.user_ns
        with naming_the_line(self.file):
            exec(self._compiled(ast.Module(statements, []), "exec"), namespace)  # noqa: S102 - the user's own
            if last is None:
                return None
            return eval(self._compiled(ast.Expression(last.value), "eval"), namespace)  # noqa: S307 - as above

    def function(self, name: str, parameters: Sequence[str], extras: dict[str, Any]) -> Any:
        """Returns a function whose body is the cell.

        Args:
          name: of the function.
          parameters: names of its keyword arguments.
          extras: names with values that it sees in addition to the user's namespace.
        """
        if not self._tree.body:
            raise UsageError(
                "The cell is empty. It has to build the graph of a module and to call hub.add_signature."
            )
        inner = _definition(name, parameters, self._tree.body)
        # The extras are parameters of a function around it, where the code sees them as free variables: put
        # into the globals they would change the user's namespace, and a copy of that would hide later
        # changes.
        outer = _definition("around", list(extras), [inner, ast.Return(ast.Name(name, ast.Load()))])
        code = self._compiled(ast.Module([outer], []), "exec")
        # Compiled, the only code object in the constants of the module is that of `around`. It is never run
        # as a module, which would define `around` in the user's namespace.
        outer_code = next(constant for constant in code.co_consts if hasattr(constant, "co_code"))
        function = FunctionType(outer_code, self._shell.user_ns)(*extras.values())
        # With this name a traceback shows the lines around it, as it does for any cell.
        function.__code__ = function.__code__.replace(co_name="<module>", co_qualname="<module>")

        def pointed(**arguments: Any) -> Any:
            __tracebackhide__ = True
            with naming_the_line(self.file):
                return function(**arguments)

        pointed.__name__ = name
        return pointed

    def _compiled(self, tree: ast.Module | ast.Expression, mode: str) -> Any:
        ast.fix_missing_locations(tree)
        try:
            return _compile(self._shell, tree, self.file, mode)
        except SyntaxError as error:
            if "await" in str(error.msg) or "async" in str(error.msg):
                raise UsageError(
                    f"Line {error.lineno} of the cell: `await` does not work under this magic. Use it in "
                    f"a cell of its own, and the result here."
                ) from None
            raise


def evaluated(shell: InteractiveShell, magic: str, body: str | None, expression: str) -> Any:
    """Returns the value of one Python expression in the user's namespace.

    Args:
      shell: the running IPython shell.
      magic: the line with the magic.
      body: the cell below it if the expression is there; None if it is on the line.
      expression: text of the expression, which may span lines.
    """
    __tracebackhide__ = True
    name = magic.split(maxsplit=1)[0]
    file = f"<inputs of {name}>" if body is None else _register_source(shell, magic, body)
    # In brackets an expression may span lines. The first bracket is on line 1, the line of the magic, so that
    # line numbers stay those of the cell.
    source = expression if body is None else f"(\n{expression}\n)"
    try:
        code = _compile(shell, ast.parse(source.strip(), file, "eval"), file, "eval")
    except _PARSE_ERRORS as error:
        reason = getattr(error, "msg", "") or str(error) or "it is nested too deeply"
        raise UsageError(_not_an_expression(name, expression, reason)) from None
    if body is None:
        # Not registered with IPython: the expression is a part of the cell that is already registered.
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    with naming_the_line(file) if body is not None else contextlib.nullcontext():
        return eval(code, shell.user_ns)  # noqa: S307 - the user's own


_CALL_OPTIONS: Final = "--signature S, --as-dict, --fetch T, --batch-size N and --out VAR"
_COST_OPTIONS: Final = "--signature S, --seconds N, --count and --out VAR"


def _not_an_expression(name: str, expression: str, reason: str) -> str:
    finding = f"{beginning(expression.strip())!r} is not a valid expression: {one_line(reason).rstrip('.?')}"
    if "await" in reason:
        finding = "`await` does not work in it. Use it in a cell before this one, and the result here"
    options = _COST_OPTIONS if name.startswith("%hub_cost") else _CALL_OPTIONS
    return f"{name} takes one Python expression for the inputs. {finding}. Options are {options}."


@contextlib.contextmanager
def naming_the_line(file: str) -> Iterator[None]:
    """Turns a HubError from the code of a cell into a UsageError that names the line."""
    try:
        yield
    except HubError as error:
        # The innermost frame of the cell counts: the last one on the way down to where the error was raised.
        trace, line = error.__traceback__, None
        while trace is not None:
            line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == file else line
            trace = trace.tb_next
        if line is None:
            raise
        raise UsageError(f"Line {line} of the cell: {one_line(error)}") from None


def _register_source(shell: InteractiveShell, magic: str, body: str) -> str:
    """Registers a cell with IPython, so that tracebacks show its lines; returns the name of its file."""
    whole = f"{magic}\n{body}"
    if not is_text(whole):
        raise UsageError(
            "The cell holds half of a surrogate pair, which is not a character. Type that character again."
        )
    history: Any = shell.history_manager  # has the number of this cell; execution_count may be one ahead
    return str(shell.compile.cache(whole, len(history.input_hist_parsed) - 1, raw_code=whole))


def _definition(name: str, parameters: Sequence[str], body: Sequence[ast.stmt]) -> ast.FunctionDef:
    template = ast.parse(f"def {name}({', '.join(parameters)}): pass").body[0]
    assert isinstance(template, ast.FunctionDef)  # noqa: S101 - the template above is one
    template.body = list(body)
    return template


def _compile(shell: InteractiveShell, tree: ast.Module | ast.Expression, file: str, mode: str) -> Any:
    """Compiles as IPython does, with the `from __future__` imports of earlier cells."""
    compiler: Any = shell.compile  # its type hints take text only
    return compiler(tree, file, mode)
