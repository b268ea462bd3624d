"""`NotebookSession`: one graph and one TensorFlow session that a notebook works with."""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import tensorflow as tf

from hubexplore.display.wording import MAX_SENTENCE, visible
from hubexplore.errors import GraphError, GraphGrowthWarning, NoSuchModuleError, closest
from hubexplore.hub.danger_check import confirm_unchanged, require_trust
from hubexplore.hub.inspection.training_checks import losses_unused, not_trainable
from hubexplore.hub.module import Module
from hubexplore.hub.running.run_error_classes import RunError
from hubexplore.hub.running.run_errors import explain_run_error
from hubexplore.hub.running.signature_runner import AppliedSignature, AppliedSignatures
from hubexplore.hub.spec import ModuleSpec
from hubexplore.session import removal, variable_values
from hubexplore.session.call_log import CallLog
from hubexplore.session.module_tools import ModuleTools
from hubexplore.session.names import free_scope
from hubexplore.session.opening import Opened, open_handle
from hubexplore.session.signature_calls import Request, Runtime, SessionRunner
from hubexplore.session.tf_server import guard
from hubexplore.session.tf_session import ManagedSession
from hubexplore.summary.lookup import default_signature
from hubexplore.summary.wishes import Signatures

OPS_LEFT_BEHIND: Final = 5_000
"""Maximum number of ops of replaced modules that may stay in the graph without a warning."""

MSG_REPLACED: Final = (
    "Module {name!r} was replaced by loading another one by the same name, which freed its variables. Use "
    "the new one: session.module(name), or the variable that %hub_load bound."
)


MSG_TRUST: Final = "session.load({handle}, trust=True)"


