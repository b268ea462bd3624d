"""What an error of `Session.run` means for the modules of its graph, and what to do about it.

TensorFlow reports only a class and a text, so texts are matched; they are those of TensorFlow 2.16 to 2.21. A
text that does not match is left as TensorFlow wrote it. Nothing here runs unless a run has failed.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Sequence
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import HubError
from hubexplore.hub.module import Module
from hubexplore.hub.running.missing_kernels import no_kernel_message
from hubexplore.hub.running.run_error_classes import (
    FileGoneError,
    NeverSetError,
    NoKernelError,
    NotFedError,
    NotInitializedError,
    RunError,
    RunTimeoutError,
    ServerGoneError,
    ServerRestartedError,
    ServerSilentError,
)
from hubexplore.hub.tensor_info import components
from hubexplore.hub.variants.restore import RESTORE_OPS
from hubexplore.summary.graph.ops.op_kernels import without_kernel

MSG_VARIABLE: Final = (
    "{what} has no value in this session: each session starts without values. Run "
    "`session.run(tf.compat.v1.global_variables_initializer())` once, after the module is made and before "
    "anything is trained; it gives the variables of modules their published values."
)
MSG_LOCAL: Final = (
    "{what} is not initialised in this session: it is a local variable, which starts from a value of its "
    "graph. Run `session.run(tf.compat.v1.local_variables_initializer())` once, after "
    "tf.compat.v1.global_variables_initializer()."
)
MSG_TABLE: Final = (
    "{what} is not initialised in this session: each session starts with empty tables. Run "
    "`session.run(tf.compat.v1.tables_initializer())` once, after the module is made, as well as "
    "tf.compat.v1.global_variables_initializer()."
)
MSG_NOT_FED: Final = (
    "Placeholder {name!r}{role} got no value in this run. Pass a value of dtype {dtype}{shape}: "
    "`session.run(fetches, feed_dict={{'{name}:0': value}})`."
)
MSG_FILE_GONE: Final = (
    "A file of module {module!r} is missing: {path!r}. It existed when the module was made, but it is read "
    "when {when}. Put the files back, or load the module again from their new location."
)
MSG_SERVER_GONE: Final = (
    "The TensorFlow server{target} that runs this session has stopped or was restarted, and the values of "
    "all variables are lost. Start it again; then use session.reset(), %hub_session reset, or a new "
    "tf.compat.v1.Session, and load and initialise what you need."
)

# How TensorFlow marks the op that failed; the error itself has no op if it comes from a compiled call.
_NODE: Final = re.compile(r"\{\{node ([^}]+)\}\}")
# The text of an op that updates a resource variable without reading it.
_NEVER_SET: Final = re.compile(r"Resource [^/]+/(.+)/N10tensorflow3VarE does not exist")
_VARIABLE: Final = (
    re.compile(r"Could not find variable (.+?)\. "),
    re.compile(r"Attempting to use uninitialized value (\S+)"),
    re.compile(r"Error while reading resource variable (.+?) from Container"),
    _NEVER_SET,
)
_TABLE: Final = "Table not initialized"
_NOT_FED: Final = re.compile(
    r"You must feed a value for placeholder tensor '([^']+)' with dtype (\w+)(?: and shape (\[[^\]]*\]))?"
)
_NO_KERNEL: Final = re.compile(
    r"No (?:registered )?(?:OpKernel was registered to support Op )?'([^']+)'(?: OpKernel)?"
)
_FILE: Final = (
    re.compile(r"Failed to find any matching files for (.+)"),
    re.compile(r"(\S.*); No such file or directory"),
)
_NO_SESSION: Final = re.compile(r"Session .*is not found")


def readable(error: UnicodeDecodeError) -> tf.errors.OpError:
    """The error of a run whose text is not UTF-8, such as one that quotes strings of the data.

    TensorFlow 2.21 fails to decode the text of such an error, so its class is lost.
    """
    return tf.errors.UnknownError(None, None, error.object.decode(errors="backslashreplace"))


def explain_run_error(
    error: BaseException,
    modules: Iterable[Module] = (),
    target: str = "",
    timeout: float | None = None,
) -> RunError | None:
    """The same error with its cause and a remedy, to be raised from it.

    Args:
      error: what `Session.run` or a compiled call raised.
      modules: of the session's graph; the message says what is theirs.
      target: address of the session's server, if it has one.
      timeout: seconds that the run was allowed to take, if it was limited.

    Returns:
      An error that is also an instance of TensorFlow's class of `error`; None where there is nothing to add.
    """
    # An explained error is not explained again when it passes through a second caller.
    if not isinstance(error, tf.errors.OpError) or isinstance(error, HubError):
        return None
    text, modules_of_graph = str(error.message), list(modules)
    explanation: tuple[type[RunError], str | None]
    match error:
        case tf.errors.FailedPreconditionError():
            explanation = NotInitializedError, _not_initialized(text, error.op, modules_of_graph)
        case tf.errors.InvalidArgumentError():
            message = _no_kernel(text, modules_of_graph)
            explanation = (
                (NoKernelError, message) if message else (NotFedError, _not_fed(text, modules_of_graph))
            )
        case tf.errors.NotFoundError() if _NEVER_SET.search(text):
            explanation = NeverSetError, _not_initialized(text, error.op, modules_of_graph)
        case tf.errors.NotFoundError():
            explanation = FileGoneError, _file_gone(text, error.op, modules_of_graph)
        case tf.errors.UnavailableError():
            explanation = ServerGoneError, _server_gone(target)
        case tf.errors.AbortedError() if _NO_SESSION.search(text):
            explanation = ServerRestartedError, _server_gone(target)
        # Asked before the time limit: a server that stopped also ends in this error, and the limit would be
        # blamed.
        case tf.errors.DeadlineExceededError() if find_server_gone(target):
            explanation = ServerSilentError, _server_gone(target)
        case tf.errors.DeadlineExceededError() if timeout is not None:
            explanation = (
                RunTimeoutError,
                f"The run was stopped after {timeout:g} s, the limit set by timeout={timeout:g}.",
            )
        case _:
            return None
    explained, message = explanation
    return explained(error.node_def, error.op, message) if message else None


def _not_initialized(text: str, op: Any, modules: Sequence[Module]) -> str | None:
    for pattern in _VARIABLE:
        if match := pattern.search(text):
            message = MSG_LOCAL if _is_local(match[1], modules) else MSG_VARIABLE
            return message.format(what=_variable(match[1], modules))
    return MSG_TABLE.format(what=_table(text, op, modules)) if _TABLE in text else None


def _is_local(name: str, modules: Sequence[Module]) -> bool:
    """Whether a variable of the modules' graph is one that only the local initialiser sets."""
    key = tf.compat.v1.GraphKeys.LOCAL_VARIABLES
    return any(
        name in _names(variable) for module in modules[:1] for variable in module.graph.get_collection(key)
    )


