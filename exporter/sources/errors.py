"""The one error of reading a model that others trained."""

from __future__ import annotations


class SourceError(Exception):
    """A source cannot be brought in. ``reason`` is stable; the message says what to do.

    ========================  ==================================================================
    ``SOURCE_NOT_FOUND``      neither a directory or file, nor a model that the hub gave
    ``SOURCE_NOT_A_MODEL``    a directory without the files of a model
    ``SOURCE_UNSUPPORTED``    a model, but of an architecture or with settings not taken here
    ``SOURCE_WEIGHTS``        weights are missing, unexpected or misshapen
    ``SOURCE_PICKLED``        weights that could only be read by running what they contain
    ``SOURCE_TOKENIZER``      the tokenizer is missing, or does not fit the model
    ``SOURCE_UNREADABLE``     a file is cut short or malformed
    ``SOURCE_NAME``           a name that a bundle cannot have
    ========================  ==================================================================
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