class NotebookSession(ModuleTools):
    """Loads modules into one graph, runs their signatures, and writes them again.

    ```python
    with hub.NotebookSession() as session:
        digits = session.load("sample:digits")
        session.call(digits, images)
    ```

    Variables and tables are initialised when they are new, never again. A signature is applied once and
    compiled once; after that a call adds nothing to the graph. Threads may call at the same time; additions
    to the graph wait for their turn.

    Args:
      name: what displays call it.
      target: address of a TensorFlow server, as in "grpc://host:port"; empty for this process. The files of
        modules must be there under the same paths.
    """

    def __init__(self, name: str = "default", target: str = "") -> None:
        self.name = name
        self.target = target
        self.log = CallLog()
        """The calls so far; shows itself as a table."""
        self._closed = False
        # Reentrant: what users do inside `building`, such as loading a module, takes it again.
        self._building = threading.RLock()
        # Weak: a replaced module is remembered, for its error message, as long as the user has it.
        self._replaced: weakref.WeakSet[Module] = weakref.WeakSet()
        self._warned: weakref.WeakSet[Module] = weakref.WeakSet()
        graph = tf.Graph()
        self._open(graph, self._session_of(graph), {})

    def _session_of(self, graph: tf.Graph, opened: Opened | None = None) -> ManagedSession:
        """A session for what is opened, or for anything."""
        is_optimized = opened is None or bool(self.target) or opened.needs_optimizer
        return ManagedSession(self.target, graph, guard(self.target), is_optimized)

    def _open(self, graph: tf.Graph, session: ManagedSession, modules: dict[str, Module]) -> None:
        self._graph = graph
        self._session = session
        self._modules = modules
        self._runners: dict[Any, SessionRunner] = {}
        self._runtime = Runtime(session, self.log, AppliedSignatures(self._building))
        self._left_behind = 0
        self._is_shared = False  # whether the user has the graph, and may have built into it

    def _optimize(self) -> None:
        """Moves to a session with the graph optimizer; see `graph_optimizer`."""
        with self._building:
            if self._closed or self._session.is_optimized:
                return
            session = self._session_of(self._graph)
            try:
                session.initialize_new(self._graph.get_collection(tf.compat.v1.GraphKeys.GLOBAL_VARIABLES))
            except BaseException:
                session.close()
                raise
            # The old one is not closed: other threads may be running calls, and it ends with the last.
            self._session = self._runtime.session = session
            for runner in self._runners.values():
                runner.use(session)

    @property
    def graph(self) -> tf.Graph:
        """The graph that modules are loaded into."""
        self._optimize()
        # From now on the user may add ops, so a replaced module can no longer take the whole graph with it.
        self._is_shared = True
        return self._graph

    @property
    def session(self) -> tf.compat.v1.Session:
        """The TensorFlow session of the graph; its `run` initialises what is new first."""
        self._optimize()
        self._is_shared = True
        return self._session

    def owns(self, graph: tf.Graph) -> bool:
        """Whether `graph` is that of this session."""
        return graph is self._graph

    @property
    def names(self) -> list[str]:
        """Names of the modules that are loaded."""
        return list(self._modules)

    def load(
        self,
        handle: str | bytes | os.PathLike[str] | ModuleSpec,
        name: str | None = None,
        tags: Iterable[str] | None = None,
        trainable: bool = False,
        *,
        signatures: Signatures | None = None,
        lift_constants: bool = False,
        trust: bool = False,
    ) -> Module:
        """Loads a module and gives its variables and tables their published values.

        Args:
          handle: what `hub.Module` takes, or a folder with a single model in it.
          name: to load it by, also of its scope; by default made from the handle. An earlier module of that
            name is replaced: its variables are freed and it can no longer be called.
          tags: of the graph variant; None means the one without tags or, where there is only one, that one,
            which the logger "hubexplore" says.
          trainable: whether its variables can be trained.
          signatures: of a frozen graph or a training checkpoint; see `load_module_spec`.
          lift_constants: whether the weights of a frozen graph become variables.
          trust: load it even if it can touch things outside of itself, such as files. That is remembered for
            its content, in the user's settings.

        Raises UntrustedModuleError (a ValueError), which lists what a module can touch outside of itself, and
        what `load_module_spec` and `hub.Module` raise; then nothing has changed, an
        earlier module of that name included.
        """
        self._check_open()
        opened = open_handle(handle, name, tags, trainable, signatures, lift_constants)
        name = opened.name
        code = "spec" if isinstance(handle, ModuleSpec) else repr(getattr(opened.spec, "title", handle))
        require_trust(opened.spec, trust=trust, remedy=MSG_TRUST.format(handle=code))
        with self._building:
            earlier = self._modules.get(name)
            if earlier is not None and self._holds_nothing_but(earlier):
                return self._load_into_new_graph(opened, earlier)
            if opened.needs_optimizer:
                self._optimize()
            elif not self._is_shared and not self._graph.version:
                self._open(self._graph, self._session_of(self._graph, opened), {})
            # Made before the earlier one is freed: if it cannot be loaded, nothing has changed.
            module = self._make(self._graph, self._session, opened)
            self._modules.pop(name, None)
            self._modules[name] = module
            if earlier is not None:
                self._free(name, earlier)
        return module

    def _make(self, graph: tf.Graph, session: ManagedSession, opened: Opened) -> Module:
        with removal.collections_as_before(graph):
            with graph.as_default(), tf.control_dependencies(None), tf.compat.v1.name_scope(None):
                scope = free_scope(graph, opened.name)
                module = Module(opened.spec, trainable=opened.trainable, name=scope, tags=opened.tags)
            session.initialize_new(fresh=module.variables)
            confirm_unchanged(opened.spec)
        return module

    def _holds_nothing_but(self, module: Module) -> bool:
        """Whether the graph holds one module and nothing that the user may have built."""
        variables = self._graph.get_collection_ref(tf.compat.v1.GraphKeys.GLOBAL_VARIABLES)
        return (
            not self._is_shared
            and len(self._modules) == 1
            and all(variable.op.name.startswith(module.scopes) for variable in variables)
        )

    def _load_into_new_graph(self, opened: Opened, earlier: Module) -> Module:
        """Replaces the only module by one in a new graph, since the old graph would only grow."""
        graph = tf.Graph()
        session = self._session_of(graph, opened)
        try:
            module = self._make(graph, session, opened)
        except BaseException:
            session.close()
            raise
        old, runners = self._session, list(self._runners.values())
        self._replaced.add(earlier)
        self._open(graph, session, {opened.name: module})
        self.log.retire(runners)
        # In a thread: closing waits for ops that run in other threads, which may take any time.
        threading.Thread(target=old.close, daemon=True, name="hubexplore-close").start()
        return module

    def _free(self, name: str, module: Module) -> None:
        # Replays and runners end first: after `free` they would find no variables.
        self.log.retire([runner for runner in self._runners.values() if runner.module is module])
        self._runners = {key: runner for key, runner in self._runners.items() if runner.module is not module}
        self._runtime.applied.forget(module)
        self._replaced.add(module)
        self._left_behind += sum(op.name.startswith(module.scopes) for op in self._graph.get_operations())
        removal.free(module, self._session)
        if self._left_behind > OPS_LEFT_BEHIND:
            warnings.warn(
                f"The graph of session {self.name!r} holds {self._left_behind:,} ops of modules that were "
                f"replaced, the last one {name!r}; TensorFlow cannot remove them. session.reset(), or "
                f"%hub_session reset, frees them; then load again what you need.",
                GraphGrowthWarning,
                stacklevel=3,
            )

    def module(self, name: str) -> Module:
        """The module that was loaded by a name.

        Raises:
          NoSuchModuleError: (a KeyError) lists the names there are.
        """
        if name not in self._modules:
            known = f"there are {self.names}" if self._modules else "nothing is loaded yet"
            raise NoSuchModuleError(
                f"No module {name!r} is loaded; {known}.{closest(name, self._modules)} "
                f"Load one with %hub_load HANDLE --as {name}."
            )
        return self._modules[name]

    def call(
        self,
        module: Module | str,
        inputs: Any = None,
        signature: str | None = None,
        as_dict: bool = False,
        *,
        fetch: Iterable[Any] | None = None,
        batch_size: int | None = None,
        progress: bool | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Evaluates a signature.

        Args:
          module: loaded here, or its name.
          inputs: as for `hub.Module.__call__`, but values: lists, arrays, pandas Series and DataFrames, eager
            tensors, SparseTensorValue, scipy.sparse, RaggedTensorValue, nested lists. dtypes are converted
            where that is safe.
          signature: its name; None means `default`, or `serving_default` of a SavedModel.
          as_dict: whether to return all outputs by name, instead of the one called `default` or the only one.
          fetch: further tensors of the call, such as intermediate layers, whether or not an output needs
            them: their names in the module ("conv1/Relu", "conv1/Relu:0"), names of variables, or tensors of
            the graph.
          batch_size: maximum number of rows to run at a time. Every output must have a row per row of the
            inputs. An interrupt stops at the next batch.
          progress: whether to show a bar for batches; by default where it takes more than a second.
          timeout: seconds after which TensorFlow begins no further op; an op that has begun ends first.

        Returns:
          A NumPy array, SparseTensorValue or RaggedTensorValue; with `as_dict` a dict of them; with `fetch` a
          pair of that and a dict of the fetched values.

        Raises:
          NoSuchModuleError: (a KeyError) lists the modules that are loaded.
          NoSuchSignatureError: (a KeyError and ValueError) lists the signatures.
          SignatureError: (a TypeError) names the input that does not fit and what was expected.
          GraphError: (a RuntimeError) the module was not loaded here or was replaced, or the session is
            closed.
          TimeoutError: (also a HubError) the run took longer than `timeout`.
        """
        fetches = None if fetch is None else (fetch,) if isinstance(fetch, str) else tuple(fetch)
        # Tensors compare element by element, so it is their identity that counts.
        fetch_key = fetches and tuple(item if isinstance(item, str) else id(item) for item in fetches)
        key = (module, signature, as_dict, fetch_key, timeout)
        # Without a lock: reading a dict is atomic in CPython, and most calls were made before.
        runner = self._runners.get(key)
        if runner is None:
            # The request keeps the fetched tensors, so their identities stay taken.
            runner = self._new_runner(module, key, Request(signature, as_dict, fetches, timeout))
        try:
            if batch_size is not None:
                return runner.in_batches(inputs, batch_size, progress)
            return runner(inputs)
        except (tf.errors.OpError, RuntimeError) as error:
            explained = self.explanation(error, runner.module, timeout)
            if explained is None:
                raise
            raise explained from error

    def _new_runner(self, module: Module | str, key: Any, request: Request) -> SessionRunner:
        self._check_open()
        live = self._live(module)
        if not all(isinstance(item, str) for item in request.fetch or ()):
            self._optimize()  # a tensor of the user may write
        name = next((name for name, loaded in self._modules.items() if loaded is live), "")
        runner = self._runners[key] = SessionRunner(live, self._runtime, request, name)
        return runner

    def runner(self, module: Module | str, signature: str | None = None) -> SessionRunner:
        """The compiled signature that `call(..., as_dict=True)` runs, for runs that the log does not list.

        Raises what `call` raises for a module or signature that is not there.
        """
        key = (module, signature, True, None, None)
        return self._runners.get(key) or self._new_runner(module, key, Request(signature, as_dict=True))

    def explanation(self, error: Exception, module: Module, timeout: float | None = None) -> RunError | None:
        """The error of a run with its cause and remedy, if they are known.

        Raises:
          GraphError: (a RuntimeError) another thread closed or reset the session, or replaced the module,
            which the error does not say.
        """
        self._check_current(module, error)
        return self._explained(error, timeout) if isinstance(error, tf.errors.OpError) else None

    def applied(self, module: Module | str, signature: str | None = None) -> AppliedSignature:
        """The ops of a signature as `call` runs them: on placeholders, added to the graph the first time.

        Args:
          module: loaded here, or its name.
          signature: its name; None means the one that `call` takes.

        Raises what `call` raises for a module or signature that is not there.
        """
        self._check_open()
        live = self._live(module)
        return self._runtime.applied.get(live, signature or default_signature(live.get_signature_names()))

    def variables(self, module: Module | str | None = None) -> dict[str, Any]:
        """Values that variables have now, as NumPy arrays by name in the module.

        Args:
          module: loaded here, or its name; None for all modules, names then begin with that of the module.

        Raises:
          GraphError: (a RuntimeError) variables of two modules would have one name.
        """
        self._check_open()
        if module is not None:
            return variable_values.variable_values(self._live(module), self._session)
        return variable_values.values_of_modules(self._modules, self._session)

    def initialize(self) -> list[str]:
        """Initialises the variables and tables that are new in the graph; returns their names."""
        self._check_open()
        self._optimize()
        return self._session.initialize_new()

    @contextlib.contextmanager
    def building(self) -> Iterator[NotebookSession]:
        """Makes graph and session the defaults, for ordinary TF1 code; what it adds is initialised."""
        self._check_open()
        self._optimize()
        self._is_shared = True
        with self._building, self._graph.as_default(), self._session.as_default():
            try:
                yield self
                # The user may have closed the session inside.
                if not self._closed:
                    self._session.initialize_new()
            except tf.errors.OpError as error:
                explained = self._explained(error)
                if explained is None:
                    raise
                raise explained from error
            except ValueError as error:
                note = not_trainable(error, self._modules.values())
                if note:
                    error.add_note(note)
                raise
        self._warn_of_unused_losses()

    def _explained(self, error: tf.errors.OpError, timeout: float | None = None) -> RunError | None:
        """The error with its cause and remedy, if they are known."""
        return explain_run_error(error, self._modules.values(), self.target, timeout)

    def _warn_of_unused_losses(self) -> None:
        for module in self._modules.values():
            message = losses_unused(module) if module not in self._warned else None
            if message:
                self._warned.add(module)
                warnings.warn(message, UserWarning, stacklevel=4)

    def reset(self) -> None:
        """Starts again with an empty graph: all modules, variables and trained values are lost."""
        self._check_open()
        self._session.close()
        self.log.forget()
        graph = tf.Graph()
        self._open(graph, self._session_of(graph), {})

    def close(self) -> None:
        """Frees the variables and tables; the modules can no longer be called."""
        if not self._closed:
            # First, so a call that fails in another thread is reported as one of a closed session.
            self._closed = True
            self._session.close()
            self._modules.clear()
            self._runners.clear()
            self._replaced.clear()
            self.log.forget()

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def modules(self) -> Mapping[str, Module]:
        """The modules that are loaded, by name."""
        return dict(self._modules)

    def __repr__(self) -> str:
        state = (
            "closed"
            if self._closed
            else f"modules {visible(', '.join(self._modules), MAX_SENTENCE) or 'none'}"
        )
        where = f", on {visible(self.target)}" if self.target else ""
        return f"<NotebookSession {self.name!r}{where}: {state}>"

    def __enter__(self) -> NotebookSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _itself(self) -> NotebookSession:
        return self

    def _live(self, module: Module | str) -> Module:
        live = self.module(module) if isinstance(module, str) else module
        if live in self._replaced:
            raise GraphError(MSG_REPLACED.format(name=live.name))
        if live.graph is not self._graph:
            raise GraphError(
                f"Module {live.name!r} is not in the graph of session {self.name!r}. Load it here: %hub_load "
                f"HANDLE --as NAME. After a reset everything has to be loaded again."
            )
        return live

    def _check_current(self, module: Module, error: Exception) -> None:
        """Raises GraphError if another thread closed or reset the session, or replaced the module."""
        try:
            self._check_open()
            self._live(module)
        except GraphError as gone:
            raise gone from error

    def _check_open(self) -> None:
        if self._closed:
            raise GraphError(
                f"Session {self.name!r} is closed. Make another one: NotebookSession(), or %hub_session new "
                f"NAME."
            )