def _names(variable: Any) -> set[str]:
    """The names that TensorFlow may use for a variable; for a resource it is the shared name."""
    return {variable.op.name, variable.op.get_attr("shared_name").decode(errors="replace")}


def _variable(name: str, modules: Sequence[Module]) -> str:
    for module in modules:
        for key, value in module.variable_map.items():
            for variable in value if isinstance(value, list) else [value]:
                if name in _names(variable):
                    return f"Variable {key!r} of module {module.name!r}"
    return f"Variable {name!r}"


def _table(text: str, op: Any, modules: Sequence[Module]) -> str:
    op = op or _op(text, modules)
    if op is None or not op.inputs:
        return "A table"
    name = op.inputs[0].op.name
    for module in modules:
        if name.startswith(f"{module.scope}/"):
            return f"Table {name.removeprefix(f'{module.scope}/')!r} of module {module.name!r}"
    return f"Table {name!r}"


def _op(text: str, modules: Sequence[Module]) -> Any:
    """The op that failed, by its name in the message; None where it is in a function."""
    name = _NODE.search(text)
    if name is None or not modules:
        return None
    try:
        return modules[0].graph.get_operation_by_name(name[1])
    except KeyError:
        return None


def _no_kernel(text: str, modules: Sequence[Module]) -> str | None:
    match = _NO_KERNEL.search(text)
    if match is None:
        return None
    if match[1] not in without_kernel():
        return None  # it has one for other dtypes, which TensorFlow's own words list
    return no_kernel_message(match[1], modules)


def _not_fed(text: str, modules: Sequence[Module]) -> str | None:
    match = _NOT_FED.search(text)
    if match is None:
        return None
    name, dtype, shape = match.groups()
    return MSG_NOT_FED.format(
        name=name, role=_role(name, modules), dtype=dtype, shape=f" and shape {shape}" if shape else ""
    )


def _role(name: str, modules: Sequence[Module]) -> str:
    """The role of a placeholder in a module, for a message; "" if it has none."""
    for module in modules:
        for call in module.applications:
            for key, value in call.inputs.items():
                if any(component.op.name == name for component in components(value)):
                    return f", the input {key!r} of module {module.name!r} (signature {call.signature!r}),"
            if name.startswith(f"{call.scope}/"):
                return (
                    f" inside of module {module.name!r}, which needs it although it is not an input of "
                    f"signature {call.signature!r},"
                )
    return ""


def _file_gone(text: str, op: Any, modules: Sequence[Module]) -> str | None:
    paths = (pattern.search(text) for pattern in _FILE)
    path = next((match[1] for match in paths if match), None)
    op = op or _op(text, modules)
    if path is None or op is None:
        return None
    when = (
        "its variables are initialised"
        if op.type in RESTORE_OPS
        else "its tables are initialised or it is run"
    )
    for module in modules:
        if op.name.startswith(module.scopes):
            return MSG_FILE_GONE.format(module=module.name, path=path.strip(), when=when)
    return None


def find_server_gone(target: str, timeout: float = 2.0) -> RunError | None:
    """The error for a session whose server accepts no connection; None if it does, or is not remote.

    `Session.run` itself waits for such a server for ever (TensorFlow 2.21): it retries without a limit.

    Args:
      target: address as in "grpc://host:port".
      timeout: seconds to wait for a connection.
    """
    # Other addresses cannot be probed by a plain connection.
    host, _, port = target.removeprefix("grpc://").rpartition(":")
    if not (target.startswith("grpc://") and host and port.isdecimal()):
        return None
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout):
            return None
    except OSError:
        return ServerGoneError(None, None, _server_gone(target))


def _server_gone(target: str) -> str:
    return MSG_SERVER_GONE.format(target=f" at {target}" if target else "")
