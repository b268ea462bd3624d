"""The classes of explained errors of a run: each is also TensorFlow's class, which programs already catch."""

from __future__ import annotations

import tensorflow as tf

from hubexplore.errors import HubError


class RunError(HubError, tf.errors.OpError):  # type: ignore[misc]  # TensorFlow is untyped
    """Base class of explained errors; `__cause__` is the error of TensorFlow, once it is raised."""


class NotInitializedError(RunError, tf.errors.FailedPreconditionError):  # type: ignore[misc]
    """A variable or table without a value."""


class NeverSetError(RunError, tf.errors.NotFoundError):  # type: ignore[misc]
    """A variable without a value, found by an op that updates it."""


class NotFedError(RunError, tf.errors.InvalidArgumentError):  # type: ignore[misc]
    """A placeholder without a value."""


class FileGoneError(RunError, tf.errors.NotFoundError):  # type: ignore[misc]
    """A checkpoint or an asset that no longer exists."""


class RunTimeoutError(RunError, tf.errors.DeadlineExceededError, TimeoutError):  # type: ignore[misc]
    """A run took longer than its time limit."""


class ServerGoneError(RunError, tf.errors.UnavailableError):  # type: ignore[misc]
    """The server of a remote session does not answer."""


class ServerRestartedError(RunError, tf.errors.AbortedError):  # type: ignore[misc]
    """The server of a remote session no longer knows the session."""


class ServerSilentError(RunError, tf.errors.DeadlineExceededError):  # type: ignore[misc]
    """The server of a remote session did not answer in time and accepts no connection."""


class NoKernelError(RunError, tf.errors.InvalidArgumentError):  # type: ignore[misc]
    """An op that TensorFlow defines and cannot run."""
