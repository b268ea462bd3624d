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
        """The session in use; it is made now if it was not used yet."""
        if self._name not in self._sessions:
            self._sessions[self._name] = _new_session(self._name, "")
        return self._sessions[self._name]

    @property
    def current_name(self) -> str:
        """The name of the session in use, which need not have been made yet."""
        return self._name

    @property
    def is_started(self) -> bool:
        """Whether the session in use was made."""
        return self._name in self._sessions

    def names(self) -> list[str]:
        """Names of all sessions, including the current one."""
        return list(dict.fromkeys([*self._sessions, self._name]))

    def sessions(self) -> list[NotebookSession]:
        """The sessions that were made so far."""
        return list(self._sessions.values())

    def new(self, name: str, target: str = "") -> NotebookSession:
        """Makes a session and uses it.

        Args:
          name: not used by another session.
          target: see `NotebookSession`.

        Raises:
          GraphError: (a RuntimeError) a session of this name exists.
        """
        if name in self._sessions:
            raise GraphError(
                f"There is already a session {name!r}. Use it: %hub_session use {name}; or empty it: "
                f"%hub_session reset {name}."
            )
        self._sessions[name] = _new_session(name, target)
        self._name = name
        return self._sessions[name]

    def use(self, name: str) -> NotebookSession:
        """Makes another session the current one.

        Raises:
          NoSuchSessionError: (a KeyError) lists the sessions that exist.
        """
        self._check(name)
        self._name = name
        return self.current

    def reset(self, name: str | None = None) -> NotebookSession:
        """Empties a session, by default the current one; see `NotebookSession.reset`."""
        session_name = self._check(self._name if name is None else name)
        if session_name not in self._sessions:
            return self.use(session_name)
        self._sessions[session_name].reset()
        return self._sessions[session_name]

    def close(self, name: str | None = None) -> None:
        """Closes a session, by default the current one; then the last one made before is used."""
        session_name = self._check(self._name if name is None else name)
        # Removed first: if closing fails or is interrupted, the name is free all the same.
        session = self._sessions.pop(session_name, None)
        if session is not None:
            session.close()
        if session_name == self._name:
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


def _new_session(name: str, target: str) -> NotebookSession:
    from hubexplore.hub.quiet_start import quiet_tensorflow
    from hubexplore.session.tf_startup import import_tensorflow

    # First, since the next import loads TensorFlow as well, with its log on stderr.
    import_tensorflow()
    from hubexplore.session.session import NotebookSession

    with quiet_tensorflow():  # the first session looks for devices
        return NotebookSession(name, target)
