"""Why a model could not be exported."""

from __future__ import annotations


class ExportError(Exception):
    """A model cannot be exported as asked. ``reason`` is stable; the message says what to do.

    =======================  ================================================================
    ``EXPORT_GRAPH``         torch cannot write one of the towers as an ONNX graph
    ``EXPORT_OUTPUT``        the output folder holds something that is no bundle
    ``EXPORT_RUNNING``       another export writes to the same output
    ``VERIFY_MODEL``         the bundle was not exported from a model of this kind
    ``VERIFICATION_FAILED``  an exported tower does not agree with torch
    =======================  ================================================================
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
