"""One graph and one TensorFlow session for a notebook. Knows no IPython."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from hubexplore.errors import GraphError, HubError, closest
from hubexplore.hub.module import Module
from hubexplore.hub.running import SignatureRunner
from hubexplore.hub.spec import ModuleSpec


class NoSuchModuleError(HubError, KeyError):
    """No module of this name is loaded."""

    __str__ = Exception.__str__


class NotebookSession:
    """Loads modules into one graph, runs their signatures, and writes them again.

    A signature is applied once and compiled once; after that a call adds nothing to the graph. Loading
    initialises what is new and nothing else, so what was trained stays.
    """

    def __init__(self) -> None:
        self._graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=self._graph)
        self._modules: dict[str, Module] = {}
        self._runners: dict[Module, SignatureRunner] = {}
        self._closed = False

    @property
    def graph(self) -> tf.Graph:
        """The graph of all modules."""
        return self._graph

    @property
    def session(self) -> tf.compat.v1.Session:
        """The TensorFlow session that holds their variables and tables."""
        return self._session

    @property
    def names(self) -> list[str]:
        """Names of the loaded modules, sorted."""
        return sorted(self._modules)

    def load(
        self,
        handle: str | os.PathLike[str] | ModuleSpec,
        name: str,
        tags: Iterable[str] | None = None,
        trainable: bool = False,
    ) -> Module:
        """Instantiates a module and initialises its variables and tables.

        Args:
          handle: what `hub.Module` takes.
          name: to find it by; a module that had it is forgotten, though its variables stay in memory
            until the session is closed.
          tags: of the graph variant.
          trainable: see `hub.Module`.

        Returns:
          The Module.
        """
        self._check_open()
        with self._graph.as_default():
            tables = set(self._tables())
            module = Module(handle, trainable=trainable, tags=tags)
            new = [variable.initializer for variable in module.variables]
            new += [table for table in self._tables() if table not in tables]
            if new:  # TensorFlow refuses to run nothing in an empty graph
                self._session.run(new)
        self._modules[name] = module
        return module

    def module(self, name: str) -> Module:
        """The loaded module of this name.

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
        self, module: Module | str, inputs: Any = None, signature: str | None = None, as_dict: bool = False
    ) -> Any:
        """Evaluates a signature.

        Args:
          module: loaded here, or its name.
          inputs: as for `hub.Module.__call__`, but values: arrays, lists, SparseTensorValue,
            RaggedTensorValue.
          signature: its name; None means `default`.
          as_dict: whether to return all outputs by name.

        Returns:
          A NumPy array, SparseTensorValue or RaggedTensorValue; with `as_dict` a dict of them.

        Raises:
          NoSuchModuleError: (a KeyError) lists the modules that are loaded.
          NoSuchSignatureError: (a KeyError and ValueError) lists the signatures.
          SignatureError: (a TypeError) names the input that does not fit and what was expected.
          GraphError: (a RuntimeError) the module was not loaded here, or the session is closed.
        """
        self._check_open()
        live = self._live(module)
        if live not in self._runners:
            self._runners[live] = SignatureRunner(live, self._session)
        return self._runners[live](inputs, signature=signature, as_dict=as_dict)

    def export(self, module: Module | str, path: str | os.PathLike[str]) -> str:
        """Writes a module with the values its variables have now; returns the path."""
        self._check_open()
        live = self._live(module)
        with self._graph.as_default():
            live.export(path, self._session)
        return os.fspath(path)

    def close(self) -> None:
        """Frees the variables and tables; the modules can no longer be called."""
        if not self._closed:
            self._closed = True
            self._session.close()
            self._modules.clear()
            self._runners.clear()

    def __enter__(self) -> NotebookSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _live(self, module: Module | str) -> Module:
        live = self.module(module) if isinstance(module, str) else module
        if live.graph is not self._graph:
            raise GraphError(
                f"Module {live.name!r} belongs to another graph than this session's. Load it here: "
                f"%hub_load HANDLE --as NAME."
            )
        return live

    def _check_open(self) -> None:
        if self._closed:
            raise GraphError("The session is closed. Reload the extension: %reload_ext hubexplore.")

    def _tables(self) -> list[tf.Operation]:
        return list(self._graph.get_collection(tf.compat.v1.GraphKeys.TABLE_INITIALIZERS))
