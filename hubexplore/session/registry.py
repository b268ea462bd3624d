"""The sessions of a notebook by name, each made when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hubexplore.errors import GraphError, NoSuchSessionError, closest

if TYPE_CHECKING:
    from hubexplore.session.session import NotebookSession

DEFAULT: Final = "default"


class SessionBook:
    """Named sessions, one of which is current. TensorFlow is imported with the first session, not before."""

    def __init__(self) -> None:
        self._sessions: dict[str, NotebookSession] = {}
        self._name = DEFAULT

    @property
    def current(self) -> NotebookSession:
        """The session in use, made now if need be."""
        if self._name not in self._sessions:
            self._sessions[self._name] = _make(self._name, "")
        return self._sessions[self._name]

    @property
    def current_name(self) -> str:
        """The name of the session in use, whether it was made yet or not."""
        return self._name

    @property
    def is_started(self) -> bool:
        """Whether the session in use was made."""
        return self._name in self._sessions

    def names(self) -> list[str]:
        """Names of all sessions, that of the current one included."""
        return list(dict.fromkeys([*self._sessions, self._name]))

    def sessions(self) -> list[NotebookSession]:
        """The sessions that were made so far."""
        return list(self._sessions.values())

    def new(self, name: str, target: str = "") -> NotebookSession:
        """Makes a session and uses it.

        Args:
          name: of no other session.
          target: see `NotebookSession`.

        Raises:
          GraphError: (a RuntimeError) there is one of this name.
        """
        if name in self._sessions:
            raise GraphError(
                f"There is a session {name!r} already. Use it: %hub_session use {name}; or start it anew: "
                f"%hub_session reset {name}."
            )
        self._sessions[name] = _make(name, target)
        self._name = name
        return self._sessions[name]

    def use(self, name: str) -> NotebookSession:
        """Makes another session the current one.

        Raises:
          NoSuchSessionError: (a KeyError) lists those there are.
        """
        self._check(name)
        self._name = name
        return self.current

    def reset(self, name: str | None = None) -> NotebookSession:
        """Starts a session anew, by default the current one; see `NotebookSession.reset`."""
        wanted = self._check(self._name if name is None else name)
        if wanted not in self._sessions:
            return self.use(wanted)
        self._sessions[wanted].reset()
        return self._sessions[wanted]

    def close(self, name: str | None = None) -> None:
        """Closes a session, by default the current one; then the last one made before is used."""
        wanted = self._check(self._name if name is None else name)
        session = self._sessions.pop(wanted, None)
        if session is not None:
            session.close()
        if wanted == self._name:
            self._name = next(reversed(self._sessions), DEFAULT)

    def close_all(self) -> None:
        """Closes all sessions."""
        while self._sessions:
            self._sessions.popitem()[1].close()
        self._name = DEFAULT

    def _check(self, name: str) -> str:
        if name not in self.names():
            raise NoSuchSessionError(
                f"There is no session {name!r}; there are {self.names()}.{closest(name, self.names())} "
                f"%hub_session new {name} makes it."
            )
        return name


def _make(name: str, target: str) -> NotebookSession:
    from hubexplore.session.tf_startup import import_tensorflow, quiet_tensorflow

    import_tensorflow()
    from hubexplore.session.session import NotebookSession

    with quiet_tensorflow():  # the first session looks for devices
        return NotebookSession(name, target)
