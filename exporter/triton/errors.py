"""What can go wrong with a Triton model repository and with the server that reads it."""

from __future__ import annotations


class RepositoryError(Exception):
    """A repository cannot be written or read. ``reason`` is stable; the message says what to do.

    ``TRITON_OPTIONS``: options that no server can keep. ``REPOSITORY_NOT_FOUND``: nothing is there.
    ``REPOSITORY_FOREIGN``: a model of that name was not published by us. ``REPOSITORY_RECORD``,
    ``REPOSITORY_CONFIG``: a published model's record or configuration is unreadable.
    ``REPOSITORY_UNWRITABLE``: the file system refuses.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class ServerEnvironmentError(Exception):
    """A Triton cannot be run from here. ``reason`` is stable; the message says what to do.

    ``TRITON_ENVIRONMENT``: none was built there. ``TRITON_WHEEL``, ``TRITON_NUMPY``,
    ``TRITON_ONNXRUNTIME``, ``TRITON_STUB``, ``TRITON_LIBPYTHON``: what it lacks.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
